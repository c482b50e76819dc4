"""Lines grouped into trips, by dates and countries."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairroam.web.account.trips import Stay, trips

MAY = date(2026, 5, 1)


def stay(first: int, last: int, *countries: str) -> Stay:
    """From one day of May to another; the countries are all that is known of it."""
    return Stay(
        first=MAY + timedelta(days=first), last=MAY + timedelta(days=last), countries=countries
    )


@pytest.mark.promise(44)
@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        ([], []),
        ([stay(0, 6, "JP")], [["JP"]]),
        ([stay(0, 6, "JP"), stay(8, 12, "KR")], [["JP", "KR"]]),  # the next day but one
        ([stay(0, 6, "JP"), stay(9, 12, "KR")], [["KR"], ["JP"]]),  # three days: another trip
        ([stay(0, 6, "JP"), stay(20, 26, "JP")], [["JP"]]),  # two weeks, the same country
        ([stay(0, 6, "JP"), stay(21, 26, "JP")], [["JP"], ["JP"]]),
        ([stay(0, 30, "JP"), stay(3, 5, "TW"), stay(31, 33, "HK")], [["JP", "TW", "HK"]]),
        ([stay(0, 6), stay(7, 9)], [[]]),  # nobody knows where
    ],
)
def test_days_that_touch_and_the_same_country_make_one_trip(stays, expected):
    assert [list(trip.countries) for trip in trips(stays[::-1])] == expected


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 20), st.sampled_from("ABC"))))
def test_every_stay_is_in_one_trip_and_trips_lie_apart(drawn):
    stays = [stay(first, first + days, country) for first, days, country in drawn]

    found = trips(stays)

    assert sorted(map(id, stays)) == sorted(id(one) for trip in found for one in trip.stays)
    for later, earlier in pairwise(found):
        assert (later.first - earlier.last).days > 2
