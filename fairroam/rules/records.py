"""The lists and records among the facts: tenders, allowances, outages, trouble."""

from __future__ import annotations

from collections.abc import Mapping
from math import lcm
from typing import Any, TypeGuard

from msgspec import Struct

from fairroam.rules.instants import NOT_AN_INSTANT, read_instant
from fairroam.rules.refusals import BadFacts
from fairroam.rules.shares import Share, read_decimal

TENDER_KINDS = ("cash", "credit", "promo")
ALLOWANCE_KINDS = ("data", "voice", "sms")
TROUBLE_CAUSES = ("technical", "no_coverage", "device_incompatible")

_TENDER_FIELDS = frozenset(("id", "method", "kind", "captured", "refunded", "pending", "disputed"))
_ALLOWANCE_FIELDS = frozenset(("kind", "granted", "used"))
_OUTAGE_FIELDS = frozenset(("from", "until"))
_TROUBLE_FIELDS = frozenset(("opened_at", "steps_done", "cause"))
_ALLOWANCE_FIELDS_ALL = _ALLOWANCE_FIELDS | {"weight"}
_TROUBLE_FIELDS_ALL = _TROUBLE_FIELDS | {"restored_at"}


class Tender(Struct, frozen=True):
    """One means by which the line was paid. left: captured, less refunded and pending."""

    id: str
    method: str
    kind: str
    captured: int
    refunded: int
    pending: int
    is_disputed: bool

    @property
    def left(self) -> int:
        return self.captured - self.refunded - self.pending


class Allowance(Struct, frozen=True):
    """Something the plan grants: bytes, seconds or messages; granted None means no limit.

    weight: above 0, brought to one scale with the weights beside it.
    """

    kind: str
    granted: int | None
    used: int
    weight: int


class Trouble(Struct, frozen=True):
    """A reported fault, as known when the customer declared."""

    opened_at: int
    steps_done: int
    restored_at: int | None
    cause: str


def is_count(value: object) -> TypeGuard[int]:
    """A whole number, 0 or more; True is none, though Python takes it for 1."""
    return type(value) is int and value >= 0


def _records(given: Mapping[str, Any], field: str) -> list[Any]:
    records = given.get(field, [])
    if not isinstance(records, list):
        raise BadFacts(field, "must be a list")
    return records


def _check_fields(
    field: str, record: object, required: frozenset[str], known: frozenset[str]
) -> None:
    if not isinstance(record, dict):
        raise BadFacts(field, "must hold objects")
    if not (record.keys() >= required and known.issuperset(record)):
        lacking = sorted(required - record.keys()) or sorted(map(str, record.keys() - known))
        raise BadFacts(field, f"lacks or does not know {lacking[0]!r}")


def read_tenders(
    given: Mapping[str, Any], paid: int, refunded: int, pending: int
) -> tuple[Tender, ...]:
    if "tenders" not in given:
        return (Tender("t1", "card", "cash", paid, refunded, pending, False),)
    tenders = tuple(_tender(record) for record in _records(given, "tenders"))
    if len({tender.id for tender in tenders}) != len(tenders):
        raise BadFacts("tenders", "two have the same id")
    for column, whole in (("captured", paid), ("refunded", refunded), ("pending", pending)):
        if sum(getattr(tender, column) for tender in tenders) != whole:
            raise BadFacts("tenders", f"their {column} does not add up to the line's {whole}")
    return tenders


def _tender(record: Any) -> Tender:
    _check_fields("tenders", record, _TENDER_FIELDS, _TENDER_FIELDS)
    tender = Tender(
        record["id"],
        record["method"],
        record["kind"],
        record["captured"],
        record["refunded"],
        record["pending"],
        record["disputed"],
    )
    if type(tender.id) is not str or type(tender.method) is not str:
        raise BadFacts("tenders", "id and method must be texts")
    if tender.kind not in TENDER_KINDS:
        raise BadFacts("tenders", "of an unknown kind")
    if not all(map(is_count, (tender.captured, tender.refunded, tender.pending))):
        raise BadFacts("tenders", "amounts must be whole minor units, 0 or more")
    if tender.left < 0:
        raise BadFacts("tenders", "more paid back than captured")
    if type(tender.is_disputed) is not bool:
        raise BadFacts("tenders", "disputed must be true or false")
    return tender


def read_allowances(given: Mapping[str, Any]) -> tuple[Allowance, ...]:
    records = _records(given, "allowances")
    weights = [_weight(record) for record in records]
    scale = lcm(*[weight.whole for weight in weights])
    return tuple(
        [
            Allowance(
                record["kind"],
                record["granted"],
                record["used"],
                weight.part * (scale // weight.whole),
            )
            for record, weight in zip(records, weights, strict=True)
        ]
    )


def _weight(record: Any) -> Share:
    """Check one allowance and read its weight."""
    _check_fields("allowances", record, _ALLOWANCE_FIELDS, _ALLOWANCE_FIELDS_ALL)
    if record["kind"] not in ALLOWANCE_KINDS:
        raise BadFacts("allowances", "of an unknown kind")
    granted = record["granted"]
    if not (is_count(record["used"]) and (granted is None or is_count(granted))):
        raise BadFacts("allowances", "granted and used must be whole numbers, 0 or more")
    weight = record.get("weight", 1)
    read = read_decimal(str(weight)) if type(weight) in (int, str) else None
    if read is None or not read.part:
        raise BadFacts("allowances", "a weight must be an integer or decimal string above 0")
    return read


def read_outages(given: Mapping[str, Any], declared_at: int) -> tuple[tuple[int, int], ...]:
    """The outages in order of their beginning, without what lies after `declared_at`."""
    outages = []
    for record in _records(given, "outages"):
        _check_fields("outages", record, _OUTAGE_FIELDS, _OUTAGE_FIELDS)
        begins_at, until = (
            _inner_instant("outages", record, "from"),
            _inner_instant("outages", record, "until"),
        )
        if until < begins_at:
            raise BadFacts("outages", "one ends before it begins")
        if begins_at < declared_at:
            outages.append((begins_at, min(until, declared_at)))
    return tuple(sorted(outages))


def _inner_instant(field: str, record: Mapping[str, Any], name: str) -> int:
    text = record[name]
    instant = read_instant(text) if type(text) is str else None
    if instant is None:
        raise BadFacts(field, f"{name} {NOT_AN_INSTANT}")
    return instant


def read_trouble(given: Mapping[str, Any], declared_at: int) -> Trouble | None:
    record = given.get("trouble")
    if record is None:
        return None
    _check_fields("trouble", record, _TROUBLE_FIELDS, _TROUBLE_FIELDS_ALL)
    opened_at = _inner_instant("trouble", record, "opened_at")
    if not is_count(record["steps_done"]):
        raise BadFacts("trouble", "steps_done must be a whole number, 0 or more")
    restored_at = None
    if record.get("restored_at") is not None:
        restored_at = _inner_instant("trouble", record, "restored_at")
    if record["cause"] not in TROUBLE_CAUSES:
        raise BadFacts("trouble", "of an unknown cause")
    if opened_at > declared_at:
        return None
    if restored_at is not None and restored_at > declared_at:
        restored_at = None
    return Trouble(opened_at, record["steps_done"], restored_at, record["cause"])
