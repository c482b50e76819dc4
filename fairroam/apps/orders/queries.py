"""Reads of orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from fairroam.apps.journal.queries.planned import Often, question, together
from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders.models import Consent, Order, OrderLine, PromoCode, Tender, Trial

UNPAID_MOST = 10


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


def promo_codes() -> QuerySet[PromoCode]:
    """Every promo code, newest first, with the number of orders that it is `used` for."""
    is_used = ~Q(orders__stage__in=["cancelled", "failed"])
    return PromoCode.objects.annotate(used=Count("orders", filter=is_used)).order_by("-pk")


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


@dataclass(frozen=True, slots=True)
class OrderLineRow:
    """One line of an order for a page."""

    id: int
    names: dict[str, str]
    price_minor: int
    discount_minor: int  # what a promo code took off; no longer in the price
    refunded_minor: int
    pending_minor: int
    tops_up: int | None = None  # the line whose eSIM a pack is on


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """One order for its page; minor units."""

    id: int
    number: str
    customer_id: int
    stage: str
    payment_stage: str
    pay_url: str
    currency: str
    total_minor: int
    cash_minor: int  # of it, what is paid to the provider; credit of the wallet pays the rest
    zone: str
    placed_at: datetime
    paid_at: datetime | None
    invoice_number: str | None
    packs: tuple[str, ...]  # the terms of money back, frozen when it was placed
    lines: tuple[OrderLineRow, ...]

    @property
    def wallet_minor(self) -> int:
        """What credit pays of it."""
        return self.total_minor - self.cash_minor


def page_of(order: Order) -> OrderPage:
    return OrderPage(
        id=order.pk,
        number=order.number,
        customer_id=order.customer_id,
        stage=order.stage,
        payment_stage=order.payment.stage if order.payment else "captured",
        pay_url=order.payment.pay_url if order.payment else "",
        cash_minor=order.payment.amount_minor if order.payment else 0,
        currency=order.currency,
        total_minor=order.total_minor,
        zone=order.zone,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        invoice_number=order.invoice.number if order.invoice else None,
        packs=tuple(dict.fromkeys(name for line in order.lines.all() for name in line.packs)),
        lines=tuple(
            OrderLineRow(
                line.pk,
                line.plan_copy["names"],
                line.price_minor,
                line.discount_minor,
                line.refunded_minor,
                line.pending_minor,
                line.tops_up_id,
            )
            for line in order.lines.all()
        ),
    )


PAGE = Order.objects.select_related("payment", "invoice").prefetch_related("lines")


def order_page(number: str) -> OrderPage:
    """The order of that number. Raises NotAmongYours."""
    order = PAGE.all().filter(number=number).first()
    if order is None:
        raise NotAmongYours(number=number)
    return page_of(order)


def customer_of_order(number: str) -> int | None:
    """Whose order has that number; None when there is none."""
    return Order.objects.filter(number=number).values_list("customer_id", flat=True).first()


def order_of_payment(payment_id: int) -> OrderPage | None:
    """The order that a payment paid; None where it paid for credit."""
    order = PAGE.all().filter(payment_id=payment_id).first()
    return page_of(order) if order else None


def consents_of(order_id: int) -> list[Consent]:
    """The boxes that were ticked for an order, each with its words and instant."""
    return list(Consent.objects.filter(order_id=order_id).order_by("given_at", "pk"))


def orders_of(customer_id: int) -> Rows[OrderPage]:
    """The customer's orders, newest first."""
    return Rows(PAGE.all().filter(customer_id=customer_id).order_by("-id"), page_of)


@Often
def unpaid_of(customer_id: int) -> QuerySet[Order]:
    """The customer's newest orders that wait to be paid, at most UNPAID_MOST."""
    waiting = Order.objects.filter(customer_id=customer_id, stage="awaiting_payment")
    return waiting.order_by("-pk")[:UNPAID_MOST]


def _sold_again(order_line_ids: list[int]) -> QuerySet[OrderLine, Any]:
    lines: QuerySet[OrderLine, Any] = OrderLine.objects.filter(
        pk__any_of=order_line_ids,
        plan__is_offered=True,
        plan__is_top_up=False,
        plan__is_trial=False,
    )
    return lines.values("id")


