"""The facts of one order line, read and checked in the order of the table in docs/rules.md."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fairroam.rules.calendars import known_residences
from fairroam.rules.instants import read_instant
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


@dataclass(slots=True)
class Facts:
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


def _instant(given: Mapping[str, Any], field: str) -> int | None:
    text = given.get(field)
    if text is None:
        return None
    instant = read_instant(text) if type(text) is str else None
    if instant is None:
        raise BadFacts(field, "must be RFC 3339 with T, an offset and whole seconds")
    return instant


def _instants(given: Mapping[str, Any]) -> dict[str, int | None]:
    """All instants; those later than `declared_at` have not happened yet and are None.

    `received_at` and `ends_at` stay, whatever their date.
    """
    declared_at = given.get("declared_at")
    horizon = read_instant(declared_at) if type(declared_at) is str else None
    instants: dict[str, int | None] = {}
    for field in INSTANTS:
        instant = _instant(given, field)
        check = _INSTANT_CHECKS.get(field)
        if check:
            instant = check(instant, _NEVER if horizon is None else horizon)
        elif instant is not None and horizon is not None and instant > horizon:
            instant = None
        instants[field] = instant
    return _check_validity(given, instants)


def _concluded_at(instant: int | None, horizon: int) -> int:
    if instant is None:
        raise BadFacts("concluded_at", "is missing")
    if instant > horizon:
        raise BadFacts("concluded_at", "is later than declared_at")
    return instant


def _declared_at(instant: int | None, _horizon: int) -> int:
    if instant is None:
        raise BadFacts("declared_at", "is missing")
    return instant


def _received_at(instant: int | None, horizon: int) -> int:
    if instant is None:
        return horizon
    if instant < horizon:
        raise BadFacts("received_at", "is earlier than declared_at")
    return instant


def _ends_at(instant: int | None, _horizon: int) -> int | None:
    return instant


_INSTANT_CHECKS: dict[str, Callable[[int | None, int], int | None]] = {
    "concluded_at": _concluded_at,
    "declared_at": _declared_at,
    "received_at": _received_at,
    "ends_at": _ends_at,
}


def _check_validity(
    given: Mapping[str, Any], instants: dict[str, int | None]
) -> dict[str, int | None]:
    starts_at, ends_at = _instant(given, "starts_at"), instants["ends_at"]
    if starts_at is None and ends_at is None:
        return instants
    if starts_at is None:
        raise BadFacts("starts_at", "is missing beside ends_at")
    if ends_at is None:
        raise BadFacts("ends_at", "is missing beside starts_at")
    if ends_at <= starts_at:
        raise BadFacts("ends_at", "is not after starts_at")
    return instants


def _asked(given: Mapping[str, Any]) -> int | None:
    asked = given.get("asked")
    if asked is not None and not (is_count(asked) and asked):
        raise BadFacts("asked", "must be whole minor units, 1 or more")
    return asked
