"""Requests as the desk sees them: what waits for a person, and all that decides a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from fairroam.apps.conversations.queries import is_senior, may_open
from fairroam.apps.conversations.refusals import NotAssigned
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.queries.planned import together
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.refunds.models import Case as DeskCase
from fairroam.apps.refunds.models import Decision, Escalation, Flag, Proposal, RefundRequest
from fairroam.apps.refunds.queries.bargains import Bargain, bargain
from fairroam.apps.refunds.queries.clocks import Clock, clocks
from fairroam.apps.refunds.queries.completeness import missing
from fairroam.apps.refunds.queries.facts import due_if_ours
from fairroam.apps.refunds.queries.pages import (
    ROWS,
    DecisionRow,
    RefundRow,
    current_decision,
    decisions_asked,
    row,
)

FOR_A_PERSON = ("under_review", "payout_failed")
FOR_THE_CUSTOMER = ("offer_made", "waiting_for_customer")
PAGE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One request that waits for a person. `doubts`: why the rules did not settle it."""

    id: int
    stage: str
    order_number: str
    customer_number: str
    names: dict[str, str]
    zone: str
    currency: str
    due_minor: int
    offer_cap: int
    wish_minor: int | None
    doubts: tuple[str, ...]
    declared_at: datetime
    clocks: tuple[Clock, ...]
    pay_by: date | None
    is_late: bool
    is_appeal: bool
    assignee: str  # the address of a colleague; empty for nobody
    is_mine: bool


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of the queue. counts: how many rows each view has."""

    rows: tuple[QueueRow, ...]
    number: int
    pages: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One event of a case."""

    kind: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FlagRow:
    """Something that a person should see; it never changes the amount."""

    code: str
    facts: dict[str, Any]
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """What waits for a second person, or waited."""

    id: int
    act: str
    amount_minor: int
    words: str
    stage: str
    proposed_by: str
    proposed_at: datetime
    ended_by: str
    offered: str  # the kind of an offer; "" for money


