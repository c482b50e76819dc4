"""Every link that may stand in a chain of reasons; docs/rules.md says what they mean.

A link is written with its `code`, the name of its class in capitals, and its fields. Links
hold numbers, never texts; amounts are minor units, shares `a/b`, instants RFC 3339.
"""

from __future__ import annotations

import re

from msgspec import Struct


def _code(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


class Reason(Struct, frozen=True, gc=False, tag_field="code", tag=_code):
    """A link of the chain. A field `amount` counts: all that apply add up to what is sent now."""


# --- what let a ground in or kept it out ---------------------------------------------------


class Tried(Reason, frozen=True):
    """A ground of a pack. outcome: kept_out, not_better, chosen or offer."""

    pack: str
    ground: str
    outcome: str


class KeptOut(Tried, frozen=True):
    """window_end: exclusive; None when there is no window or it has not started."""

    window_end: str | None


class LetIn(KeptOut, frozen=True):
    """share: used, or lost in an outage. entitled: after the fee."""

    share: str
    fee: int
    entitled: int


class InCoolingOff(LetIn, frozen=True):
    pass


class NoConsentNoDeduction(LetIn, frozen=True):
    missing: str


class Unactivated(LetIn, frozen=True):
    activation: str


class ActivatedZeroUse(LetIn, frozen=True):
    activation: str


class DeMinimis(LetIn, frozen=True):
    used_share: str
    de_minimis: str


class Unconsumed(LetIn, frozen=True):
    pass


class OutageOverlap(LetIn, frozen=True):
    lost_seconds: int
    min_seconds: int


class OutageFull(OutageOverlap, frozen=True):
    full_from: str


class UnusableHardlyUsed(LetIn, frozen=True):
    cause: str
    steps_done: int
    waited_seconds: int
    full_if_used_at_most: str


class UnusablePartlyUsed(UnusableHardlyUsed, frozen=True):
    pass


class DeviceIncompatible(LetIn, frozen=True):
    pass


class WindowOver(KeptOut, frozen=True):
    pass


class CoolingOffExpired(WindowOver, frozen=True):
    pass


class LostByPerformance(KeptOut, frozen=True):
    used_share: str


class Activated(KeptOut, frozen=True):
    activation: str
    activated_at: str


class NotActivated(KeptOut, frozen=True):
    activation: str


class UsedMore(KeptOut, frozen=True):
    used_share: str
    de_minimis: str


class FullyPerformed(KeptOut, frozen=True):
    used_share: str


class NoOutage(KeptOut, frozen=True):
    pass


class OutageTooShort(KeptOut, frozen=True):
    lost_seconds: int
    min_seconds: int


class NoTrouble(KeptOut, frozen=True):
    pass


class TroubleOfDevice(KeptOut, frozen=True):
    pass


class Restored(KeptOut, frozen=True):
    restored_at: str


class StepsOpen(KeptOut, frozen=True):
    steps_done: int
    steps: int


class CureRunning(KeptOut, frozen=True):
    waited_seconds: int
    cure_seconds: int


class NotIncompatible(KeptOut, frozen=True):
    pass


class UsedAlready(KeptOut, frozen=True):
    first_usage_at: str


class Goodwill(KeptOut, frozen=True):
    offer_cap: int


class GoodwillNotNeeded(Goodwill, frozen=True):
    pass


# --- what moved the end of the window above ------------------------------------------------


class NoticeMissing(KeptOut, frozen=True):
    pass


class NoticeLate(KeptOut, frozen=True):
    pass


class RolledToWorkingDay(Tried, frozen=True):
    last_day: str
    rolled_day: str


# --- from what was paid to what is sent now ------------------------------------------------


class Counted(Reason, frozen=True):
    """A step of the calculation."""

    amount: int


class Paid(Counted, frozen=True):
    """Also what a reader needs to write the numbers of the chain in words."""

    currency: str
    zone: str
    declared_at: str


class ServedShare(Counted, frozen=True):
    share: str


class UsedLargest(ServedShare, frozen=True):
    pass


class UsedTime(ServedShare, frozen=True):
    pass


class ListPriceBasis(Reason, frozen=True):
    basis: int
    paid: int


class UsedAllowance(Reason, frozen=True):
    """amount: what is kept for it; None when only the largest share counts."""

    kind: str
    used: int
    granted: int | None
    share: str
    weight: str
    amount: int | None


class UnlimitedAllowance(UsedAllowance, frozen=True):
    pass


class UsedInBundle(UsedAllowance, frozen=True):
    pass


class UnlimitedInBundle(UsedAllowance, frozen=True):
    pass


class UsedShare(Reason, frozen=True):
    share: str
    retain: int


class Fee(Counted, frozen=True):
    pass


class Entitled(Reason, frozen=True):
    entitled: int
    retain: int


class AlreadyRefunded(Counted, frozen=True):
    pass


class AlreadyPending(Counted, frozen=True):
    pass


class PaidBackMore(Counted, frozen=True):
    pass


class Asked(Reason, frozen=True):
    asked: int
    amount: int | None


class Due(Reason, frozen=True):
    due: int


class DisputeOpen(Counted, frozen=True):
    tender: str
    method: str


class Refund(Reason, frozen=True):
    total: int
    held: int


class BackToMethod(Reason, frozen=True):
    tender: str
    method: str
    part: int


class BackToCredit(BackToMethod, frozen=True):
    pass


class PromoNotCash(BackToMethod, frozen=True):
    pass


class TaxSplit(Reason, frozen=True):
    tax: int
    tax_rate: str


class PayBy(Reason, frozen=True):
    pay_by: str


class Deadline(Reason, frozen=True):
    deadline: str


class NoGround(Counted, frozen=True):
    pass


class NoRefund(Reason, frozen=True):
    total: int


class DeadlinePassed(Deadline, frozen=True):
    pass


def _concrete(kind: type[Reason]) -> dict[str, tuple[str, ...]]:
    """The codes below `kind` with their fields; what only groups others has no code."""
    groups = (Reason, Tried, KeptOut, LetIn, Counted)
    found: dict[str, tuple[str, ...]] = {}
    for below in kind.__subclasses__():
        if below not in groups:
            found[str(below.__struct_config__.tag)] = below.__struct_fields__
        found |= _concrete(below)
    return found


REASONS: dict[str, tuple[str, ...]] = _concrete(Reason)
LET_IN: dict[str, tuple[str, ...]] = _concrete(LetIn)
