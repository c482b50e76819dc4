"""Working days of a customer's residence: Monday to Friday without its public holidays."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

_DAY = timedelta(days=1)
_SATURDAY = 5


@cache
def holiday_version() -> str:
    """The release of the holiday calendars in use."""
    from importlib.metadata import version

    return version("holidays")


@cache
def known_residences() -> frozenset[str]:
    """ISO 3166 countries (`DE`) and their subdivisions (`DE-BY`) with a holiday calendar."""
    import holidays

    countries = holidays.list_supported_countries(include_aliases=False)
    subdivisions = (f"{country}-{name}" for country, names in countries.items() for name in names)
    return frozenset(countries).union(subdivisions)


@cache
def _calendar(residence: str) -> HolidayBase:
    import holidays

    country, _, subdivision = residence.partition("-")
    return holidays.country_holidays(country, subdiv=subdivision or None)


@lru_cache(maxsize=4_096)
def _public_holidays(residence: str, year: int) -> frozenset[date]:
    calendar = _calendar(residence)
    calendar.get(date(year, 1, 1))  # a calendar works out a year when first asked about it
    return frozenset(day for day in calendar if day.year == year)


def is_working_day(day: date, residence: str) -> bool:
    """Neither Saturday, Sunday nor a public holiday (observed days too) of `residence`."""
    return day.weekday() < _SATURDAY and day not in _public_holidays(residence, day.year)


@lru_cache(maxsize=4_096)
def next_working_day(day: date, residence: str) -> date:
    """`day` itself when it is a working day, else the first one after it."""
    while not is_working_day(day, residence):
        day += _DAY
    return day


def add_working_days(day: date, count: int, residence: str) -> date:
    """The `count`-th working day after `day`; 1 or more."""
    for _ in range(count):
        day = next_working_day(day + _DAY, residence)
    return day


def add_months(day: date, count: int) -> date:
    """The same day `count` months later, or the last day of that month when it is shorter.

    Raises ValueError after the year 9999.
    """
    years, month = divmod(day.month - 1 + count, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
