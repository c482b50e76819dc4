"""The chain of reasons: plain links, each with a code and the numbers used.

Read from top to bottom it is the calculation: the `amount` of the links that apply add up to
what is sent now, and the links of grounds that were kept out stand between them. Texts are
never stored; `receipt` finds the words. docs/rules.md lists the codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import lcm
from typing import Any

from fairroam.rules.facts import Facts
from fairroam.rules.grounds import Case, Ground, Verdict
from fairroam.rules.money import share_by_weight
from fairroam.rules.packs import Pack
from fairroam.rules.payment import Payment
from fairroam.rules.shares import Share, allowance_share, time_share
from fairroam.rules.windows import Ending

Link = dict[str, Any]

# What a tried ground came to.
KEPT_OUT = "kept_out"
CHOSEN = "chosen"
NOT_BETTER = "not_better"
OFFER = "offer"


def opening(facts: Facts) -> Link:
    """What was paid, and all that a reader of the chain needs to write numbers in words."""
    return {
        "code": "PAID",
        "amount": facts.paid,
        "currency": facts.currency,
        "zone": facts.zone.key,
        "declared_at": facts.given["declared_at"],
    }


def kept_out(pack: Pack, ground: Ground, verdict: Verdict, ending: Ending) -> list[Link]:
    """A ground and what kept it out, then what moved the end of its window."""
    link = {
        "code": verdict.code,
        "pack": pack.name,
        "ground": ground.name,
        "outcome": KEPT_OUT,
        "window_end": ending.text,
        **verdict.numbers,
    }
    return [link, *_moved(link, ending)] if ending.is_moved else [link]


def let_in(
    pack: Pack, ground: Ground, verdict: Verdict, ending: Ending, entitled: int, fee: int
) -> list[Link]:
    """A ground that applies and what it entitles to; not better than another until chosen."""
    link = {
        "code": verdict.code,
        "pack": pack.name,
        "ground": ground.name,
        "outcome": NOT_BETTER,
        "window_end": ending.text,
        "share": verdict.share,
        "fee": fee,
        "entitled": entitled,
        **verdict.numbers,
    }
    return [link, *_moved(link, ending)] if ending.is_moved else [link]


def _moved(tried: Link, ending: Ending) -> Iterator[Link]:
    named = {key: tried[key] for key in ("pack", "ground", "outcome")}
    if ending.notice:
        yield {"code": ending.notice, **named, "window_end": ending.text}
    if ending.rolled_from:
        yield {
            "code": "ROLLED_TO_WORKING_DAY",
            **named,
            "last_day": ending.rolled_from.isoformat(),
            "rolled_day": str(ending.last_day),
        }


def choose(links: list[Link]) -> None:
    """Mark the links of the ground that won."""
    _mark(links, CHOSEN)


def offer(links: list[Link]) -> int:
    """Mark a goodwill that may be offered, and return its cap in minor units."""
    _mark(links, OFFER)
    links[0]["code"] = "GOODWILL"
    return int(links[0]["offer_cap"])


def _mark(links: list[Link], outcome: str) -> None:
    for link in links:
        link["outcome"] = outcome


def use(case: Case, pack: Pack, ground: Ground, verdict: Verdict) -> list[Link]:
    """What is kept of the price under the winning ground, line by line; nothing if nothing is."""
    facts = case.facts
    assert verdict.entitled is not None
    kept = facts.paid - verdict.entitled
    if not kept:
        return []
    if ground.name == "outage":
        return [{"code": "SERVED_SHARE", "share": verdict.share, "amount": -kept}]
    links = _list_price(case, pack)
    if pack.measure.by == "weights" and facts.allowances:
        amounts = share_by_weight(kept, _contributions(facts, pack))
        links += _allowances(facts, pack, [-amount for amount in amounts])
        if len(amounts) > 1:
            links.append({"code": "USED_SHARE", "share": case.used_text, "retain": kept})
    elif pack.measure.by == "largest" and facts.allowances:
        links += _allowances(facts, pack, [None] * len(facts.allowances))
        links.append({"code": "USED_LARGEST", "share": case.used_text, "amount": -kept})
    else:
        links.append({"code": "USED_TIME", "share": case.used_text, "amount": -kept})
    return links


def _list_price(case: Case, pack: Pack) -> list[Link]:
    basis = pack.basis_of(case.facts)
    if basis == case.facts.paid:
        return []
    return [{"code": "LIST_PRICE_BASIS", "basis": basis, "paid": case.facts.paid}]


def _contributions(facts: Facts, pack: Pack) -> list[int]:
    """How much each allowance adds to the used share, all on one scale."""
    passed = time_share(facts, pack.measure.time_unit)
    shares = [allowance_share(allowance, passed) for allowance in facts.allowances]
    scale = lcm(*(share.whole for share in shares))
    return [
        allowance.weight * share.part * (scale // share.whole)
        for allowance, share in zip(facts.allowances, shares, strict=True)
    ]


def _allowances(facts: Facts, pack: Pack, amounts: list[int] | list[None]) -> list[Link]:
    passed = time_share(facts, pack.measure.time_unit)
    weights = sum(allowance.weight for allowance in facts.allowances)
    place = "_ALLOWANCE" if len(facts.allowances) == 1 else "_IN_BUNDLE"
    links: list[Link] = []
    for allowance, amount in zip(facts.allowances, amounts, strict=True):
        link: Link = {
            "code": ("UNLIMITED" if allowance.granted is None else "USED") + place,
            "kind": allowance.kind,
            "used": allowance.used,
            "granted": allowance.granted,
            "share": str(allowance_share(allowance, passed)),
            "weight": str(Share(allowance.weight, weights)),
            "amount": amount,
        }
        links.append(link)
    return links


def settlement(entitled: int, fee: int, payment: Payment, facts: Facts) -> list[Link]:
    """From what the winning ground entitles to down to what is sent now, and how."""
    links: list[Link] = []
    if fee:
        links.append({"code": "FEE", "amount": -fee})
    links.append({"code": "ENTITLED", "entitled": entitled, "retain": facts.paid - entitled})
    links += _paid_back(entitled, facts)
    open_due = max(0, entitled - facts.refunded - facts.pending)
    if facts.asked is not None:
        left = payment.due - open_due
        links.append({"code": "ASKED", "asked": facts.asked, "amount": left or None})
    if payment.due != entitled:
        links.append({"code": "DUE", "due": payment.due})
    links += [
        {"code": "DISPUTE_OPEN", "tender": tender.id, "method": tender.method, "amount": -amount}
        for tender, amount in payment.parts
        if tender.disputed
    ]
    links.append({"code": "REFUND", "total": payment.refund, "held": payment.held})
    links += [
        {"code": _BACK_TO[tender.kind], "tender": tender.id, "method": tender.method, "part": part}
        for tender, part in payment.parts
        if not tender.disputed
    ]
    if facts.tax_rate.part:
        links.append({"code": "TAX_SPLIT", "tax": payment.tax, "tax_rate": str(facts.tax_rate)})
    return links


def dates(pay_by: str, deadline: str | None) -> list[Link]:
    """Our date and the customer's."""
    links: list[Link] = [{"code": "PAY_BY", "pay_by": pay_by}]
    if deadline:
        links.append({"code": "DEADLINE", "deadline": deadline})
    return links


_BACK_TO = {"cash": "BACK_TO_METHOD", "credit": "BACK_TO_CREDIT", "promo": "PROMO_NOT_CASH"}


def _paid_back(entitled: int, facts: Facts) -> list[Link]:
    links: list[Link] = []
    if facts.refunded:
        links.append({"code": "ALREADY_REFUNDED", "amount": -facts.refunded})
    if facts.pending:
        links.append({"code": "ALREADY_PENDING", "amount": -facts.pending})
    excess = facts.refunded + facts.pending - entitled
    if excess > 0:
        links.append({"code": "PAID_BACK_MORE", "amount": excess})
    return links


def nothing(facts: Facts, deadline: str | None) -> list[Link]:
    """The end of a chain in which no ground entitles to anything."""
    links: list[Link] = [
        {"code": "NO_GROUND", "amount": -facts.paid},
        {"code": "NO_REFUND", "total": 0},
    ]
    if deadline:
        links.append({"code": "DEADLINE_PASSED", "deadline": deadline})
    return links
