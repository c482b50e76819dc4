"""Give more of a plan than was bought: a person's goodwill in data or days instead of money."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F, QuerySet

from fairroam.apps.journal.operations import tell
from fairroam.apps.metering.models import Meter, PlanPeriod, PlanRun
from fairroam.apps.metering.operations.packs import PLAN_DAY, read_pack
from fairroam.apps.metering.refusals import PlanCannotGrow
from fairroam.apps.orders import queries as orders


@transaction.atomic
def grant_extra(*, order_line_id: int, extra_bytes: int, now: datetime) -> None:
    """Add data to a plan that still runs, or that has not begun.

    A share used is a share of all that may be used: what is given makes it smaller, for the
    customer. Raises PlanCannotGrow.
    """
    assert extra_bytes > 0
    run = check_growth(order_line_id, "data", now)
    limited = limited_data(order_line_id)
    limited.update(granted=F("granted") + extra_bytes)
    (data,) = (one for one in read_pack(order_line_id).allowances.values() if one.kind == "data")
    limited.update(marks_told=data.mark)  # It may run low once more, and is told of it again.
    told(run, "plan.data_granted", now, extra_bytes=extra_bytes)


@transaction.atomic
def extend_period(*, order_line_id: int, days: int, now: datetime) -> None:
    """Let a plan last more days, of 24 hours each; one that has not begun lasts longer once it has.

    Raises PlanCannotGrow.
    """
    assert days > 0
    run = check_growth(order_line_id, "days", now)
    PlanRun.objects.filter(pk=run.pk).update(validity_days=F("validity_days") + days)
    for period in PlanPeriod.objects.filter(order_line_id=order_line_id):
        ends_at = period.during.upper + days * PLAN_DAY
        period.during = DateTimeTZRange(period.during.lower, ends_at, "[)")
        period.save(update_fields=["during"])
    told(run, "plan.extended", now, days=days)


def check_growth(order_line_id: int, what: str, now: datetime) -> PlanRun:
    """The run of a plan to which "data" or "days" can be added, locked till the end.

    Raises PlanCannotGrow for a plan that is over, stopped, or whose eSIM another company ends,
    whatever we say; for data without limit; for days of a plan without end, or of one that pays
    for a number, whose renewal hangs on its end.
    """
    run = PlanRun.objects.select_for_update(no_key=True).filter(pk=order_line_id).first()
    over = PlanPeriod.objects.filter(order_line_id=order_line_id, during__endswith__lte=now)
    if run is None or run.stopped_at or run.ended_at or over.exists():
        raise PlanCannotGrow(order_line_id=order_line_id)
    plan = orders.terms_of(order_line_id).plan_copy
    if what == "data":
        can_grow = limited_data(order_line_id).exists()
    else:
        can_grow = run.validity_days is not None and not plan.get("number_rule")
    if plan.get("supplier") or not can_grow:
        raise PlanCannotGrow(order_line_id=order_line_id)
    return run


def limited_data(order_line_id: int) -> QuerySet[Meter]:
    return Meter.objects.filter(order_line_id=order_line_id, kind="data", granted__isnull=False)


def told(run: PlanRun, kind: str, now: datetime, **facts: int) -> None:
    tell(
        kind,
        actor="system",
        now=now,
        customer_id=run.customer_id,
        order_line_id=run.order_line_id,
        **facts,
    )
