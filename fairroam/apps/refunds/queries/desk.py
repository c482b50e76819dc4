"""Requests as the desk sees them: what waits for a person, and all that decides a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.refunds.queries.pages import (
    ROWS,
    DecisionRow,
    RefundRow,
    decision_row,
    row,
)

FOR_A_PERSON = ("under_review", "payout_failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One request that waits for a person. `doubts`: why the rules did not settle it."""

    id: int
    stage: str
    order_number: str
    customer_number: str
    names: dict[str, str]
    currency: str
    due_minor: int
    offer_cap: int
    wish_minor: int | None
    doubts: tuple[str, ...]
    declared_at: datetime
    decide_by: datetime
    pay_by: date | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One event of a case."""

    kind: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """All that decides one case: the request, every decision newest first, and its history."""

    refund: RefundRow
    decisions: tuple[DecisionRow, ...]
    doubts: tuple[str, ...]
    history: tuple[HistoryRow, ...]


def events_of(request_id: int) -> list[Event]:
    owner = RefundRequest.objects.values_list("customer_id", flat=True).get(pk=request_id)
    told = Event.objects.filter(customer_id=owner, facts__refund_id=request_id)
    return list(told.order_by("pk"))


def doubts_in(events: list[Event]) -> tuple[str, ...]:
    """Why a person looks: what the rules said with their latest decision."""
    said = [event.facts["doubts"] for event in events if event.kind == "refund.decided"]
    return tuple(said[-1]) if said else ()


def queue(*, now: datetime) -> list[QueueRow]:
    """What waits for a person, oldest first."""
    waiting = ROWS.all().filter(stage__in=FOR_A_PERSON, is_live=True)
    return [queue_row(row(found), now) for found in waiting.order_by("received_at", "pk")]


def queue_row(refund: RefundRow, now: datetime) -> QueueRow:
    return QueueRow(
        id=refund.id,
        stage=refund.stage,
        order_number=refund.order_number,
        customer_number=refund.customer_number,
        names=refund.names,
        currency=refund.currency,
        due_minor=refund.decision.due_minor if refund.decision else 0,
        offer_cap=refund.decision.offer_cap if refund.decision else 0,
        wish_minor=refund.wish_minor,
        doubts=doubts_in(events_of(refund.id)),
        declared_at=refund.declared_at,
        decide_by=refund.decide_by,
        pay_by=refund.pay_by,
        is_late=now >= refund.decide_by,
    )


def case(request_id: int) -> Case:
    """One case for the desk. Raises NotAmongYours."""
    found = ROWS.all().filter(pk=request_id).first()
    if found is None:
        raise NotAmongYours(refund_id=request_id)
    decisions = Decision.objects.filter(request_id=request_id).select_related("supersedes")
    events = events_of(request_id)
    return Case(
        refund=row(found),
        decisions=tuple(decision_row(decision) for decision in decisions.order_by("-pk")),
        doubts=doubts_in(events),
        history=tuple(HistoryRow(event.kind, event.actor, event.happened_at) for event in events),
    )
