"""The packs of a line, in memory and locked: which runs, which burns first, what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from msgspec import Struct

from fairroam.apps.metering.models import PlanRun

PLAN_DAY = timedelta(hours=24)  # A plan day is 24 hours, whatever the clocks on the wall do.
ALWAYS, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
# Crossed by this share of an allowance, the customer is told that it runs low.
LOW_PART, LOW_WHOLE = 8, 10


class Allowance(Struct):
    """One meter of a pack; granted None = unlimited. `used` may exceed it: carriers report late."""

    meter_id: int
    kind: str
    granted: int | None
    used: int
    weight: str
    marks_told: int
    is_moved: bool = False

    @property
    def mark(self) -> int:
        """How far it is: 1 = runs low, 2 = used up."""
        if not self.granted or self.used * LOW_WHOLE < self.granted * LOW_PART:
            return 0
        return 2 if self.used >= self.granted else 1

    def move(self, quantity: int) -> None:
        self.used += quantity
        self.is_moved = True


class Pack(Struct):
    """One pack on a line, its run locked. Its period begins once and is never moved.

    It burns for use that began from `since` up to, not including, `until`. A carrier's clock may
    be behind ours, so a line's own pack has no `since` that could be missed; a top-up burns for
    nothing that was used before it was bought.
    """

    run: PlanRun
    order_line_id: int
    is_own: bool
    allowances: dict[str, Allowance]
    since: datetime
    until: datetime = NEVER
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    has_begun_now: bool = False
    has_earned_now: bool = False

    @property
    def is_touched(self) -> bool:
        """Whether this batch began it or moved its meters."""
        return self.has_begun_now or any(one.is_moved for one in self.allowances.values())

    @property
    def rank(self) -> tuple[datetime, int]:
        """Packs burn in this order: the earliest to expire first, then as they were bought."""
        return (self.ends_at or NEVER, self.order_line_id)

    @property
    def is_settled(self) -> bool:
        """Whether its money is gone already: refunded or over."""
        return self.run.stopped_at is not None or self.run.ended_at is not None

    def set_period(self, starts_at: datetime, ends_at: datetime) -> None:
        self.starts_at, self.ends_at = starts_at, ends_at
        self.until = min(ends_at, self.until)


class LinePacks(Struct):
    """The packs of one line, in burn order.

    Who runs changes at few moments only, so it is kept for as long as it stays the same: from
    `_same_from` up to, not including, `_same_until`.
    """

    packs: list[Pack]
    _running: list[Pack] = []
    _holding: dict[str, list[tuple[Pack, Allowance]]] = {}
    _same_from: datetime = NEVER
    _same_until: datetime = ALWAYS

    @property
    def own(self) -> Pack | None:
        """The one that the eSIM was bought with."""
        return next((pack for pack in self.packs if pack.is_own), None)

    def running_at(self, moment: datetime) -> list[Pack]:
        """The packs that a use that began then may burn in."""
        if not self._same_from <= moment < self._same_until:
            borders = {border for pack in self.packs for border in (pack.since, pack.until)}
            self._running = [pack for pack in self.packs if pack.since <= moment < pack.until]
            self._holding = {}
            self._same_from = max((one for one in borders if one <= moment), default=ALWAYS)
            self._same_until = min((one for one in borders if one > moment), default=NEVER)
        return self._running

    def holding_at(self, moment: datetime, kind: str) -> list[tuple[Pack, Allowance]]:
        """Those of them that have an allowance of this kind, and that."""
        running = self.running_at(moment)
        if kind not in self._holding:
            self._holding[kind] = [
                (pack, pack.allowances[kind]) for pack in running if kind in pack.allowances
            ]
        return self._holding[kind]

    def begin(self, pack: Pack, moment: datetime, now: datetime) -> None:
        """Let the period of one begin: it lasts its days, of 24 hours each."""
        starts_at = min(moment, now).replace(microsecond=0)
        pack.set_period(starts_at, starts_at + pack.run.validity_days * PLAN_DAY)
        pack.has_begun_now = True
        self.sort()

    def sort(self) -> None:
        self.packs.sort(key=lambda pack: pack.rank)
        self._same_from, self._same_until = NEVER, ALWAYS


Packs = dict[int, LinePacks]  # by line


def lock_packs(line_ids: Iterable[int]) -> Packs:
    """Lock the runs of all packs of these lines, ids ascending, until the transaction ends."""
    runs = PlanRun.objects.select_for_update(no_key=True).filter(line_id__in=line_ids)
    return read_packs(list(runs.order_by("pk")))


def read_packs(runs: Sequence[PlanRun]) -> Packs:
    """Meters and periods of locked runs: read after the lock, in a statement of their own."""
    packs = {run.pk: _pack(run) for run in runs}
    for order_line_id, starts_at, ends_at, *meter in _meters(list(packs)):
        pack = packs[order_line_id]
        if ends_at is not None:
            pack.set_period(starts_at, ends_at)
        if meter[0] is not None:
            pack.allowances[meter[1]] = Allowance(*meter)
    by_line: Packs = {}
    for pack in packs.values():
        by_line.setdefault(pack.run.line_id, LinePacks([])).packs.append(pack)
    for line in by_line.values():
        line.sort()
    return by_line


def _pack(run: PlanRun) -> Pack:
    is_own = run.pk == run.line_id
    return Pack(
        run=run,
        order_line_id=run.pk,
        is_own=is_own,
        allowances={},
        since=ALWAYS if is_own else run.bought_at,
        until=run.stopped_at or NEVER,
    )


def _meters(order_line_ids: list[int]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT run.order_line_id, lower(period.during), upper(period.during),
                   meter.id, meter.kind, meter.granted, meter.used, meter.weight, meter.marks_told
            FROM metering_planrun run
            LEFT JOIN metering_meter meter USING (order_line_id)
            LEFT JOIN metering_planperiod period USING (order_line_id)
            WHERE run.order_line_id = ANY(%s) ORDER BY meter.id
            """,
            [order_line_ids],
        )
        rows: list[Any] = cursor.fetchall()
    return rows
