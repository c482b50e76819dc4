"""Lines grouped into trips: days that touch, or the same country again soon after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

TOUCH = timedelta(days=2)  # a night in between, or a day at sea, is still the same journey
SAME_COUNTRY = timedelta(days=14)  # somebody stays on and buys another plan for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One line on a journey: local days, both included. countries: where it was used, or sold for.

    card: what the page shows of it.
    """

    first: date
    last: date
    countries: tuple[str, ...]
    card: Any = None


@dataclass(frozen=True, slots=True)
class Trip:
    """Stays that belong together, first to last."""

    stays: tuple[Stay, ...]

    @property
    def first(self) -> date:
        return self.stays[0].first

    @property
    def last(self) -> date:
        return max(stay.last for stay in self.stays)

    @property
    def countries(self) -> tuple[str, ...]:
        """In the order of the journey, each once."""
        return tuple(dict.fromkeys(country for stay in self.stays for country in stay.countries))

    def goes_on_with(self, stay: Stay) -> bool:
        """Whether a stay that begins no earlier than all of these belongs to this trip."""
        gap = stay.first - self.last
        return gap <= TOUCH or (
            gap <= SAME_COUNTRY and bool(set(self.countries) & set(stay.countries))
        )


def trips(stays: Sequence[Stay]) -> list[Trip]:
    """The trips that these stays make, newest first."""
    found: list[Trip] = []
    for stay in sorted(stays, key=lambda stay: (stay.first, stay.last)):
        assert stay.first <= stay.last
        if found and found[-1].goes_on_with(stay):
            found[-1] = Trip((*found[-1].stays, stay))
        else:
            found.append(Trip((stay,)))
    return found[::-1]
