"""The geometry of the server-made pictures: drawn by templates, printable, without script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

BARS_WIDTH, BARS_HEIGHT = 340, 96  # units of the picture: a phone's width, so that type fits
LABELS_MAX = 5


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


@dataclass(frozen=True, slots=True)
class Portion:
    """A whole and the part of it that stands out, in one unit; part: None where none is known."""

    label: str
    words: str
    whole: int
    part: int | None


@dataclass(frozen=True, slots=True)
class Beam:
    """A portion lying in the picture: its top, and how long the whole and the part are."""

    portion: Portion
    top: int
    whole: int
    part: int


BEAM_PITCH = 34  # a line of words, and the beam below it


def beams(portions: Sequence[Portion]) -> list[Beam]:
    """A beam a portion, the largest as long as the picture is wide; a loss shows its size."""
    sizes = [abs(size) for one in portions for size in (one.whole, one.part or 0)]
    longest = max(sizes, default=0) or 1
    return [
        Beam(
            one,
            place * BEAM_PITCH,
            max(one.whole, 0) * BARS_WIDTH // longest,
            abs(one.part or 0) * BARS_WIDTH // longest,
        )
        for place, one in enumerate(portions)
    ]


def percent_left(used: int, granted: int) -> int:
    """What is left in whole percent, rounded up, so that something left never looks empty."""
    return max(-(-(granted - used) * 100 // granted), 0) if granted else 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive days, both included, on which the amount is the same."""

    first: int
    last: int
    minor: int


CURVE_WIDTH, CURVE_HEIGHT = 340, 110


def stretches(amounts: Sequence[int]) -> tuple[Stretch, ...]:
    """Amounts of day 0, 1, 2 … as stretches of equal days."""
    starts = [day for day, now in enumerate(amounts) if day == 0 or amounts[day - 1] != now]
    ends = [*(day - 1 for day in starts[1:]), len(amounts) - 1]
    return tuple(Stretch(*pair, amounts[pair[0]]) for pair in zip(starts, ends, strict=True))


@dataclass(frozen=True, slots=True)
class Curve:
    """A step line: `path` in the units of the picture, where the marked day stands in it, and
    to which side (an SVG text anchor) its amount is written.
    """

    path: str
    mark_x: int
    mark_y: int
    minor: int
    anchor: str


def curve(days: Sequence[Stretch], *, day: int, highest: int) -> Curve:
    """The steps of `days` (from day 0 on), as high as `highest` minor units, `day` marked."""
    length = days[-1].last + 1

    def across(at: int) -> int:
        return at * CURVE_WIDTH // length

    def down(minor: int) -> int:
        return CURVE_HEIGHT - minor * CURVE_HEIGHT // highest

    steps = [f"V{down(each.minor)}H{across(each.last + 1)}" for each in days]
    now = next(each for each in days if each.first <= day <= each.last)
    middle = (across(day) + across(day + 1)) // 2
    anchor = "start" if middle < CURVE_WIDTH // 2 else "end"
    return Curve(
        f"M0 {down(days[0].minor)}{''.join(steps)}", middle, down(now.minor), now.minor, anchor
    )
