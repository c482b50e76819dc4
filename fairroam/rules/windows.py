"""Windows: until when a right can be used, counted in the customer's own calendar."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from fairroam.rules.calendars import add_months, add_working_days, next_working_day
from fairroam.rules.facts import Facts
from fairroam.rules.instants import as_instant, write_instant
from fairroam.rules.reasons import NoticeLate, NoticeMissing
from fairroam.rules.refusals import BadFacts
from fairroam.rules.zones import end_of_day, local_date

SECONDS_OF_HOUR = 3_600
NOTICE_MONTHS = 12  # Directive 2011/83/EU, article 10


class Ending(Struct, frozen=True, gc=False):
    """When a window ends. ends_at: exclusive; None when it is open or has not started.

    rolled_from: the last day counted, when a later working day took its place.
    notice: the reason when the notice of the right moved the end. is_moved: by either.
    """

    ends_at: int | None = None
    text: str | None = None
    rolled_from: date | None = None
    last_day: date | None = None
    notice: type[NoticeMissing] | type[NoticeLate] | None = None
    is_moved: bool = False


OPEN = Ending()


# Compared by identity, so that an ending is looked up without hashing five fields.
class Window(Struct, frozen=True, kw_only=True, eq=False):
    """`count` units after the fact `start`; the day of that fact does not count.

    rolls: a last day that is no working day gives way to the next one (Regulation 1182/71,
    article 3). needs_notice: the window lives longer where the notice is missing or late.
    """

    count: int
    unit: str
    start: str
    rolls: bool
    needs_notice: bool

    def ending(self, facts: Facts) -> Ending:
        """Raises BadFacts when the end lies after the year 9999."""
        starts_at = facts.instants[self.start]
        if starts_at is None:
            return OPEN
        try:
            if self.unit == "hour":
                ends_at = as_instant(starts_at) + self.count * SECONDS_OF_HOUR
                return Ending(ends_at, write_instant(ends_at))
            first_day = local_date(starts_at, facts.zone)
            if not self.needs_notice:
                return _ordinary(self, first_day, facts.zone, facts.residence)
            return self._ending_by_notice(first_day, facts)
        except (OverflowError, ValueError) as error:
            raise BadFacts(
                self.start, "its window leaves the calendar (years 1 to 9999)"
            ) from error

    def _ending_by_notice(self, first_day: date, facts: Facts) -> Ending:
        notice_at = facts.instants["notice_received_at"]
        if notice_at is None:
            return _without_notice(self, first_day, facts.zone, facts.residence)
        concluded_at = facts.instants["concluded_at"]
        assert concluded_at is not None
        if notice_at <= concluded_at:
            return _ordinary(self, first_day, facts.zone, facts.residence)
        notice_day = local_date(notice_at, facts.zone)
        if notice_day <= local_date(concluded_at, facts.zone):
            return _ordinary(self, first_day, facts.zone, facts.residence)
        return _with_late_notice(self, first_day, notice_day, facts.zone, facts.residence)


def _last_day(window: Window, first_day: date, residence: str) -> date:
    if window.unit == "day":
        return first_day + timedelta(days=window.count)
    if window.unit == "month":
        return add_months(first_day, window.count)
    return add_working_days(first_day, window.count, residence)


def _ending(
    counted: date, last_day: date, zone: ZoneInfo, notice: type[NoticeMissing] | None = None
) -> Ending:
    ends_at, text = _day_end(last_day, zone)
    if last_day == counted and notice is None:
        return Ending(ends_at, text)
    rolled_from = None if last_day == counted else counted
    return Ending(ends_at, text, rolled_from, last_day, notice, True)


@lru_cache(maxsize=16_384)
def _day_end(day: date, zone: ZoneInfo) -> tuple[int, str]:
    ends_at = end_of_day(day, zone)
    return ends_at, write_instant(ends_at)


def _ordinary(window: Window, first_day: date, zone: ZoneInfo, residence: str) -> Ending:
    counted = _last_day(window, first_day, residence)
    last_day = next_working_day(counted, residence) if window.rolls else counted
    return _ending(counted, last_day, zone)


def _without_notice(window: Window, first_day: date, zone: ZoneInfo, residence: str) -> Ending:
    last_day = add_months(_last_day(window, first_day, residence), NOTICE_MONTHS)
    return _ending(last_day, last_day, zone, NoticeMissing)


def _with_late_notice(
    window: Window, first_day: date, notice_day: date, zone: ZoneInfo, residence: str
) -> Ending:
    """Counted from the notice, at most a year longer and never shorter than without it."""
    ordinary = _ordinary(window, first_day, zone, residence)
    latest = _without_notice(window, first_day, zone, residence)
    from_notice = _ordinary(window, notice_day, zone, residence)
    ending = max(min(from_notice, latest, key=_ends_at), ordinary, key=_ends_at)
    return replace(ending, notice=NoticeLate, is_moved=True)


def _ends_at(ending: Ending) -> int:
    assert ending.ends_at is not None
    return ending.ends_at
