"""The clock. Only `web` and `worker` read it; everything below is given `now`."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC, cut to whole seconds (the grain of every right)."""
    return datetime.now(UTC).replace(microsecond=0)
