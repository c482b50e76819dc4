"""The packs of a line, in memory and locked: which runs, which burns first, what is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection
from msgspec import Struct

from fairroam.apps.metering.models import PlanRun

PLAN_DAY = timedelta(hours=24)  # A plan day is 24 hours, whatever the clocks on the wall do.
NEVER = datetime.max.replace(tzinfo=UTC)
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
    """One pack on a line, its run locked. Its period begins once and is never moved."""

    run: PlanRun
    allowances: dict[str, Allowance]
    starts_at: datetime | None
    ends_at: datetime | None
    has_begun_now: bool = False

    @property
    def is_base(self) -> bool:
        return bool(self.run.pk == self.run.line_id)

    @property
    def rank(self) -> tuple[datetime, int]:
        """Packs burn in this order: the earliest to expire first, then as they were bought."""
        return (self.ends_at or NEVER, self.run.pk)

    @property
    def is_settled(self) -> bool:
        """Whether its money is gone already: refunded or over."""
        return self.run.stopped_at is not None or self.run.ended_at is not None

    def runs_at(self, moment: datetime) -> bool:
        """Whether a use that began then may burn in it.

        A carrier's clock may be behind ours, so a line's own pack has no beginning that could
        be missed; a top-up burns for nothing that was used before it was bought.
        """
        if self.ends_at is not None and moment >= self.ends_at:
            return False
        if self.run.stopped_at is not None and moment >= self.run.stopped_at:
            return False
        return self.is_base or moment >= self.run.bought_at

    def begin(self, moment: datetime, now: datetime) -> None:
        """Let its period begin: it lasts its days, of 24 hours each."""
        self.starts_at = min(moment, now).replace(microsecond=0)
        self.ends_at = self.starts_at + self.run.validity_days * PLAN_DAY
        self.has_begun_now = True


Packs = dict[int, list[Pack]]  # by line, each in burn order


def lock_packs(line_ids: Iterable[int]) -> Packs:
    """Lock the runs of all packs of these lines, ids ascending, until the transaction ends."""
    runs = PlanRun.objects.select_for_update(no_key=True).filter(line_id__in=line_ids)
    return read_packs(list(runs.order_by("pk")))


def read_packs(runs: Sequence[PlanRun]) -> Packs:
    """Meters and periods of locked runs: read after the lock, in a statement of their own."""
    packs = {run.pk: Pack(run, {}, None, None) for run in runs}
    for order_line_id, starts_at, ends_at, *meter in _meters(list(packs)):
        pack = packs[order_line_id]
        pack.starts_at, pack.ends_at = starts_at, ends_at
        if meter[0] is not None:
            pack.allowances[meter[1]] = Allowance(*meter)
    by_line: Packs = {}
    for pack in packs.values():
        by_line.setdefault(pack.run.line_id, []).append(pack)
    for of_line in by_line.values():
        of_line.sort(key=_rank)
    return by_line


def _rank(pack: Pack) -> tuple[datetime, int]:
    return pack.rank


def _meters(order_line_ids: list[int]) -> Iterator[tuple]:  # type: ignore[type-arg]
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
        yield from cursor.fetchall()
