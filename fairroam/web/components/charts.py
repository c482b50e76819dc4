"""The geometry of the server-made pictures: drawn by templates, printable, without script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

BARS_WIDTH, BARS_HEIGHT = 340, 96  # units of the picture: a phone's width, so that type fits
LABELS_MAX = 7


@dataclass(frozen=True, slots=True)
class DayUse:
    """What one day used, in bytes, and the ISO 3166 countries where."""

    on: date
    used: int
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the picture; places and sizes in its units."""

    day: DayUse
    left: int
    middle: int
    top: int
    width: int
    height: int
    has_label: bool


def bars(days: Sequence[DayUse]) -> list[Bar]:
    """A bar a day, the highest as high as the picture; at most LABELS_MAX days get a label."""
    highest = max((day.used for day in days), default=0) or 1
    pitch = BARS_WIDTH // max(len(days), 8)
    every = -(-len(days) // LABELS_MAX) or 1
    drawn = []
    for place, day in enumerate(days):
        height = -(-day.used * BARS_HEIGHT // highest)  # rounded up: a little use is seen
        width = max(pitch * 6 // 10, 2)
        left = place * pitch + (pitch - width) // 2
        labelled = place % every == 0
        drawn.append(
            Bar(day, left, left + width // 2, BARS_HEIGHT - height, width, height, labelled)
        )
    return drawn


def percent_left(used: int, granted: int) -> int:
    """What is left in whole percent, rounded up, so that something left never looks empty."""
    return max(-(-(granted - used) * 100 // granted), 0) if granted else 0
