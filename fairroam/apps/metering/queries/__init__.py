"""Reads of usage: meters, periods, days, what its figures rest on, and what contradicts them."""

from fairroam.apps.metering.queries.faults import find_faults
from fairroam.apps.metering.queries.imports import (
    CountedUse,
    QuarantineRow,
    aside,
    counted_before,
    quarantined,
    settled_asides,
    usage_files,
)
from fairroam.apps.metering.queries.usage import (
    AllowanceUse,
    DayOfUse,
    Reading,
    Usage,
    cursor_of,
    days_of_use,
    plans_to_end,
    read_at,
    stopped_at,
    usage_of,
    used_share,
)
from fairroam.apps.metering.queries.watched import watched_lines

__all__ = [
    "AllowanceUse",
    "CountedUse",
    "DayOfUse",
    "QuarantineRow",
    "Reading",
    "Usage",
    "aside",
    "counted_before",
    "cursor_of",
    "days_of_use",
    "find_faults",
    "plans_to_end",
    "quarantined",
    "read_at",
    "settled_asides",
    "stopped_at",
    "usage_files",
    "usage_of",
    "used_share",
    "watched_lines",
]
