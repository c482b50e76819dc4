"""Reads of usage: meters, periods, days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, Min, Sum
from django.db.models.functions import TruncDate

from fairroam.apps.metering.models import Meter, PlanPeriod, PlanRun, UsageCursor, UsageRecord
from fairroam.apps.orders import queries as orders
from fairroam.rules.records import Allowance, read_allowances
from fairroam.rules.shares import Measure, Share, used_share


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceUse:
    """One allowance: bytes, seconds or messages. granted None = unlimited; weight as published."""

    kind: str
    granted: int | None
    used: int
    weight: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of a plan is used. starts_at, ends_at: None until its first attach or use.

    as_of: when we last heard of this line, or read all that a network had written; None = never.
    """

    allowances: tuple[AllowanceUse, ...]
    starts_at: datetime | None
    ends_at: datetime | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfUse:
    """What was used of one kind on one day (of the zone asked for) in one country."""

    on: date
    country: str
    kind: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredUse:
    """What `rules` computes the used share from; instants in seconds since the epoch."""

    declared_at: int
    starts_at: int | None
    ends_at: int | None
    allowances: tuple[Allowance, ...]


def usage_of(order_line_id: int) -> Usage:
    """How much of the line's plan is used; nothing, as sold, while no meter is open."""
    starts_at, ends_at = _period(order_line_id)
    heard = UsageRecord.objects.filter(order_line_id=order_line_id).aggregate(at=Max("received_at"))
    read = UsageCursor.objects.aggregate(at=Min("read_at"))
    return Usage(
        allowances=_allowances(order_line_id),
        starts_at=starts_at,
        ends_at=ends_at,
        as_of=max(filter(None, (heard["at"], read["at"])), default=None),
    )


def days_of_use(order_line_id: int, *, zone: str) -> list[DayOfUse]:
    """What was counted, per day, country and kind, oldest first. zone: IANA."""
    counted = UsageRecord.objects.filter(order_line_id=order_line_id, outcome="counted")
    days = (
        counted.exclude(kind="attach")
        .values("country", "kind", on=TruncDate("started_at", tzinfo=ZoneInfo(zone)))
        .annotate(total=Sum("quantity"))
        .order_by("on", "country", "kind")
    )
    return [
        DayOfUse(on=day["on"], country=day["country"], kind=day["kind"], quantity=day["total"])
        for day in days
    ]


def cursor_of(source: str) -> str:
    """How far we have read what a source wrote; empty: nothing yet."""
    cursors = UsageCursor.objects.filter(source=source).values_list("cursor", flat=True)
    return cursors.first() or ""


def used_share_of(run: PlanRun, now: datetime) -> Share:
    """How much of the plan is used by `now`, as the seller's own pack measures it."""
    starts_at, ends_at = _period(run.pk)
    allowances = [asdict(allowance) for allowance in _allowances(run.pk)]
    measured = MeasuredUse(
        declared_at=int(now.timestamp()),
        starts_at=int(starts_at.timestamp()) if starts_at else None,
        ends_at=int(ends_at.timestamp()) if ends_at else None,
        allowances=read_allowances({"allowances": allowances}),
    )
    return used_share(measured, Measure(run.measure_by, run.measure_unit))


def plans_to_end(now: datetime) -> list[int]:
    """The order lines whose plan is over and not ended yet, but for those with money on its way."""
    periods = PlanPeriod.objects.filter(
        during__endswith__lte=now,
        order_line__run__ended_at__isnull=True,
        order_line__pending_minor=0,
    )
    return list(periods.order_by("order_line_id").values_list("order_line_id", flat=True))


FAULTS = {
    # I18: what a meter shows is what was counted, each record once.
    "meter {} does not show what its records add up to": """
        SELECT m.id FROM metering_meter m LEFT JOIN metering_usagerecord r
            ON r.order_line_id = m.order_line_id AND r.kind = m.kind AND r.outcome = 'counted'
        GROUP BY m.id HAVING m.used <> coalesce(sum(r.quantity), 0)""",
    # I19
    "usage record {} was counted, but its plan was over": """
        SELECT r.id FROM metering_usagerecord r
        JOIN metering_planperiod p ON p.order_line_id = r.order_line_id
        WHERE r.outcome = 'counted' AND r.started_at >= upper(p.during)""",
    "the plan of order line {} was used and never begun": """
        SELECT DISTINCT r.order_line_id FROM metering_usagerecord r WHERE r.outcome = 'counted'
        AND NOT EXISTS (
            SELECT 1 FROM metering_planperiod p WHERE p.order_line_id = r.order_line_id)""",
    "the period of order line {} is not as long as its plan": """
        SELECT p.order_line_id FROM metering_planperiod p
        JOIN metering_planrun u ON u.order_line_id = p.order_line_id
        WHERE upper(p.during) - lower(p.during) <> u.validity_days * interval '24 hours'""",
    "the plan of order line {} has earned something else than its transfers": """
        SELECT u.order_line_id FROM metering_planrun u LEFT JOIN (
            SELECT split_part(key, '/', 1) AS act, sum(minor) AS minor
            FROM ledger_transfer WHERE key LIKE 'usage:%' GROUP BY 1
        ) moved ON moved.act = 'usage:' || u.order_line_id
        WHERE u.earned_minor <> coalesce(moved.minor, 0)""",
}


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())


def _period(order_line_id: int) -> tuple[datetime | None, datetime | None]:
    period = PlanPeriod.objects.filter(order_line_id=order_line_id).first()
    return (period.during.lower, period.during.upper) if period else (None, None)


def _allowances(order_line_id: int) -> tuple[AllowanceUse, ...]:
    meters = Meter.objects.filter(order_line_id=order_line_id).order_by("pk")
    if meters:
        return tuple(
            AllowanceUse(
                kind=meter.kind, granted=meter.granted, used=meter.used, weight=meter.weight
            )
            for meter in meters
        )
    sold = orders.terms_of(order_line_id).plan_copy["allowances"]
    return tuple(
        AllowanceUse(
            kind=allowance["kind"],
            granted=allowance["granted"],
            used=0,
            weight=allowance["weight"],
        )
        for allowance in sold
    )
