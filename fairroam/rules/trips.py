"""Which plans cover a trip and what all of it costs: every way worth naming, the cheapest first.

A trip is a row of stops. One purchase is a plan, bought as often as it is needed, for some of the
stops; a way to cover the trip is one purchase for all of them, or several that share them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files

import msgspec

STOPS_MAX = 8
DAYS_MAX = 90  # of one trip
PACKS_MAX = 20  # of one purchase: nobody buys more
PLANS_MAX = 4  # that are combined
WAYS_MAX = 8  # that are shown
NEVER = DAYS_MAX + 1


class Need(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a kind of traveller needs: bytes a day, and whether a laptop hangs on the phone."""

    kind: str
    daily_bytes: int
    needs_hotspot: bool = False


class Needs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of the table of needs, with where its figures come from."""

    version: int
    since: date
    is_assumption: bool
    source: dict[str, str]
    kinds: tuple[Need, ...]


@cache
def needs() -> Needs:
    """The needs by kind of traveller as they are assumed now."""
    content = (files("fairroam.rules") / "data_needs.toml").read_bytes()
    return msgspec.toml.decode(content, type=Needs)


@dataclass(frozen=True, slots=True)
class Stop:
    """A country and the calendar days spent there, at least one."""

    country: str
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Stops in the order of travel, each country once, and what is needed there.

    daily_bytes: at least 1, every day alike. needs_number: for calls or texts.
    """

    stops: tuple[Stop, ...]
    daily_bytes: int
    needs_number: bool = False
    needs_hotspot: bool = False

    @property
    def days(self) -> int:
        return sum(stop.days for stop in self.stops)

    @property
    def total_bytes(self) -> int:
        return self.days * self.daily_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A plan as far as a trip asks. Prices in minor units, tax included.

    days: of 24 hours from the first connection, None = it never ends. granted_bytes: None =
    unlimited, 0 = no data. full_speed_bytes: a day, slower after that; None = always fast.
    number: "" none, "there" where the plan works, "kept" a number for itself, wherever one is.
    refills: the supplier for whose eSIMs alone it is sold; empty = sold by itself.
    """

    code: str
    countries: frozenset[str]
    days: int | None
    granted_bytes: int | None
    currency: str
    price_minor: int
    full_speed_bytes: int | None = None
    is_hotspot_allowed: bool = True
    number: str = ""
    supplier: str = ""
    refills: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One plan for some stops: `offer` once, then `more` packs of `refill` on the same eSIM.

    stops: places in the trip; none for a plan that is only there for its number. because: "data"
    or "days", of which one pack has too little. spare_bytes: bought and not needed, None =
    unlimited.
    """

    offer: Offer
    stops: tuple[int, ...]
    more: int = 0
    refill: Offer | None = None
    because: str = ""
    spare_bytes: int | None = 0

    @property
    def packs(self) -> int:
        return 1 + self.more

    @property
    def total_minor(self) -> int:
        return self.offer.price_minor + (self.more * self.refill.price_minor if self.refill else 0)


