"""The last mail has left: the address goes."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.closures.models import Closure, ClosureStep
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal import operations as journal


@transaction.atomic
def record_last_mail(*, closure_id: int, is_taken: bool, now: datetime) -> bool:
    """The mail server took the last mail, or refuses it for good: drop address and salts.

    False when that was recorded before.
    """
    customer_id = Closure.objects.values_list("customer_id", flat=True).get(pk=closure_id)
    Customer.objects.select_for_update().get(pk=customer_id)
    sealed = Closure.objects.filter(pk=closure_id, sealed_address__isnull=False)
    if sealed.update(sealed_address=None, salts=None) != 1:
        return False
    ClosureStep.objects.create(
        closure_id=closure_id,
        name="last_mail",
        started_at=now,
        done_at=now,
        proof={"is_taken": is_taken},
    )
    journal.tell(
        "closure.step_done",
        actor="system",
        now=now,
        customer_id=customer_id,
        closure_id=closure_id,
        step="last_mail",
    )
    return True
