"""What was agreed for each order line, what of it came back, and which lines belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from fairroam.apps.journal.queries.planned import Often, question, together
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders.models import Consent, OrderLine, Tender


@dataclass(frozen=True, slots=True)
class TenderTerms:
    """The part of a line that one means of payment paid; minor units."""

    id: int
    method: str
    kind: str
    captured: int
    refunded: int
    pending: int
    disputed: bool
    payment_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTerms:
    """What was agreed for one order line, and what came back so far; minor units."""

    order_line_id: int
    order_id: int
    order_number: str
    customer_id: int
    currency: str
    paid: int
    list_price: int
    tax_rate: str
    tax: int
    refunded: int
    pending: int
    tenders: tuple[TenderTerms, ...]
    zone: str
    residence: str
    language: str
    placed_at: datetime
    concluded_at: datetime | None
    paid_at: datetime | None
    notice_received_at: datetime | None
    express_request_at: datetime | None
    loss_acknowledged_at: datetime | None
    packs: tuple[str, ...]
    plan_copy: dict[str, Any]
    invoice_id: int | None
    tops_up: int | None  # the order line whose eSIM this pack is on; None = it has its own


# field of LineTerms -> where it stands, seen from the line
AGREED = {
    "order_line_id": "pk",
    "order_number": "order__number",
    "customer_id": "order__customer_id",
    "currency": "order__currency",
    "paid": "price_minor",
    "list_price": "list_price_minor",
    "tax": "tax_minor",
    "refunded": "refunded_minor",
    "pending": "pending_minor",
    "zone": "order__zone",
    "residence": "order__residence",
    "language": "order__language",
    "placed_at": "order__placed_at",
    "concluded_at": "order__concluded_at",
    "paid_at": "order__paid_at",
    "notice_received_at": "order__notice_received_at",
    "invoice_id": "order__invoice_id",
}
BY_NAME = ("order_id", "tax_rate", "packs", "plan_copy", "tops_up_id")  # columns of its own
# field of LineTerms -> the box that was ticked then
TICKED = {"express_request_at": "express_request", "loss_acknowledged_at": "loss_acknowledged"}
INSTANTS = ("placed_at", "concluded_at", "paid_at", "notice_received_at", *TICKED)
TENDERED = {
    "id": "pk",
    "method": "method",
    "kind": "kind",
    "captured": "captured_minor",
    "refunded": "refunded_minor",
    "pending": "pending_minor",
    "disputed": "payment__is_disputed",
    "payment_id": "payment_id",
}


def terms_of(order_line_id: int) -> LineTerms:
    """What was agreed for that line. Raises NotAmongYours."""
    terms = terms_of_each([order_line_id]).get(order_line_id)
    if terms is None:
        raise NotAmongYours(order_line_id=order_line_id)
    return terms


def terms_of_each(order_line_ids: Sequence[int]) -> dict[int, LineTerms]:
    """What was agreed for each of those lines, read together."""
    (terms,) = together(terms_asked(order_line_ids))
    found: dict[int, LineTerms] = terms
    return found


def _terms(order_line_ids: list[int]) -> QuerySet[OrderLine, Any]:
    paid_by = Tender.objects.filter(line=OuterRef("pk")).order_by("position")
    given = Consent.objects.filter(order=OuterRef("order"))
    ticked = {
        name: Subquery(given.filter(kind=kind).values("given_at")) for name, kind in TICKED.items()
    }
    lines: QuerySet[OrderLine, Any] = OrderLine.objects.filter(pk__any_of=order_line_ids)
    return lines.values(  # type: ignore[no-any-return]
        *BY_NAME,
        **{name: F(place) for name, place in AGREED.items()},
        **ticked,
        paid_by=ArraySubquery(paid_by.values(tender=JSONObject(**TENDERED))),
    )


def read_terms(rows: Sequence[dict[str, Any]]) -> dict[int, LineTerms]:
    terms: dict[int, LineTerms] = {}
    for row in rows:
        tenders = [one | {"disputed": bool(one["disputed"])} for one in row.pop("paid_by")]
        row["tops_up"] = row.pop("tops_up_id")
        row |= {name: read_instant(row[name]) for name in INSTANTS}
        terms[row["order_line_id"]] = LineTerms(
            **row | {"packs": tuple(row["packs"])},
            tenders=tuple(TenderTerms(**one) for one in tenders),
        )
    return terms


terms_asked = question(_terms, read_terms)  # The question whose answer `terms_of_each` is.


def read_instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def owner_of(order_line_id: int) -> tuple[int, str]:
    """Whose that line is, and the number of its order. Raises NotAmongYours."""
    found = _owner(order_line_id)
    if not found:
        raise NotAmongYours(order_line_id=order_line_id)
    return found[0]


@Often
def _owner(order_line_id: int) -> QuerySet[OrderLine, tuple[int, str]]:
    lines = OrderLine.objects.filter(pk=order_line_id)
    return lines.values_list("order__customer_id", "order__number")


def base_of(order_line_id: int) -> int:
    """The order line whose eSIM carries that line's plan: its own, unless it is a top-up."""
    base = OrderLine.objects.filter(pk=order_line_id).values_list("tops_up_id", flat=True).first()
    return base or order_line_id


@Often
def top_ups_of(order_line_id: int) -> QuerySet[OrderLine, int]:
    """The packs that were paid for and put on the eSIM of that line, oldest first."""
    there = OrderLine.objects.filter(tops_up_id=order_line_id, delivered_at__isnull=False)
    return there.order_by("pk").values_list("pk", flat=True)
