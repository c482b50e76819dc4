"""What happens to an order after it is placed: paid, delivered, or given up and paid back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders.models import Order, OrderLine, Tender
from fairroam.apps.orders.operations import refund
from fairroam.apps.orders.refusals import PaymentNotOurs
from fairroam.apps.papers import operations as papers
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout
from fairroam.gateways.payments import EventKind, PayoutReceipt, PayoutStatus, ProviderEvent
from fairroam.rules import stages
from fairroam.rules.money import Money


def move(order: Order, name: str) -> None:
    """Make a move of the order's stage table on a locked order, and save it."""
    order.stage = stages.next_stage(stages.ORDER, order.stage, name)
    if order.stage in ("fulfilled", "failed", "cancelled"):
        order.is_live = None
    order.save()


@transaction.atomic
def confirm_payment(
    *, payment_id: int, amount: Money, provider_ref: str, now: datetime
) -> Order | None:
    """The order is paid: capture, books and invoice in one transaction. None for a repeat."""
    order = Order.objects.select_for_update().get(payment_id=payment_id)
    is_first = payments.record_captured(
        payment_id=payment_id, amount=amount, provider_ref=provider_ref, now=now
    )
    if not is_first:
        return None
    order.paid_at = order.concluded_at = now
    if order.stage == "cancelled":  # Paid at the very end: the order lives again.
        order.stage, order.is_live = "awaiting_payment", True
    lines = list(order.lines.select_related("order").order_by("position"))
    Tender.objects.bulk_create(
        [
            Tender(
                line=line,
                position=1,
                kind="cash",
                method=order.payment.method,
                payment_id=payment_id,
                captured_minor=line.price_minor,
            )
            for line in lines
        ]
    )
    ledger.post([entry for line in lines for entry in capture_entries(line)], now=now)
    order.invoice = papers.issue(
        kind="invoice",
        statement=invoice(order, lines),
        language=order.language,
        customer_id=order.customer_id,
        now=now,
    )
    move(order, "confirm_payment")
    journal.tell(
        "order.paid",
        actor=f"customer:{order.customer_id}",
        now=now,
        customer_id=order.customer_id,
        order_id=order.pk,
        order_line_ids=[line.pk for line in lines],
    )
    return order


def capture_entries(line: OrderLine) -> list[Entry]:
    """What a line's payment means to the books: its net is unearned, its tax is the state's."""
    order = line.order
    clearing = BookName("clearing", order.currency, label=order.payment.provider)
    unearned = BookName(
        "unearned", order.currency, customer_id=order.customer_id, order_line_id=line.pk
    )
    net = line.price_minor - line.tax_minor
    return [
        Entry(f"capture:{line.pk}/net", net, clearing, unearned),
        Entry(f"capture:{line.pk}/tax", line.tax_minor, clearing, refund.tax_book(line)),
    ]


def invoice(order: Order, lines: list[OrderLine]) -> dict[str, Any]:
    """The invoice's content, as `papers` wants it."""

    def amount(minor: int) -> Money:
        return Money(minor, order.currency)

    return {
        "order": order.number,
        "zone": order.zone,
        "buyer": {"name": order.customer.number, "country": order.residence[:2]},
        "lines": [
            {
                "description": line.plan_name(order.language),
                "gross": amount(line.price_minor),
                "net": amount(line.price_minor - line.tax_minor),
                "tax": amount(line.tax_minor),
            }
            for line in lines
        ],
        "total": amount(order.total_minor),
        "tax": amount(sum(line.tax_minor for line in lines)),
        "tax_rate": lines[0].tax_rate,
        "paid_by": [{"text": order.payment.method, "amount": amount(order.total_minor)}],
        "terms": lines[0].packs,
    }


@transaction.atomic
def record_delivery(*, order_line_id: int, now: datetime) -> None:
    """One eSIM of the order is ready; with the last of them the order is fulfilled."""
    line = refund.lock_line(order_line_id)
    order = Order.objects.get(pk=line.order_id)
    if order.stage == "paid":
        move(order, "provision")
    OrderLine.objects.filter(pk=line.pk, delivered_at__isnull=True).update(delivered_at=now)
    if order.stage == "fulfilling" and not order.lines.filter(delivered_at__isnull=True).exists():
        move(order, "deliver")
    journal.tell(
        "order.delivered",
        actor="carrier",
        now=now,
        customer_id=order.customer_id,
        order_id=order.pk,
        order_line_id=line.pk,
    )


@transaction.atomic
def record_notice(*, order_id: int, now: datetime) -> None:
    """The contract confirmation with the notice of withdrawal left for the customer."""
    Order.objects.filter(pk=order_id, notice_received_at__isnull=True).update(
        notice_received_at=now
    )


