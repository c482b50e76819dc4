"""Calls to payment providers: claim, call, record."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings

from fairroam import points
from fairroam.apps.notices import operations as notices
from fairroam.apps.payments import operations
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.payments.queries.arrivals import RETURNED
from fairroam.apps.payments.queries.doubts import ANSWER
from fairroam.apps.payments.queries.providers import CAPABILITIES
from fairroam.apps.payments.queries.rows import SENT_BACK
from fairroam.apps.payments.refusals import AmountDiffers
from fairroam.gateways.payments import (
    AnswerMismatch,
    PaymentGateway,
    PaymentState,
    PayoutReceipt,
    PayoutRefused,
    PayoutStatus,
    bank_transfer,
    paypal,
    sandbox,
    stripe,
)
from fairroam.rules.money import Money


def connect_sandbox() -> PaymentGateway:
    return sandbox.connect(
        url=settings.FAIRROAM_PAYMENTS_URL,
        key=settings.FAIRROAM_PAYMENTS_KEY,
        hook_secret=settings.FAIRROAM_PAYMENTS_HOOK_SECRET,
        timeout_seconds=settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
    )


def connect_stripe() -> PaymentGateway:
    return stripe.connect(
        url=settings.FAIRROAM_STRIPE_URL,
        key=settings.FAIRROAM_STRIPE_KEY,
        hook_secrets=settings.FAIRROAM_STRIPE_HOOK_SECRETS.split(),
        timeout_seconds=settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
    )


def connect_paypal() -> PaymentGateway:
    return paypal.connect(
        url=settings.FAIRROAM_PAYPAL_URL,
        client=settings.FAIRROAM_PAYPAL_CLIENT,
        secret=settings.FAIRROAM_PAYPAL_SECRET,
        webhook=settings.FAIRROAM_PAYPAL_WEBHOOK,
        timeout_seconds=settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
    )


GATEWAYS = {
    "sandbox": connect_sandbox,
    "stripe": connect_stripe,
    "paypal": connect_paypal,
    "bank": bank_transfer.connect,
}


def gateway(provider: str) -> PaymentGateway:
    """The provider's gateway, with the settings' address and keys."""
    return GATEWAYS[provider]()


def start_payment(*, payment_id: int, now: datetime) -> None:
    """Tell the provider of a charge and keep the address where the customer pays."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.stage != "prepared":
        return  # Started by an earlier run.
    started = gateway(payment.provider).start_payment(
        key=payment.key,
        amount=Money(payment.amount_minor, payment.currency),
        reference=str(payment.key),
        description=payment.description,
        return_url=payment.return_url,
        language=payment.language,
    )
    points.reached("payment.started")
    operations.record_started(
        payment_id=payment_id,
        provider_ref=started.provider_ref,
        pay_url=started.pay_url,
        now=now,
    )


def look_up_payment(*, payment_id: int, now: datetime) -> PaymentState | None:
    """Ask the provider how far a charge is; None while nobody there can know it."""
    operations.record_asked_about_payment(payment_id=payment_id, now=now)
    payment = Payment.objects.get(pk=payment_id)
    if payment.provider_ref is None or CAPABILITIES[payment.provider].is_by_hand:
        return None
    return gateway(payment.provider).look_up_payment(provider_ref=payment.provider_ref)


def send_payout(*, payout_id: int, now: datetime) -> None:
    """Send money back. Without an answer it raises, and the queue asks again, same key."""
    payout = operations.claim_payout(payout_id=payout_id, now=now)
    if payout is None:
        return  # Settled by an earlier run.
    points.reached("payout.claimed")
    payment = payout.payment
    assert payment.provider_ref is not None
    amount = operations.to_send(payout)
    try:
        receipt = gateway(payment.provider).pay_back(
            payment_ref=payment.provider_ref, amount=amount, key=payout.key
        )
    except AnswerMismatch as mismatch:  # It may have had an effect: never repeat, never book.
        quarantine_answer(payout, mismatch, now)
        return
    except PayoutRefused as refused:
        receipt = PayoutReceipt(
            provider_ref="", status=PayoutStatus.FAILED, amount=amount, reason=refused.code
        )
    points.reached("payout.sent")
    operations.record_payout(payout_id=payout_id, receipt=receipt, now=now)
    points.reached("payout.recorded")


def look_up_payout(*, payout_id: int, now: datetime) -> None:
    """Ask what became of a payout whose notice never came."""
    operations.record_asked_about_payout(payout_id=payout_id, now=now)
    payout = Payout.objects.select_related("payment").get(pk=payout_id)
    payment = payout.payment
    assert payment.provider_ref is not None
    try:
        receipt = gateway(payment.provider).look_up_payout(
            payment_ref=payment.provider_ref, key=payout.key
        )
        if receipt is not None:
            operations.record_payout(payout_id=payout_id, receipt=receipt, now=now)
    except (AnswerMismatch, AmountDiffers) as mismatch:
        quarantine_answer(payout, mismatch, now)
        return
    if receipt is None:
        send_payout(payout_id=payout_id, now=now)


def quarantine_answer(payout: Payout, mismatch: Exception, now: datetime) -> None:
    """Show a person that a provider named other money than we asked it to send, once."""
    operations.quarantine(
        provider=payout.payment.provider,
        event_id=f"{ANSWER}{payout.key}",
        reason="answer-differs",
        content=str(mismatch),
        now=now,
    )


def fetch_report(*, provider: str, day: date, now: datetime) -> int:
    """Fetch a day's report and compare it with the books; how many differences are open."""
    report = gateway(provider).daily_report(day=day)
    return operations.reconcile(provider=provider, report=report, now=now)


# What happened to a payout -> the mail that says so and what to do next. Refunds tell of failures
# of theirs themselves.
MAILS = {
    "payout.needs_account": "payments.account_needed",
    "payout.pending": "payments.on_its_way",
    "payout.requires_action": "payments.action_needed",
    "payout.settled_by_chargeback": "payments.settled_by_bank",
    "payout.failed": "payments.came_back",
    "payout.returned": "payments.came_back",
}


def tell_customer(*, payout_id: int, kind: str, now: datetime) -> None:
    """Queue the mail that belongs to what happened to a payout."""
    payout = Payout.objects.get(pk=payout_id)
    if MAILS[kind] == "payments.came_back" and payout.cause.startswith("refund:"):
        return
    if kind == "payout.needs_account" and payout.cause.startswith(f"{SENT_BACK}{RETURNED}"):
        return  # The mail that says why it goes back asks for the account, too.
    notices.send(
        kind=MAILS[kind],
        act=f"{MAILS[kind]}:{payout_id}",
        customer_id=payout.customer_id,
        context={"payout": payout},
        now=now,
    )


def tell_sent_back(
    *, payment_id: int, stray_payment_id: int, is_taken: bool, now: datetime
) -> None:
    """Say that a transfer was not what a charge asked for, and what goes back of it.

    An account that has closed is told nothing: its owner's address has gone with it.
    """
    payout = Payout.objects.filter(payment_id=stray_payment_id).order_by("pk").first()
    if payout is None or not payout.customer.is_open:
        return
    notices.send(
        kind="payments.transfer_differs",
        act=f"payments.transfer_differs:{stray_payment_id}",
        customer_id=payout.customer_id,
        context={
            "asked": Payment.objects.get(pk=payment_id),
            "payout": payout,
            "is_taken": is_taken,
            "waits_for_account": payout.stage == "needs_account",
        },
        now=now,
    )
