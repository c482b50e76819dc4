"""What is still open with the outside when an account closes: handed over, and ended later.

An open dispute is between a bank and us. It holds nobody: the account closes, "settlement pending",
and the address is kept, sealed, until it is over, in case money must find another way.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.closures.models import Closure, Settlement
from fairroam.apps.journal import operations as journal
from fairroam.apps.payments import queries as payments


def hand_over(closure: Closure, now: datetime) -> int:
    """Keep each open dispute as a settlement of this closing; how many."""
    disputes = payments.open_disputes_of(closure.customer_id)
    for dispute in disputes:
        Settlement.objects.get_or_create(
            dispute=dispute,
            defaults={
                "closure": closure,
                "currency": dispute.currency,
                "amount_minor": dispute.amount_minor,
                "handed_over_at": now,
            },
        )
    return len(disputes)


@transaction.atomic
def end_settlement(*, dispute_id: int, now: datetime) -> None:
    """The dispute is over. With the last one the sealed address goes. Safe to repeat."""
    ended = Settlement.objects.filter(dispute_id=dispute_id, ended_at=None)
    settlement = ended.select_related("closure").first()
    if settlement is None or ended.update(ended_at=now) != 1:
        return
    closure = settlement.closure
    if not closure.settlements.filter(ended_at=None).exists():
        Closure.objects.filter(pk=closure.pk).update(payout_contact=None)
    journal.tell(
        "closure.settled",
        actor="system",
        now=now,
        customer_id=closure.customer_id,
        closure_id=closure.pk,
        dispute_id=dispute_id,
    )
