"""The facts of one order line, and what the rules say to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from fairroam import rules
from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.esims import queries as esims
from fairroam.apps.esims.queries import ActivationFacts
from fairroam.apps.esims.queries.many import NOTHING_TOLD, facts_asked
from fairroam.apps.incidents import queries as incidents
from fairroam.apps.incidents.queries import Outage
from fairroam.apps.journal.queries.planned import Question, together
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.metering import queries as metering
from fairroam.apps.metering.queries import Usage
from fairroam.apps.metering.queries.many import uses_asked
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders.queries import LineTerms
from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.refunds.queries.troubles import (
    TroubleRow,
    trouble_of,
    troubled_asked,
    troubles_of,
    written,
)
from fairroam.apps.refunds.refusals import AskedTooMuch, NothingPaid
from fairroam.apps.suppliers import queries as suppliers

ACTIVATION = ("downloaded_at", "installed_at", "enabled_at", "first_attach_at", "first_usage_at")


@dataclass(frozen=True, slots=True)
class Quote:
    """What the rules say: the facts and packs they were given, and their decision.

    decision: as documented for `fairroam decide`; amounts in minor units of `currency`.
    """

    facts: dict[str, Any]
    packs: list[dict[str, Any]]
    decision: dict[str, Any]

    @property
    def currency(self) -> str:
        return str(self.facts["currency"])

    @property
    def due(self) -> int:
        return int(self.decision["due"])


@dataclass(frozen=True, slots=True)
class Known:
    """What the rooms below have been told of one line, beside what was agreed for it."""

    usage: Usage
    told: ActivationFacts
    outages: Sequence[Outage]
    trouble: TroubleRow | None = None


def gather_facts(
    terms: LineTerms,
    *,
    declared_at: datetime,
    received_at: datetime | None = None,
    asked: int | None = None,
    cause: str = "consumer",
    known: Known,
) -> dict[str, Any]:
    """All that a decision on this line may depend on, as it stands now.

    declared_at: when the request reached a door of ours; received_at: when we had it.
    asked: minor units, at least 1; None asks for all that is due. cause: whose doing the end is,
    "consumer" or "trader".
    """
    usage = known.usage
    facts: dict[str, Any] = {
        "currency": terms.currency,
        "paid": terms.paid,
        "list_price": terms.list_price,
        "tax_rate": terms.tax_rate,
        "refunded": terms.refunded,
        "pending": terms.pending,
        "tenders": [
            {
                "id": str(tender.id),
                "method": tender.method,
                "kind": tender.kind,
                "captured": tender.captured,
                "refunded": tender.refunded,
                "pending": tender.pending,
                "disputed": tender.disputed,
            }
            for tender in terms.tenders
        ],
        "zone": terms.zone,
        "residence": terms.residence,
        "concluded_at": written(terms.concluded_at),
        "paid_at": written(terms.paid_at),
        "declared_at": written(declared_at),
        "received_at": written(received_at or declared_at),
        "notice_received_at": written(terms.notice_received_at),
        "express_request_at": written(terms.express_request_at),
        "loss_acknowledged_at": written(terms.loss_acknowledged_at),
        **activation_of(terms, known),
        # A plan without an end has no length that time could be a share of: it tells neither.
        "starts_at": written(usage.starts_at) if usage.ends_at else None,
        "ends_at": written(usage.ends_at),
        "allowances": [
            {
                "kind": allowance.kind,
                "granted": allowance.granted,
                "used": allowance.used,
                "weight": allowance.weight,
            }
            for allowance in usage.allowances
        ],
        "outages": [
            # One that goes on has lasted until now: nobody may guess its end.
            {"from": written(one.began_at), "until": written(one.until or declared_at)}
            for one in known.outages
            if one.began_at <= declared_at
        ],
        "trouble": known.trouble.as_fact() if known.trouble else None,
    }
    if cause == "trader":
        facts["cause"] = cause
    return facts if asked is None else {**facts, "asked": asked}


def activation_of(terms: LineTerms, known: Known) -> dict[str, str | None]:
    """What carrier and network told. A top-up is ready once paid, and activated by its use."""
    if terms.tops_up is not None:
        begun = dict.fromkeys(ACTIVATION, written(known.usage.starts_at))
        return {"ready_at": written(terms.paid_at), **begun}
    return {name: written(getattr(known.told, name)) for name in ("ready_at", *ACTIVATION)}


def burns_no_more_since(order_line_id: int) -> datetime | None:
    """Since when no use can begin that would count for this line; None while one can.

    Its eSIM is proven off; or it is a top-up, and the pack was stopped on an eSIM that goes on.
    """
    ended_at = esims.line_state(order_line_id).ended_at
    if orders.base_of(order_line_id) == order_line_id:
        return ended_at
    ends = (ended_at, metering.stopped_at(order_line_id))
    return min((end for end in ends if end is not None), default=None)


def can_be_used_on(order_line_id: int) -> bool:
    """Whether a pack was stopped in our books alone: no supplier takes one off a living eSIM."""
    base_id = orders.base_of(order_line_id)
    return (
        base_id != order_line_id
        and esims.is_resold(base_id)
        and esims.line_state(base_id).ended_at is None
    )


def is_usage_told_until_end(order_line_id: int, *, now: datetime) -> bool:
    """Whether a supplier must have told what was used before the line's end.

    True for a line that can still be used: it has no last use to wait for.
    """
    ended_at = burns_no_more_since(order_line_id)
    return ended_at is None or suppliers.is_usage_told(order_line_id, until=ended_at, now=now)


def decide_on(facts: dict[str, Any], packs: list[dict[str, Any]]) -> Quote:
    """The rules' decision on these facts. Raises AskedTooMuch with what is due."""
    try:
        decision = rules.decide(facts, rules.compile_packs(packs)).as_json()
    except rules.AskedTooMuch as refused:
        raise AskedTooMuch(due=refused.due, asked=facts["asked"]) from refused
    return Quote(facts, packs, decision)


