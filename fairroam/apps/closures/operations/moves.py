"""The lock of a closing, moves of the stage table, and what is told of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fairroam.apps.closures.models import Closure
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal import operations as journal
from fairroam.rules import stages


def lock(closure_id: int) -> Closure:
    """Lock the customer's row, as every step does, and read the closing."""
    customer_id = Closure.objects.values_list("customer_id", flat=True).get(pk=closure_id)
    Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
    return Closure.objects.select_related("certificate", "customer").get(pk=closure_id)


def move(closure: Closure, step: str, **changes: Any) -> None:
    """Make a move of the stage table. Raises MovedMeanwhile."""
    journal.advance(closure, stages.next_stage(stages.CLOSURE, closure.stage, step), **changes)


def tell(
    closure: Closure, kind: str, *, now: datetime, actor: str = "system", **facts: Any
) -> None:
    journal.tell(
        kind,
        actor=actor,
        now=now,
        customer_id=closure.customer_id,
        closure_id=closure.pk,
        **facts,
    )
