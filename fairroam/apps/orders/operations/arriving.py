"""A transfer arrived at our own bank account: entered by a person, booked like any capture.

What does not fit its charge is booked as far as it suffices, and goes back as far as it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from stdnum import iso11649
from stdnum.exceptions import ValidationError

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.orders.operations.hear import confirm_capture, hear_provider
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, ProviderEvent
from fairroam.apps.payments.operations.hearing import end_quarantine, lock_quarantined
from fairroam.apps.payments.queries.arrivals import BANK, RETURNED, is_of_customer_user, number_of
from fairroam.apps.payments.refusals import AmountDiffers, OwnTransfer, PaidTwice, ReferenceWrong
from fairroam.gateways.payments import EventKind
from fairroam.gateways.payments import ProviderEvent as Told
from fairroam.rules.money import Money


@transaction.atomic
def record_arrival(
    *,
    reference: str,
    amount: Money,
    arrived_on: date,
    bank_ref: str,
    staff_user_id: int,
    now: datetime,
) -> str:
    """Book what the bank's statement says; what became of it, in one word.

    reference: as the payer quoted it. bank_ref: the bank's own number of the credit: entered
    twice it is booked once ("repeated"). Another amount than was asked for, or a reference that
    nobody was given, is "quarantined": nothing is booked, and a person concludes it
    (`settle_arrival`); dismissed, it can be entered as it should have been.
    Raises ReferenceWrong, OwnTransfer.
    """
    try:
        quoted = iso11649.validate(reference.upper())
    except ValidationError as error:
        raise ReferenceWrong(reference=reference) from error
    if is_of_customer_user(quoted, staff_user_id):
        raise OwnTransfer(reference=quoted)
    told = Told(
        event_id=number_of(bank_ref),
        kind=EventKind.PAYMENT_CAPTURED,
        occurred_at=now,
        payment_ref=quoted,
        amount=amount,
    )
    outcome = hear_provider(provider=BANK, told=told, now=now)
    payment = Payment.objects.filter(provider=BANK, provider_ref=quoted).first()
    journal.tell(
        "transfer.arrived",
        actor=f"staff:{staff_user_id}",
        now=now,
        customer_id=payment.customer_id if payment else None,
        payment_id=payment.pk if payment else None,
        amount_minor=amount.minor,
        arrived_on=arrived_on.isoformat(),
        outcome=outcome,
    )
    return outcome


@dataclass(frozen=True, slots=True)
class Sender:
    """The account that a transfer came from, as the bank's statement names it."""

    holder: str
    iban: str


@transaction.atomic
def settle_arrival(
    *,
    event_id: int,
    is_taken: bool,
    sender: Sender | None,
    words: str,
    staff_user_id: int,
    now: datetime,
) -> None:
    """A person ends a transfer that did not fit the charge it names.

    is_taken: book it to that charge, and only what is over goes back; else all of it does.
    sender: where it goes, by two people; None: its customer is asked for an account. words: why.
    The customer is told. Raises NotAmongYours (no charge has its reference: dismiss it),
    MoveNotAllowed, MovedMeanwhile, OwnTransfer, AmountDiffers (too little to be taken), PaidTwice,
    IbanWrong.
    """
    meant = charge_meant_by(event_id, staff_user_id)
    owner = customers.lock(meant.customer_id)
    event = lock_quarantined(event_id)
    if event.kind != EventKind.PAYMENT_CAPTURED:
        raise MoveNotAllowed(event_id=event_id, stage=event.kind)
    rest = event.content["minor"]
    if is_taken:
        take(meant, Money(rest, event.content["currency"]), now)
        rest -= meant.amount_minor
    conclusion = "taken" if is_taken else "sent_back"
    if rest:
        stray = payments.keep_stray(payment_id=meant.pk, event=event, minor=rest, now=now)
        if owner.is_open:
            owe_back(stray, event, sender, staff_user_id, now)
        else:
            keep_for_owner(stray, sender, staff_user_id, now)
        journal.tell(
            "transfer.sent_back",
            actor=f"staff:{staff_user_id}",
            now=now,
            customer_id=meant.customer_id,
            payment_id=meant.pk,
            stray_payment_id=stray.pk,
            amount_minor=rest,
            is_taken=is_taken,
        )
    end_quarantine(
        event,
        conclusion,
        words=words,
        staff_user_id=staff_user_id,
        now=now,
        customer_id=meant.customer_id,
    )


def charge_meant_by(event_id: int, staff_user_id: int) -> Payment:
    """The charge whose reference a transfer quotes. Raises NotAmongYours, OwnTransfer."""
    notices = ProviderEvent.objects.filter(pk=event_id, provider=BANK)
    quoted = str(notices.values_list("content__payment_ref", flat=True).first())
    meant = Payment.objects.filter(provider=BANK, provider_ref=quoted).first()
    if meant is None:
        raise NotAmongYours(event_id=event_id)
    if is_of_customer_user(quoted, staff_user_id):
        raise OwnTransfer(reference=quoted)
    return meant


def take(meant: Payment, arrived: Money, now: datetime) -> None:
    """Book what was asked for of what arrived. Raises PaidTwice, AmountDiffers."""
    asked = Money(meant.amount_minor, meant.currency)
    if arrived.currency != asked.currency or arrived.minor < asked.minor:
        raise AmountDiffers(payment_id=meant.pk, told=arrived.minor)
    if Payment.objects.filter(pk=meant.pk, stage="captured").exists():
        raise PaidTwice(payment_id=meant.pk)
    assert meant.provider_ref is not None
    confirm_capture(payment_id=meant.pk, amount=asked, provider_ref=meant.provider_ref, now=now)


def owe_back(
    stray: Payment, event: ProviderEvent, sender: Sender | None, staff_user_id: int, now: datetime
) -> None:
    account_id = None
    if sender is not None:
        account_id = payments.keep_account(
            customer_id=stray.customer_id,
            holder=sender.holder,
            iban=sender.iban,
            given_by=f"staff:{staff_user_id}",
            now=now,
        ).pk
    payments.send_back_capture(
        payment_id=stray.pk, act=f"{RETURNED}{event.pk}", account_id=account_id, now=now
    )


def keep_for_owner(
    stray: Payment, sender: Sender | None, staff_user_id: int, now: datetime
) -> None:
    """Its customer has left: it is nobody's until it is sent, at once where we know from whom."""
    late = payments.keep_late_capture(payment_id=stray.pk, now=now)
    if sender is not None:
        payments.send_late_money(
            late_id=late.pk,
            holder=sender.holder,
            iban=sender.iban,
            staff_user_id=staff_user_id,
            now=now,
        )
