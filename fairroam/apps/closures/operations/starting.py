"""The claim: one update that says that a closing begins. From there on nothing is undone."""

from __future__ import annotations

from datetime import datetime

from fairroam.apps.closures.models import Closure
from fairroam.apps.closures.operations.moves import tell
from fairroam.apps.closures.queries import checklist, plans_end_at
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers import queries as people


def claim(closure: Closure, now: datetime) -> bool:
    """Begin a closing whose time has come; whether it was this call that did.

    The customer's row must be locked. What came up since it was asked for holds it back: what is
    on its way to the customer, a plan that runs longer, an address or factor that changed within
    the last 72 hours. The customer is told once, and it is tried again.
    """
    if closure.stage != "requested" or now < closure.due_at:
        return False
    ends_at = plans_end_at(closure.customer_id) if closure.timing == "plan_end" else None
    if ends_at is not None and ends_at > now:  # Days were added: the plan that was meant goes on.
        Closure.objects.filter(pk=closure.pk, stage="requested").update(due_at=ends_at)
        return False
    if held_by := what_holds(closure.customer_id, now):
        hold(closure, held_by, now)
        return False
    waiting = Closure.objects.filter(pk=closure.pk, stage="requested", due_at__lte=now)
    if waiting.update(stage="closing", claimed_at=now, held_by=[]) != 1:
        return False
    closure.stage, closure.claimed_at, closure.held_by = "closing", now, []
    customers.begin_leaving(customer_id=closure.customer_id, now=now)
    tell(closure, "closure.started", now=now)
    return True


def what_holds(customer_id: int, now: datetime) -> list[str]:
    """Codes of what must be over before the closing begins, each once."""
    held_by = [item.code for item in checklist(customer_id, now).blockers]
    if people.rests_until(customer_id, now) is not None:
        held_by.append("recent_contact_change")
    return list(dict.fromkeys(held_by))


def hold(closure: Closure, held_by: list[str], now: datetime) -> None:
    is_new = not closure.held_by
    if held_by != closure.held_by:
        Closure.objects.filter(pk=closure.pk, stage="requested").update(held_by=held_by)
        closure.held_by = held_by
    if is_new:
        tell(closure, "closure.held", now=now, held_by=held_by)
