"""Money in: prepared, started, captured."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import KeyReused
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import LateMoney, Payment, Payout, ProviderEvent
from fairroam.apps.payments.operations.planning import plan_payout
from fairroam.apps.payments.queries.providers import CAPABILITIES
from fairroam.apps.payments.queries.rows import SENT_BACK
from fairroam.apps.payments.refusals import AmountDiffers, PaidTwice
from fairroam.gateways.payments import EventKind
from fairroam.rules import stages, waiting
from fairroam.rules.money import Money

ASK_DAYS_MAX = 30  # a charge that nobody paid for so long is not asked about any more
FIRST_ASK_AFTER = timedelta(minutes=5)


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
    """Store a charge before the provider hears of it; a task starts it.

    key: of the form. Raises KeyReused where it is that of another purchase, whoever's.
    """
    try:
        with transaction.atomic():
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
    except IntegrityError as error:
        if not Payment.objects.filter(key=key).exists():
            raise
        raise KeyReused(route="payment") from error
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
        payment.ask_at = now + FIRST_ASK_AFTER
    payment.save(update_fields=["provider_ref", "pay_url", "stage", "ask_at"])
    journal.tell(
        "payment.started",
        actor="system",
        now=now,
        customer_id=payment.customer_id,
        payment_id=payment.pk,
    )


@transaction.atomic
def record_approved(*, payment_id: int, now: datetime) -> None:
    """The customer agreed to a charge that the provider takes once we ask about it."""
    payment = Payment.objects.get(pk=payment_id)
    journal.tell(
        "payment.approved",
        actor="system",
        now=now,
        customer_id=payment.customer_id,
        payment_id=payment_id,
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
    payment.ask_at = None
    payment.save(update_fields=["stage", "captured_minor", "provider_ref", "captured_at", "ask_at"])
    return True


def refuse_second_transfer(*, payment_id: int) -> None:
    """Refuse a notice of a charge that another transfer has paid: this one is other money.

    Providers tell of one charge as often as they like; at our own bank each notice is a credit of
    its own. The payment is locked. Raises PaidTwice.
    """
    payment = Payment.objects.get(pk=payment_id)
    if (
        CAPABILITIES[payment.provider].is_by_hand
        and ProviderEvent.objects.filter(
            provider=payment.provider,
            kind=EventKind.PAYMENT_CAPTURED,
            content__payment_ref=payment.provider_ref,
        )
        .filter(Q(outcome="applied") | Q(conclusion="taken"))
        .exists()
    ):
        raise PaidTwice(payment_id=payment_id)


@transaction.atomic
def keep_stray(*, payment_id: int, event: ProviderEvent, minor: int, now: datetime) -> Payment:
    """Keep what arrived at our own bank beside the charge it was meant for, as money of its own.

    Of what `event` tells `minor` units are nobody's price: they are never captured for anything,
    and go back. The event is locked, and concluded next.
    """
    meant = Payment.objects.get(pk=payment_id)
    return Payment.objects.create(
        customer_id=meant.customer_id,
        provider=meant.provider,
        method=meant.method,
        currency=event.content["currency"],
        amount_minor=minor,
        captured_minor=minor,
        stage="captured",
        provider_ref=event.event_id,
        description=meant.description,
        language=meant.language,
        return_url=meant.return_url,
        prepared_at=now,
        captured_at=now,
    )


@transaction.atomic
def record_asked_about_payment(*, payment_id: int, now: datetime) -> None:
    """We asked the provider, whatever it answered: the others have their turn before the next."""
    payment = Payment.objects.get(pk=payment_id)
    ask_at = waiting.ask_again_at(payment.prepared_at, now=now, days_max=ASK_DAYS_MAX)
    Payment.objects.filter(pk=payment_id, stage="started").update(ask_at=ask_at)


@transaction.atomic
def send_back_capture(
    *, payment_id: int, act: str, now: datetime, account_id: int | None = None
) -> Payout:
    """Owe a customer at once what they paid for something that is not to be had any more.

    act: what it was paid for, "order:7"; once for each. account_id: send it there, by hand. The
    payment is locked and captured.
    """
    payment = Payment.objects.get(pk=payment_id)
    clearing = BookName("clearing", payment.currency, label=payment.provider)
    owed = BookName("refunds_owed", payment.currency, customer_id=payment.customer_id)
    cause = f"{SENT_BACK}{act}"
    ledger.post([Entry(cause, payment.captured_minor, clearing, owed)], now=now)
    return plan_payout(
        payment_id=payment_id,
        amount_minor=payment.captured_minor,
        cause=cause,
        hold=False,
        account_id=account_id,
        now=now,
    )


@transaction.atomic
def keep_late_capture(*, payment_id: int, now: datetime) -> LateMoney:
    """Book what was paid for an account that has closed: its owner is unknown to us by now."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    clearing = BookName("clearing", payment.currency, label=payment.provider)
    suspense = BookName("suspense", payment.currency)
    entry = Entry(f"late:{payment.pk}", payment.captured_minor, clearing, suspense)
    ledger.post([entry], now=now)
    journal.tell(
        "payment.late",
        actor="system",
        now=now,
        customer_id=payment.customer_id,
        payment_id=payment.pk,
        amount_minor=payment.captured_minor,
    )
    return LateMoney.objects.create(
        payment=payment,
        currency=payment.currency,
        amount_minor=payment.captured_minor,
        came_at=now,
    )
