"""What is still open with the outside when an account closes: handed over, and ended later.

An open dispute is between a bank and us; money on its way, held or come back is owed in any case.
Neither holds anybody: the account closes, "settlement pending", and the address is kept, sealed,
until all of it is over, in case money must find another way.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from fairroam.apps.closures.models import Closure, Settlement
from fairroam.apps.journal import operations as journal
from fairroam.apps.payments import operations as paying
from fairroam.apps.payments import queries as payments
from fairroam.apps.payments.operations import to_send
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.wallet import operations as wallet


def hand_over(closure: Closure, now: datetime) -> int:
    """Keep each open dispute, and all money still on its way, as settlements; how many are open.

    Paid credit goes out, what a bank looks at as soon as the bank lets it.
    """
    customer_id = closure.customer_id
    wallet.pay_out_rest(customer_id=customer_id, now=now)
    refunds.hand_to_settlement(customer_id=customer_id, now=now)
    for payout in paying.hand_over(customer_id=customer_id, now=now):
        keep(closure, now, to_send(payout).minor, payout=payout)
    for dispute in payments.open_disputes_of(customer_id):
        keep(closure, now, dispute.amount_minor, dispute=dispute)
    return closure.settlements.filter(ended_at=None).count()


def keep(closure: Closure, now: datetime, minor: int, **about: Any) -> None:
    [subject] = about.values()
    Settlement.objects.get_or_create(
        **about,
        defaults={
            "closure": closure,
            "currency": subject.currency,
            "amount_minor": minor,
            "handed_over_at": now,
        },
    )


def end_settlement_of_dispute(*, dispute_id: int, now: datetime) -> None:
    """The dispute is over. Safe to repeat."""
    end(Q(dispute_id=dispute_id), now)


def end_settlement_of_payout(*, payout_id: int, now: datetime) -> None:
    """The money arrived, by itself or sent on by a person. Safe to repeat."""
    end(Q(payout_id=payout_id) | Q(payout__late__sending_id=payout_id), now)


def end_settlement_of_late_money(*, late_money_id: int, now: datetime) -> None:
    """Nobody can be reached: what came back is kept without an address. Safe to repeat."""
    end(Q(payout__late__pk=late_money_id), now)


@transaction.atomic
def end(which: Q, now: datetime) -> None:
    """End an open settlement; with the last one of its closing the sealed address goes."""
    settlement = Settlement.objects.filter(which, ended_at=None).select_related("closure").first()
    if settlement is None:
        return
    closure = Closure.objects.select_for_update(no_key=True).get(pk=settlement.closure_id)
    if Settlement.objects.filter(pk=settlement.pk, ended_at=None).update(ended_at=now) != 1:
        return  # Another worker was faster.
    if not closure.settlements.filter(ended_at=None).exists():
        Closure.objects.filter(pk=closure.pk).update(payout_contact=None)
    journal.tell(
        "closure.settled",
        actor="system",
        now=now,
        customer_id=closure.customer_id,
        closure_id=closure.pk,
        settlement_id=settlement.pk,
    )
