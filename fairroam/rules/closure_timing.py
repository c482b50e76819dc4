"""When an account is closed: at once, after a rest, at the plan's end or at the trip's end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from fairroam.rules.calendars import add_working_days
from fairroam.rules.zones import end_of_day, load_zone, local_date

TIMINGS = ("at_once", "after_rest", "plan_end", "trip_end")
# Nothing that cannot be undone happens for so long, unless "at once" was chosen.
UNDO = timedelta(hours=72)
# A trip is planned that far ahead at most; whoever stays longer asks again.
TRIP_DAYS_MAX = 366
# A plan may run longer; its end can be asked for later.
SERVICE_END_MAX = timedelta(days=366)
# The longest that we take to look at a closing. GB/T 35273-2020, 8.5, has 15 working days.
REVIEW_WORKING_DAYS = 15


class NotATime(ValueError):
    """There is no such end: no plan with one, or a day that is over or too far away."""


def due_at(
    timing: str,
    *,
    requested_at: datetime,
    zone: str,
    plan_ends_at: datetime | None = None,
    trip_ends_on: date | None = None,
) -> datetime:
    """From when on the closing may begin. Raises NotATime.

    plan_ends_at: of the plan that ends last; None when none has an end. trip_ends_on: the whole
    day, in the customer's zone, still belongs to the trip.
    """
    assert timing in TIMINGS, timing
    if timing == "at_once":
        return requested_at
    earliest = requested_at + UNDO
    if timing == "after_rest":
        return earliest
    if timing == "plan_end":
        if plan_ends_at is None:
            raise NotATime("no plan with an end")
        return max(earliest, plan_ends_at)
    today = local_date(requested_at, load_zone(zone))
    if trip_ends_on is None or not 0 <= (trip_ends_on - today).days <= TRIP_DAYS_MAX:
        raise NotATime("not a day of a trip")
    return max(earliest, _day_ends_at(trip_ends_on, zone))


def review_by(requested_at: datetime, *, zone: str, residence: str) -> datetime:
    """By when a person has looked at a closing: the end of the 15th working day after it."""
    asked_on = local_date(requested_at, load_zone(zone))
    return _day_ends_at(add_working_days(asked_on, REVIEW_WORKING_DAYS, residence), zone)


def _day_ends_at(day: date, zone: str) -> datetime:
    return datetime.fromtimestamp(end_of_day(day, load_zone(zone)), UTC)
