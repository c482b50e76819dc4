"""Let a plan begin by the calendar: one that is paid for time and not for use."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from fairroam.apps.journal.operations import tell
from fairroam.apps.metering.models import PlanPeriod, PlanRun
from fairroam.apps.orders import queries as orders


@transaction.atomic
def start_plan(*, order_line_id: int, starts_at: datetime, now: datetime) -> bool:
    """Let the plan of a paid order line begin; it lasts its days, of 24 hours each.

    starts_at: now or earlier, such as the end of the period before. Returns False, and changes
    nothing, for one that has begun, is over, or whose money went back.
    """
    terms = orders.terms_of(order_line_id)
    run = PlanRun.objects.select_for_update(no_key=True).filter(pk=order_line_id).first()
    if run is None or run.ended_at is not None or terms.refunded + terms.pending >= terms.paid:
        return False
    if PlanPeriod.objects.filter(order_line_id=order_line_id).exists():
        return False
    starts_at = min(starts_at, now).replace(microsecond=0)
    assert run.validity_days is not None, "a plan paid for time has an end"
    ends_at = starts_at + timedelta(days=run.validity_days)
    PlanPeriod.objects.create(
        order_line_id=order_line_id, during=DateTimeTZRange(starts_at, ends_at, "[)")
    )
    tell(
        "plan.started",
        actor="system",
        now=now,
        customer_id=run.customer_id,
        order_line_id=order_line_id,
        starts_at=starts_at.isoformat(),
        ends_at=ends_at.isoformat(),
    )
    return True