@dataclass(frozen=True, slots=True)
class Why:
    """A reason for a place in the list: its code, and the facts of its sentence."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Way:
    """A way to cover the whole trip, and why it stands where it stands."""

    purchases: tuple[Purchase, ...]
    why: tuple[Why, ...] = ()

    @property
    def currency(self) -> str:
        return self.purchases[0].offer.currency

    @property
    def total_minor(self) -> int:
        return sum(one.total_minor for one in self.purchases)

    @property
    def packs(self) -> int:
        return sum(one.packs for one in self.purchases)

    @property
    def order(self) -> tuple[object, ...]:
        """What decides: the whole price, then fewer plans, fewer packs, the names."""
        codes = tuple(one.offer.code for one in self.purchases)
        return self.currency, self.total_minor, len(self.purchases), self.packs, codes


def rank(trip: Trip, offers: Iterable[Offer]) -> list[Way]:
    """The ways to cover all of `trip`, by currency and there the cheapest first; none if none.

    Amounts of two currencies are never compared. Of equal prices fewer plans and packs stand
    first. What combines more plans is named only where that saves money.
    """
    assert 1 <= len(trip.stops) <= STOPS_MAX
    assert trip.days <= DAYS_MAX
    assert trip.daily_bytes > 0
    assert all(stop.days > 0 for stop in trip.stops)
    assert len({stop.country for stop in trip.stops}) == len(trip.stops)
    by_currency: dict[str, list[Offer]] = {}
    for offer in offers:
        by_currency.setdefault(offer.currency, []).append(offer)
    ranked: list[Way] = []
    for currency in sorted(by_currency):
        found = sorted(_ways(trip, by_currency[currency]), key=lambda way: way.order)[:WAYS_MAX]
        ranked += [Way(way.purchases, _why(trip, way, found)) for way in found]
    return ranked


def _ways(trip: Trip, offers: list[Offer]) -> Iterator[Way]:
    """Every single plan for all of the trip, and the cheapest combinations of several."""
    everything = (1 << len(trip.stops) + trip.needs_number) - 1
    cheapest: dict[int, Way] = {}  # what is covered, as bits -> by one plan
    known: int | None = None
    for bits, way in _singles(trip, offers):
        if bits not in cheapest or way.order < cheapest[bits].order:
            cheapest[bits] = way
        if bits == everything:
            known = min(way.total_minor, way.total_minor if known is None else known)
            yield way
    for way in _combined(cheapest, everything):
        if known is None or way.total_minor < known:
            known = way.total_minor
            yield way


def _singles(trip: Trip, offers: list[Offer]) -> Iterator[tuple[int, Way]]:
    """Each plan for each part of the trip that it serves."""
    counted: dict[tuple[object, ...], tuple[int, int] | None] = {}
    refills = [offer for offer in offers if offer.refills]
    for offer in offers:
        if offer.refills:
            continue
        for bits in _parts(_reach(trip, offer)):
            if purchase := _purchase(trip, offer, refills, bits, counted):
                yield bits, Way((purchase,))


def _combined(cheapest: Mapping[int, Way], everything: int) -> Iterator[Way]:
    """The cheapest way with two plans, with three, and so on, where there is one."""
    best = dict(cheapest)
    for _ in range(2, PLANS_MAX + 1):
        bigger: dict[int, Way] = {}
        for whole in _parts(everything):
            # The plan that covers the first stop is picked first, so that no pair comes twice.
            first = whole & -whole
            for bits in _parts(whole):
                if bits & first and bits in cheapest and whole ^ bits in best:
                    way = Way(cheapest[bits].purchases + best[whole ^ bits].purchases)
                    if whole not in bigger or way.order < bigger[whole].order:
                        bigger[whole] = way
        best = bigger
        if everything in best:
            yield best[everything]


def _parts(bits: int) -> Iterator[int]:
    """Every part of a set of bits, the whole one first, the empty one left out."""
    part = bits
    while part:
        yield part
        part = (part - 1) & bits


def _reach(trip: Trip, offer: Offer) -> int:
    """Which stops a plan serves in full, as bits; the bit after the stops is the number."""
    bits = 0
    is_enough = (
        offer.granted_bytes != 0
        and (offer.is_hotspot_allowed or not trip.needs_hotspot)
        and (offer.full_speed_bytes is None or offer.full_speed_bytes >= trip.daily_bytes)
    )
    if is_enough:
        for place, stop in enumerate(trip.stops):
            bits |= (stop.country in offer.countries) << place
    has_number = offer.number == "kept" or (offer.number == "there" and bits)
    if trip.needs_number and has_number:
        bits |= 1 << len(trip.stops)
    return bits


def _purchase(
    trip: Trip,
    offer: Offer,
    refills: list[Offer],
    bits: int,
    counted: dict[tuple[object, ...], tuple[int, int] | None],
) -> Purchase | None:
    """The cheapest purchase of that plan for these stops; None where nobody would buy it."""
    stops = tuple(place for place in range(len(trip.stops)) if bits >> place & 1)
    if offer.number == "there" and not stops:
        return None  # its number works only where the plan does
    countries = {trip.stops[place].country for place in stops}
    refill_with = [offer]
    if offer.supplier:  # its eSIMs take its own packs; without one, each pack is an eSIM
        own = [one for one in refills if one.refills == offer.supplier]
        refill_with = [one for one in own if _is_refill(one, offer, countries)] or [offer]
    found = []
    for refill in refill_with:
        key = (offer.days, offer.granted_bytes, refill.days, refill.granted_bytes, stops)
        if key not in counted:
            counted[key] = _more_packs(trip, stops, offer, refill)
        if (count := counted[key]) is not None:
            found.append(_counted(trip, stops, offer, refill, count))
    return min(found, key=lambda one: (one.total_minor, one.packs), default=None)


def _is_refill(pack: Offer, offer: Offer, countries: set[str]) -> bool:
    """Whether a pack serves there all that the plan serves."""
    return (
        countries <= pack.countries
        and pack.granted_bytes != 0
        and (pack.is_hotspot_allowed or not offer.is_hotspot_allowed)
        and (pack.full_speed_bytes is None or pack.full_speed_bytes == offer.full_speed_bytes)
    )


def _counted(
    trip: Trip, stops: tuple[int, ...], offer: Offer, refill: Offer, count: tuple[int, int]
) -> Purchase:
    more, by_days = count
    needed = sum(trip.stops[place].days for place in stops) * trip.daily_bytes
    spare = None
    if offer.granted_bytes is not None and (not more or refill.granted_bytes is not None):
        spare = offer.granted_bytes + more * (refill.granted_bytes or 0) - needed
    return Purchase(
        offer=offer,
        stops=stops,
        more=more,
        refill=refill if more else None,
        because=("days" if by_days >= more else "data") if more else "",
        spare_bytes=spare if stops else 0,
    )


def _more_packs(
    trip: Trip, stops: tuple[int, ...], offer: Offer, refill: Offer
) -> tuple[int, int] | None:
    """How many packs follow the first one, and how many of those since its days were over.

    None if more than PACKS_MAX. A pack begins when it is needed and lasts whole days, also those
    that are spent between its stops elsewhere; what is left in it then is lost.
    """
    left, ends, begun, by_days = 0, -1, 0, 0
    for starts, stops_at in _stays(trip, stops):
        day = starts
        while day < stops_at:
            if day >= ends:
                pack = refill if begun else offer
                by_days += bool(begun)
                begun, left, ends = begun + 1, _bytes(trip, pack), day + (pack.days or NEVER)
            lasting = min(min(stops_at, ends) - day, left // trip.daily_bytes if stops else NEVER)
            left -= lasting * trip.daily_bytes if stops else 0
            day += lasting
            if day < min(stops_at, ends):  # it ends within this day: the next ones begin
                missing = trip.daily_bytes - left
                packs = -(-missing // _bytes(trip, refill))
                begun, ends = begun + packs, day + (refill.days or NEVER)
                left = packs * _bytes(trip, refill) - missing
                day += 1
            if begun > PACKS_MAX:
                return None
    return begun - 1, by_days


def _bytes(trip: Trip, pack: Offer) -> int:
    return trip.total_bytes if pack.granted_bytes is None else pack.granted_bytes


def _stays(trip: Trip, stops: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """From which day of the trip up to, not including, which one; a number is for all of it."""
    if not stops:
        yield 0, trip.days
        return
    day = 0
    for place, stop in enumerate(trip.stops):
        if place in stops:
            yield day, day + stop.days
        day += stop.days


def _why(trip: Trip, way: Way, ranked: list[Way]) -> tuple[Why, ...]:
    """The reasons for its place: its price against the first, then what else sets it apart."""
    first = ranked[0]
    more = way.total_minor - first.total_minor
    found = [Why("dearer", {"minor": more, "currency": way.currency})]
    if way is first:
        found = [Why("cheapest" if len(ranked) > 1 else "only")]
    elif not more:
        found = [Why("same_price")]
    if len(way.purchases) > 1:
        found.append(Why("several_plans", {"count": len(way.purchases)}))
    elif len(trip.stops) > 1:
        found.append(Why("one_plan", {"count": len(trip.stops)}))
    return (*found, *_packs_in_words(way), *_data_in_words(way), *_number_in_words(trip))


def _packs_in_words(way: Way) -> Iterator[Why]:
    for one in way.purchases:
        if one.more:
            yield Why(f"more_{one.because}", {"code": one.offer.code, "count": one.packs})
        if one.offer.days is None:
            yield Why("never_ends", {"code": one.offer.code})


def _data_in_words(way: Way) -> Iterator[Why]:
    for one in way.purchases:
        if one.offer.full_speed_bytes is not None:
            yield Why("full_speed", {"code": one.offer.code, "bytes": one.offer.full_speed_bytes})
    spare = [one.spare_bytes for one in way.purchases if one.stops]
    if None in spare:
        yield Why("unlimited")
    elif left := sum(one or 0 for one in spare):
        yield Why("spare", {"bytes": left})


def _number_in_words(trip: Trip) -> Iterator[Why]:
    if trip.needs_number:
        yield Why("number")
