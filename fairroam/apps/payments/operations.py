"""Charges, what providers say of them, and money on its way back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MovedMeanwhile
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import Payment, Payout, ProviderEvent
from fairroam.apps.payments.refusals import AmountDiffers, MoreThanWasPaid
from fairroam.gateways.payments import EventKind, PayoutReceipt
from fairroam.gateways.payments import ProviderEvent as Told
from fairroam.rules import stages
from fairroam.rules.money import Money

# What a provider says of a payout, as the move that it makes.
MOVES = {
    "pending": "await",
    "succeeded": "confirm",
    "failed": "refuse",
    "requires_action": "ask_customer",
}


@transaction.atomic
def prepare_payment(
    *,
    key: UUID,
    customer_id: int,
    amount: Money,
    provider: str,
    method: str,
    description: str,
    return_url: str,
    language: str,
    now: datetime,
) -> Payment:
    """Store a charge before the provider hears of it; a task starts it."""
    payment = Payment.objects.create(
        key=key,
        customer_id=customer_id,
        provider=provider,
        method=method,
        currency=amount.currency,
        amount_minor=amount.minor,
        description=description,
        return_url=return_url,
        language=language,
        prepared_at=now,
    )
    journal.tell(
        "payment.prepared",
        actor="system",
        now=now,
        customer_id=customer_id,
        payment_id=payment.pk,
    )
    return payment


@transaction.atomic
def record_started(*, payment_id: int, provider_ref: str, pay_url: str, now: datetime) -> None:
    """The provider knows the charge and waits for the customer."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    payment.provider_ref, payment.pay_url = provider_ref, pay_url
    if payment.stage == "prepared":
        payment.stage = stages.next_stage(stages.PAYMENT, payment.stage, "start")
    payment.save(update_fields=["provider_ref", "pay_url", "stage"])
    journal.tell(
        "payment.started",
        actor="system",
        now=now,
        customer_id=payment.customer_id,
        payment_id=payment.pk,
    )


