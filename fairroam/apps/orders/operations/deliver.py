"""After the payment: delivered line by line, or given up and paid back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders.models import Order, OrderLine, Tender
from fairroam.apps.orders.operations import refund
from fairroam.apps.orders.operations.confirm import move
from fairroam.apps.orders.operations.crediting import issue_credit_note
from fairroam.apps.orders.operations.tenders import causes_of, credit_book, give_back_credit
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payout
from fairroam.apps.wallet import operations as wallet
from fairroam.rules.tax import tax_inside

CAUSE = "order-line:"


@transaction.atomic
def record_delivery(*, order_line_id: int, now: datetime) -> None:
    """One eSIM of the order is ready; with the last of them the order is fulfilled."""
    line = refund.lock_line(order_line_id)
    order = Order.objects.get(pk=line.order_id)
    OrderLine.objects.filter(pk=line.pk, delivered_at__isnull=True).update(delivered_at=now)
    go_on(order)
    journal.tell(
        "order.delivered",
        actor="carrier",
        now=now,
        customer_id=order.customer_id,
        order_id=order.pk,
        order_line_id=line.pk,
    )


def go_on(order: Order) -> None:
    """Take a locked order as far as its lines are: each is waited for, delivered or given up."""
    if order.stage == "paid":
        move(order, "provision")
    waiting = order.lines.filter(delivered_at__isnull=True)
    if order.stage != "fulfilling" or any(not was_given_up(line) for line in waiting):
        return
    is_any_delivered = order.lines.filter(delivered_at__isnull=False).exists()
    move(order, "deliver" if is_any_delivered else "give_up")


def was_given_up(line: OrderLine) -> bool:
    """Whether all of an undelivered line's money is on its way back, or back."""
    return line.price_minor == line.refunded_minor + line.pending_minor


@transaction.atomic
def record_notice(*, order_id: int, now: datetime) -> None:
    """The contract confirmation with the notice of withdrawal left for the customer."""
    Order.objects.filter(pk=order_id, notice_received_at__isnull=True).update(
        notice_received_at=now
    )


@transaction.atomic
def give_up(*, order_line_id: int, now: datetime) -> None:
    """The carrier has no profile for this line: pay all that is left of it back, at once."""
    refund.lock_line(order_line_id)
    line = OrderLine.objects.select_related("order").get(pk=order_line_id)
    order, cause = line.order, f"{CAUSE}{line.pk}"
    before = line.refunded_minor + line.pending_minor
    left = line.price_minor - before
    if not left:
        return  # Given up, or refunded, before.
    parts = [
        (tender, tender.captured_minor - tender.refunded_minor - tender.pending_minor)
        for tender in line.tenders.order_by("position")
    ]
    refund.reserve(
        order_line_id=line.pk,
        parts=[(tender.pk, minor) for tender, minor in parts],
    )
    tax = line.tax_minor - tax_inside(before, line.tax_rate)
    cash = sum(minor for tender, minor in parts if tender.kind == "cash")
    if cash:
        assert order.payment_id is not None
        payments.plan_payout(
            payment_id=order.payment_id, amount_minor=cash, cause=cause, hold=False, now=now
        )
    entries = refund.owe_entries(line=line, minor=left, tax=tax, cause=cause)
    ledger.post([*entries, *give_credit_back(line, parts, cause, now)], now=now)
    go_on(order)
    issue_credit_note(
        line,
        minor=left,
        tax=tax,
        code="NOT_DELIVERED",
        sentence=_("The carrier had no eSIM for %(plan)s."),
        now=now,
    )
    journal.tell(
        "order.failed",
        actor="carrier",
        now=now,
        customer_id=order.customer_id,
        order_id=order.pk,
        order_line_id=line.pk,
        amount_minor=left,
    )


def give_credit_back(
    line: OrderLine, parts: Sequence[tuple[Tender, int]], cause: str, now: datetime
) -> list[Entry]:
    """Put what credit paid back into the wallet, and settle it; the moves that book it."""
    entries = []
    owed = BookName("refunds_owed", line.order.currency, customer_id=line.order.customer_id)
    for tender, minor in parts:
        if tender.kind == "cash" or not minor:
            continue
        give_back_credit(line, tender.kind, minor, why="given-up", now=now)
        refund.settle(tender_id=tender.pk, minor=minor)
        book = credit_book(tender.kind, line.order.currency, line.order.customer_id)
        entries.append(Entry(f"{cause}/credit:{tender.pk}", minor, owed, book))
    return entries


