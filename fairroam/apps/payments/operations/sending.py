"""Money out: claimed before the call, and what is heard of it afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import LateMoney, Payment, Payout
from fairroam.apps.payments.operations.covering import (
    cover_by_chargebacks,
    end_late_money,
    erase_account,
    owed_book,
)
from fairroam.apps.payments.operations.planning import tell
from fairroam.apps.payments.queries.rows import LATE
from fairroam.apps.payments.refusals import AmountDiffers, SentTooSoon
from fairroam.gateways.payments import PayoutReceipt
from fairroam.rules import rails, stages, waiting
from fairroam.rules.money import Money

BANK = "bank"  # the clearing book of our own account
ASK_DAYS_MAX = 365
FIRST_ASK_AFTER = timedelta(minutes=10)
REASON_LETTERS = 80
# What a provider says of a payout, as the move that it makes.
MOVES = {
    "pending": "await",
    "succeeded": "confirm",
    "failed": "refuse",
    "requires_action": "ask_customer",
}


def to_send(payout: Payout) -> Money:
    """What of a payout really goes out: all but what a chargeback paid."""
    return Money(payout.to_send_minor, payout.currency)


@transaction.atomic
def claim_payout(*, payout_id: int, now: datetime) -> Payout | None:
    """Mark a payout as being sent, before the call. None when it is settled, held or by hand.

    What lost disputes took is counted first: nothing leaves that the bank has paid already.
    Raises SentTooSoon when its rail wants a pause after the payment's last refund: ask again.
    """
    payout = Payout.objects.only("payment_id").get(pk=payout_id)
    Payment.objects.select_for_update(no_key=True).get(pk=payout.payment_id)
    cover_by_chargebacks(payout.payment_id, now=now)
    payout = Payout.objects.select_related("payment").get(pk=payout_id)
    if payout.stage == "planned":
        keep_pause(payout, now)
    Payout.objects.filter(pk=payout_id, stage="planned").update(
        stage="sent", sent_at=now, ask_at=now + FIRST_ASK_AFTER
    )
    payout = Payout.objects.select_related("payment").get(pk=payout_id)
    if payout.stage != "sent" or payout.is_by_hand:
        return None
    Payout.objects.filter(pk=payout_id).update(attempts=F("attempts") + 1)
    return payout


def keep_pause(payout: Payout, now: datetime) -> None:
    pause = rails.pause_of(rails.rail_version(payout.rail))
    others = Payout.objects.filter(payment_id=payout.payment_id, sent_at__gt=now - pause)
    if pause and others.exclude(pk=payout.pk).exists():
        raise SentTooSoon(payout_id=payout.pk, pause_seconds=int(pause.total_seconds()))


@transaction.atomic
def record_asked_about_payout(*, payout_id: int, now: datetime) -> None:
    """We asked the provider, whatever it answered: the others have their turn before the next."""
    payout = Payout.objects.get(pk=payout_id)
    since = payout.sent_at or payout.planned_at
    ask_at = waiting.ask_again_at(since, now=now, days_max=ASK_DAYS_MAX)
    Payout.objects.filter(pk=payout_id, ask_at__isnull=False).update(ask_at=ask_at)


@transaction.atomic
def record_payout(*, payout_id: int, receipt: PayoutReceipt, now: datetime) -> None:
    """What the provider says of a payout, by answer, notice or look-up; safe in any order.

    A stage that is final stays, but for one thing: money that had arrived may come back.
    """
    payout = Payout.objects.only("payment_id").get(pk=payout_id)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payout.payment_id)
    payout = Payout.objects.select_for_update(no_key=True).get(pk=payout_id)
    if receipt.amount != to_send(payout):
        raise AmountDiffers(payout_id=payout_id, told=receipt.amount.minor)
    move = MOVES[receipt.status]
    if payout.stage == "succeeded" and move == "refuse":
        move = "return"
    if (payout.stage, move) not in stages.PAYOUT:
        return  # Old news.
    settle_payout(payment, payout, move, receipt, now)


def settle_payout(
    payment: Payment,
    payout: Payout,
    move: str,
    receipt: PayoutReceipt,
    now: datetime,
    *,
    actor: str = "system",
) -> None:
    """Make the move: stage, counters and books together. Both rows are locked."""
    before = payout.stage
    payout.stage = stages.next_stage(stages.PAYOUT, before, move)
    payout.provider_ref = receipt.provider_ref or payout.provider_ref
    payout.reason = receipt.reason[:REASON_LETTERS] or payout.reason
    minor = to_send(payout).minor
    changes: dict[str, Any] = {}
    entry = Entry(f"payout:{payout.key}", minor, owed_book(payout), clearing_book(payment, payout))
    if move in ("confirm", "refuse"):
        payout.is_live, payout.ask_at = None, None
    if before == "failed":  # An arrival that we hear of after the end: both are booked now.
        ledger.post([entry], now=now)
        ledger.reverse(entry.key, now=now)
    elif move == "confirm":
        payout.arrived_at = now
        changes = {
            "pending_minor": F("pending_minor") - minor,
            "refunded_minor": F("refunded_minor") + minor,
        }
        ledger.post([entry], now=now)
    elif move == "refuse":
        changes = {"pending_minor": F("pending_minor") - minor}
    elif move == "return":
        payout.arrived_at = None
        changes = {"refunded_minor": F("refunded_minor") - minor}
        ledger.reverse(entry.key, now=now)
    payout.save()
    if changes:
        Payment.objects.filter(pk=payment.pk).update(**changes)
    end_late_money(payout)
    erase_account(payout, now)
    tell(payout, f"payout.{payout.stage}", now, actor=actor)
    if payout.stage in ("failed", "returned"):
        keep_late_return(payment, payout, now)
        cover_by_chargebacks(payment.pk, now=now)


def clearing_book(payment: Payment, payout: Payout) -> BookName:
    """Where the money leaves from: the provider that has it, or our own bank."""
    label = BANK if payout.is_by_hand else payment.provider
    return BookName("clearing", payout.currency, label=label)


def keep_late_return(payment: Payment, payout: Payout, now: datetime) -> None:
    """Book what came back for a closed account as nobody's, until a person finds its owner.

    What a closing handed over and failed afterwards is found the same way.
    """
    is_ours_again = payout.stage == "returned" or payout.handed_over_at is not None
    if payout.customer.is_open or not is_ours_again or payout.cause.startswith(LATE):
        return
    if LateMoney.objects.filter(returned=payout).exists():
        return  # It failed before, and we hear only now that it had arrived in between.
    book_late(payment, payout, now)


def book_late(payment: Payment, payout: Payout, now: datetime) -> None:
    """Keep what of a payout has not reached anybody for the person who looks for its owner."""
    minor = to_send(payout).minor
    suspense = BookName("suspense", payout.currency)
    entry = Entry(f"late-return:{payout.key}", minor, owed_book(payout), suspense)
    ledger.post([entry], now=now)
    LateMoney.objects.create(
        payment=payment,
        returned=payout,
        currency=payout.currency,
        amount_minor=minor,
        came_at=now,
    )


@transaction.atomic
def record_outside(
    *, payment_id: int, amount_minor: int, cause: str, provider_ref: str, now: datetime
) -> Payout:
    """Book money that left through a payment without us; what it is owed for is booked already."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    rail = rails.rail_of(payment.method, on=now.date())
    payout = Payout.objects.create(
        payment=payment,
        customer_id=payment.customer_id,
        is_live=None,
        cause=cause,
        currency=payment.currency,
        amount_minor=amount_minor,
        stage="succeeded",
        rail=rail.name if rail else "",
        provider_ref=provider_ref,
        planned_at=now,
        sent_at=now,
        arrived_at=now,
    )
    Payment.objects.filter(pk=payment_id).update(refunded_minor=F("refunded_minor") + amount_minor)
    entry = Entry(
        f"payout:{payout.key}", amount_minor, owed_book(payout), clearing_book(payment, payout)
    )
    ledger.post([entry], now=now)
    tell(payout, "payout.succeeded", now)
    return payout
