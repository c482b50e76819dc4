"""The facts of one order line, read and checked in the order of the table in docs/rules.md."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from fairroam.rules.calendars import known_residences
from fairroam.rules.instants import NOT_AN_INSTANT, read_instant
from fairroam.rules.money import known_currencies
from fairroam.rules.records import (
    Allowance,
    Tender,
    Trouble,
    is_count,
    read_allowances,
    read_outages,
    read_tenders,
    read_trouble,
)
from fairroam.rules.refusals import BadFacts
from fairroam.rules.shares import Share, read_decimal
from fairroam.rules.zones import load_zone, zone_names

ACTIVATIONS = (
    "downloaded_at",
    "installed_at",
    "enabled_at",
    "first_attach_at",
    "first_usage_at",
)
INSTANTS = (
    "concluded_at",
    "paid_at",
    "ready_at",
    "declared_at",
    "received_at",
    "notice_received_at",
    "express_request_at",
    "loss_acknowledged_at",
    *ACTIVATIONS,
    "starts_at",
    "ends_at",
)
_BEFORE_DECLARING = INSTANTS[1:3]
_AFTER_DECLARING = INSTANTS[5:-1]
FIELDS = (
    "currency",
    "paid",
    "list_price",
    "tax_rate",
    "refunded",
    "pending",
    "tenders",
    "zone",
    "residence",
    *INSTANTS,
    "allowances",
    "outages",
    "trouble",
    "cause",
    "asked",
)
CAUSES = ("consumer", "trader")
_KNOWN_FIELDS = frozenset(FIELDS)
# Later than any instant that can be written: stands in while `declared_at` itself is unreadable.
_NEVER = 10**12


class Facts(Struct, frozen=True, kw_only=True):
    """One order line as known at `declared_at`: what lies later has not happened and is None.

    Amounts are minor units, instants seconds since the epoch, outages pairs from and until.
    `given` are the facts as they were handed in, for the texts in the chain.
    """

    given: Mapping[str, Any]
    currency: str
    paid: int
    list_price: int
    tax_rate: Share
    refunded: int
    pending: int
    tenders: tuple[Tender, ...]
    zone: ZoneInfo
    residence: str
    instants: dict[str, int | None]
    declared_at: int
    starts_at: int | None
    ends_at: int | None
    allowances: tuple[Allowance, ...]
    outages: tuple[tuple[int, int], ...]
    trouble: Trouble | None
    cause: str
    asked: int | None


def load_tables() -> None:
    """Read the tables of currencies, zones and residences now, not with the first facts."""
    known_currencies(), zone_names(), known_residences()


def read_facts(given: Mapping[str, Any]) -> Facts:
    """Check every fact; of several that are wrong the first in table order is named.

    Raises BadFacts.
    """
    if not isinstance(given, Mapping):
        raise BadFacts("facts", "must be an object")
    currency = _known(given, "currency", known_currencies(), "ISO 4217 currency")
    paid = _money(given, "paid")
    list_price = _list_price(given, paid)
    tax_rate = _tax_rate(given)
    refunded, pending = _paid_back(given, paid)
    tenders = read_tenders(given, paid, refunded, pending)
    zone = load_zone(_known(given, "zone", zone_names(), "IANA time zone"))
    residence = _known(given, "residence", known_residences(), "ISO 3166 country or subdivision")
    instants = _instants(given)
    declared_at = instants["declared_at"]
    assert declared_at is not None
    facts = Facts(
        given=given,
        currency=currency,
        paid=paid,
        list_price=list_price,
        tax_rate=tax_rate,
        refunded=refunded,
        pending=pending,
        tenders=tenders,
        zone=zone,
        residence=residence,
        instants=instants,
        declared_at=declared_at,
        starts_at=instants["starts_at"],
        ends_at=instants["ends_at"],
        allowances=read_allowances(given),
        outages=read_outages(given, declared_at),
        trouble=read_trouble(given, declared_at),
        cause=_known(given, "cause", CAUSES, "cause") if "cause" in given else "consumer",
        asked=_asked(given),
    )
    if not _KNOWN_FIELDS.issuperset(given):
        unknown = next(field for field in given if field not in _KNOWN_FIELDS)
        raise BadFacts(str(unknown), "is not a fact")
    return facts


def _known(given: Mapping[str, Any], field: str, known: Container[str], what: str) -> str:
    name = given.get(field)
    if type(name) is not str or name not in known:
        raise BadFacts(field, f"must be a known {what}")
    return name


def _money(given: Mapping[str, Any], field: str, default: int | None = None) -> int:
    amount = given.get(field, default)
    if not is_count(amount):
        raise BadFacts(field, "must be whole minor units, 0 or more")
    return amount


def _list_price(given: Mapping[str, Any], paid: int) -> int:
    if given.get("list_price") is None:
        return paid
    list_price = _money(given, "list_price")
    if list_price < paid:
        raise BadFacts("list_price", "is below what was paid")
    return list_price


def _tax_rate(given: Mapping[str, Any]) -> Share:
    text = given.get("tax_rate", "0")
    rate = read_decimal(text) if type(text) is str else None
    if rate is None:
        raise BadFacts("tax_rate", "must be a decimal string, 0 or more")
    return rate


def _paid_back(given: Mapping[str, Any], paid: int) -> tuple[int, int]:
    refunded = _money(given, "refunded", 0)
    if refunded > paid:
        raise BadFacts("refunded", "is more than was paid")
    pending = _money(given, "pending", 0)
    if refunded + pending > paid:
        raise BadFacts("refunded", "together with pending is more than was paid")
    return refunded, pending


def _instants(given: Mapping[str, Any]) -> dict[str, int | None]:
    """All instants, read in table order; what is later than `declared_at` has not happened."""
    declared_at = given.get("declared_at")
    horizon = read_instant(declared_at) if type(declared_at) is str else None
    if horizon is None:
        horizon = _NEVER  # until its turn comes to be refused
    instants: dict[str, int | None] = dict.fromkeys(INSTANTS)
    instants["concluded_at"] = concluded_at = _required_instant(given, "concluded_at")
    if concluded_at > horizon:
        raise BadFacts("concluded_at", "is later than declared_at")
    _read_happened(given, _BEFORE_DECLARING, horizon, instants)
    instants["declared_at"] = _required_instant(given, "declared_at")
    received_at = _optional_instant(given, "received_at")
    instants["received_at"] = horizon if received_at is None else received_at
    if received_at is not None and received_at < horizon:
        raise BadFacts("received_at", "is earlier than declared_at")
    _read_happened(given, _AFTER_DECLARING, horizon, instants)
    instants["ends_at"] = _validity_end(given)
    return instants


def _read_happened(
    given: Mapping[str, Any], fields: tuple[str, ...], horizon: int, into: dict[str, int | None]
) -> None:
    for field in fields:
        text = given.get(field)
        if text is not None:
            instant = read_instant(text) if type(text) is str else None
            if instant is None:
                raise BadFacts(field, NOT_AN_INSTANT)
            if instant <= horizon:
                into[field] = instant


def _required_instant(given: Mapping[str, Any], field: str) -> int:
    instant = _optional_instant(given, field)
    if instant is None:
        raise BadFacts(field, "is missing")
    return instant


def _optional_instant(given: Mapping[str, Any], field: str) -> int | None:
    text = given.get(field)
    if text is None:
        return None
    instant = read_instant(text) if type(text) is str else None
    if instant is None:
        raise BadFacts(field, NOT_AN_INSTANT)
    return instant


def _validity_end(given: Mapping[str, Any]) -> int | None:
    """`ends_at`, which stays whatever its date; given beside `starts_at` or not at all."""
    starts_at = _optional_instant(given, "starts_at")
    if starts_at is None and given.get("ends_at") is not None:
        raise BadFacts("starts_at", "is missing beside ends_at")
    ends_at = _optional_instant(given, "ends_at")
    if starts_at is None:
        return None
    if ends_at is None:
        raise BadFacts("ends_at", "is missing beside starts_at")
    if ends_at <= starts_at:
        raise BadFacts("ends_at", "is not after starts_at")
    return ends_at


def _asked(given: Mapping[str, Any]) -> int | None:
    asked = given.get("asked")
    if asked is not None and not (is_count(asked) and asked):
        raise BadFacts("asked", "must be whole minor units, 1 or more")
    return asked
