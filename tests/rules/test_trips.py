"""Ways to cover a trip: what is listed covers it, and the first costs least."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairroam.rules import trips
from fairroam.rules.trips import Offer, Purchase, Stop, Trip, Way, rank

GB = 10**9
EUROPE = frozenset({"DE", "FR", "IT"})
CODES = ["DE", "FR", "IT", "JP"]


def an_offer(code: str, minor: int, **changes: object) -> Offer:
    fields: dict[str, object] = {
        "code": code,
        "countries": EUROPE,
        "days": 15,
        "granted_bytes": 5 * GB,
        "currency": "EUR",
        "price_minor": minor,
    }
    return Offer(**(fields | changes))  # type: ignore[arg-type]


def a_trip(*stops: tuple[str, int], gigabytes_a_day: float = 1, **needs: bool) -> Trip:
    rows = tuple(Stop(country, days) for country, days in stops)
    return Trip(stops=rows, daily_bytes=int(gigabytes_a_day * GB), **needs)


def in_short(way: Way) -> list[tuple[str, int]]:
    return [(one.offer.code, one.packs) for one in way.purchases]


SMALL = an_offer("small", 1000)
BIG = an_offer("big", 2900, granted_bytes=20 * GB, days=30)
JAPAN = an_offer("japan", 900, countries=frozenset({"JP"}), days=5)
WORLD = an_offer("world", 6000, countries=EUROPE | {"JP"}, granted_bytes=None)
SLOW = an_offer("slow", 500, granted_bytes=None, full_speed_bytes=GB)
TALK = an_offer("talk", 3000, number="there")
KEPT = an_offer("kept", 600, countries=frozenset({"GB"}), granted_bytes=0, number="kept", days=30)
RESOLD = an_offer("resold", 700, supplier="maker", granted_bytes=GB)
PACK = an_offer("pack", 300, refills="maker", granted_bytes=GB)


@pytest.mark.promise(8)
@pytest.mark.parametrize(
    ("trip", "offers", "ways"),
    [
        pytest.param(a_trip(("DE", 5)), [SMALL], [[("small", 1)]], id="one plan is enough"),
        pytest.param(a_trip(("JP", 5)), [SMALL], [], id="not there: not listed"),
        pytest.param(
            a_trip(("DE", 15)), [SMALL, BIG], [[("big", 1)], [("small", 3)]], id="too small: thrice"
        ),
        pytest.param(
            a_trip(("DE", 40), gigabytes_a_day=0.1),
            [SMALL, BIG],
            [[("small", 3)], [("big", 2)]],
            id="too short: thrice",
        ),
        pytest.param(
            a_trip(("DE", 4), ("JP", 5)),
            [SMALL, JAPAN, WORLD],
            [[("small", 1), ("japan", 1)], [("world", 1)]],
            id="single countries combined beat the pack",
        ),
        pytest.param(
            a_trip(("DE", 4), ("JP", 5)),
            [SMALL, JAPAN, an_offer("world", 1800, countries=WORLD.countries, granted_bytes=None)],
            [[("world", 1)]],
            id="the pack beats a combination, which is then not named",
        ),
        pytest.param(
            a_trip(("DE", 4), ("JP", 12), ("FR", 2), gigabytes_a_day=0.5),
            [SMALL, an_offer("japan", 900, countries=frozenset({"JP"}), granted_bytes=9 * GB)],
            [[("small", 2), ("japan", 1)]],
            id="its days go on elsewhere",
        ),
        pytest.param(a_trip(("DE", 3), gigabytes_a_day=2), [SLOW], [], id="slow is not enough"),
        pytest.param(a_trip(("DE", 3)), [SLOW], [[("slow", 1)]], id="fast for all that is needed"),
        pytest.param(
            a_trip(("DE", 3), needs_hotspot=True),
            [an_offer("no-hotspot", 100, is_hotspot_allowed=False), SMALL],
            [[("small", 1)]],
            id="a laptop needs a hotspot",
        ),
        pytest.param(
            a_trip(("DE", 3), needs_number=True),
            [SMALL, TALK, KEPT],
            [[("small", 1), ("kept", 1)], [("talk", 1)]],
            id="a number comes with a plan or of its own",
        ),
        pytest.param(
            a_trip(("JP", 3), needs_number=True), [JAPAN, TALK], [], id="that number is not there"
        ),
        pytest.param(
            a_trip(("DE", 3)), [RESOLD, PACK], [[("resold", 3)]], id="a supplier's own packs"
        ),
        pytest.param(a_trip(("DE", 3)), [PACK], [], id="packs alone serve nobody"),
        pytest.param(
            a_trip(("DE", 90), gigabytes_a_day=5), [SMALL], [], id="nobody buys ninety packs"
        ),
        pytest.param(
            a_trip(("DE", 90), gigabytes_a_day=0.01),
            [an_offer("open", 500, days=None)],
            [[("open", 1)]],
            id="it never ends",
        ),
        pytest.param(
            a_trip(("DE", 3)),
            [SMALL, an_offer("dollars", 1, currency="USD")],
            [[("small", 1)], [("dollars", 1)]],
            id="currencies are not compared",
        ),
    ],
)
def test_a_trip_is_covered_by_these_ways_in_this_order(
    trip: Trip, offers: list[Offer], ways: list[list[tuple[str, int]]]
) -> None:
    assert [in_short(way) for way in rank(trip, offers)] == ways


def test_a_supplier_s_packs_cost_their_own_price() -> None:
    (way,) = rank(a_trip(("DE", 3)), [RESOLD, PACK])
    assert (way.total_minor, way.purchases[0].refill) == (700 + 2 * 300, PACK)


def test_every_way_says_why_it_stands_there() -> None:
    first, second = rank(a_trip(("DE", 4), ("JP", 5)), [SMALL, JAPAN, WORLD])
    assert [(one.code, dict(one.facts)) for one in first.why] == [
        ("cheapest", {}),
        ("several_plans", {"count": 2}),
        ("spare", {"bytes": GB}),
    ]
    assert [(one.code, dict(one.facts)) for one in second.why] == [
        ("dearer", {"minor": 4100, "currency": "EUR"}),
        ("one_plan", {"count": 2}),
        ("unlimited", {}),
    ]


def test_the_needs_name_their_source_in_every_language() -> None:
    table = trips.needs()
    assert table.is_assumption
    assert all(table.source[language] for language in ("en", "zh-Hans"))
    assert [one.kind for one in table.kinds] == ["maps", "social", "video", "work"]


OFFERS = st.builds(
    Offer,
    code=st.text("abcdef", min_size=3, max_size=3),
    countries=st.frozensets(st.sampled_from(CODES), min_size=1),
    days=st.one_of(st.none(), st.integers(1, 30)),
    granted_bytes=st.one_of(st.none(), st.integers(1, 20).map(lambda count: count * GB)),
    currency=st.sampled_from(["EUR", "EUR", "CNY"]),
    price_minor=st.integers(1, 50).map(lambda count: count * 100),
    full_speed_bytes=st.one_of(st.none(), st.just(GB)),
    number=st.sampled_from(["", "", "there", "kept"]),
)
TRIPS = st.builds(
    Trip,
    stops=st.lists(
        st.builds(Stop, st.sampled_from(CODES), st.integers(1, 9)),
        min_size=1,
        max_size=4,
        unique_by=lambda stop: stop.country,
    ).map(tuple),
    daily_bytes=st.sampled_from([GB // 5, GB, 3 * GB]),
    needs_number=st.booleans(),
)


def is_fed(trip: Trip, one: Purchase) -> bool:
    """Walk day by day with one open pack at a time; true if the packs last for all its stops."""
    packs = [one.offer] + [one.refill or one.offer] * one.more
    left, ends = 0, -1
    calendar = [place for place, stop in enumerate(trip.stops) for _ in range(stop.days)]
    for day, place in enumerate(calendar):
        if place not in one.stops:
            continue
        hunger = trip.daily_bytes
        while hunger or day >= ends:
            if day >= ends or not left:
                if not packs:
                    return False
                pack = packs.pop(0)
                ends = day + (pack.days or 1000)
                left = trip.total_bytes if pack.granted_bytes is None else pack.granted_bytes
            eaten = min(left, hunger)
            left, hunger = left - eaten, hunger - eaten
    return not packs  # none is bought that is not begun


@pytest.mark.promise(8)
@given(trip=TRIPS, offers=st.lists(OFFERS, max_size=6, unique_by=lambda offer: offer.code))
def test_what_is_listed_covers_the_trip_and_nothing_below_is_cheaper(
    trip: Trip, offers: list[Offer]
) -> None:
    ways = rank(trip, offers)

    for way in ways:
        covered = sorted(place for one in way.purchases for place in one.stops)
        assert covered == list(range(len(trip.stops)))
        assert all(is_fed(trip, one) for one in way.purchases if one.stops)
        for one in way.purchases:
            assert {trip.stops[place].country for place in one.stops} <= one.offer.countries
        assert not trip.needs_number or any(one.offer.number for one in way.purchases)
    for above, below in pairwise(ways):
        if above.currency == below.currency:
            assert above.total_minor <= below.total_minor
    for offer in offers:  # no plan that is enough alone is cheaper than the first
        alone = [way for way in rank(trip, [offer]) if way.currency == offer.currency]
        firsts = [way for way in ways if way.currency == offer.currency]
        assert all(way.total_minor >= firsts[0].total_minor for way in alone)