@dataclass(frozen=True, slots=True)
class Standing:
    """One line, as one statement read it: what was agreed, what is known, the packs that rule it.

    packs: frozen in the order, whole, so that anyone can compute the decision again.
    """

    terms: LineTerms
    known: Known
    packs: list[dict[str, Any]]

    def facts(self, *, declared_at: datetime) -> dict[str, Any]:
        return gather_facts(self.terms, declared_at=declared_at, known=self.known)

    def quote(
        self,
        declared_at: datetime,
        received_at: datetime,
        *,
        asked: int | None = None,
        cause: str = "consumer",
    ) -> Quote:
        """What the rules say of it. Raises AskedTooMuch, NothingPaid."""
        if self.terms.paid_at is None:
            raise NothingPaid(order_line_id=self.terms.order_line_id)
        facts = gather_facts(
            self.terms,
            declared_at=declared_at,
            received_at=received_at,
            asked=asked,
            cause=cause,
            known=self.known,
        )
        return decide_on(facts, self.packs)


PACKS = """
    SELECT pack.name || '@' || pack.version AS name, pack.content
    FROM catalogue_pack pack WHERE pack.name || '@' || pack.version IN (
        SELECT jsonb_array_elements_text(packs) FROM orders_orderline WHERE id = %s)
"""


def standing_of(order_line_id: int, *others: Question[Any]) -> tuple[Standing, *tuple[Any, ...]]:
    """How that line stands, and the answers to `others`, as of one instant.

    A line that had a trouble takes a few statements more. Raises NotAmongYours.
    """
    ids = [order_line_id]
    agreed, packs, uses, told, outages, troubled, *answers = together(
        orders.terms_asked(ids),
        Question(PACKS, ids, lambda rows: {row["name"]: row["content"] for row in rows}),
        uses_asked(ids),
        facts_asked(ids),
        incidents.outages_asked(ids),
        troubled_asked(ids),
        *others,
    )
    if order_line_id not in agreed:
        raise NotAmongYours(order_line_id=order_line_id)
    terms: LineTerms = agreed[order_line_id]
    known = Known(
        usage=uses[order_line_id],
        told=told.get(order_line_id, NOTHING_TOLD),
        outages=outages.get(order_line_id, ()),
        trouble=trouble_of(order_line_id) if troubled else None,
    )
    return Standing(terms, known, [packs[name] for name in terms.packs]), *answers


def due_if_ours(facts: Mapping[str, Any], packs: list[dict[str, Any]]) -> int:
    """What would be due on these facts if the end were the seller's doing, in minor units.

    Some terms then count what was used at the price paid instead of the list price.
    """
    return decide_on({**facts, "cause": "trader"}, packs).due


def quote(order_line_id: int, *, now: datetime, asked: int | None = None) -> Quote:
    """What would come back if it were asked for now. Raises AskedTooMuch, NothingPaid."""
    standing = standing_of(order_line_id)[0]
    return standing.quote(now, now, asked=asked)


def quotes(read: Mapping[int, tuple[Usage, ActivationFacts]], *, now: datetime) -> dict[int, Quote]:
    """What `quote` says of each of these paid lines, whose use and facts were read already."""
    if not read:
        return {}
    ids = list(read)
    terms, outages, troubled = together(
        orders.terms_asked(ids), incidents.outages_asked(ids), troubled_asked(ids)
    )
    troubles = troubles_of(ids) if troubled else {}
    contents = catalogue.pack_contents(name for one in terms.values() for name in one.packs)
    found = {}
    for line_id, (usage, told) in read.items():
        known = Known(usage, told, outages.get(line_id, ()), troubles.get(line_id))
        facts = gather_facts(terms[line_id], declared_at=now, known=known)
        found[line_id] = decide_on(facts, [contents[name] for name in terms[line_id].packs])
    return found


def quote_request(refund: RefundRequest) -> tuple[Quote, bool]:
    """What the rules say to the request now, and whether less is due by now than was asked for.

    What the customer would get falls back to all that is due; a person sees the difference.
    """
    standing = standing_of(refund.order_line_id)[0]
    seen = partial(standing.quote, refund.declared_at, refund.received_at, cause=refund.cause)
    try:
        return seen(asked=refund.asked_minor), False
    except AskedTooMuch:
        return seen(), True


def was_used_after_declaring(facts: Mapping[str, Any]) -> bool:
    """Whether the eSIM was put to use between the request and its end at the network.

    The rules do not see what happened later; a person should.
    """
    declared_at = datetime.fromisoformat(facts["declared_at"])
    return any(
        facts[name] is not None and datetime.fromisoformat(facts[name]) > declared_at
        for name in ACTIVATION
    )
