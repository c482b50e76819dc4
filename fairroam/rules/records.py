"""The records among the facts: tenders, allowances, outages, trouble, as written and as meant."""

from __future__ import annotations

from collections.abc import Mapping
from math import lcm
from typing import Annotated, Any, Literal, TypeGuard, get_args

from msgspec import Meta, Struct, ValidationError, convert, field

from fairroam.rules.instants import NOT_AN_INSTANT, read_instant
from fairroam.rules.refusals import BadFacts
from fairroam.rules.shares import Share, read_decimal

Count = Annotated[int, Meta(ge=0)]  # money in minor units, bytes, seconds, messages
TenderKind = Literal["cash", "credit", "promo"]
AllowanceKind = Literal["data", "voice", "sms"]
TroubleCause = Literal["technical", "no_coverage", "device_incompatible"]
ALLOWANCE_KINDS: tuple[str, ...] = get_args(AllowanceKind)
TROUBLE_CAUSES: tuple[str, ...] = get_args(TroubleCause)


class Tender(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One means by which the line was paid; amounts in minor units."""

    id: str
    method: str
    kind: TenderKind
    captured: Count
    refunded: Count
    pending: Count
    disputed: bool

    @property
    def left(self) -> int:
        """What can still be paid back to it."""
        return self.captured - self.refunded - self.pending


class WrittenAllowance(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An allowance as the facts have it; weight: an integer or a decimal string above 0."""

    kind: AllowanceKind
    granted: Count | None
    used: Count
    weight: int | str = 1


class Allowance(Struct, frozen=True, gc=False):
    """Something the plan grants: bytes, seconds or messages; granted None means no limit.

    weight: above 0, brought to one scale with the weights beside it.
    """

    kind: str
    granted: int | None
    used: int
    weight: int


class WrittenOutage(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An outage as the facts have it; an end is needed, for nobody may guess one."""

    begins_at: str = field(name="from")
    until: str


class WrittenTrouble(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A reported fault as the facts have it."""

    opened_at: str
    steps_done: Count
    cause: TroubleCause
    restored_at: str | None = None


class Trouble(Struct, frozen=True, gc=False):
    """A reported fault, as known when the customer declared."""

    opened_at: int
    steps_done: int
    restored_at: int | None
    cause: str


def is_count(value: object) -> TypeGuard[int]:
    """A whole number, 0 or more; True is none, though Python takes it for 1."""
    return type(value) is int and value >= 0


def check_tenders(tenders: list[Tender], paid: int, refunded: int, pending: int) -> None:
    """Their columns add up to those of the line. Raises BadFacts."""
    if len({tender.id for tender in tenders}) != len(tenders):
        raise BadFacts("tenders", "two have the same id")
    for column, whole in (("captured", paid), ("refunded", refunded), ("pending", pending)):
        if sum([getattr(tender, column) for tender in tenders]) != whole:
            raise BadFacts("tenders", f"their {column} does not add up to the line's {whole}")
    if min([tender.left for tender in tenders], default=0) < 0:
        raise BadFacts("tenders", "more is paid back than was captured")


def read_allowances(given: Mapping[str, Any]) -> tuple[Allowance, ...]:
    """The allowances among facts that were not checked yet. Raises BadFacts."""
    try:
        return weigh(convert(given.get("allowances", []), list[WrittenAllowance]))
    except ValidationError as error:
        raise BadFacts("allowances", str(error)) from error


def weigh(allowances: list[WrittenAllowance]) -> tuple[Allowance, ...]:
    """The allowances with their weights as integers on one scale. Raises BadFacts."""
    weights = [_weight(allowance.weight) for allowance in allowances]
    scale = lcm(*[weight.whole for weight in weights])
    return tuple(
        [
            Allowance(one.kind, one.granted, one.used, weight.part * (scale // weight.whole))
            for one, weight in zip(allowances, weights, strict=True)
        ]
    )


def _weight(written: int | str) -> Share:
    weight = read_decimal(str(written))
    if weight is None or not weight.part:
        raise BadFacts("allowances", "a weight must be an integer or decimal string above 0")
    return weight


def read_outages(outages: list[WrittenOutage], declared_at: int) -> tuple[tuple[int, int], ...]:
    """The outages in order of their beginning, without what lies after `declared_at`.

    Raises BadFacts.
    """
    spans = []
    for outage in outages:
        begins_at, until = _instant("outages", outage.begins_at), _instant("outages", outage.until)
        if until < begins_at:
            raise BadFacts("outages", "one ends before it begins")
        if begins_at < declared_at:
            spans.append((begins_at, min(until, declared_at)))
    return tuple(sorted(spans))


def read_trouble(trouble: WrittenTrouble, declared_at: int) -> Trouble | None:
    """The trouble if it was reported by `declared_at`. Raises BadFacts."""
    opened_at = _instant("trouble", trouble.opened_at)
    restored_at = None
    if trouble.restored_at is not None:
        restored_at = _instant("trouble", trouble.restored_at)
    if opened_at > declared_at:
        return None
    if restored_at is not None and restored_at > declared_at:
        restored_at = None
    return Trouble(opened_at, trouble.steps_done, restored_at, trouble.cause)


def _instant(fact: str, text: str) -> int:
    instant = read_instant(text)
    if instant is None:
        raise BadFacts(fact, f"an instant {NOT_AN_INSTANT}")
    return instant
