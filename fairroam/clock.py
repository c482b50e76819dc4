"""The clock. Only `web` and `worker` read it; everything below is given `now`.

A demo's clock can be moved, by the seconds in the file `clock` of its folder. What strangers
sign bears the real time, so it is judged by `real_now`.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings


def now() -> datetime:
    """The present instant, aware, in UTC, cut to whole seconds (the grain of every right)."""
    return real_now() + moved_by()


def real_now() -> datetime:
    """The instant by which signatures are judged: as `now`, but nobody can move it."""
    return datetime.now(UTC).replace(microsecond=0)


def moved_by() -> timedelta:
    """How far a demo's clock runs ahead of the real one; nothing anywhere else."""
    if settings.FAIRROAM_ENVIRONMENT != "demo":
        return timedelta()
    try:
        return timedelta(seconds=int(clock_file().read_text()))
    except FileNotFoundError:
        return timedelta()


def clock_file() -> Path:
    """Where a demo keeps by how many seconds its clock was moved."""
    return Path(settings.FAIRROAM_FOLDER) / "clock"
