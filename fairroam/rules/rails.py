"""Which way money can go back, and when it arrives: each provider's limits as data.

A rail is a way that money came (`card`, `paypal`) or can be sent (`transfer`). What it allows is
a row of data with its source, the day it was read and who looked at it (`rails/*.toml`); a change
is a new version, so that what was promised can be computed again as it stood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated

from msgspec import Meta, Struct

from fairroam.rules.calendars import add_working_days
from fairroam.rules.refusals import BadPack
from fairroam.rules.zones import load_zone

TRANSFER = "transfer"  # our own bank to the customer's, by hand at the desk
DESK_DAYS = 2  # working days in which the desk sends a transfer: our own promise

Count = Annotated[int, Meta(ge=0)]


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a limit was read (its key in our list of sources), and what it says in our words."""

    key: str
    says: str


class Rail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way for money, in one version.

    methods: the payment methods that came this way. refund_days: days of 24 hours after the
    capture in which money can go back, 0 = never, None = no limit known. parts: how often one
    payment can be refunded, None = any number. pause_seconds: between two refunds of one
    payment. currencies: empty = any. arrival_days: working days until the customer has it, from
    and to. reviewer: who compared it with its sources; empty = nobody has yet.
    """

    rail: str
    version: Annotated[int, Meta(ge=1)]
    methods: Annotated[tuple[str, ...], Meta(min_length=1)]
    refund_days: Count | None = None
    parts: Count | None = None
    pause_seconds: Count = 0
    currencies: tuple[str, ...] = ()
    arrival_days: tuple[Count, Count]
    effective_from: date
    checked: date
    reviewer: str = ""
    sources: Annotated[tuple[Source, ...], Meta(min_length=1)]

    @property
    def name(self) -> str:
        """Such as `paypal@1`."""
        return f"{self.rail}@{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the provider itself says it can do, beside the rail; None = it names no limit."""

    refund_days: int | None = None
    parts: int | None = None
    is_partial_allowed: bool = True
    currencies: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A payment as far as its way back depends on it. parts: refunds that left so far."""

    method: str
    currency: str
    captured_at: datetime
    parts: int
    is_whole: bool  # all that was captured is to go back at once


@dataclass(frozen=True, slots=True)
class Way:
    """Which rail money takes; `why` another than it came: "" | window | parts | whole | currency
    | unknown."""

    rail: Rail
    why: str = ""

    @property
    def is_original(self) -> bool:
        """Whether the provider sends it back; a transfer to us is answered by one of ours."""
        return not self.why and self.rail.rail != TRANSFER


def choose(charge: Charge, *, limits: Limits, now: datetime) -> Way:
    """The way back for a charge as of `now`: the one it came, where that is still open.

    The tighter of the rail's limit and the provider's holds. A method that no rail knows goes by
    transfer: we promise nothing that we have no source for.
    """
    rail = rail_of(charge.method, on=now.date())
    if rail is None:
        return Way(transfer(on=now.date()), "unknown")
    reasons = {
        "currency": not _takes(charge.currency, rail, limits),
        "window": _is_over(charge, _tighter(rail.refund_days, limits.refund_days), now),
        "parts": _is_used_up(charge, _tighter(rail.parts, limits.parts)),
        "whole": not (limits.is_partial_allowed or charge.is_whole),
    }
    closed = [why for why, holds in reasons.items() if holds]
    return Way(transfer(on=now.date()), closed[0]) if closed else Way(rail)


def expected(rail: Rail, *, sent_at: datetime, zone: str, residence: str) -> tuple[date, date]:
    """(The first, the last) local day on which money sent at that instant typically arrives.

    Working days of `residence` after the local day of sending in `zone` (IANA). A transfer is
    sent by people first, within DESK_DAYS.
    """
    sent_on = sent_at.astimezone(load_zone(zone)).date()
    soonest, latest = rail.arrival_days
    by_desk = DESK_DAYS if rail.rail == TRANSFER else 0
    first = add_working_days(sent_on, soonest, residence) if soonest else sent_on
    days = latest + by_desk
    return first, add_working_days(sent_on, days, residence) if days else sent_on


def pause_of(rail: Rail) -> timedelta:
    """How long two refunds of one payment must lie apart."""
    return timedelta(seconds=rail.pause_seconds)


def rail_of(method: str, *, on: date) -> Rail | None:
    """The rail of a payment method in the version of that day; None where none is known."""
    return _newest([rail for rail in rails() if method in rail.methods], on)


def transfer(*, on: date) -> Rail:
    """Our own way, which is always open."""
    found = rail_of(TRANSFER, on=on)
    assert found is not None, f"{on} is before the first version of the rails"
    return found


def rail_version(name: str) -> Rail:
    """The version of that name, `paypal@1`. Raises BadPack."""
    for rail in rails():
        if rail.name == name:
            return rail
    raise BadPack(f"there is no rail {name!r}")


@cache
def rails() -> tuple[Rail, ...]:
    """All versions that come with the program, by name."""
    from importlib.resources import files

    folder = files("fairroam.rules") / "rails"
    found = [_read(each.read_bytes()) for each in folder.iterdir() if each.name.endswith(".toml")]
    return tuple(sorted(found, key=lambda rail: (rail.rail, rail.version)))


def _read(text: bytes) -> Rail:
    import msgspec

    return msgspec.toml.decode(text, type=Rail, strict=True)


def _newest(versions: Sequence[Rail], on: date) -> Rail | None:
    begun = [rail for rail in versions if rail.effective_from <= on]
    return max(begun, key=lambda rail: (rail.effective_from, rail.version), default=None)


def _tighter(ours: int | None, theirs: int | None) -> int | None:
    named = [limit for limit in (ours, theirs) if limit is not None]
    return min(named, default=None)


def _takes(currency: str, rail: Rail, limits: Limits) -> bool:
    by_rail = not rail.currencies or currency in rail.currencies
    return by_rail and (limits.currencies is None or currency in limits.currencies)


def _is_over(charge: Charge, days: int | None, now: datetime) -> bool:
    return days is not None and now >= charge.captured_at + timedelta(days=days)


def _is_used_up(charge: Charge, parts: int | None) -> bool:
    return parts is not None and charge.parts >= parts
