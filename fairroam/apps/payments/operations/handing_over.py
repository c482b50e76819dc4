"""Money still on its way when an account closes: it goes on without the account."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.payments.operations.covering import cover_by_chargebacks, owed_book
from fairroam.apps.payments.operations.sending import book_late, to_send
from fairroam.apps.payments.queries.rows import to_hand_over
from fairroam.rules import stages


@transaction.atomic
def hand_over(*, customer_id: int, now: datetime) -> list[Payout]:
    """Let what is owed to a leaving customer go on without them; what was handed over.

    The customer's row must be locked. From the book of what they are owed it moves to the
    house's settlement book, and is live no more. What waits for an account that they did not
    name, or came back, is for a person, who asks them at the sealed address. Safe to repeat.
    """
    found = to_hand_over(customer_id).values_list("payment_id", flat=True)
    payments = Payment.objects.select_for_update(no_key=True).filter(pk__in=set(found))
    for payment in payments.order_by("pk"):
        cover_by_chargebacks(payment.pk, now=now)
    handed = list(
        Payout.objects.select_for_update(no_key=True, of=("self",))
        .select_related("payment__customer")
        .filter(pk__in=to_hand_over(customer_id).values("pk"))
        .order_by("pk")
    )
    for payout in handed:
        give(payout, now)
    return handed


def give(payout: Payout, now: datetime) -> None:
    """Hand one locked payout over."""
    minor = to_send(payout).minor
    settlement = BookName("settlement", payout.currency)
    entry = Entry(f"settlement:{payout.key}", minor, owed_book(payout), settlement)
    ledger.post([entry], now=now)
    payout.handed_over_at, payout.is_live = now, None
    payout.save(update_fields=["handed_over_at", "is_live"])
    if payout.stage == "needs_account":
        keep_for_a_person(payout, now)
    elif payout.stage in ("failed", "returned"):
        book_late(payout.payment, payout, now)


def keep_for_a_person(payout: Payout, now: datetime) -> None:
    """Give up to wait for an account: whoever could name one has left, so a person asks them.

    The payout is locked, and handed over; what held it is over.
    """
    if payout.stage == "held":
        payout.stage = stages.next_stage(stages.PAYOUT, payout.stage, "ask_account")
    payout.stage = stages.next_stage(stages.PAYOUT, payout.stage, "refuse")
    payout.save(update_fields=["stage"])
    Payment.objects.filter(pk=payout.payment_id).update(
        pending_minor=F("pending_minor") - to_send(payout).minor
    )
    book_late(payout.payment, payout, now)
