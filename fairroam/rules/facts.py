"""The facts of one order line, read and checked in the order of the table in docs/rules.md."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Literal, get_type_hints
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct, ValidationError, convert

from fairroam.rules.calendars import is_known_residence
from fairroam.rules.instants import NOT_AN_INSTANT, are_whole, as_instant
from fairroam.rules.money import known_currencies
from fairroam.rules.records import (
    Allowance,
    Count,
    Tender,
    Trouble,
    WrittenAllowance,
    WrittenOutage,
    WrittenTrouble,
    check_tenders,
    read_outages,
    read_trouble,
    weigh,
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
# What has not happened when it lies after the declaration; an end or an arrival may be to come.
_HAPPENINGS = tuple(field for field in INSTANTS if field not in ("received_at", "ends_at"))
_ALL, _HAPPENING = attrgetter(*INSTANTS), attrgetter(*_HAPPENINGS)
Instant = Annotated[datetime, Meta(tz=True)]


class Written(Struct, kw_only=True, forbid_unknown_fields=True):
    """The facts as handed in, of the right types: the table of docs/rules.md, in its order."""

    currency: str
    paid: Count
    list_price: Count | None = None
    tax_rate: str = "0"
    refunded: Count = 0
    pending: Count = 0
    tenders: list[Tender] | None = None
    zone: str
    residence: str
    concluded_at: Instant
    paid_at: Instant | None = None
    ready_at: Instant | None = None
    declared_at: Instant
    received_at: Instant | None = None
    notice_received_at: Instant | None = None
    express_request_at: Instant | None = None
    loss_acknowledged_at: Instant | None = None
    downloaded_at: Instant | None = None
    installed_at: Instant | None = None
    enabled_at: Instant | None = None
    first_attach_at: Instant | None = None
    first_usage_at: Instant | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    allowances: list[WrittenAllowance] = []
    outages: list[WrittenOutage] = []
    trouble: WrittenTrouble | None = None
    cause: Literal["consumer", "trader"] = "consumer"
    asked: Count | None = None


class Facts(Struct, frozen=True, kw_only=True):
    """One order line as known at `declared_at`: what lies later has not happened and is None.

    Amounts are minor units. Instants that are counted with are seconds since the epoch, also in
    outages (from, until); those from which windows start keep their form. `given` are the facts
    as they were handed in, for the texts in the chain.
    """

    given: Mapping[str, Any]
    currency: str
    paid: int
    list_price: int
    tax_rate: Share
    refunded: int
    pending: int
    tenders: list[Tender]
    zone: ZoneInfo
    residence: str
    instants: dict[str, datetime | None]
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
    try:
        written = convert(given, Written)
    except ValidationError:
        raise _first_wrong(given) from None
    return _check(written, given)


def _check(written: Written, given: Mapping[str, Any]) -> Facts:
    """What types cannot say, in table order."""
    if written.currency not in known_currencies():
        raise BadFacts("currency", "must be a known ISO 4217 currency")
    list_price = written.paid if written.list_price is None else written.list_price
    if list_price < written.paid:
        raise BadFacts("list_price", "is below what was paid")
    tax_rate = read_decimal(written.tax_rate)
    if tax_rate is None:
        raise BadFacts("tax_rate", "must be a decimal string, 0 or more")
    if written.refunded + written.pending > written.paid:
        raise BadFacts("refunded", "together with pending is more than was paid")
    tenders = _tenders(written, given)
    _check_home(written)
    instants = _instants(written, given)
    declared_at = as_instant(written.declared_at)
    return Facts(
        given=given,
        currency=written.currency,
        paid=written.paid,
        list_price=list_price,
        tax_rate=tax_rate,
        refunded=written.refunded,
        pending=written.pending,
        tenders=tenders,
        zone=load_zone(written.zone),
        residence=written.residence,
        instants=instants,
        declared_at=declared_at,
        starts_at=_counted(instants["starts_at"]),
        ends_at=_counted(instants["ends_at"]),
        allowances=weigh(written.allowances),
        outages=read_outages(written.outages, declared_at),
        trouble=read_trouble(written.trouble, declared_at) if written.trouble else None,
        cause=written.cause,
        asked=_asked(written),
    )


def _tenders(written: Written, given: Mapping[str, Any]) -> list[Tender]:
    paid, refunded, pending = written.paid, written.refunded, written.pending
    if written.tenders is None:
        if "tenders" in given:
            raise BadFacts("tenders", "must be a list or left out")
        return [Tender("t1", "card", "cash", paid, refunded, pending, False)]
    check_tenders(written.tenders, paid, refunded, pending)
    return written.tenders


def _check_home(written: Written) -> None:
    if written.zone not in zone_names():
        raise BadFacts("zone", "must be a known IANA time zone")
    if not is_known_residence(written.residence):
        raise BadFacts("residence", "must be a known ISO 3166 country or subdivision")


def _instants(written: Written, given: Mapping[str, Any]) -> dict[str, datetime | None]:
    """All instants; those later than `declared_at` have not happened yet and are None.

    `received_at` and `ends_at` stay, whatever their date.
    """
    concluded_at, declared_at = written.concluded_at, written.declared_at
    received_at = written.received_at or declared_at
    in_order = concluded_at <= declared_at <= received_at
    if not (in_order and are_whole(list(filter(None, map(given.get, INSTANTS))))):
        raise next(filter(None, [_wrong_instant(written, given, field) for field in INSTANTS]))
    _check_validity(written)
    instants: dict[str, datetime | None] = dict(zip(INSTANTS, _ALL(written), strict=True))
    instants["received_at"] = received_at
    if max(filter(None, _HAPPENING(written))) > declared_at:
        for field in _HAPPENINGS:
            moment = instants[field]
            if moment and moment > declared_at:
                instants[field] = None
    return instants


def _wrong_instant(written: Written, given: Mapping[str, Any], field: str) -> BadFacts | None:
    moment = getattr(written, field)
    if moment and not are_whole([given[field]]):
        return BadFacts(field, NOT_AN_INSTANT)
    if field == "concluded_at" and moment > written.declared_at:
        return BadFacts(field, "is later than declared_at")
    if field == "received_at" and moment and moment < written.declared_at:
        return BadFacts(field, "is earlier than declared_at")
    return None


def _check_validity(written: Written) -> None:
    starts_at, ends_at = written.starts_at, written.ends_at
    if starts_at is None and ends_at is None:
        return
    if starts_at is None:
        raise BadFacts("starts_at", "is missing beside ends_at")
    if ends_at is None:
        raise BadFacts("ends_at", "is missing beside starts_at")
    if ends_at <= starts_at:
        raise BadFacts("ends_at", "is not after starts_at")


def _counted(moment: datetime | None) -> int | None:
    return None if moment is None else as_instant(moment)


def _asked(written: Written) -> int | None:
    if written.asked == 0:
        raise BadFacts("asked", "must be whole minor units, 1 or more")
    return written.asked


# --- the first of several wrong facts: a slow second look, only when something is wrong ---


@cache
def _types() -> dict[str, Any]:
    """The facts in table order, with their types."""
    return get_type_hints(Written, include_extras=True)


_REQUIRED = frozenset(("currency", "paid", "zone", "residence", "concluded_at", "declared_at"))
# In place of wrong ones, so that the facts before them can still be looked at.
_HARMLESS = {
    "currency": "EUR",
    "paid": 0,
    "zone": "UTC",
    "residence": "DE",
    "concluded_at": "0001-01-02T00:00:00Z",
    "declared_at": "9999-12-30T00:00:00Z",
    "ends_at": "9999-12-31T00:00:00Z",
}


def _first_wrong(given: object) -> BadFacts:
    if not isinstance(given, Mapping):
        return BadFacts("facts", "must be an object")
    types = _types()
    wrong = {field: message for field in types if (message := _wrong_type(given, field))}
    mended = {field: given[field] for field in types if field in given and field not in wrong}
    mended |= {field: _HARMLESS[field] for field in wrong if field in _HARMLESS}
    unknown = [str(field) for field in given if field not in types]
    order = [*types, *unknown]
    faults = [BadFacts(field, message) for field, message in wrong.items()]
    faults += [BadFacts(field, "is not a fact") for field in unknown]
    try:
        _check(convert(mended, Written), mended)
    except BadFacts as fault:
        faults.append(fault)
    return min(faults, key=lambda fault: order.index(fault.field))


def _wrong_type(given: Mapping[str, Any], field: str) -> str | None:
    if field not in given:
        return "is missing" if field in _REQUIRED else None
    try:
        convert(given[field], _types()[field])
    except ValidationError as error:
        return str(error)
    return None
