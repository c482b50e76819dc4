"""Numbering and signing, in the transaction of the act that a paper is about."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.papers.models import NumberSeries, Paper
from fairroam.apps.papers.operations.contents import content
from fairroam.apps.papers.operations.keys import ensure_signing_key
from fairroam.apps.papers.queries import credited_minor, series_number
from fairroam.apps.papers.refusals import CreditAboveInvoice
from fairroam.proof import sign
from fairroam.rules.instants import as_instant, write_instant
from fairroam.rules.numbers import new_number

GAPLESS = {"invoice", "credit_note"}
UNGUESSABLE = {"receipt": "RC", "decision": "DC", "certificate": "CERT"}


def issue(
    *,
    kind: str,
    statement: dict[str, Any],
    language: str,
    customer_id: int | None,
    refers_to: Paper | None = None,
    now: datetime,
) -> Paper:
    """Number and sign `statement` (see `contents`) in the caller's transaction.

    Call it last: the lock of an invoice's or credit note's number series is held until the
    commit, so that a rollback leaves no gap. Raises CreditAboveInvoice.
    """
    assert transaction.get_connection().in_atomic_block
    body = content(kind, statement)
    key = ensure_signing_key(now=now)
    number = _next_number(kind, now) if kind in GAPLESS else new_number(UNGUESSABLE[kind], groups=7)
    head = _head(kind, number, language, now) | _reference(refers_to)
    if kind == "credit_note":
        _keep_within_invoice(refers_to, body)
    document = sign(head | body, key)
    return Paper.objects.create(
        kind=kind,
        number=number,
        customer_id=customer_id,
        language=language,
        statement=document["statement"],
        signed=json.dumps(document, ensure_ascii=False, indent=2),
        refers_to=refers_to,
        issued_at=now,
    )


def _next_number(kind: str, now: datetime) -> str:
    # The year is the seller's: a customer's zone must not choose the series.
    year = timezone.localtime(now, timezone.get_default_timezone()).year
    NumberSeries.objects.get_or_create(kind=kind, year=year)
    series = NumberSeries.objects.select_for_update(no_key=True).get(kind=kind, year=year)
    series.last += 1
    series.save(update_fields=["last"])
    return series_number(kind, year, series.last)


def _head(kind: str, number: str, language: str, now: datetime) -> dict[str, Any]:
    brand = catalogue.brand()
    check = {"address": f"{settings.FAIRROAM_ADDRESS}/verify/"}
    if kind in UNGUESSABLE:
        # Whoever holds the paper may look it up; a counted number would be tried by others.
        check["address"] += f"{number}/"
    check["keys"] = f"{settings.FAIRROAM_ADDRESS}/.well-known/fairroam-keys.json"
    return {
        "kind": kind,
        "number": number,
        "language": language,
        "issued_at": write_instant(as_instant(now)),
        "seller": {
            "name": brand.name,
            "legal_name": brand.legal_name,
            "address": brand.address,
            "tax_number": brand.tax_number,
            "email": brand.email,
            "website": settings.FAIRROAM_ADDRESS,
        },
        "check": check,
    }


def _reference(paper: Paper | None) -> dict[str, Any]:
    if paper is None:
        return {}
    issued_at = write_instant(as_instant(paper.issued_at))
    return {"refers_to": {"kind": paper.kind, "number": paper.number, "issued_at": issued_at}}


def _keep_within_invoice(invoice: Paper | None, body: dict[str, Any]) -> None:
    """Raise CreditAboveInvoice; the number series, locked before, keeps twins apart."""
    assert invoice is not None, "a credit note names its invoice"
    assert invoice.kind == "invoice", "only an invoice can be credited"
    assert body["total"]["currency"] == invoice.statement["total"]["currency"]
    left = invoice.statement["total"]["minor"] - credited_minor(invoice)
    if body["total"]["minor"] > left:
        raise CreditAboveInvoice(invoice=invoice.number, left_minor=left)
