"""Grounds: each looks at one order line and says whether it applies, what it pays, and why.

A ground is written in a pack as plain fields; the function of its name turns these into its
rule once, so that a decision only calls it. A verdict's reason and numbers become a link of the
chain. Entitlements are minor units before the ground's fee.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from fairroam.rules import reasons
from fairroam.rules.facts import Facts
from fairroam.rules.outages import lost_share, lost_spans, seconds_of
from fairroam.rules.reasons import Tried
from fairroam.rules.shares import Measure, Share, is_fully_performed
from fairroam.rules.windows import OPEN, Ending, Window


class Case(Struct, frozen=True):
    """One order line as one pack sees it. retained: what use costs by that pack, at most paid."""

    facts: Facts
    measure: Measure
    used: Share
    used_text: str
    retained: int


class Verdict(Struct, frozen=True):
    """entitled: None when the ground is kept out. share: used, or lost in an outage, as text."""

    reason: Callable[..., Tried]
    entitled: int | None
    numbers: tuple[Any, ...]
    share: str = ""


Rule = Callable[[Case], Verdict]


class Ground(Struct, frozen=True, eq=False):
    """A named rule with its window (None: always in time) and its fee in minor units."""

    name: str
    rule: Rule
    window: Window | None = None
    fee: int = 0

    def judge(self, case: Case) -> tuple[Verdict, Ending]:
        """The window speaks first: after its end nothing else matters. Raises BadFacts."""
        if self.window is None:
            return self.rule(case), OPEN
        ending = self.window.ending(case.facts)
        if ending.ends_at is not None and case.facts.declared_at >= ending.ends_at:
            return COOLING_OFF_EXPIRED if self.name == "withdrawal" else WINDOW_OVER, ending
        return self.rule(case), ending


COOLING_OFF_EXPIRED = Verdict(reasons.CoolingOffExpired, None, ())
WINDOW_OVER = Verdict(reasons.WindowOver, None, ())
NO_OUTAGE = Verdict(reasons.NoOutage, None, ())
NO_TROUBLE = Verdict(reasons.NoTrouble, None, ())
TROUBLE_OF_DEVICE = Verdict(reasons.TroubleOfDevice, None, ())
NOT_INCOMPATIBLE = Verdict(reasons.NotIncompatible, None, ())


def withdrawal(*, consents: bool, lost_when_performed: bool) -> Rule:
    """Cooling-off: no reason is needed. What was used is kept only after all consents.

    consents: the law asks for notice and express request before anything may be kept.
    Source: Directive 2011/83/EU, articles 9 to 16.
    """

    def judge(case: Case) -> Verdict:
        facts = case.facts
        if lost_when_performed and _agreed_to_lose(facts) and is_fully_performed(facts):
            return Verdict(reasons.LostByPerformance, None, (case.used_text,))
        if consents:
            for consent in ("notice_received_at", "express_request_at"):
                if facts.instants[consent] is None:
                    return Verdict(
                        reasons.NoConsentNoDeduction, facts.paid, (consent,), case.used_text
                    )
        return Verdict(reasons.InCoolingOff, facts.paid - case.retained, (), case.used_text)

    return judge


def _agreed_to_lose(facts: Facts) -> bool:
    return (
        facts.instants["express_request_at"] is not None
        and facts.instants["loss_acknowledged_at"] is not None
    )


def unactivated(*, activation: str) -> Rule:
    """A plan that was never activated comes back whole."""

    def judge(case: Case) -> Verdict:
        if case.facts.instants[activation] is None:
            return Verdict(reasons.Unactivated, case.facts.paid, (activation,), case.used_text)
        activated_at = case.facts.given[activation]
        return Verdict(reasons.Activated, None, (activation, activated_at))

    return judge


def unused(*, activation: str, de_minimis: Share) -> Rule:
    """A plan that was activated but hardly used comes back whole."""
    limit = str(de_minimis)

    def judge(case: Case) -> Verdict:
        if case.facts.instants[activation] is None:
            return Verdict(reasons.NotActivated, None, (activation,))
        if not case.used.part:
            return Verdict(reasons.ActivatedZeroUse, case.facts.paid, (activation,), case.used_text)
        numbers = (case.used_text, limit)
        if case.used.is_at_most(de_minimis):
            return Verdict(reasons.DeMinimis, case.facts.paid, numbers, case.used_text)
        return Verdict(reasons.UsedMore, None, numbers)

    return judge


def unconsumed() -> Rule:
    """What is not used comes back."""

    def judge(case: Case) -> Verdict:
        if is_fully_performed(case.facts):
            return Verdict(reasons.FullyPerformed, None, (case.used_text,))
        return Verdict(reasons.Unconsumed, case.facts.paid - case.retained, (), case.used_text)

    return judge


def outage(*, min_seconds: int, unit: str, day_seconds: int, full_from: Share | None) -> Rule:
    """The time without network comes back; all of it from the share `full_from` on."""

    def judge(case: Case) -> Verdict:
        facts = case.facts
        spans = lost_spans(facts)
        if not spans:
            return NO_OUTAGE
        lost_seconds = seconds_of(spans)
        numbers = (lost_seconds, min_seconds)
        if lost_seconds < min_seconds:
            return Verdict(reasons.OutageTooShort, None, numbers)
        lost = lost_share(facts, spans, unit, day_seconds)
        if full_from and full_from.is_at_most(lost):
            return Verdict(reasons.OutageFull, facts.paid, (*numbers, str(full_from)), str(lost))
        return Verdict(reasons.OutageOverlap, lost.ceil_of(facts.paid), numbers, str(lost))

    return judge


def unusable(*, steps: int, cure_seconds: int, full_if_used_at_most: Share) -> Rule:
    """A service that stayed broken after all steps comes back: whole when hardly used."""
    limit = str(full_if_used_at_most)

    def judge(case: Case) -> Verdict:
        facts, trouble = case.facts, case.facts.trouble
        if trouble is None:
            return NO_TROUBLE
        if trouble.cause == "device_incompatible":
            return TROUBLE_OF_DEVICE
        if trouble.restored_at is not None:
            return Verdict(reasons.Restored, None, (facts.given["trouble"]["restored_at"],))
        if trouble.steps_done < steps:
            return Verdict(reasons.StepsOpen, None, (trouble.steps_done, steps))
        waited_seconds = facts.declared_at - trouble.opened_at
        if waited_seconds < cure_seconds:
            return Verdict(
                reasons.CureRunning,
                None,
                (waited_seconds, cure_seconds),
            )
        numbers = (trouble.cause, trouble.steps_done, waited_seconds, limit)
        if case.used.is_at_most(full_if_used_at_most):
            return Verdict(reasons.UnusableHardlyUsed, facts.paid, numbers, case.used_text)
        return Verdict(
            reasons.UnusablePartlyUsed, facts.paid - case.retained, numbers, case.used_text
        )

    return judge


def incompatible() -> Rule:
    """A plan that the customer's device cannot use comes back whole while it is untouched."""

    def judge(case: Case) -> Verdict:
        facts = case.facts
        if facts.trouble is None or facts.trouble.cause != "device_incompatible":
            return NOT_INCOMPATIBLE
        if facts.instants["first_usage_at"] is not None:
            return Verdict(reasons.UsedAlready, None, (facts.given["first_usage_at"],))
        return Verdict(reasons.DeviceIncompatible, facts.paid, (), case.used_text)

    return judge


def goodwill(*, cap_share: Share) -> Rule:
    """Pays nothing by itself: says up to how much a person may offer."""

    def judge(case: Case) -> Verdict:
        offer_cap = cap_share.floor_of(case.facts.paid)
        return Verdict(reasons.GoodwillNotNeeded, None, (offer_cap,))

    return judge