@transaction.atomic
def record_paid_back(*, payout_id: int, now: datetime) -> None:
    """What was given up has arrived at the customer. Safe to repeat."""
    payout = Payout.objects.get(pk=payout_id)
    line_id = line_of(payout)
    refund.lock_line(line_id)
    payout.refresh_from_db()
    if payout.stage not in ("succeeded", "settled_by_chargeback"):
        return  # It came back to us before we got here.
    if not Payout.objects.filter(pk=payout_id, is_counted=False).update(is_counted=True):
        return  # Counted before.
    still = payout.amount_minor
    for tender in tenders_of(payout, line_id):
        part = min(still, tender.pending_minor)
        if part:
            refund.settle(tender_id=tender.pk, minor=part)
        still -= part


def tenders_of(payout: Payout, line_id: int) -> QuerySet[Tender]:
    """The tenders whose money a given-up line's payout gives back, in their order."""
    paid = Tender.objects.filter(line_id=line_id, payment_id=payout.payment_id)
    return paid.order_by("position")


def take_back_arrival(returned: Payout, line_id: int) -> None:
    """What had arrived is on its way again, as from a closed card; the line must be locked."""
    if not Payout.objects.filter(pk=returned.pk, is_counted=True).update(is_counted=False):
        return  # We had not heard yet that it arrived.
    still = returned.amount_minor
    for tender in tenders_of(returned, line_id):
        part = min(still, tender.refunded_minor)
        if part:
            refund.unsettle(tender_id=tender.pk, minor=part)
        still -= part


@transaction.atomic
def send_again(
    *, payout_id: int, actor: str, now: datetime, account_id: int | None = None
) -> Payout:
    """Have the money of a given-up line sent again: it was refused, or came back to us.

    account_id: to an account that the customer named, by hand; None: the same way.
    Raises NotAmongYours for a payout of something else, MoveNotAllowed when this one has neither
    failed nor come back, or was sent again before.
    """
    failed = Payout.objects.filter(pk=payout_id, cause__startswith=CAUSE).first()
    if failed is None:
        raise NotAmongYours(payout_id=payout_id)
    line_id = line_of(failed)
    refund.lock_line(line_id)
    failed.refresh_from_db()
    if failed.stage not in ("failed", "returned"):
        raise MoveNotAllowed(payout_id=payout_id, stage=failed.stage)
    if failed.stage == "returned":
        take_back_arrival(failed, line_id)
    journal.tell(
        "payout.sent_again",
        actor=actor,
        now=now,
        customer_id=failed.customer_id,
        payout_id=failed.pk,
    )
    return payments.send_again(payout_id=failed.pk, now=now, account_id=account_id)


def line_of(payout: Payout) -> int:
    """The order line that a payout gives up."""
    return int(payout.cause.removeprefix(CAUSE).partition("/")[0])


@transaction.atomic
def let_rest(*, order_id: int) -> None:
    """All lines of a paid order are off: nothing of it is still to come, delivered or not."""
    Order.objects.filter(pk=order_id, paid_at__isnull=False).update(is_live=None)


def cancel_unpaid(*, placed_before: datetime) -> int:
    """Cancel orders that nobody paid; how many. Paid after all, they live again."""
    waiting = Order.objects.filter(stage="awaiting_payment", placed_at__lt=placed_before)
    return sum(cancel(order_id) for order_id in waiting.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def cancel(order_id: int) -> bool:
    """Cancel one order if it still waits for its payment, and let its credit be free again."""
    customers.lock(Order.objects.values_list("customer_id", flat=True).get(pk=order_id))
    order = Order.objects.select_for_update(no_key=True).get(pk=order_id)
    if order.stage != "awaiting_payment":
        return False
    move(order, "cancel")
    wallet.release(causes=causes_of(order))
    return True