@transaction.atomic
def give_up(*, order_line_id: int, now: datetime) -> None:
    """The carrier has no profile for this line: pay all of it back, at once."""
    line = refund.lock_line(order_line_id)
    line = OrderLine.objects.select_related("order", "order__payment").get(pk=line.pk)
    order = line.order
    cause = f"order-line:{line.pk}"
    left = line.price_minor - line.refunded_minor - line.pending_minor
    if not left:
        return  # Given up, or refunded, before.
    tenders = list(line.tenders.order_by("position"))
    refund.reserve(
        order_line_id=line.pk,
        parts=[(tender.pk, tender.captured_minor - tender.refunded_minor) for tender in tenders],
    )
    ledger.post(
        refund.owe_entries(line=line, minor=left, tax=line.tax_minor, cause=cause, now=now), now=now
    )
    assert order.payment_id is not None
    payments.plan_payout(
        payment_id=order.payment_id, amount_minor=left, cause=cause, hold=False, now=now
    )
    if (order.stage, "give_up") in stages.ORDER and order.lines.count() == 1:
        move(order, "give_up")
    journal.tell(
        "order.failed",
        actor="carrier",
        now=now,
        customer_id=order.customer_id,
        order_id=order.pk,
        order_line_id=line.pk,
        amount_minor=left,
    )


@transaction.atomic
def record_paid_back(*, payout_id: int, now: datetime) -> None:
    """What was given up has arrived at the customer."""
    payout = Payout.objects.get(pk=payout_id)
    line_id = int(payout.cause.removeprefix("order-line:"))
    refund.lock_line(line_id)
    for tender in Tender.objects.filter(line_id=line_id, pending_minor__gt=0):
        refund.settle(tender_id=tender.pk, minor=tender.pending_minor)


@transaction.atomic
def let_rest(*, order_id: int) -> None:
    """All lines of a paid order are off: nothing of it is still to come, delivered or not."""
    Order.objects.filter(pk=order_id, paid_at__isnull=False).update(is_live=None)


@transaction.atomic
def cancel_unpaid(*, placed_before: datetime) -> int:
    """Cancel orders that nobody paid; how many. Paid after all, they live again."""
    waiting = Order.objects.filter(stage="awaiting_payment", placed_at__lt=placed_before)
    return waiting.update(stage="cancelled", is_live=None)


@transaction.atomic
def hear_provider(*, provider: str, told: ProviderEvent, now: datetime) -> str:
    """Apply what a payment provider tells, once; what became of it, in one word.

    What does not fit our own record is kept and quarantined for a person; nothing is booked.
    """
    event = payments.keep_event(provider=provider, told=told, now=now)
    if event is None:
        return "repeated"
    try:
        with transaction.atomic():
            outcome = apply(told, provider, now)
    except Refusal as refusal:
        payments.conclude_event(event, outcome="quarantined", reason=refusal.code)
        return "quarantined"
    payments.conclude_event(event, outcome=outcome, reason="")
    return outcome


PAYOUT_STATUS = {
    EventKind.REFUND_PENDING: PayoutStatus.PENDING,
    EventKind.REFUND_SUCCEEDED: PayoutStatus.SUCCEEDED,
    EventKind.REFUND_FAILED: PayoutStatus.FAILED,
    EventKind.REFUND_REQUIRES_ACTION: PayoutStatus.REQUIRES_ACTION,
}


def apply(told: ProviderEvent, provider: str, now: datetime) -> str:
    """Apply one event. Raises a Refusal when it contradicts what we know."""
    if told.kind in PAYOUT_STATUS:
        return apply_payout(told, now)
    payment = Payment.objects.filter(provider=provider, provider_ref=told.payment_ref).first()
    if payment is None:
        raise PaymentNotOurs(event_id=told.event_id)
    if told.kind == EventKind.PAYMENT_CAPTURED:
        confirm_payment(
            payment_id=payment.pk, amount=told.amount, provider_ref=told.payment_ref, now=now
        )
        return "applied"
    if told.kind in (EventKind.DISPUTE_OPENED, EventKind.DISPUTE_CLOSED):
        payments.record_dispute(
            payment_id=payment.pk, is_open=told.kind == EventKind.DISPUTE_OPENED, now=now
        )
        return "applied"
    return "ignored"  # A declined card: the customer tries again on the provider's page.


def apply_payout(told: ProviderEvent, now: datetime) -> str:
    payout = Payout.objects.filter(key=told.payout_key).first() if told.payout_key else None
    if payout is None:
        raise PaymentNotOurs(event_id=told.event_id)
    receipt = PayoutReceipt(
        provider_ref=told.payout_ref,
        status=PAYOUT_STATUS[told.kind],
        amount=told.amount,
        reason=told.reason,
    )
    payments.record_payout(payout_id=payout.pk, receipt=receipt, now=now)
    return "applied"
