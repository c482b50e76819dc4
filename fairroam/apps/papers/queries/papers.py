"""Reads of papers and of the keys that signed them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from django.db.models import Q, QuerySet
from joserfc.jwk import OKPKey

from fairroam.apps.journal.queries.planned import Often
from fairroam.apps.papers.models import NumberSeries, Paper, SigningKey
from fairroam.proof import KeySet, PublishedKey, Truth, Unreadable, read, verify

PREFIXES = {"invoice": "FR", "credit_note": "FRC", "receipt": "RC"}
COUNTED_UP = {"invoice", "credit_note"}  # anybody can guess the next number of these


def key_set() -> KeySet:
    """Every key we ever signed with, revoked ones with their instant; `as_jwks()` publishes it."""
    return KeySet(
        PublishedKey(OKPKey.import_key(row.public_jwk), row.made_at, row.revoked_from)
        for row in SigningKey.objects.order_by("id")
    )


def find_by_number(number: str) -> Paper | None:
    """Return the paper of this number as people type it, or None. Not for strangers' eyes."""
    plain = re.sub(r"[\s\u2010-\u2015]+", lambda gap: "" if gap[0].isspace() else "-", number)
    if not re.fullmatch(r"[A-Z0-9-]+", plain.upper()):
        return None  # PostgreSQL refuses to look for some of what can be typed.
    return Paper.objects.filter(number=plain.upper()).first()


def find_for_stranger(number: str) -> Paper | None:
    """Like `find_by_number`, but only papers whose number cannot be guessed or counted up."""
    paper = find_by_number(number)
    return None if paper is None or paper.kind in COUNTED_UP else paper


def all_papers() -> QuerySet[Paper]:
    """Every paper with the number that it refers to, the newest first."""
    return Paper.objects.select_related("refers_to").defer("signed").order_by("-pk")


def papers_of(customer_id: int, *, kind: str = "") -> QuerySet[Paper]:
    """All papers of one customer, or those of one kind, newest first."""
    theirs = Paper.objects.filter(customer_id=customer_id).select_related("refers_to")
    return (theirs.filter(kind=kind) if kind else theirs).order_by("-id")


def papers_about(invoice_id: int) -> QuerySet[Paper]:
    """An invoice, and the credit notes and receipts that refer to it, the oldest first."""
    about = Paper.objects.filter(Q(pk=invoice_id) | Q(refers_to_id=invoice_id))
    return about.select_related("refers_to").defer("signed").order_by("pk")


def kinds_of(customer_id: int) -> set[str]:
    """Of which kinds the customer has papers."""
    return set(Paper.objects.filter(customer_id=customer_id).values_list("kind", flat=True))


@Often
def _receipts(invoice_id: int) -> QuerySet[Paper]:
    receipts = Paper.objects.filter(kind="receipt", refers_to_id=invoice_id)
    return receipts.defer("signed").order_by("-id")


def receipt_of(decision_number: str, invoice_id: int) -> Paper | None:
    """The newest receipt for the money of that decision, if it has arrived."""
    receipts = _receipts(invoice_id)
    return next((one for one in receipts if one.statement["decision"] == decision_number), None)


def credited_minor(invoice: Paper) -> int:
    """How much of `invoice` its credit notes gave back so far, in minor units."""
    notes = Paper.objects.filter(refers_to=invoice, kind="credit_note")
    return sum(note.statement["total"]["minor"] for note in notes)


def credited_by_invoice(invoices: Sequence[Paper]) -> dict[int, int]:
    """What `credited_minor` says of each of `invoices`, by id."""
    credited = dict.fromkeys([invoice.pk for invoice in invoices], 0)
    notes = Paper.objects.filter(refers_to__any_of=credited, kind="credit_note")
    for note in notes.only("refers_to", "statement"):
        assert note.refers_to_id is not None
        credited[note.refers_to_id] += note.statement["total"]["minor"]
    return credited


def series_number(kind: str, year: int, position: int) -> str:
    """The number of the `position`-th paper (from 1) of a gapless series: "FR-2026-000001"."""
    return f"{PREFIXES[kind]}-{year}-{position:06}"


def find_faults() -> Iterator[str]:
    """Papers that do not say what was signed, gaps in a series, credit without its invoice."""
    yield from _false_papers()
    yield from _gaps()
    yield from _lost_credit()


def _false_papers() -> Iterator[str]:
    keys = key_set()
    for paper in Paper.objects.order_by("id").iterator():
        try:
            verdict = verify(read(paper.signed), keys)
        except Unreadable:
            yield f"paper {paper.number} cannot be read"
            continue
        # A stolen key makes its late papers worthless; that is known and no fault of the books.
        if verdict.truth not in (Truth.TRUE, Truth.REVOKED_KEY):
            yield f"paper {paper.number} is not as it was signed: {verdict.truth}"
        elif verdict.statement != paper.statement or paper.statement["number"] != paper.number:
            yield f"paper {paper.number} says something else than its row"


def _gaps() -> Iterator[str]:
    given: Counter[str] = Counter()
    numbers = (
        Paper.objects.filter(kind__in=PREFIXES).order_by("id").values_list("number", flat=True)
    )
    for number in numbers.iterator():
        prefix, year, position, *_tail = number.split("-")
        series = f"{prefix}-{year}"
        given[series] += 1
        if int(position) != given[series]:
            yield f"paper {number} is number {given[series]} of its series"
    for series_row in NumberSeries.objects.all():
        series = series_number(series_row.kind, series_row.year, 0).rpartition("-")[0]
        if given[series] != series_row.last:
            yield f"series {series} gave {series_row.last} numbers to {given[series]} papers"


def _lost_credit() -> Iterator[str]:
    notes = Paper.objects.filter(kind="credit_note").select_related("refers_to")
    invoices = {note.refers_to for note in notes.iterator() if note.refers_to is not None}
    for invoice in invoices:
        if invoice.kind != "invoice":
            yield f"paper {invoice.number} is credited and is no invoice"
        elif credited_minor(invoice) > invoice.statement["total"]["minor"]:
            yield f"invoice {invoice.number} is credited beyond its total"
