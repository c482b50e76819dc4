"""Reads of usage: meters, periods, days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from fairroam.apps.journal.queries.planned import ask
from fairroam.apps.metering.models import PlanPeriod, PlanRun, UsageCursor
from fairroam.apps.orders import queries as orders
from fairroam.rules import shares
from fairroam.rules.records import Allowance, read_allowances
from fairroam.rules.shares import Measure, Share

LATEST_USES = 100  # more than any network sends late
METER = ("kind", "granted", "used", "weight")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceUse:
    """One allowance: bytes, seconds or messages. granted None = unlimited; weight as published."""

    kind: str
    granted: int | None
    used: int
    weight: str

    @property
    def left(self) -> int | None:
        """What is left of it, never below nothing; None where it is unlimited."""
        return None if self.granted is None else max(self.granted - self.used, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """When we heard, from whom, and how late that source says that it is."""

    as_of: datetime
    source: str
    lag_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How much of a plan is used. starts_at, ends_at: None until its first attach or use.

    reading: what the figures rest on; None = nobody has told of this line yet.
    """

    allowances: tuple[AllowanceUse, ...]
    starts_at: datetime | None
    ends_at: datetime | None
    reading: Reading | None

    @property
    def as_of(self) -> datetime | None:
        """When we last heard of this line, or read all that its networks had written."""
        return self.reading.as_of if self.reading else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfUse:
    """What was used of one kind on one day (of the zone asked for) in one country."""

    on: date
    country: str
    kind: str
    quantity: int


class AllowanceState(Protocol):
    """How far one allowance is used, wherever it is kept."""

    @property
    def kind(self) -> str: ...
    @property
    def granted(self) -> int | None: ...
    @property
    def used(self) -> int: ...
    @property
    def weight(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredUse:
    """What `rules` computes the used share from; instants in seconds since the epoch."""

    declared_at: int
    starts_at: int | None
    ends_at: int | None
    allowances: tuple[Allowance, ...]


# All that is known of one order line, asked for with every page of it. Of a million records the
# index gives the latest uses at once; the last arrival is among them.
KNOWN = f"""
    SELECT (SELECT json_agg(json_build_array(kind, granted, used, weight) ORDER BY id)
              FROM metering_meter WHERE order_line_id = line.id),
           period.starts_at, period.ends_at, latest.received_at, latest.source,
           (SELECT json_agg(json_build_array(read_at, source, lag_seconds) ORDER BY read_at)
              FROM metering_usagecursor)
      FROM (SELECT %s::bigint AS id) line
      LEFT JOIN metering_planrun run ON run.order_line_id = line.id
      LEFT JOIN LATERAL (
           SELECT lower(during) AS starts_at, upper(during) AS ends_at FROM metering_planperiod
            WHERE order_line_id = line.id ORDER BY id LIMIT 1) period ON true
      LEFT JOIN LATERAL (
           SELECT received_at, source FROM (
               SELECT received_at, source FROM metering_usagerecord
                WHERE order_line_id = coalesce(run.line_id, line.id)
                ORDER BY started_at DESC LIMIT {LATEST_USES}) used
            ORDER BY received_at DESC, source COLLATE "C" DESC LIMIT 1) latest ON true
"""  # noqa: S608 - a number of ours


def usage_of(order_line_id: int) -> Usage:
    """How much of the line's plan is used; nothing, as sold, while no meter is open."""
    [(meters, starts_at, ends_at, *told)] = ask(KNOWN, order_line_id)()
    return Usage(
        allowances=tuple(AllowanceUse(**dict(zip(METER, row, strict=True))) for row in meters)
        if meters
        else _as_sold(order_line_id),
        starts_at=starts_at,
        ends_at=ends_at,
        reading=_reading(*told),
    )


def _reading(
    received_at: datetime | None, source: str | None, cursors: list[tuple[str, str, int]] | None
) -> Reading | None:
    """What we know of a line's use rests on: its last record, or a later look at all sources.

    A source that we read to its end has told of this line also by silence; with several, the one
    that we read longest ago says how fresh the whole is.
    """
    lags = {name: lag_seconds for _read_at, name, lag_seconds in cursors or ()}
    told = [(received_at, source)] if received_at and source is not None else []
    told += [(datetime.fromisoformat(at), name) for at, name, _lag in (cursors or [])[:1]]
    readings = [
        Reading(as_of=as_of, source=name, lag_seconds=lags.get(name, 0)) for as_of, name in told
    ]
    return max(readings, key=lambda reading: reading.as_of, default=None)


def stopped_at(order_line_id: int) -> datetime | None:
    """Since when the pack of that order line burns for no use that begins; None while it may."""
    runs = PlanRun.objects.filter(pk=order_line_id)
    return runs.values_list("stopped_at", flat=True).first()


# What was counted of a line since an instant, or ever: by day in a zone, country and kind.
DAYS = """
SELECT (started_at AT TIME ZONE %s)::date AS day, country, kind, sum(quantity)::bigint
FROM metering_usagerecord
WHERE order_line_id = %s AND outcome = 'counted' AND kind <> 'attach'
    AND started_at >= coalesce(%s::timestamptz, '-infinity')
GROUP BY day, country, kind ORDER BY day, country, kind
"""


def days_of_use(order_line_id: int, *, zone: str, since: datetime | None = None) -> list[DayOfUse]:
    """What was counted, per day, country and kind, oldest first. zone: IANA.

    since: leaves out what began before.
    """
    return [
        DayOfUse(on=on, country=country, kind=kind, quantity=quantity)
        for on, country, kind, quantity in ask(DAYS, zone, order_line_id, since)()
    ]


def cursor_of(source: str) -> str:
    """How far we have read what a source wrote; empty: nothing yet."""
    cursors = UsageCursor.objects.filter(source=source).values_list("cursor", flat=True)
    return cursors.first() or ""


def read_at(source: str) -> datetime | None:
    """When we last read what a source wrote."""
    return UsageCursor.objects.filter(source=source).values_list("read_at", flat=True).first()


def used_share(
    *,
    allowances: Iterable[AllowanceState],
    measure: Measure,
    starts_at: datetime | None,
    ends_at: datetime | None,
    now: datetime,
) -> Share:
    """How much of a plan is used by `now`, as the seller's own pack measures it."""
    written = [
        {"kind": one.kind, "granted": one.granted, "used": one.used, "weight": one.weight}
        for one in allowances
    ]
    measured = MeasuredUse(
        declared_at=int(now.timestamp()),
        starts_at=int(starts_at.timestamp()) if starts_at else None,
        ends_at=int(ends_at.timestamp()) if ends_at else None,
        allowances=read_allowances({"allowances": written}),
    )
    return shares.used_share(measured, measure)


def plans_to_end(now: datetime) -> list[int]:
    """The order lines whose plan is over and not ended yet, but for those with money on its way."""
    periods = PlanPeriod.objects.filter(
        during__endswith__lte=now,
        order_line__run__ended_at__isnull=True,
        order_line__pending_minor=0,
    )
    return list(periods.order_by("order_line_id").values_list("order_line_id", flat=True))


def _as_sold(order_line_id: int) -> tuple[AllowanceUse, ...]:
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