@transaction.atomic
def record_captured(*, payment_id: int, amount: Money, provider_ref: str, now: datetime) -> bool:
    """The customer paid. True the first time, False for a repeat. Raises AmountDiffers."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    if Money(payment.amount_minor, payment.currency) != amount:
        raise AmountDiffers(payment_id=payment_id, told=amount.minor)
    if payment.stage == "captured":
        return False
    payment.stage = stages.next_stage(stages.PAYMENT, payment.stage, "capture")
    payment.captured_minor = amount.minor
    payment.provider_ref = provider_ref
    payment.captured_at = now
    payment.save(update_fields=["stage", "captured_minor", "provider_ref", "captured_at"])
    return True


@transaction.atomic
def plan_payout(
    *, payment_id: int, amount_minor: int, cause: str, hold: bool, now: datetime
) -> Payout:
    """Reserve money of a payment to send back, once per (cause, payment).

    The reservation is made now, not when the provider answers, so that no second decision can
    promise the same money. Raises MoreThanWasPaid.
    """
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    known = Payout.objects.filter(cause=cause, payment=payment).first()
    if known is not None:
        assert known.amount_minor == amount_minor, f"{cause} asks for another amount"
        return known
    left = payment.captured_minor - payment.refunded_minor - payment.pending_minor
    if amount_minor > left:
        raise MoreThanWasPaid(payment_id=payment_id, left=left, asked=amount_minor)
    Payment.objects.filter(pk=payment.pk).update(pending_minor=F("pending_minor") + amount_minor)
    is_held = hold or payment.is_disputed  # A dispute may have been opened since they looked.
    payout = Payout.objects.create(
        payment=payment,
        customer_id=payment.customer_id,
        cause=cause,
        currency=payment.currency,
        amount_minor=amount_minor,
        stage="held" if is_held else "planned",
        planned_at=now,
    )
    if not is_held:
        tell(payout, "payout.planned", now)
    return payout


def tell(payout: Payout, kind: str, now: datetime) -> None:
    journal.tell(
        kind,
        actor="system",
        now=now,
        customer_id=payout.customer_id,
        payout_id=payout.pk,
        cause=payout.cause,
        amount_minor=payout.amount_minor,
    )


@transaction.atomic
def claim_payout(*, payout_id: int, now: datetime) -> Payout | None:
    """Mark a payout as being sent, before the call. None when it is already settled."""
    Payout.objects.filter(pk=payout_id, stage="planned").update(stage="sent", sent_at=now)
    payout = Payout.objects.select_related("payment").get(pk=payout_id)
    if payout.stage != "sent":
        return None
    Payout.objects.filter(pk=payout_id).update(attempts=F("attempts") + 1)
    return payout


@transaction.atomic
def record_payout(*, payout_id: int, receipt: PayoutReceipt, now: datetime) -> None:
    """What the provider says of a payout, by answer, notice or look-up; safe in any order.

    A stage that is final stays, but for one thing: money that had arrived may come back.
    """
    payout = Payout.objects.only("payment_id").get(pk=payout_id)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payout.payment_id)
    payout = Payout.objects.select_for_update(no_key=True).get(pk=payout_id)
    if receipt.amount != Money(payout.amount_minor, payout.currency):
        raise AmountDiffers(payout_id=payout_id, told=receipt.amount.minor)
    move = MOVES[receipt.status]
    if payout.stage == "succeeded" and move == "refuse":
        move = "return"
    if (payout.stage, move) not in stages.PAYOUT:
        return  # Old news.
    settle_payout(payment, payout, move, receipt, now)


def settle_payout(
    payment: Payment, payout: Payout, move: str, receipt: PayoutReceipt, now: datetime
) -> None:
    """Make the move: stage, counters and books together."""
    payout.stage = stages.next_stage(stages.PAYOUT, payout.stage, move)
    payout.provider_ref = receipt.provider_ref or payout.provider_ref
    payout.reason = receipt.reason or payout.reason
    changes: dict[str, Any] = {}
    owed = BookName("refunds_owed", payout.currency, customer_id=payout.customer_id)
    clearing = BookName("clearing", payout.currency, label=payment.provider)
    if move == "confirm":
        payout.arrived_at, payout.is_live = now, None
        changes = {
            "pending_minor": F("pending_minor") - payout.amount_minor,
            "refunded_minor": F("refunded_minor") + payout.amount_minor,
        }
        ledger.post([Entry(f"payout:{payout.key}", payout.amount_minor, owed, clearing)], now=now)
    elif move == "refuse":
        payout.is_live = None
        changes = {"pending_minor": F("pending_minor") - payout.amount_minor}
    elif move == "return":
        payout.arrived_at = None
        changes = {"refunded_minor": F("refunded_minor") - payout.amount_minor}
        ledger.reverse(f"payout:{payout.key}", now=now)
    payout.save()
    if changes:
        Payment.objects.filter(pk=payment.pk).update(**changes)
    tell(payout, f"payout.{payout.stage}", now)


@transaction.atomic
def keep_event(*, provider: str, told: Told, now: datetime) -> ProviderEvent | None:
    """Store what a provider told; None when it was told before."""
    event, is_new = ProviderEvent.objects.get_or_create(
        provider=provider,
        event_id=told.event_id,
        defaults={
            "kind": told.kind,
            "content": {
                "payment_ref": told.payment_ref,
                "payout_key": str(told.payout_key or ""),
                "payout_ref": told.payout_ref,
                "dispute_ref": told.dispute_ref,
                "dispute_outcome": told.outcome,
                "minor": told.amount.minor if told.amount else None,
                "currency": told.amount.currency if told.amount else None,
            },
            "received_at": now,
        },
    )
    return event if is_new else None


@transaction.atomic
def quarantine(*, provider: str, event_id: str, reason: str, content: str, now: datetime) -> None:
    """Keep what a person must look at, as it came; nothing is booked, a repeat changes nothing."""
    ProviderEvent.objects.get_or_create(
        provider=provider,
        event_id=event_id,
        defaults={
            "kind": "unknown",
            "content": {"as_it_came": content},
            "received_at": now,
            "outcome": "quarantined",
            "reason": reason,
        },
    )


def conclude_event(event: ProviderEvent, *, outcome: str, reason: str = "") -> None:
    """Say what a stored provider event led to: applied, ignored or quarantined."""
    moved = ProviderEvent.objects.filter(pk=event.pk, outcome="received").update(
        outcome=outcome, reason=reason
    )
    if moved != 1:
        raise MovedMeanwhile(event_id=event.pk)


@transaction.atomic
def hear_dispute(*, payment_id: int, now: datetime) -> None:
    """Weigh all that was told of a payment's disputes, the newest included, in any order.

    Only one that we won lets payouts go on: after a lost one the bank has paid already.
    """
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    told = ProviderEvent.objects.filter(
        provider=payment.provider,
        kind__in=[EventKind.DISPUTE_OPENED, EventKind.DISPUTE_CLOSED],
        content__payment_ref=payment.provider_ref,
    ).values_list("content__dispute_ref", "content__dispute_outcome")
    won = {dispute for dispute, outcome in told if outcome == "won"}
    is_open = any(dispute not in won for dispute, _outcome in told)
    record_dispute(payment_id=payment_id, is_open=is_open, now=now)


@transaction.atomic
def record_dispute(*, payment_id: int, is_open: bool, now: datetime) -> None:
    """A customer's bank took a charge into dispute, or closed one: payouts rest meanwhile."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    Payment.objects.filter(pk=payment_id).update(is_disputed=is_open)
    if is_open:
        Payout.objects.filter(payment=payment, stage="planned").update(stage="held")
        return
    for payout in Payout.objects.select_for_update(no_key=True).filter(
        payment=payment, stage="held"
    ):
        payout.stage = stages.next_stage(stages.PAYOUT, "held", "release")
        payout.save(update_fields=["stage"])
        tell(payout, "payout.planned", now)
