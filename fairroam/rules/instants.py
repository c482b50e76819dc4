"""Instants: RFC 3339 texts outside, whole seconds since 1970-01-01T00:00:00Z inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T"
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
NOT_AN_INSTANT = "must be RFC 3339 with T, an offset and whole seconds"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def as_instant(moment: datetime) -> int:
    """The aware `moment` in whole seconds since the epoch, without a detour over floats."""
    return (moment - _EPOCH) // _SECOND


@lru_cache(maxsize=65_536)
def read_instant(text: str) -> int | None:
    """The instant `text` names; None unless it has an offset, whole seconds and a real date."""
    if not _RFC_3339.fullmatch(text):
        return None
    try:
        return as_instant(datetime.fromisoformat(text))
    except ValueError:  # 31 February, or the year 0
        return None


@lru_cache(maxsize=65_536)
def write_instant(instant: int) -> str:
    """The instant in UTC, ending in `Z`. Raises OverflowError outside the years 1 to 9999."""
    return (_EPOCH + timedelta(seconds=instant)).isoformat().replace("+00:00", "Z")