def read_ids(rows: Sequence[dict[str, Any]]) -> set[int]:
    return {row["id"] for row in rows}


# Which of some lines have a plan that can be bought now, with an eSIM of its own.
sold_again_asked = question(_sold_again, read_ids)


FAULTS = {
    "order {} costs something else than its lines": """
        SELECT o.id FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
        GROUP BY o.id HAVING o.total_minor <> sum(l.price_minor)""",
    "order {} is cheaper without a promo code, or not cheaper with one": """
        SELECT o.id FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
        GROUP BY o.id HAVING (o.promo_code_id IS NOT NULL) <> (sum(l.discount_minor) > 0)""",
    "promo code {} is used more often than it may be": """
        SELECT p.id FROM orders_promocode p JOIN orders_order o ON o.promo_code_id = p.id
        GROUP BY p.id HAVING max(o.promo_use) > p.uses_max""",
    "order line {} is not what its tenders add up to": """
        SELECT l.id FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
        JOIN orders_tender t ON t.line_id = l.id
        WHERE o.paid_at IS NOT NULL GROUP BY l.id
        HAVING l.price_minor <> sum(t.captured_minor)
            OR l.refunded_minor <> sum(t.refunded_minor)
            OR l.pending_minor <> sum(t.pending_minor)""",
    "order {} is paid without an invoice or its transfers": """
        SELECT o.id FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
        WHERE o.paid_at IS NOT NULL AND (o.invoice_id IS NULL OR l.price_minor > 0 AND NOT EXISTS (
            SELECT 1 FROM ledger_transfer t WHERE t.key IN ('capture:' || l.id || '/net',
                'capture:' || l.id || '/net:2', 'capture:' || l.id || '/net:3')))""",
    "order line {} is free and no trial, or a trial and not free": """
        SELECT l.id FROM orders_orderline l LEFT JOIN orders_trial t ON t.line_id = l.id
        WHERE (l.price_minor = 0) <> (t.id IS NOT NULL)""",
    # I11: the wallet gave for a line what its tenders say, and has back what they say.
    "order line {} has other credit in its tenders than the wallet spent on it": """
        SELECT l.id FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
        WHERE o.paid_at IS NOT NULL AND EXISTS (
            SELECT 1 FROM (VALUES ('credit', 'paid'), ('promo', 'promo')) kinds (tender, lot)
            WHERE coalesce((SELECT sum(t.captured_minor) FROM orders_tender t
                            WHERE t.line_id = l.id AND t.kind = kinds.tender), 0)
               <> coalesce((SELECT sum(s.amount_minor) FROM wallet_spending s
                            JOIN wallet_lot w ON w.id = s.lot_id
                            WHERE s.cause = 'order-line:' || l.id AND s.stage = 'captured'
                              AND w.kind = kinds.lot), 0))""",
}


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A free trial as the desk sees it. has_chip: the carrier named its chip, and it was free."""

    order_number: str
    order_line_id: int
    plan_names: dict[str, str]
    begun_at: datetime
    has_chip: bool
    reminded_at: datetime | None
    declined_at: datetime | None


def trials() -> Rows[TrialRow]:
    """All free trials, newest first."""
    rows = Trial.objects.select_related("line__order")
    return Rows(rows.order_by("-begun_at", "-pk"), trial_row)


def trial_row(trial: Trial) -> TrialRow:
    return TrialRow(
        order_number=trial.line.order.number,
        order_line_id=trial.line_id,
        plan_names=trial.line.plan_copy["names"],
        begun_at=trial.begun_at,
        has_chip=trial.eid_sha256 is not None,
        reminded_at=trial.reminded_at,
        declined_at=trial.declined_at,
    )


def is_trial(order_line_id: int) -> bool:
    """Whether that line is a free trial."""
    return Trial.objects.filter(line_id=order_line_id).exists()


def trials_not_reminded() -> list[int]:
    """Order lines of trials that go on and whose end was not spoken of yet."""
    waiting = Trial.objects.filter(reminded_at__isnull=True, declined_at__isnull=True)
    return list(waiting.order_by("pk").values_list("line_id", flat=True))
