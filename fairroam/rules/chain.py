"""The chain of reasons: every ground tried, then the way from what was paid to what is sent now.

Read from top to bottom it is the calculation: the `amount` of the links that apply add up to
what is sent now, and the links of grounds that were kept out stand between them. Texts are
never stored; `receipt` finds the words.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import lcm

from msgspec.structs import force_setattr

from fairroam.rules import reasons
from fairroam.rules.facts import Facts
from fairroam.rules.grounds import Case, Ground, Verdict
from fairroam.rules.money import share_by_weight
from fairroam.rules.packs import Pack
from fairroam.rules.payment import Payment
from fairroam.rules.reasons import Reason, Tried
from fairroam.rules.records import Allowance
from fairroam.rules.shares import Share, allowance_share, time_share
from fairroam.rules.windows import Ending

# What a tried ground came to.
KEPT_OUT = "kept_out"
CHOSEN = "chosen"
NOT_BETTER = "not_better"
OFFER = "offer"

_BACK_TO = {
    "cash": reasons.BackToMethod,
    "credit": reasons.BackToCredit,
    "promo": reasons.PromoNotCash,
}


def opening(facts: Facts) -> Reason:
    """What was paid, and all that a reader of the chain needs to write numbers in words."""
    return reasons.Paid(facts.paid, facts.currency, facts.zone.key, facts.given["declared_at"])


def kept_out(pack: Pack, ground: Ground, verdict: Verdict, ending: Ending) -> list[Reason]:
    """A ground and what kept it out, then what moved the end of its window."""
    link = verdict.reason(pack.name, ground.name, KEPT_OUT, ending.text, *verdict.numbers)
    return [link, *_moved(link, ending)] if ending.is_moved else [link]


def let_in(
    pack: Pack, ground: Ground, verdict: Verdict, ending: Ending, entitled: int, fee: int
) -> list[Reason]:
    """A ground that applies and what it entitles to; not better than another until chosen."""
    link = verdict.reason(
        pack.name,
        ground.name,
        NOT_BETTER,
        ending.text,
        verdict.share,
        fee,
        entitled,
        *verdict.numbers,
    )
    return [link, *_moved(link, ending)] if ending.is_moved else [link]


def _moved(link: Tried, ending: Ending) -> Iterator[Tried]:
    if ending.notice:
        yield ending.notice(link.pack, link.ground, link.outcome, ending.text)
    if ending.rolled_from:
        counted, last_day = ending.rolled_from.isoformat(), str(ending.last_day)
        yield reasons.RolledToWorkingDay(link.pack, link.ground, link.outcome, counted, last_day)


def choose(links: list[Reason]) -> None:
    """Mark the links of the ground that won; they are not in anybody's hands yet."""
    for link in links:
        force_setattr(link, "outcome", CHOSEN)


def offer(links: list[Reason]) -> int:
    """Turn every goodwill of a chain into an offer; returns the highest cap in minor units."""
    highest = 0
    for at, link in enumerate(links):
        if isinstance(link, reasons.GoodwillNotNeeded):
            cap = link.offer_cap
            links[at] = reasons.Goodwill(link.pack, link.ground, OFFER, link.window_end, cap)
            highest = max(highest, cap)
    return highest


def latest_end(links: list[Reason]) -> str | None:
    """The latest end of a window that was over; UTC texts of one length sort like instants."""
    ends = [link.window_end for link in links if isinstance(link, reasons.WindowOver)]
    return max(filter(None, ends), default=None)


def use(case: Case, pack: Pack, ground: Ground, verdict: Verdict) -> list[Reason]:
    """What is kept of the price under the winning ground, line by line; nothing if nothing is."""
    facts = case.facts
    assert verdict.entitled is not None
    kept = facts.paid - verdict.entitled
    if not kept:
        return []
    if ground.name == "outage":
        return [reasons.ServedShare(-kept, verdict.share)]
    links = _list_price(case, pack)
    allowances = facts.allowances
    if pack.measure.by == "time" or not allowances:
        return [*links, reasons.UsedTime(-kept, case.used_text)]
    passed = time_share(facts, pack.measure.time_unit)
    shares = [allowance_share(allowance, passed) for allowance in allowances]
    if pack.measure.by == "largest":
        links += _allowances(allowances, shares, [None] * len(shares))
        return [*links, reasons.UsedLargest(-kept, case.used_text)]
    parts = share_by_weight(kept, _contributions(allowances, shares))
    links += _allowances(allowances, shares, parts)
    if len(allowances) > 1:
        links.append(reasons.UsedShare(case.used_text, kept))
    return links


