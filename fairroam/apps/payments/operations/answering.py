"""A provider answered a payout with another amount than we asked: a person says what it paid."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import Payment, Payout, ProviderEvent
from fairroam.apps.payments.operations.hearing import end_quarantine, lock_quarantined
from fairroam.apps.payments.operations.planning import plan_payout
from fairroam.apps.payments.operations.sending import clearing_book, settle_payout, to_send
from fairroam.apps.payments.queries.doubts import payouts_in_doubt
from fairroam.gateways.payments import PayoutReceipt, PayoutStatus
from fairroam.rules.money import Money

REST = "/rest"  # how the cause of what a provider left unpaid ends


@transaction.atomic
def settle_answer(
    *, event_id: int, paid_minor: int, words: str, staff_user_id: int, now: datetime
) -> Payout | None:
    """Book what a person found at the provider's of a payout whose answer was another amount.

    paid_minor: what it really paid, 0 or more. As asked: it arrived. Nothing: it failed. Less:
    that arrived, and the rest is owed by a payout of its own. More: what is over is our loss.
    The caller holds the locks that come before a payment's. Returns the
    payout of the rest. Raises NotAmongYours, MoveNotAllowed, MovedMeanwhile.
    """
    assert paid_minor >= 0
    event = lock_quarantined(event_id)
    payout = lock_in_doubt(event)
    payment = payout.payment
    asked = to_send(payout).minor
    rest = None
    if paid_minor == 0:
        settle(payment, payout, "refuse", 0, event, now)
    else:
        short = max(asked - paid_minor, 0)
        shorten(payout, short)
        settle(payment, payout, "confirm", to_send(payout).minor, event, now)
        book_excess(payment, payout, max(paid_minor - asked, 0), now)
        rest = owe_rest(payout, short, now) if short else None
    actor = f"staff:{staff_user_id}"
    journal.tell(
        "payout.answer_settled",
        actor=actor,
        now=now,
        customer_id=payout.customer_id,
        payout_id=payout.pk,
        asked_minor=asked,
        paid_minor=paid_minor,
        rest_payout_id=rest.pk if rest else None,
    )
    end_quarantine(
        event,
        "booked",
        words=words,
        staff_user_id=staff_user_id,
        now=now,
        customer_id=payout.customer_id,
        payout_id=payout.pk,
    )
    return rest


def lock_in_doubt(event: ProviderEvent) -> Payout:
    """Lock the open payout that a notice leaves in doubt. Raises MoveNotAllowed: it has an end."""
    found = payouts_in_doubt([event]).get(event.pk)
    if found is not None:
        Payment.objects.select_for_update(no_key=True).get(pk=found.payment_id)
        Payout.objects.select_for_update(no_key=True).get(pk=found.pk)
        found = payouts_in_doubt([event]).get(event.pk)
    if found is None:
        raise MoveNotAllowed(event_id=event.pk, stage=event.reason)
    return found


def settle(
    payment: Payment, payout: Payout, move: str, minor: int, event: ProviderEvent, now: datetime
) -> None:
    is_paid = move == "confirm"
    receipt = PayoutReceipt(
        provider_ref=event.content.get("payout_ref", ""),
        status=PayoutStatus.SUCCEEDED if is_paid else PayoutStatus.FAILED,
        amount=Money(minor, payout.currency),
        reason="" if is_paid else "answer-differs",
    )
    settle_payout(payment, payout, move, receipt, now)


def shorten(payout: Payout, short: int) -> None:
    """Let a payout be as much less as its provider paid less; the rest is reserved anew next."""
    payout.amount_minor -= short
    payout.save(update_fields=["amount_minor"])
    Payment.objects.filter(pk=payout.payment_id).update(pending_minor=F("pending_minor") - short)


def book_excess(payment: Payment, payout: Payout, excess: int, now: datetime) -> None:
    """What left beyond what was owed is lost, unless its customer gives it back."""
    loss = BookName("loss", payout.currency)
    clearing = clearing_book(payment, payout)
    ledger.post([Entry(f"payout:{payout.key}/excess", excess, loss, clearing)], now=now)


def owe_rest(payout: Payout, short: int, now: datetime) -> Payout:
    """Send what was left unpaid, for the same cause, out of the book it is owed from."""
    rest = plan_payout(
        payment_id=payout.payment_id,
        amount_minor=short,
        cause=f"{payout.cause}{REST}",
        hold=False,
        pay_by=payout.pay_by,
        owed_to=payout.customer_id,
        is_in_good_faith=payout.is_in_good_faith,
        now=now,
    )
    if payout.handed_over_at is not None:
        rest.handed_over_at, rest.is_live = payout.handed_over_at, None
        rest.save(update_fields=["handed_over_at", "is_live"])
    return rest
