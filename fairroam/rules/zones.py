"""Time zones of the pinned `tzdata` package: local dates, and the instants at which they end."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib import import_module
from zoneinfo import ZoneInfo

from fairroam.rules.instants import SECONDS_OF_DAY

_DAY = timedelta(days=1)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_AGAIN = time(fold=1)  # midnight once more, by the offset after a change


@cache
def zone_version() -> str:
    """The release of the IANA data in use, such as `2026f`."""
    return str(import_module("tzdata").IANA_VERSION)


@cache
def zone_names() -> frozenset[str]:
    """Every name of the IANA data in use."""
    from importlib.resources import files

    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def load_zone(name: str) -> ZoneInfo:
    """The zone of that name, one of `zone_names()`.

    Read from the package and never from the operating system, whose release nobody pinned.
    """
    from importlib.resources import files

    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as source:
        return ZoneInfo.from_file(source, key=name)


@lru_cache(maxsize=1_024)
def local_date(moment: datetime, zone: ZoneInfo) -> date:
    """The date on the calendar in `zone` at that aware moment.

    Raises OverflowError or ValueError outside the years 1 to 9999.
    """
    return moment.astimezone(zone).date()


def end_of_day(day: date, zone: ZoneInfo) -> int:
    """The first instant whose local date is later than `day`: the day's exclusive end.

    Right also where clocks skip midnight or a whole day. Raises OverflowError after 9999.
    """
    tomorrow = day + _DAY
    midnight = (tomorrow.toordinal() - _EPOCH_DAY) * SECONDS_OF_DAY
    by_old_offset = midnight - _offset(datetime.combine(tomorrow, time.min, zone))
    by_new_offset = midnight - _offset(datetime.combine(tomorrow, _AGAIN, zone))
    if by_old_offset <= by_new_offset:  # midnight comes once, or twice: then the first counts
        return by_old_offset
    # Midnight falls into a gap: the clocks jumped somewhere between these two instants.
    between = range(by_new_offset, by_old_offset)
    return between[0] + bisect_left(between, True, key=lambda at: _date(at, zone) > day)


def _date(instant: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(instant, zone).date()


def _offset(moment: datetime) -> int:
    offset = moment.utcoffset()
    assert offset is not None
    return offset.days * SECONDS_OF_DAY + offset.seconds
