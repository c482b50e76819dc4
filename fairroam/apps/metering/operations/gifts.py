"""Give more of a plan than was bought: a person's goodwill in data or days instead of money."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F

from fairroam.apps.journal.operations import tell
from fairroam.apps.metering.models import Meter, PlanPeriod, PlanRun
from fairroam.apps.metering.operations.packs import PLAN_DAY, read_pack
from fairroam.apps.metering.refusals import PlanCannotGrow
from fairroam.apps.orders import queries as orders


@transaction.atomic
def grant_extra(*, order_line_id: int, extra_bytes: int, now: datetime) -> None:
    """Add data to a plan that still runs, or that has not begun.

    A share used is a share of all that may be used: what is given makes it smaller, for the
    customer. Raises PlanCannotGrow for a plan that is over, stopped, or has no limit of data.
    """
    assert extra_bytes > 0
    run = lock_growing(order_line_id, now)
    limited = Meter.objects.filter(order_line_id=order_line_id, kind="data", granted__isnull=False)
    if limited.update(granted=F("granted") + extra_bytes) != 1:
        raise PlanCannotGrow(order_line_id=order_line_id)
    (data,) = (one for one in read_pack(order_line_id).allowances.values() if one.kind == "data")
    limited.update(marks_told=data.mark)  # It may run low once more, and is told of it again.
    told(run, "plan.data_granted", now, extra_bytes=extra_bytes)


@transaction.atomic
def extend_period(*, order_line_id: int, days: int, now: datetime) -> None:
    """Let a plan last more days, of 24 hours each; one that has not begun lasts longer once it has.

    Raises PlanCannotGrow for a plan that is over, stopped, without an end, or that pays for a
    number, whose renewal hangs on its end.
    """
    assert days > 0
    run = lock_growing(order_line_id, now)
    keeps_number = orders.terms_of(order_line_id).plan_copy.get("number_rule")
    if run.validity_days is None or keeps_number:
        raise PlanCannotGrow(order_line_id=order_line_id)
    PlanRun.objects.filter(pk=run.pk).update(validity_days=F("validity_days") + days)
    for period in PlanPeriod.objects.filter(order_line_id=order_line_id):
        ends_at = period.during.upper + days * PLAN_DAY
        period.during = DateTimeTZRange(period.during.lower, ends_at, "[)")
        period.save(update_fields=["during"])
    told(run, "plan.extended", now, days=days)


def lock_growing(order_line_id: int, now: datetime) -> PlanRun:
    """The locked run of a plan that can still be used. Raises PlanCannotGrow."""
    run = PlanRun.objects.select_for_update(no_key=True).filter(pk=order_line_id).first()
    over = PlanPeriod.objects.filter(order_line_id=order_line_id, during__endswith__lte=now)
    if run is None or run.stopped_at or run.ended_at or over.exists():
        raise PlanCannotGrow(order_line_id=order_line_id)
    if orders.terms_of(order_line_id).plan_copy.get("supplier"):
        # The eSIM of another company ends where their package ends, whatever we say.
        raise PlanCannotGrow(order_line_id=order_line_id)
    return run


def told(run: PlanRun, kind: str, now: datetime, **facts: int) -> None:
    tell(
        kind,
        actor="system",
        now=now,
        customer_id=run.customer_id,
        order_line_id=run.order_line_id,
        **facts,
    )