@dataclass(frozen=True, slots=True)
class Alarm:
    """A deadline of a case that is near (1) or passed (2), and that nobody has taken note of."""

    refund_id: int
    order_number: str
    clock: str
    level: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that decides one case: the request, every decision newest first, and its history."""

    refund: RefundRow
    decisions: tuple[DecisionRow, ...]
    doubts: tuple[str, ...]
    history: tuple[HistoryRow, ...]
    flags: tuple[FlagRow, ...]
    clocks: tuple[Clock, ...]
    bargain: Bargain
    proposals: tuple[ProposalRow, ...]
    missing: tuple[str, ...]
    due_if_ours: int | None  # minor units, where more would be due if the end were our doing
    assigned_to: int | None
    assignee: str
    thread_id: int | None

    @property
    def proposal(self) -> ProposalRow | None:
        """What waits for a second person now."""
        return next((one for one in self.proposals if one.stage == "waiting"), None)


def views(staff_user_id: int) -> dict[str, Q]:
    """The parts of the queue by name."""
    open_now = Q(stage__in=FOR_A_PERSON)
    return {
        "open": open_now,
        "mine": Q(desk__assigned_to_id=staff_user_id, stage__in=FOR_A_PERSON + FOR_THE_CUSTOMER),
        "nobodys": open_now & Q(desk__assigned_to__isnull=True),
        "urgent": Q(desk__urgency__gt=0, stage__in=FOR_A_PERSON + FOR_THE_CUSTOMER),
        "confirm": Q(proposals__stage="waiting"),
        "customer": Q(stage__in=FOR_THE_CUSTOMER),
    }


def queue_page(
    *, now: datetime, staff_user_id: int, view: str = "open", number: int = 1
) -> QueuePage:
    """One page of one view, urgent cases first, then the oldest; a few queries for all its rows.

    view: a name of `views`.
    """
    parts = views(staff_user_id)
    live = RefundRequest.objects.filter(is_live=True)
    counts = {name: live.filter(part).distinct().count() for name, part in parts.items()}
    pages = Paginator(in_order(parts[view]), PAGE)
    page = pages.get_page(number)
    rows = tuple(queue_row(found, now, staff_user_id) for found in page.object_list)
    return QueuePage(rows, page.number, pages.num_pages, counts)


def in_order(part: Q) -> QuerySet[RefundRequest]:
    current = Decision.objects.filter(superseded_by__isnull=True).defer("facts", "packs")
    waiting = RefundRequest.objects.filter(part, is_live=True).select_related(
        "customer", "order_line__order", "desk__assigned_to"
    )
    urgency = Coalesce(F("desk__urgency"), 0)
    return (
        waiting.prefetch_related(Prefetch("decisions", current, to_attr="current"))
        .order_by(urgency.desc(), "received_at", "pk")
        .distinct()
    )


def queue_row(request: RefundRequest, now: datetime, staff_user_id: int) -> QueueRow:
    order = request.order_line.order
    case: DeskCase | None = getattr(request, "desk", None)
    current: list[Decision] = request.current  # type: ignore[attr-defined]  # prefetched above
    decision = current[0] if current else None
    result = decision.result if decision else {}
    running = clocks(request, case, decision, now=now)
    assignee = case.assigned_to if case else None
    return QueueRow(
        id=request.pk,
        stage=request.stage,
        order_number=order.number,
        customer_number=request.customer.number,
        names=request.order_line.plan_copy["names"],
        zone=order.zone,
        currency=order.currency,
        due_minor=decision.due_minor if decision else 0,
        offer_cap=result.get("offer_cap", 0),
        wish_minor=request.wish_minor,
        doubts=tuple(case.doubts) if case else (),
        declared_at=request.declared_at,
        clocks=running,
        pay_by=date.fromisoformat(result["pay_by"]) if result.get("pay_by") else None,
        is_late=any(clock.level == 2 for clock in running),
        is_appeal=case is not None and case.appealed_at is not None,
        assignee=assignee.email if assignee else "",
        is_mine=assignee is not None and assignee.pk == staff_user_id,
    )


def alarms() -> list[Alarm]:
    """Deadlines near or passed that nobody has taken note of, the latest first."""
    unseen = Escalation.objects.filter(seen_at__isnull=True, request__is_live=True)
    found = unseen.select_related("request__order_line__order").order_by("-level", "due_at")
    return [
        Alarm(one.request_id, one.request.order_line.order.number, one.clock, one.level, one.due_at)
        for one in found[:PAGE]
    ]


def has_alarms(request_id: int) -> bool:
    """Whether a deadline of this request is near or passed, and nobody has taken note of it."""
    return Escalation.objects.filter(request_id=request_id, seen_at__isnull=True).exists()


def case(request_id: int, *, now: datetime | None = None, staff_user_id: int | None = None) -> Case:
    """One case for the desk.

    now: for its clocks; None leaves them out. staff_user_id: who opens it; a colleague's case is
    for seniors and operators only.
    Raises NotAmongYours, NotAssigned.
    """
    found = ROWS.all().select_related("desk__assigned_to").filter(pk=request_id).first()
    if found is None:
        raise NotAmongYours(refund_id=request_id)
    desk: DeskCase | None = getattr(found, "desk", None)
    owner = desk.assigned_to if desk else None
    if staff_user_id is not None and not may_open(owner.pk if owner else None, staff_user_id):
        raise NotAssigned(refund_id=request_id)
    (decisions,) = together(decisions_asked([request_id]))
    told = Event.objects.filter(customer_id=found.customer_id, facts__refund_id=request_id)
    decided = current_decision(request_id)
    ours = due_if_ours(decided.facts, decided.packs) if decided else 0
    return Case(
        refund=row(found),
        decisions=tuple(decisions),
        doubts=tuple(desk.doubts) if desk else (),
        history=tuple(
            HistoryRow(event.kind, event.actor, event.happened_at) for event in told.order_by("pk")
        ),
        flags=tuple(
            FlagRow(flag.code, flag.facts, flag.raised_at)
            for flag in Flag.objects.filter(request_id=request_id).order_by("pk")
        ),
        clocks=clocks(found, desk, decided, now=now) if now else (),
        bargain=bargain(request_id),
        proposals=proposals_of(request_id),
        missing=missing(request_id),
        due_if_ours=ours if decided and ours > decided.due_minor else None,
        assigned_to=owner.pk if owner else None,
        assignee=owner.email if owner else "",
        thread_id=found.thread_id,
    )


@dataclass(frozen=True, slots=True)
class RequestOf:
    """A request in a list about one customer. may_open: it is nobody's, or this colleague's."""

    id: int
    order_number: str
    names: dict[str, str]
    stage: str
    declared_at: datetime
    may_open: bool


def requests_of(customer_id: int, *, staff_user_id: int, most: int = 20) -> list[RequestOf]:
    """The customer's requests, the newest first; one query, and one for the colleague's role."""
    found = RefundRequest.objects.filter(customer_id=customer_id).order_by("-pk")
    rows = found.select_related("order_line__order", "desk")[:most]
    sees_all = is_senior(staff_user_id)
    return [request_of(row, staff_user_id, sees_all) for row in rows]


def request_of(request: RefundRequest, staff_user_id: int, sees_all: bool) -> RequestOf:
    case: DeskCase | None = getattr(request, "desk", None)
    owner = case.assigned_to_id if case else None
    return RequestOf(
        id=request.pk,
        order_number=request.order_line.order.number,
        names=request.order_line.plan_copy["names"],
        stage=request.stage,
        declared_at=request.declared_at,
        may_open=sees_all or owner in (None, staff_user_id),
    )


def request_of_decision(number: str, *, staff_user_id: int) -> RequestOf | None:
    """The request that the decision of that number, "RD-7K3M-9Q2T", is about."""
    found = RefundRequest.objects.filter(decisions__number=number)
    row = found.select_related("order_line__order", "desk").first()
    return request_of(row, staff_user_id, is_senior(staff_user_id)) if row else None


def proposals_of(request_id: int) -> tuple[ProposalRow, ...]:
    """What waited for a second person, newest first."""
    made = Proposal.objects.filter(request_id=request_id).order_by("-pk")
    return tuple(
        ProposalRow(
            one.pk,
            one.act,
            one.amount_minor,
            one.words,
            one.stage,
            one.proposed_by,
            one.proposed_at,
            one.ended_by,
            one.content.get("kind", ""),
        )
        for one in made
    )
