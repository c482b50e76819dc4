"""Instants: RFC 3339 texts outside, whole seconds since 1970-01-01T00:00:00Z inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

# The shape only: `fromisoformat` refuses what are no digits, no day, no hour, minute or second.
_RFC_3339 = re.compile(r"....-..-..T(?:[01].|2[0-3]):..:..(?:Z|[+-][0-2].:[0-5].)")
NOT_AN_INSTANT = "must be RFC 3339 with T, an offset and whole seconds"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN_EPOCH = _EPOCH.replace(tzinfo=None)  # `Z` is written faster than an offset
SECONDS_OF_DAY = 86_400


def as_instant(moment: datetime) -> int:
    """The aware `moment` in whole seconds since the epoch, without a detour over floats."""
    since = moment - _EPOCH
    return since.days * SECONDS_OF_DAY + since.seconds


@lru_cache(maxsize=4_096)
def read_instant(text: str) -> int | None:
    """The instant `text` names; None unless it has an offset, whole seconds and a real date."""
    if not _RFC_3339.fullmatch(text):
        return None
    try:
        return as_instant(datetime.fromisoformat(text))
    except ValueError:  # 31 February, or the year 0
        return None


def write_instant(instant: int) -> str:
    """The instant in UTC, ending in `Z`. Raises OverflowError outside the years 1 to 9999."""
    return (_WRITTEN_EPOCH + timedelta(0, instant)).isoformat() + "Z"
