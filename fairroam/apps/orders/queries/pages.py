"""Orders as pages show them, what waits to be paid, and which plans can be bought again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from fairroam.apps.journal.queries.planned import Often, question
from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders.models import Consent, Order, OrderLine

UNPAID_MOST = 10


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
