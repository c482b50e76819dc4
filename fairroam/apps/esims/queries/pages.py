"""Lines for their pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from fairroam.apps.esims.models import ActivationFact, Line
from fairroam.apps.esims.queries.lines import (
    SIGNS_OF_A_PHONE,
    ActivationFacts,
    FactRow,
    LineRow,
    _latest,
    _lines,
    _row,
    code_from,
    facts_from,
)
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders.models import OrderLine
from fairroam.gateways.identifiers import ActivationCode

# What a newcomer does, and the fact that says it is done.
STEPS = {
    "scan": "downloaded",
    "install": "installed",
    "enable": "enabled",
    "attach": "first_attach",
    "use": "first_usage",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePage:
    """One line for its page; the web joins the meters. `code` is None once a phone has it.

    facts: the earliest of each over all its profiles. timeline, next_step: of the present one.
    """

    line: LineRow
    order_number: str
    plan_copy: dict[str, Any]
    zone: str
    iccid: str | None
    facts: ActivationFacts
    timeline: tuple[FactRow, ...]  # as it happened
    next_step: str  # what its owner does next, one of STEPS; empty = nothing is left to do
    preferred_networks: dict[str, str]
    code: ActivationCode | None


def line_page(line_id: int, customer_id: int) -> LinePage:
    """All that a line's page needs but its meters. Raises NotAmongYours.

    A top-up has the page of the line whose eSIM it is on, with its own plan and order.
    """
    sold = OrderLine.objects.select_related("order").filter(pk=line_id).first()
    base_id = sold and (sold.tops_up_id or sold.pk)
    line = _lines().filter(pk=base_id, customer_id=customer_id).first()
    if sold is None or line is None:
        raise NotAmongYours(line_id=line_id)
    told = told_of(ActivationFact.objects.filter(profile__line=line))
    return page_of(line, sold, told)


def told_of(facts: QuerySet[ActivationFact]) -> dict[int, tuple[FactRow, ...]]:
    """The facts of each profile, oldest first."""
    told: dict[int, tuple[FactRow, ...]] = {}
    rows = facts.order_by("happened_at", "pk")
    for profile_id, kind, happened_at, source in rows.values_list(
        "profile_id", "kind", "happened_at", "source"
    ):
        fact = FactRow(kind=kind, happened_at=happened_at, source=source)
        told[profile_id] = (*told.get(profile_id, ()), fact)
    return told


def page_of(line: Line, sold: OrderLine, told: Mapping[int, tuple[FactRow, ...]]) -> LinePage:
    """The page of a line as `sold`, its facts by profile."""
    profile = _latest(line)
    timeline = told.get(profile.pk, ()) if profile else ()
    of_all = [fact for one in line.profiles.all() for fact in told.get(one.pk, ())]
    return LinePage(
        line=_row(line),
        order_number=sold.order.number,
        plan_copy=sold.plan_copy,
        zone=sold.order.zone,
        iccid=profile.iccid if profile else None,
        facts=facts_from(tuple(sorted(of_all, key=lambda fact: fact.happened_at))),
        timeline=timeline,
        next_step=next_step_of(line, timeline),
        preferred_networks=line.preferred_networks,
        code=code_from(line, profile, is_in_phone=has_sign_of_a_phone(timeline)),
    )


def has_sign_of_a_phone(timeline: Sequence[FactRow]) -> bool:
    """Whether any of these facts of a profile says that a phone has it, or had it."""
    return any(fact.kind in SIGNS_OF_A_PHONE for fact in timeline)


def pages_of(customer_id: int, *, most: int) -> list[LinePage]:
    """What `line_page` says of the customer's newest lines, at most so many, newest first."""
    theirs = _lines().select_related("order_line__order").filter(customer_id=customer_id)
    lines = list(theirs.order_by("-pk")[:most])
    told = told_of(ActivationFact.objects.filter(profile__line__in=lines))
    return [page_of(line, line.order_line, told) for line in lines]


def next_step_of(line: Line, timeline: tuple[FactRow, ...]) -> str:
    """The step after the last one that is told or proven; a deleted eSIM is begun anew."""
    kinds = {fact.kind for fact in timeline}
    if line.stage != "active" or "deleted" in kinds:
        return ""
    done = [place for place, fact in enumerate(STEPS.values(), 1) if fact in kinds]
    return (*STEPS, "")[max(done, default=0)]
