"""What payment providers tell: applied once, or quarantined for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.orders.operations.confirm import confirm_payment
from fairroam.apps.orders.refusals import PaymentNotOurs
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet.operations import selling
from fairroam.gateways.payments import EventKind, PayoutReceipt, ProviderEvent
from fairroam.rules.money import Money


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
    payments.conclude_event(event, outcome=outcome)
    return outcome


def apply(told: ProviderEvent, provider: str, now: datetime) -> str:
    """Apply one event. Raises a Refusal when it contradicts what we know."""
    if told.kind in payments.PAYOUT_STATUS:
        return apply_payout(told, provider, now)
    # Some providers call a payment by another name from its capture on.
    names = (told.payment_ref, told.captured_ref or told.payment_ref)
    payment = Payment.objects.filter(provider=provider, provider_ref__in=names).first()
    if payment is None:
        raise PaymentNotOurs(event_id=told.event_id)
    told = replace(told, payment_ref=names[-1])
    if told.kind == EventKind.PAYMENT_APPROVED:
        payments.record_approved(payment_id=payment.pk, now=now)
        return "applied"
    if told.kind == EventKind.PAYMENT_CAPTURED:
        apply_capture(payment, told, now)
        return "applied"
    if told.kind in (EventKind.DISPUTE_OPENED, EventKind.DISPUTE_CLOSED):
        payments.hear_dispute(
            payment_id=payment.pk,
            dispute_ref=told.dispute_ref,
            amount=told.amount,
            outcome=told.outcome,
            fee_minor=told.fee_minor,
            told_at=told.occurred_at,
            now=now,
        )
        return "applied"
    return "ignored"  # A declined card: the customer tries again on the provider's page.


def apply_capture(payment: Payment, told: ProviderEvent, now: datetime) -> None:
    """Book what was paid. Raises AmountDiffers, PaidTwice."""
    confirm_capture(
        payment_id=payment.pk, amount=told.amount, provider_ref=told.payment_ref, now=now
    )
    payments.refuse_second_transfer(payment_id=payment.pk)


def confirm_capture(*, payment_id: int, amount: Money, provider_ref: str, now: datetime) -> None:
    """Book what was paid where it belongs: with its top-up, its voucher or its order.

    Raises AmountDiffers.
    """
    confirm: Callable[..., object] = confirm_payment
    if wallet.is_top_up(payment_id):
        confirm = wallet.confirm_top_up
    elif selling.is_voucher(payment_id):
        confirm = selling.confirm_voucher
    confirm(payment_id=payment_id, amount=amount, provider_ref=provider_ref, now=now)


def apply_payout(told: ProviderEvent, provider: str, now: datetime) -> str:
    """Match a refund by our key; one made at the provider's by its number there, once booked."""
    ours = Payout.objects.filter(payment__provider=provider, payment__provider_ref=told.payment_ref)
    named = {"key": told.payout_key} if told.payout_key else {"provider_ref": told.payout_ref}
    payout = ours.filter(**named).first()
    if payout is None:
        raise PaymentNotOurs(event_id=told.event_id)
    receipt = PayoutReceipt(
        provider_ref=told.payout_ref,
        status=payments.PAYOUT_STATUS[told.kind],
        amount=told.amount,
        reason=told.reason,
    )
    payments.record_payout(payout_id=payout.pk, receipt=receipt, now=now)
    return "applied"
