"""Lines for their pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fairroam.apps.esims.models import Line, Profile
from fairroam.apps.esims.queries.lines import (
    SIGNS_OF_A_PHONE,
    ActivationFacts,
    FactRow,
    LineRow,
    code_from,
    facts_from,
    line_row,
)
from fairroam.apps.journal.queries.planned import Question, together
from fairroam.apps.journal.refusals import NotAmongYours
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
    plan_copy: of the plan or pack that was asked for; esim_copy: of what the eSIM came with.
    is_free: nothing was to pay for it, so there is nothing to give back.
    """

    line: LineRow
    order_number: str
    plan_copy: dict[str, Any]
    esim_copy: dict[str, Any]
    is_free: bool
    zone: str
    iccid: str | None
    facts: ActivationFacts
    timeline: tuple[FactRow, ...]  # as it happened
    next_step: str  # what its owner does next, one of STEPS; empty = nothing is left to do
    preferred_networks: dict[str, str]
    code: ActivationCode | None


COLUMNS = ("order_line_id", "customer_id", "stage", "name", "preferred_networks")  # of a line
TIMES = ("made_at", "ending_at", "ended_at")
# Read with every page of an account: one statement, which the server keeps planned.
ONE = """
    SELECT line.order_line_id, line.customer_id, line.stage, line.name,
           line.preferred_networks, line.made_at, line.ending_at, line.ended_at,
           sold.plan_copy, CASE WHEN esim.id <> sold.id THEN esim.plan_copy END AS esim_copy,
           sold.price_minor = 0 AS is_free, placed.number, placed.zone,
           (SELECT json_agg(json_build_array(p.id, p.stage, p.iccid, p.smdp_address, p.matching_id,
                (SELECT json_agg(json_build_array(f.kind, f.happened_at, f.source)
                                 ORDER BY f.happened_at, f.id)
                   FROM esims_activationfact f WHERE f.profile_id = p.id))
                ORDER BY p.planned_at, p.id)
              FROM esims_profile p WHERE p.line_id = line.order_line_id) AS profiles
      FROM orders_orderline sold
      JOIN orders_order placed ON placed.id = sold.order_id
      JOIN esims_line line ON line.order_line_id = coalesce(sold.tops_up_id, sold.id)
      JOIN orders_orderline esim ON esim.id = line.order_line_id
     WHERE sold.id = %s AND line.customer_id = %s
"""
NEWEST = (
    ONE.replace("coalesce(sold.tops_up_id, sold.id)", "sold.id")
    .replace("sold.id = %s AND ", "")
    .rstrip()
    + " ORDER BY line.order_line_id DESC LIMIT %s"
)


def line_page(line_id: int, customer_id: int) -> LinePage:
    """All that a line's page needs but its meters. Raises NotAmongYours.

    A top-up has the page of the line whose eSIM it is on, with its own plan and order.
    """
    (found,) = together(Question(ONE, [line_id, customer_id], read_pages))
    if not found:
        raise NotAmongYours(line_id=line_id)
    page: LinePage = found[0]
    return page


def pages_asked(customer_id: int, *, most: int) -> Question[list[LinePage]]:
    """What `line_page` says of the customer's newest lines, at most so many, newest first."""
    return Question(NEWEST, [customer_id, most], read_pages)


def read_pages(rows: Sequence[dict[str, Any]]) -> list[LinePage]:
    return [page_of(row) for row in rows]


def page_of(row: dict[str, Any]) -> LinePage:
    """The page of a line as ONE has it."""
    times = {name: row[name] and datetime.fromisoformat(row[name]) for name in TIMES}
    line = Line(**{name: row[name] for name in COLUMNS} | times)
    profiles, told = [], []
    for pk, stage, iccid, smdp_address, matching_id, facts in row["profiles"] or ():
        profiles.append(
            Profile(
                pk=pk, stage=stage, iccid=iccid, smdp_address=smdp_address, matching_id=matching_id
            )
        )
        told.append(tuple(fact_row(*fact) for fact in facts or ()))
    profile, timeline = (profiles[-1], told[-1]) if profiles else (None, ())
    of_all = sorted((fact for facts in told for fact in facts), key=lambda fact: fact.happened_at)
    return LinePage(
        line=line_row(line, profile),
        order_number=row["number"],
        plan_copy=row["plan_copy"],
        esim_copy=row["esim_copy"] or row["plan_copy"],
        is_free=row["is_free"],
        zone=row["zone"],
        iccid=profile.iccid if profile else None,
        facts=facts_from(tuple(of_all)),
        timeline=timeline,
        next_step=next_step_of(line, timeline),
        preferred_networks=line.preferred_networks,
        code=code_from(line, profile, is_in_phone=has_sign_of_a_phone(timeline)),
    )


def fact_row(kind: str, happened_at: str, source: str) -> FactRow:
    return FactRow(kind=kind, happened_at=datetime.fromisoformat(happened_at), source=source)


def has_sign_of_a_phone(timeline: Sequence[FactRow]) -> bool:
    """Whether any of these facts of a profile says that a phone has it, or had it."""
    return any(fact.kind in SIGNS_OF_A_PHONE for fact in timeline)


def next_step_of(line: Line, timeline: tuple[FactRow, ...]) -> str:
    """The step after the last one that is told or proven; a deleted eSIM is begun anew."""
    kinds = {fact.kind for fact in timeline}
    if line.stage != "active" or "deleted" in kinds:
        return ""
    done = [place for place, fact in enumerate(STEPS.values(), 1) if fact in kinds]
    return (*STEPS, "")[max(done, default=0)]
