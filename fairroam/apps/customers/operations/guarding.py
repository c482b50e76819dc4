"""What protects an account: rest after changes, and a proof right before what leads money away."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.customers import queries
from fairroam.apps.customers.models import FRESH_FOR, GuardedAct, SecurityChange
from fairroam.apps.customers.operations.opening import lock, lock_open
from fairroam.apps.customers.queries import Proof
from fairroam.apps.customers.refusals import RecentContactChange, StepUpRequired
from fairroam.apps.journal import operations as journal


@transaction.atomic
def record_security_change(*, customer_id: int, kind: str, now: datetime) -> None:
    """Keep that an address or a factor changed (SECURITY_CHANGES); the account rests from now."""
    lock(customer_id)
    SecurityChange.objects.create(customer_id=customer_id, kind=kind, changed_at=now)
    journal.tell(
        "security.changed",
        actor=f"customer:{customer_id}",
        now=now,
        customer_id=customer_id,
        change=kind,
    )


@transaction.atomic
def allow_guarded_act(
    *, customer_id: int, kind: str, proof: Proof | None, now: datetime
) -> GuardedAct:
    """Let a payout change, a transfer or a closing (GUARDED_KINDS) happen, and keep why.

    Call it in the transaction of the act itself, before other locks. proof: how the customer
    showed just now who they are. Raises AccountClosed, StepUpRequired, RecentContactChange.
    """
    lock_open(customer_id)
    if proof is None or not proof.proven_at <= now <= proof.proven_at + FRESH_FOR:
        raise StepUpRequired(customer_id=customer_id)
    if proof.method == "mail_code" and queries.has_second_factor(customer_id):
        raise StepUpRequired(customer_id=customer_id)
    rests_until = queries.rests_until(customer_id, now)
    if rests_until is not None:
        raise RecentContactChange(customer_id=customer_id, rests_until=rests_until)
    return GuardedAct.objects.create(
        customer_id=customer_id,
        kind=kind,
        method=proof.method,
        proven_at=proof.proven_at,
        changed_at=queries.last_security_change(customer_id),
        acted_at=now,
    )
