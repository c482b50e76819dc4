"""What the rules say to lines that an incident hit: the same for the preview and for the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fairroam import rules
from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.esims.queries.many import facts_of_each
from fairroam.apps.incidents import queries as incidents
from fairroam.apps.metering.queries.many import usage_of_each
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders.queries import LineTerms
from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.refunds.queries.facts import Known, Quote, gather_facts
from fairroam.apps.refunds.queries.troubles import troubles_of

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """One line: what is found (see models.FINDINGS), and what that rests on when it is owed."""

    terms: LineTerms
    finding: str
    quote: Quote | None = None

    @property
    def due(self) -> int:
        return self.quote.due if self.quote and self.finding == "owed" else 0

    @property
    def held(self) -> int:
        return int(self.quote.decision["held"]) if self.quote and self.finding == "owed" else 0


class OutagePacks:
    """The packs of orders, each with its ground `outage` alone; read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[list[Content], rules.Packs | None]] = {}

    def of(self, names: tuple[str, ...]) -> tuple[list[Content], rules.Packs | None]:
        """The contents and what the rules make of them; None where no pack knows outages."""
        if names not in self._known:
            contents = [content for name in names if (content := _outage_part(name))["grounds"]]
            self._known[names] = contents, rules.compile_packs(contents) if contents else None
        return self._known[names]


def _outage_part(name: str) -> Content:
    content = catalogue.pack_content(name)
    grounds = [ground for ground in content["grounds"] if ground["ground"] == "outage"]
    return {**content, "grounds": grounds}


def judge_each(
    order_line_ids: Sequence[int], *, declared_at: datetime, closed: set[int]
) -> dict[int, Judged]:
    """What is owed to each of these lines for all outages that hit it, as it stands now.

    closed: the customers whose account is closed or closing.
    """
    terms = orders.terms_of_each(order_line_ids)
    usage, told = usage_of_each(order_line_ids), facts_of_each(order_line_ids)
    outages = incidents.outages_of(order_line_ids)
    live = RefundRequest.objects.filter(order_line_id__any_of=order_line_ids, is_live=True)
    asked = set(live.values_list("order_line_id", flat=True))
    troubles = troubles_of(order_line_ids)
    packs = OutagePacks()
    judged = {}
    for line_id in order_line_ids:
        known = Known(
            usage[line_id], told[line_id], outages.get(line_id, ()), troubles.get(line_id)
        )
        if terms[line_id].customer_id in closed:
            judged[line_id] = Judged(terms[line_id], "account_closed")
        elif line_id in asked:
            judged[line_id] = Judged(terms[line_id], "claim_open")
        else:
            judged[line_id] = _judge(terms[line_id], known, packs, declared_at)
    return judged


def _judge(terms: LineTerms, known: Known, packs: OutagePacks, declared_at: datetime) -> Judged:
    contents, compiled = packs.of(terms.packs)
    if compiled is None or terms.paid_at is None:
        return Judged(terms, "nothing")
    facts = gather_facts(terms, declared_at=declared_at, known=known)
    decision = rules.decide(facts, compiled).as_json()
    quote = Quote(facts, contents, decision)
    return Judged(terms, finding_of(decision), quote)


def finding_of(decision: Mapping[str, Any]) -> str:
    """What a decision means for who was hit."""
    if decision["due"]:
        return "owed"
    return "given_back" if decision["entitled"] else "nothing"
