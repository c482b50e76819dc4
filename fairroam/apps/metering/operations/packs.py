"""The packs of a line, in memory and locked: which runs, which burns first, what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from fairroam.apps.journal.queries.planned import ask

CLOCK_BEHIND_MAX = timedelta(days=1)  # A carrier's that is further behind ours was never set.
PLAN_DAY = timedelta(hours=24)  # A plan day is 24 hours, whatever the clocks on the wall do.
ALWAYS, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
# A line that has had one of these ICCIDs: never fewer than the records are about.
LINES = """(
    SELECT line_id FROM esims_profile
    WHERE iccid IN (SELECT json_array_elements_text(%s)))"""
LOCK = f"""
    SELECT 1 FROM metering_planrun WHERE line_id IN {LINES} ORDER BY order_line_id
    FOR NO KEY UPDATE
"""  # noqa: S608 - no name comes from outside
READ = """
    SELECT run.order_line_id, line_id, customer_id, currency, net_minor, earned_minor, earnings,
           validity_days, measure_by, measure_unit, bought_at, stopped_at, ended_at,
           lower(period.during), upper(period.during),
           (SELECT json_agg(json_build_array(
                       meter.id, kind, granted, used, weight, marks_told) ORDER BY meter.id)
            FROM metering_meter meter WHERE meter.order_line_id = run.order_line_id)
    FROM metering_planrun run LEFT JOIN metering_planperiod period USING (order_line_id)
"""
STATE = f"{READ} WHERE line_id IN {LINES}"
STATE_OF_ONE = f"{READ} WHERE run.order_line_id = %s"
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


class Run(Struct):
    """A locked row of PlanRun, but for what nobody here asks."""

    order_line_id: int
    line_id: int
    customer_id: int
    currency: str
    net_minor: int
    earned_minor: int
    earnings: int
    validity_days: int | None
    measure_by: str
    measure_unit: str
    bought_at: datetime
    stopped_at: datetime | None
    ended_at: datetime | None


class Pack(Struct):
    """One pack on a line, its run locked. Its period begins once and is never moved.

    It burns for use that began from `since` up to, not including, `until`. A carrier's clock may
    be behind ours, so a line's own pack has no `since` that could be missed; a top-up burns for
    nothing that was used before it was bought.
    """

    run: Run
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

    def set_period(self, starts_at: datetime, ends_at: datetime | None) -> None:
        self.starts_at, self.ends_at = starts_at, ends_at
        self.until = min(ends_at or NEVER, self.until)


class LinePacks(Struct):
    """The packs of one line, in burn order, and who runs around one moment.

    Who runs changes at few moments only, so what `look` finds holds from `same_from` up to, not
    including, `same_until`. holding: by kind, the packs that have an allowance of it.
    """

    packs: list[Pack]
    running: list[Pack] = []
    holding: dict[str, list[tuple[Pack, Allowance]]] = {}
    same_from: datetime = NEVER
    same_until: datetime = ALWAYS

    @property
    def own(self) -> Pack | None:
        """The one that the eSIM was bought with."""
        return next((pack for pack in self.packs if pack.is_own), None)

    def look(self, moment: datetime) -> None:
        """Find the packs that a use which began at `moment` may burn in."""
        self.running = [pack for pack in self.packs if pack.since <= moment < pack.until]
        self.holding = {}
        for pack in self.running:
            for kind, allowance in pack.allowances.items():
                self.holding.setdefault(kind, []).append((pack, allowance))
        borders = {border for pack in self.packs for border in (pack.since, pack.until)}
        self.same_from = max((one for one in borders if one <= moment), default=ALWAYS)
        self.same_until = min((one for one in borders if one > moment), default=NEVER)

    def begin(self, pack: Pack, moment: datetime, now: datetime) -> None:
        """Let the period of one begin: it lasts its days, of 24 hours each, or without end.

        A clock that is ahead of ours, or was never set, says no more than that it has begun.
        """
        is_plausible = pack.run.bought_at - CLOCK_BEHIND_MAX <= moment <= now
        starts_at = (moment if is_plausible else now).replace(microsecond=0)
        days = pack.run.validity_days
        pack.set_period(starts_at, None if days is None else starts_at + days * PLAN_DAY)
        pack.has_begun_now = True
        self.sort()

    def sort(self) -> None:
        self.packs.sort(key=lambda pack: pack.rank)
        self.same_from, self.same_until = NEVER, ALWAYS


Packs = dict[int, LinePacks]  # by line


def ask_packs(iccids: Sequence[str]) -> Callable[[], Packs]:
    """Lock the runs of all packs on the lines of these ICCIDs, ids ascending, till the end.

    Meters and periods are read after the lock, by a statement of their own. The function
    returned waits for the answer.
    """
    wanted = encode(iccids).decode()
    ask(LOCK, wanted)
    rows = ask(STATE, wanted)
    return lambda: _packs(rows())


def read_pack(order_line_id: int) -> Pack:
    """One pack whose run is locked."""
    (line,) = _packs(ask(STATE_OF_ONE, order_line_id)()).values()
    return line.packs[0]


def _packs(rows: Iterable[tuple[Any, ...]]) -> Packs:
    by_line: Packs = {}
    for row in rows:
        *run, starts_at, ends_at, meters = row
        pack = _pack(Run(*run))
        if starts_at is not None:
            pack.set_period(starts_at, ends_at)
        for meter in meters or ():
            pack.allowances[meter[1]] = Allowance(*meter)
        by_line.setdefault(pack.run.line_id, LinePacks([])).packs.append(pack)
    for line in by_line.values():
        line.sort()
    return by_line


def _pack(run: Run) -> Pack:
    is_own = run.order_line_id == run.line_id
    return Pack(
        run=run,
        order_line_id=run.order_line_id,
        is_own=is_own,
        allowances={},
        since=ALWAYS if is_own else run.bought_at,
        until=run.stopped_at or NEVER,
    )
