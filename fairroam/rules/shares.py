"""Shares: exact rationals from 0 to 1, and how much of a plan is used."""

from __future__ import annotations

import re
from functools import lru_cache
from math import gcd
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from fairroam.rules.instants import SECONDS_OF_DAY

if TYPE_CHECKING:
    from fairroam.rules.records import Allowance

# A thousand digits are more than anybody means, and less than `int` refuses to read.
_RATIO = re.compile(r"([0-9]{1,1000})/([0-9]{1,1000})")
_DECIMAL = re.compile(r"([0-9]{1,1000})(?:\.([0-9]{1,1000}))?")


class Share(Struct, frozen=True, gc=False):
    """`part` of `whole`, both integers, `part` 0 or more, `whole` above 0; not always reduced.

    Plain integers, because a decision multiplies and compares a dozen of them: the general
    `fractions.Fraction` reduces after every step.
    """

    part: int
    whole: int

    def __str__(self) -> str:
        divisor = gcd(self.part, self.whole)
        if divisor == self.whole:
            return str(self.part // divisor)
        return f"{self.part // divisor}/{self.whole // divisor}"

    def is_at_most(self, other: Share) -> bool:
        return self.part * other.whole <= other.part * self.whole

    def floor_of(self, amount: int) -> int:
        return amount * self.part // self.whole

    def ceil_of(self, amount: int) -> int:
        return -(-amount * self.part // self.whole)

    def half_up_of(self, amount: int) -> int:
        return (2 * amount * self.part + self.whole) // (2 * self.whole)


NOTHING = Share(0, 1)
ALL = Share(1, 1)


@lru_cache(maxsize=256)
def read_decimal(text: str) -> Share | None:
    """An unsigned decimal such as `0.19`; None when it is written otherwise."""
    match = _DECIMAL.fullmatch(text)
    if not match:
        return None
    whole, decimals = match[1], match[2] or ""
    return Share(int(whole + decimals), 10 ** len(decimals))


def read_share(text: str) -> Share | None:
    """A share from 0 to 1, written `a/b` or as a decimal; None when it is anything else."""
    match = _RATIO.fullmatch(text)
    share = Share(int(match[1]), int(match[2])) if match else read_decimal(text)
    return share if share and share.part <= share.whole and share.whole else None


class Measure(Struct, frozen=True, gc=False):
    """How a pack measures use: `by` weights, largest or time; time in `time_unit` second or day."""

    by: str
    time_unit: str


class Run(Protocol):
    """What a share is computed from: instants in seconds since the epoch, and the allowances."""

    @property
    def declared_at(self) -> int: ...
    @property
    def starts_at(self) -> int | None: ...
    @property
    def ends_at(self) -> int | None: ...
    @property
    def allowances(self) -> tuple[Allowance, ...]: ...


def time_share(facts: Run, unit: str) -> Share:
    """How much of the validity has passed at `declared_at`; a day counts once it has begun."""
    starts_at, ends_at = facts.starts_at, facts.ends_at
    if starts_at is None or ends_at is None or facts.declared_at < starts_at:
        return NOTHING
    if facts.declared_at >= ends_at:
        return ALL
    elapsed, length = facts.declared_at - starts_at, ends_at - starts_at
    if unit == "second":
        return Share(elapsed, length)
    return Share(elapsed // SECONDS_OF_DAY + 1, plan_days(length))


def plan_days(length: int) -> int:
    """The 24-hour blocks that a validity of `length` seconds touches."""
    return -(-length // SECONDS_OF_DAY)


def allowance_share(allowance: Allowance, passed: Share) -> Share:
    """How much of one allowance is used; without a limit, how much of the time has `passed`."""
    granted, used = allowance.granted, allowance.used
    if granted is None:
        return passed
    if used >= granted:
        return ALL if used else NOTHING
    return Share(used, granted)


def used_share(facts: Run, measure: Measure) -> Share:
    """How much of the plan is used, as `measure` counts it."""
    passed = time_share(facts, measure.time_unit)
    if measure.by == "time" or not facts.allowances:
        return passed
    if measure.by == "largest":
        return _largest([allowance_share(allowance, passed) for allowance in facts.allowances])
    return _weighted(facts.allowances, passed)


def _largest(shares: list[Share]) -> Share:
    largest = shares[0]
    for share in shares[1:]:
        if largest.is_at_most(share):
            largest = share
    return largest


def _weighted(allowances: tuple[Allowance, ...], passed: Share) -> Share:
    used, whole, weights = 0, 1, 0
    for allowance in allowances:
        share = allowance_share(allowance, passed)
        used = used * share.whole + allowance.weight * share.part * whole
        whole *= share.whole
        weights += allowance.weight
    return Share(used, whole * weights)


def is_fully_performed(facts: Run) -> bool:
    """Every allowance has a limit and is used up (and there is one), or the validity is over."""
    if facts.ends_at is not None and facts.declared_at >= facts.ends_at:
        return True
    return bool(facts.allowances) and all(
        allowance_share(allowance, NOTHING) == ALL for allowance in facts.allowances
    )
