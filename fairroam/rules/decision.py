"""The decision: every ground of every pack is judged, the best for the customer wins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct, to_builtins

from fairroam.rules import chain
from fairroam.rules.calendars import holiday_version, known_countries
from fairroam.rules.facts import Facts, read_facts
from fairroam.rules.grounds import Case, Ground, Verdict
from fairroam.rules.money import known_currencies
from fairroam.rules.packs import Pack, Packs, compile_packs, pack_names
from fairroam.rules.payment import Part, payment_of
from fairroam.rules.reasons import Reason
from fairroam.rules.refusals import AskedTooMuch, BadFacts
from fairroam.rules.windows import Ending
from fairroam.rules.zones import local_date, zone_names, zone_version


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


class Winner(Struct, frozen=True):
    """The ground that entitles to most. entitled: after its fee. links: its place in the chain."""

    pack: Pack
    ground: Ground
    case: Case
    verdict: Verdict
    ending: Ending
    entitled: int
    fee: int
    links: slice

    def loses_to(self, entitled: int, pack: Pack) -> bool:
        """More wins, then a statutory pack; in a tie of both the earlier ground stays."""
        if entitled != self.entitled:
            return entitled > self.entitled
        return pack.is_statutory and not self.pack.is_statutory


def load_tables() -> None:
    """Read currencies, zones, countries and our own packs now, not with the first decision."""
    known_currencies(), zone_names(), known_countries()
    zone_version(), holiday_version()
    compile_packs(pack_names())


def decide(facts: Mapping[str, Any], packs: Packs) -> Decision:
    """What comes back for one order line under `packs`, by docs/rules.md.

    The same facts and packs give the same decision, whenever asked.
    Raises BadFacts and AskedTooMuch.
    """
    known = read_facts(facts)
    links: list[Reason] = [chain.opening(known)]
    winner: Winner | None = None
    case: Case | None = None
    for pack in packs:
        case = pack.case(known, case)
        for ground in pack.grounds:
            winner = _try(ground, pack, case, winner, links)
    versions = Versions(tuple([pack.name for pack in packs]), zone_version(), holiday_version())
    if winner:
        return _refund(known, winner, links, versions)
    return _no_refund(known, links, versions)


def _try(
    ground: Ground, pack: Pack, case: Case, winner: Winner | None, links: list[Reason]
) -> Winner | None:
    """Judge a ground, add it to the chain, and return whichever is ahead now."""
    verdict, ending = ground.judge(case)
    if verdict.entitled is None:
        links += chain.kept_out(pack, ground, verdict, ending)
        return winner
    fee = min(ground.fee, verdict.entitled) if ground.fee else 0
    entitled = verdict.entitled - fee
    start = len(links)
    links += chain.let_in(pack, ground, verdict, ending, entitled, fee)
    if entitled and (winner is None or winner.loses_to(entitled, pack)):
        at = slice(start, len(links))
        return Winner(pack, ground, case, verdict, ending, entitled, fee, at)
    return winner


def _refund(facts: Facts, best: Winner, links: list[Reason], versions: Versions) -> Decision:
    payment = payment_of(best.entitled, facts)
    pay_by = _pay_by(facts, best.pack)
    deadline = best.ending.text
    chain.choose(links[best.links])
    links += chain.use(best.case, best.pack, best.ground, best.verdict)
    links += chain.settlement(best.entitled, best.fee, payment, facts)
    links += chain.dates(pay_by, deadline)
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


def _no_refund(facts: Facts, links: list[Reason], versions: Versions) -> Decision:
    if facts.asked is not None:
        raise AskedTooMuch(0)
    deadline = chain.latest_end(links)
    offer_cap = chain.offer(links)
    links += chain.nothing(facts, deadline)
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
        offer_cap=offer_cap,
        split=(),
        reasons=tuple(links),
        versions=versions,
    )


def _pay_by(facts: Facts, pack: Pack) -> str:
    """Never rolled to a working day: our own duty keeps the earlier day."""
    received_at = facts.instants["received_at"]
    assert received_at is not None
    try:
        received_on = local_date(received_at, facts.zone)
        return (received_on + timedelta(days=pack.pay_within_days)).isoformat()
    except (OverflowError, ValueError) as error:
        raise BadFacts("received_at", "leaves the calendar (years 1 to 9999)") from error
