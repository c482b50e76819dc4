"""Numbering and signing, in the transaction of the act that a paper is about."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.models import Brand
from fairroam.apps.papers.models import Logo, NumberSeries, Paper
from fairroam.apps.papers.operations.contents import content
from fairroam.apps.papers.operations.keys import ensure_signing_key
from fairroam.apps.papers.queries import (
    COUNTED_UP,
    credited_by_invoice,
    credited_minor,
    series_number,
)
from fairroam.apps.papers.refusals import CreditAboveInvoice
from fairroam.proof import Signer, sign
from fairroam.rules.instants import as_instant, write_instant
from fairroam.rules.numbers import new_number

GAPLESS = {"invoice", "credit_note", "receipt"}
UNGUESSABLE = {"decision": "DC", "certificate": "CERT", "waiver": "WV"}
TAIL_GROUPS = 4  # behind a receipt's counted number: 79 bits, so that its holder may look it up


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

    Call it last: the lock of an invoice's, credit note's or receipt's series is held until the
    commit, so that a rollback leaves no gap. Raises CreditAboveInvoice.
    """
    assert transaction.get_connection().in_atomic_block
    body = content(kind, statement)
    key = ensure_signing_key(now=now)
    (number,) = _numbers(kind, 1, now)
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
        signed=_written(document),
        refers_to=refers_to,
        issued_at=now,
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """A paper before it has its number. refers_to: what a credit note credits."""

    statement: dict[str, Any]
    language: str
    customer_id: int | None
    refers_to: Paper | None = None


def write_each(kind: str, drafts: Sequence[Draft], *, now: datetime) -> list[Paper]:
    """Number and sign as `issue` does, thousands at once; the caller stores them, as it does.

    Raises CreditAboveInvoice.
    """
    assert transaction.get_connection().in_atomic_block
    signer = Signer(ensure_signing_key(now=now))
    languages = {draft.language for draft in drafts}
    letterheads = {language: _letterhead(kind, language, now) for language in languages}
    numbers = _numbers(kind, len(drafts), now)
    bodies = [content(kind, draft.statement) for draft in drafts]
    if kind == "credit_note":
        _keep_each_within_invoice(drafts, bodies)
    papers = []
    for draft, body, number in zip(drafts, bodies, numbers, strict=True):
        head = _numbered(letterheads[draft.language], number) | _reference(draft.refers_to)
        document = signer.sign(head | body)
        papers.append(
            Paper(
                kind=kind,
                number=number,
                customer_id=draft.customer_id,
                language=draft.language,
                statement=document["statement"],
                signed=_written(document),
                refers_to_id=draft.refers_to.pk if draft.refers_to else None,
                issued_at=now,
            )
        )
    return papers


def _keep_each_within_invoice(drafts: Sequence[Draft], bodies: Sequence[dict[str, Any]]) -> None:
    credited = credited_by_invoice([draft.refers_to for draft in drafts if draft.refers_to])
    for draft, body in zip(drafts, bodies, strict=True):
        assert draft.refers_to is not None, "a credit note names its invoice"
        left = draft.refers_to.statement["total"]["minor"] - credited[draft.refers_to.pk]
        credited[draft.refers_to.pk] += body["total"]["minor"]
        if body["total"]["minor"] > left:
            raise CreditAboveInvoice(invoice=draft.refers_to.number, left_minor=left)


def _written(document: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _numbers(kind: str, count: int, now: datetime) -> list[str]:
    if kind in GAPLESS:
        numbers = _next_numbers(kind, count, now)
        if kind in COUNTED_UP:
            return numbers
        return [new_number(number, groups=TAIL_GROUPS) for number in numbers]
    return [new_number(UNGUESSABLE[kind], groups=7) for _ in range(count)]


def open_series(kind: str, *, now: datetime) -> int:
    """Begin the year's numbers of a gapless kind where nobody did; the year.

    Who writes thousands does it before: the first two would wait for each other's commit.
    """
    # The year is the seller's: a customer's zone must not choose the series.
    year = timezone.localtime(now, timezone.get_default_timezone()).year
    NumberSeries.objects.get_or_create(kind=kind, year=year)
    return year


def _next_numbers(kind: str, count: int, now: datetime) -> list[str]:
    year = open_series(kind, now=now)
    series = NumberSeries.objects.select_for_update(no_key=True).get(kind=kind, year=year)
    first = series.last + 1
    series.last += count
    series.save(update_fields=["last"])
    return [series_number(kind, year, position) for position in range(first, first + count)]


def _head(kind: str, number: str, language: str, now: datetime) -> dict[str, Any]:
    return _numbered(_letterhead(kind, language, now), number)


def _letterhead(kind: str, language: str, now: datetime) -> dict[str, Any]:
    """What all papers of one kind, language and instant begin with."""
    brand = catalogue.brand()
    return {
        "kind": kind,
        "language": language,
        "issued_at": write_instant(as_instant(now)),
        "seller": {
            "name": brand.name,
            "legal_name": brand.legal_name,
            "address": brand.address,
            "tax_number": brand.tax_number,
            "email": brand.email,
            "website": settings.FAIRROAM_ADDRESS,
            **_look(brand),
        },
    }


def _look(brand: Brand) -> dict[str, str]:
    """What its picture is drawn with, if the seller chose it: so it stays as it was signed."""
    own = {"accent": brand.accent if brand.has_own_accent else "", "logo": _kept_logo(brand)}
    return {name: value for name, value in own.items() if value}


def _kept_logo(brand: Brand) -> str:
    """The hash of the seller's picture, which the first paper with it keeps for all; "": none."""
    if not brand.logo_sha256 or Logo.objects.filter(sha256=brand.logo_sha256).exists():
        return brand.logo_sha256
    _media_type, content = catalogue.logo()
    if not content:
        return ""
    digest = hashlib.sha256(content).hexdigest()  # of these bytes, should they just have changed
    return Logo.objects.get_or_create(sha256=digest, defaults={"content": content})[0].sha256


def _numbered(letterhead: dict[str, Any], number: str) -> dict[str, Any]:
    address = f"{settings.FAIRROAM_ADDRESS}/verify/"
    if letterhead["kind"] not in COUNTED_UP:
        # Whoever holds the paper may look it up; a counted number would be tried by others.
        address += f"{number}/"
    keys = f"{settings.FAIRROAM_ADDRESS}/.well-known/fairroam-keys.json"
    return letterhead | {"number": number, "check": {"address": address, "keys": keys}}


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
