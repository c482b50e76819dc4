"""Refunds that somebody made at the provider's, past us: booked once a person has looked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Tender
from fairroam.apps.orders.operations.crediting import issue_credit_note
from fairroam.apps.orders.operations.refund import owe_entries, settle
from fairroam.apps.payments.models import Payment, ProviderEvent
from fairroam.apps.payments.operations.hearing import end_quarantine, lock_quarantined, receipt_in
from fairroam.apps.payments.operations.sending import record_outside
from fairroam.apps.payments.refusals import AmountDiffers, MoreThanWasPaid
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet.operations.outside import give_back_outside
from fairroam.apps.wallet.operations.selling import is_voucher
from fairroam.gateways.payments import PayoutStatus
from fairroam.rules.money import share_by_weight
from fairroam.rules.tax import tax_inside


@transaction.atomic
def book_outside_refund(*, event_id: int, words: str, staff_user_id: int, now: datetime) -> None:
    """Book the refund that a quarantined notice tells of against the payment it names.

    It counts as given back, so that nobody is paid twice, with a credit note per line. What paid
    into a wallet, or for a voucher, is taken out there. Raises NotAmongYours (no such payment),
    AmountDiffers (another currency), MoreThanWasPaid, CreditGone, BuyerLeft, MoveNotAllowed,
    MovedMeanwhile.
    """
    provider, ref = ProviderEvent.objects.filter(pk=event_id).values_list(
        "provider", "content__payment_ref"
    ).first() or ("", "")
    payment = Payment.objects.filter(provider=provider, provider_ref=ref).first()
    if payment is None:
        raise NotAmongYours(event_id=event_id)
    is_credit = wallet.is_top_up(payment.pk) or is_voucher(payment.pk)
    if is_credit:
        customers.lock(payment.customer_id)
    line_ids = Tender.objects.filter(payment=payment).values_list("line_id", flat=True)
    for line_id in sorted(set(line_ids)):
        orders.lock_line(line_id)
    event = lock_quarantined(event_id)
    receipt = receipt_in(event)
    if receipt.status == PayoutStatus.FAILED:
        raise MoveNotAllowed(event_id=event_id, stage=receipt.status)
    if receipt.amount.currency != payment.currency:
        raise AmountDiffers(event_id=event_id, told=receipt.amount.minor)
    if is_credit:
        give_back_outside(
            payment_id=payment.pk,
            minor=receipt.amount.minor,
            provider_ref=receipt.provider_ref,
            actor=f"staff:{staff_user_id}",
            now=now,
        )
    else:
        for tender, minor in shares(payment, receipt.amount.minor):
            give_back(tender, minor, event, receipt.provider_ref, now)
    end_quarantine(
        event,
        "booked",
        words=words,
        staff_user_id=staff_user_id,
        now=now,
        customer_id=payment.customer_id,
    )


def shares(payment: Payment, minor: int) -> list[tuple[Tender, int]]:
    """How an amount falls on the payment's tenders, by what is left of each."""
    tenders = list(Tender.objects.filter(payment=payment).order_by("line_id", "position"))
    left = [each.captured_minor - each.refunded_minor - each.pending_minor for each in tenders]
    if minor > sum(left):
        raise MoreThanWasPaid(payment_id=payment.pk, left=sum(left), asked=minor)
    parts = zip(tenders, share_by_weight(minor, left), strict=True)
    return [(tender, part) for tender, part in parts if part]


def give_back(
    tender: Tender, minor: int, event: ProviderEvent, provider_ref: str, now: datetime
) -> None:
    """One tender's part: reserved, owed, paid and settled at once, with its credit note."""
    line = tender.line
    cause = f"outside:{event.pk}/tender:{tender.pk}"
    before = line.refunded_minor + line.pending_minor
    tax = tax_inside(before + minor, line.tax_rate) - tax_inside(before, line.tax_rate)
    assert tender.payment_id is not None
    Payment.objects.select_for_update(no_key=True).get(pk=tender.payment_id)
    orders.reserve(order_line_id=line.pk, parts=[(tender.pk, minor)])
    ledger.post(owe_entries(line=line, minor=minor, tax=tax, cause=cause), now=now)
    record_outside(
        payment_id=tender.payment_id,
        amount_minor=minor,
        cause=cause,
        provider_ref=provider_ref,
        now=now,
    )
    settle(tender_id=tender.pk, minor=minor)
    issue_credit_note(
        line,
        minor=minor,
        tax=tax,
        code="REFUNDED_OUTSIDE",
        sentence=_("Given back at the payment provider for %(plan)s."),
        now=now,
    )
