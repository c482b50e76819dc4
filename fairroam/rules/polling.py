"""When to ask again what was used: seldom, and often where an answer decides something soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

ORDINARY = timedelta(minutes=10)
CLOSE = timedelta(minutes=5)
PRESSING = timedelta(minutes=2)
# From this share of what was granted on; once all of it is used, a network lets little more pass.
LIMIT_IS_CLOSE, LIMIT_IS_PRESSING, LIMIT_IS_REACHED = Fraction(8, 10), Fraction(95, 100), 1
END_IS_CLOSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What says how much hangs on a fresh figure.

    used, granted: of what is limited, in bytes; granted 0 = nothing is. ends_at: of the plan that
    ends next; None = none does. is_awaited: the line is being taken off, or was, and somebody
    waits for its last figure to be paid back.
    """

    used: int = 0
    granted: int = 0
    ends_at: datetime | None = None
    is_awaited: bool = False


def next_ask(watched: Watched, asked_at: datetime | None) -> datetime | None:
    """When to ask again, at the earliest; None = now, since nobody has asked yet.

    The very end of a plan is never slept through.
    """
    if asked_at is None:
        return None
    at = asked_at + _pause(watched, asked_at)
    if watched.ends_at is not None and asked_at < watched.ends_at:
        return min(at, watched.ends_at)
    return at


def _pause(watched: Watched, asked_at: datetime) -> timedelta:
    share = Fraction(watched.used, watched.granted) if watched.granted else Fraction(0)
    if watched.is_awaited or LIMIT_IS_PRESSING <= share < LIMIT_IS_REACHED:
        return PRESSING
    is_ending = (
        watched.ends_at is not None and timedelta(0) < watched.ends_at - asked_at <= END_IS_CLOSE
    )
    if is_ending or LIMIT_IS_CLOSE <= share < LIMIT_IS_REACHED:
        return CLOSE
    return ORDINARY
