"""The decision: every ground of every pack is judged, the best for the customer wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct, to_builtins

from fairroam.rules import chain
from fairroam.rules.calendars import holiday_version
from fairroam.rules.facts import Facts, read_facts
from fairroam.rules.grounds import Case, Ground, Verdict
from fairroam.rules.packs import Pack, Packs
from fairroam.rules.payment import Part, payment_of
from fairroam.rules.reasons import GoodwillNotNeeded, Reason
from fairroam.rules.reasons import Tried as TriedLink
from fairroam.rules.refusals import AskedTooMuch, BadFacts
from fairroam.rules.windows import Ending
from fairroam.rules.zones import local_date, zone_version


class Versions(Struct, frozen=True):
    """What the decision was made with; the same versions give it again."""

    packs: tuple[str, ...]
    tzdata: str
    holidays: str


class Decision(Struct, frozen=True, kw_only=True):
    """What one order line gets back, and why. Amounts are minor units of the line's currency.

    entitled: by the winning ground, before what was paid back already. due: still owed now, or
    what was asked of it. refund, held: due, sent now and kept back while a tender is disputed.
    share: used, or lost in an outage, as `a/b`. retain: paid less entitled. deadline: exclusive.
    reasons: the chain, whose codes docs/rules.md explains.
    """

    refund: int
    held: int
    due: int
    entitled: int
    ground: str | None
    pack: str | None
    share: str | None
    retain: int | None
    deadline: str | None
    tax: int
    pay_by: str | None
    offer_cap: int
    split: tuple[Part, ...]
    reasons: tuple[Reason, ...]
    versions: Versions

    def as_json(self) -> dict[str, Any]:
        """The documented object, fresh and the caller's own."""
        return {
            "refund": self.refund,
            "held": self.held,
            "due": self.due,
            "entitled": self.entitled,
            "ground": self.ground,
            "pack": self.pack,
            "share": self.share,
            "retain": self.retain,
            "deadline": self.deadline,
            "tax": self.tax,
            "pay_by": self.pay_by,
            "offer_cap": self.offer_cap,
            "split": [
                {"tender": part.tender, "amount": part.amount, "held": part.held}
                for part in self.split
            ],
            "reasons": [to_builtins(reason) for reason in self.reasons],
            "versions": {
                "packs": list(self.versions.packs),
                "tzdata": self.versions.tzdata,
                "holidays": self.versions.holidays,
            },
        }


class Tried(Struct, frozen=True):
    """One ground judged for one line. entitled: after its fee; 0 when it is kept out."""

    pack: Pack
    ground: Ground
    case: Case
    verdict: Verdict
    ending: Ending
    entitled: int
    fee: int
    links: list[TriedLink]


def decide(facts: Mapping[str, Any], packs: Packs) -> Decision:
    """What comes back for one order line under `packs`, by docs/rules.md.

    The same facts and packs give the same decision, whenever asked.
    Raises BadFacts and AskedTooMuch.
    """
    known = read_facts(facts)
    tried: list[Tried] = []
    case = None
    for pack in packs:
        case = pack.case(known, case)
        tried += [_try(ground, pack, case) for ground in pack.grounds]
    best = _best(tried)
    versions = Versions(tuple([pack.name for pack in packs]), zone_version(), holiday_version())
    return _refund(known, tried, best, versions) if best else _no_refund(known, tried, versions)


def _try(ground: Ground, pack: Pack, case: Case) -> Tried:
    verdict, ending = ground.judge(case)
    if verdict.entitled is None:
        links = chain.kept_out(pack, ground, verdict, ending)
        return Tried(pack, ground, case, verdict, ending, 0, 0, links)
    fee = min(ground.fee, verdict.entitled) if ground.fee else 0
    entitled = verdict.entitled - fee
    links = chain.let_in(pack, ground, verdict, ending, entitled, fee)
    return Tried(pack, ground, case, verdict, ending, entitled, fee, links)


def _best(tried: list[Tried]) -> Tried | None:
    """The highest entitlement above 0; of equal ones a statutory pack's, then the earliest."""
    best = max(tried, key=lambda one: (one.entitled, one.pack.is_statutory), default=None)
    return best if best and best.entitled else None


def _refund(facts: Facts, tried: list[Tried], best: Tried, versions: Versions) -> Decision:
    payment = payment_of(best.entitled, facts)
    pay_by = _pay_by(facts, best.pack)
    deadline = best.ending.text
    chain.choose(best.links)
    links = [
        chain.opening(facts),
        *_all_links(tried),
        *chain.use(best.case, best.pack, best.ground, best.verdict),
        *chain.settlement(best.entitled, best.fee, payment, facts),
        *chain.dates(pay_by, deadline),
    ]
    return Decision(
        refund=payment.refund,
        held=payment.held,
        due=payment.due,
        entitled=best.entitled,
        ground=best.ground.name,
        pack=best.pack.name,
        share=best.verdict.share,
        retain=facts.paid - best.entitled,
        deadline=deadline,
        tax=payment.tax,
        pay_by=pay_by,
        offer_cap=0,
        split=tuple(Part(tender.id, part, tender.disputed) for tender, part in payment.parts),
        reasons=tuple(links),
        versions=versions,
    )


def _no_refund(facts: Facts, tried: list[Tried], versions: Versions) -> Decision:
    if facts.asked is not None:
        raise AskedTooMuch(0)
    deadline = _latest_past(facts, tried)
    offers = [chain.offer(one.links) for one in tried if one.verdict.reason is GoodwillNotNeeded]
    links = [
        chain.opening(facts),
        *_all_links(tried),
        *chain.nothing(facts, deadline),
    ]
    return Decision(
        refund=0,
        held=0,
        due=0,
        entitled=0,
        ground=None,
        pack=None,
        share=None,
        retain=None,
        deadline=deadline,
        tax=0,
        pay_by=None,
        offer_cap=max(offers, default=0),
        split=(),
        reasons=tuple(links),
        versions=versions,
    )


def _latest_past(facts: Facts, tried: list[Tried]) -> str | None:
    """The latest end of a window that was over when the customer declared."""
    past = [
        one.ending
        for one in tried
        if one.ending.ends_at is not None and one.ending.ends_at <= facts.declared_at
    ]
    return max(past, key=lambda ending: ending.ends_at or 0).text if past else None


def _pay_by(facts: Facts, pack: Pack) -> str:
    """Never rolled to a working day: our own duty keeps the earlier day."""
    received_at = facts.instants["received_at"]
    assert received_at is not None
    try:
        received_on = local_date(received_at, facts.zone)
        return (received_on + timedelta(days=pack.pay_within_days)).isoformat()
    except (OverflowError, ValueError) as error:
        raise BadFacts("received_at", "leaves the calendar (years 1 to 9999)") from error


def _all_links(tried: list[Tried]) -> Iterator[Reason]:
    return (link for one in tried for link in one.links)
