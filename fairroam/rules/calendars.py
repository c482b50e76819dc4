"""Working days of a customer's residence: Monday to Friday without its public holidays."""

from __future__ import annotations

import sys
from calendar import monthrange
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib.util import find_spec, module_from_spec
from types import ModuleType
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
def _library() -> ModuleType:
    """The library, kept from loading the calendars of all 250 countries with the first one.

    Its package of countries imports each of them: here it is only known where they lie.
    """
    import holidays

    package = find_spec("holidays.countries")
    assert package is not None
    sys.modules.setdefault(package.name, module_from_spec(package))
    return holidays


@cache
def known_countries() -> frozenset[str]:
    """The ISO 3166 countries (`DE`) with a holiday calendar."""
    return frozenset(_library().registry.EntityLoader.get_country_codes(include_aliases=False))


def is_known_residence(residence: str) -> bool:
    """Whether it is a country with a holiday calendar or, like `DE-BY`, a subdivision of one."""
    country, is_part, subdivision = residence.partition("-")
    if country not in known_countries():
        return False
    return not is_part or subdivision in getattr(_library(), country).subdivisions


@cache
def _calendar(residence: str) -> HolidayBase:
    country, _, subdivision = residence.partition("-")
    calendar: HolidayBase = _library().country_holidays(country, subdiv=subdivision or None)
    return calendar


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