def _list_price(case: Case, pack: Pack) -> list[Reason]:
    basis = pack.basis_of(case.facts)
    if basis == case.facts.paid:
        return []
    return [reasons.ListPriceBasis(basis, case.facts.paid)]


def _contributions(allowances: tuple[Allowance, ...], shares: list[Share]) -> list[int]:
    """How much each allowance adds to the used share, all on one scale."""
    scale = lcm(*[share.whole for share in shares])
    return [
        allowance.weight * share.part * (scale // share.whole)
        for allowance, share in zip(allowances, shares, strict=True)
    ]


def _allowances(
    allowances: tuple[Allowance, ...], shares: list[Share], kept: list[int] | list[None]
) -> list[Reason]:
    weights = sum([allowance.weight for allowance in allowances])
    is_bundle = len(allowances) > 1
    limited = reasons.UsedInBundle if is_bundle else reasons.UsedAllowance
    unlimited = reasons.UnlimitedInBundle if is_bundle else reasons.UnlimitedAllowance
    return [
        (unlimited if allowance.granted is None else limited)(
            allowance.kind,
            allowance.used,
            allowance.granted,
            str(share),
            str(Share(allowance.weight, weights)),
            None if amount is None else -amount,
        )
        for allowance, share, amount in zip(allowances, shares, kept, strict=True)
    ]


def settlement(entitled: int, fee: int, payment: Payment, facts: Facts) -> list[Reason]:
    """From what the winning ground entitles to down to what is sent now, and how."""
    links: list[Reason] = []
    if fee:
        links.append(reasons.Fee(-fee))
    links.append(reasons.Entitled(entitled, facts.paid - entitled))
    if facts.refunded or facts.pending:
        links += _paid_back(entitled, facts)
    if facts.asked is not None:
        left = max(0, entitled - facts.refunded - facts.pending) - payment.due
        links.append(reasons.Asked(facts.asked, -left if left else None))
    if payment.due != entitled:
        links.append(reasons.Due(payment.due))
    links += [
        reasons.DisputeOpen(-amount, tender.id, tender.method)
        for tender, amount in payment.parts
        if tender.disputed
    ]
    links.append(reasons.Refund(payment.refund, payment.held))
    links += [
        _BACK_TO[tender.kind](tender.id, tender.method, part)
        for tender, part in payment.parts
        if not tender.disputed
    ]
    if facts.tax_rate.part:
        links.append(reasons.TaxSplit(payment.tax, str(facts.tax_rate)))
    return links


def _paid_back(entitled: int, facts: Facts) -> list[Reason]:
    links: list[Reason] = []
    if facts.refunded:
        links.append(reasons.AlreadyRefunded(-facts.refunded))
    if facts.pending:
        links.append(reasons.AlreadyPending(-facts.pending))
    excess = facts.refunded + facts.pending - entitled
    if excess > 0:
        links.append(reasons.PaidBackMore(excess))
    return links


def dates(pay_by: str, deadline: str | None) -> list[Reason]:
    """Our date and the customer's."""
    if deadline is None:
        return [reasons.PayBy(pay_by)]
    return [reasons.PayBy(pay_by), reasons.Deadline(deadline)]


def nothing(facts: Facts, deadline: str | None) -> list[Reason]:
    """The end of a chain in which no ground entitles to anything."""
    links: list[Reason] = [reasons.NoGround(-facts.paid), reasons.NoRefund(0)]
    if deadline:
        links.append(reasons.DeadlinePassed(deadline))
    return links
