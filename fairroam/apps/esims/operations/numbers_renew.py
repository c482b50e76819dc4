"""Renewal: every period is an order line of its own, bought by its owner, with rights of its own.

Nothing is ever taken by itself. Before a period ends its owner is told the date and the price;
one button stops even that.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.esims.models import Keeping
from fairroam.apps.esims.operations.numbers_moves import lock_keeping, lock_own_keeping, tell
from fairroam.apps.orders import queries as orders


@transaction.atomic
def record_period(*, order_line_id: int, ends_at: datetime, now: datetime) -> None:
    """A plan on a kept line has begun: until its end it is paid. Plans of other lines: nothing."""
    keeping = lock_keeping(orders.base_of(order_line_id))
    if keeping is None or not orders.terms_of(order_line_id).plan_copy.get("number_rule"):
        return
    if keeping.paid_until is None or keeping.paid_until < ends_at:
        Keeping.objects.filter(pk=keeping.pk).update(paid_until=ends_at, renewal=None)
        tell("number.paid", keeping, now=now, until=ends_at.isoformat())


@transaction.atomic
def record_renewal(*, line_id: int, customer_id: int, order_id: int, now: datetime) -> None:
    """The customer has ordered the next period; it waits to be paid. Raises NotAmongYours."""
    keeping = lock_own_keeping(line_id, customer_id)
    if keeping.renewal_id != order_id:
        Keeping.objects.filter(pk=line_id).update(renewal_id=order_id, renews=True)
        actor = f"customer:{customer_id}"
        tell("number.renewal_ordered", keeping, actor=actor, now=now, order_id=order_id)


@transaction.atomic
def choose_renewal(*, line_id: int, customer_id: int, renews: bool, now: datetime) -> None:
    """Stop renewal, or let it go on. Stopped, nobody is told to pay again; what is paid stays.

    Raises NotAmongYours.
    """
    keeping = lock_own_keeping(line_id, customer_id)
    if keeping.renews != renews:
        Keeping.objects.filter(pk=line_id).update(renews=renews)
        kind = "number.renewal_resumed" if renews else "number.renewal_stopped"
        tell(kind, keeping, actor=f"customer:{customer_id}", now=now)
