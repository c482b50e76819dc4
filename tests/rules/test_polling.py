"""When usage is asked for again, as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fairroam.rules.polling import Watched, next_ask

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def after(**duration: int) -> datetime:
    return NOON + timedelta(**duration)


@pytest.mark.parametrize(
    ("watched", "minutes"),
    [
        (Watched(), 10),
        (Watched(used=799, granted=1000), 10),
        (Watched(used=800, granted=1000), 5),
        (Watched(used=949, granted=1000), 5),
        (Watched(used=950, granted=1000), 2),
        (Watched(used=1000, granted=1000), 10),  # Nothing is left that could run out.
        (Watched(used=1200, granted=1000), 10),
        (Watched(used=10**12), 10),  # without a limit
        (Watched(ends_at=after(minutes=61)), 10),
        (Watched(ends_at=after(minutes=60)), 5),
        (Watched(ends_at=after(minutes=3)), 3),  # the end itself
        (Watched(ends_at=after(minutes=3), used=99, granted=100), 2),
        (Watched(ends_at=NOON), 10),  # It is over.
        (Watched(ends_at=after(days=-1)), 10),
        (Watched(is_awaited=True), 2),
        (Watched(is_awaited=True, used=1000, granted=1000, ends_at=after(days=-1)), 2),
    ],
)
def test_usage_is_asked_for_the_sooner_the_more_hangs_on_it(watched, minutes):
    assert next_ask(watched, NOON) == after(minutes=minutes)


def test_what_was_never_asked_for_is_asked_for_at_once():
    assert next_ask(Watched(), None) is None
