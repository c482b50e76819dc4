"""When to ask the outside again about something that it may have forgotten to tell."""

from __future__ import annotations

from datetime import datetime, timedelta

GAP_MIN = timedelta(minutes=5)
GAP_MAX = timedelta(days=1)
AGE_PER_GAP = 5  # the older the question, the rarer it is asked: a fifth of its age later


def ask_again_at(since: datetime, *, now: datetime, days_max: int) -> datetime | None:
    """When to ask next about what began at `since`; None once that is `days_max` days ago.

    A fifth of its age from now, at least 5 minutes and at most a day: some 50 questions in 30
    days, and the first within minutes.
    """
    age = now - since
    if age >= timedelta(days=days_max):
        return None
    return now + min(max(age / AGE_PER_GAP, GAP_MIN), GAP_MAX)
