"""One request as its customer sees it: the answer, its reasons, and how far the money is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from fairroam import rules
from fairroam.apps.esims.models import Line
from fairroam.apps.journal.queries.planned import Often, question, together
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.papers import queries as papers
from fairroam.apps.payments.queries.providers import method_name
from fairroam.apps.refunds.models import ON_THE_WAY, Decision, RefundPart, RefundRequest
from fairroam.apps.refunds.queries.clocks import decide_by
from fairroam.apps.refunds.queries.exhibits import given_asked
from fairroam.apps.refunds.queries.facts import Standing, quote_request, standing_of
from fairroam.apps.refunds.queries.quotes import Change, activated_after, changes
from fairroam.apps.refunds.refusals import NothingPaid


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision for a page. result: as documented for `fairroam decide`; minor units."""

    number: str
    due_minor: int
    goodwill_minor: int
    offer_cap: int
    decided_by: str
    decided_at: datetime
    facts: dict[str, Any]
    result: dict[str, Any]
    supersedes: str | None

    @property
    def total_minor(self) -> int:
        return self.due_minor + self.goodwill_minor

    def lines(self, language: str) -> list[rules.Line]:
        """The receipt: every reason in words, with its number at the right."""
        return rules.explain(self.result, language)


@dataclass(frozen=True, slots=True)
class PartRow:
    """What goes back through one tender; minor units."""

    method: str
    kind: str
    amount_minor: int
    payout_stage: str | None
    sent_at: datetime | None
    arrived_at: datetime | None
    payout_id: int | None = None
    expected_by: date | None = None  # local day, frozen when the payout set out

    @property
    def way(self) -> str:
        """By which way it goes back, in words."""
        return method_name(self.method)

    @property
    def asks_customer(self) -> bool:
        """Whether it goes on only when the customer does something."""
        waits = ("needs_account", "failed", "returned", "requires_action")
        return self.payout_stage in waits


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """asked, line_off, decided, sent or arrived: when it was; None while it is still ahead."""

    code: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    """One request. `decide_by` is our own target, `pay_by` the law's or our promise's day."""

    id: int
    order_line_id: int
    thread_id: int | None  # the conversation that it came from
    has_case: bool  # whether a person ever looked
    order_number: str
    customer_id: int
    customer_number: str
    names: dict[str, str]
    zone: str
    currency: str
    stage: str
    is_open: bool
    asked_minor: int | None
    wish: str
    wish_minor: int | None
    follows: int | None  # the request whose due part left without waiting for this one
    followed_by: int | None  # the request for what they wished beyond that
    words: str
    answer_words: str
    declared_at: datetime
    received_at: datetime
    decide_by: datetime
    expected_minor: int  # what the rules say now; fixed by the decision
    pay_by: date | None
    decision: DecisionRow | None
    changes: tuple[Change, ...]  # what had happened by the decision since they asked
    parts: tuple[PartRow, ...]
    timeline: tuple[TimelineStep, ...]
    decision_paper: str | None
    credit_note: str | None
    receipt: str | None
    given: tuple[int, ...]  # the ids of the files that were given for the plan

    @property
    def went_to_wallet(self) -> bool:
        """Whether credit was chosen in place of money, and given."""
        cash = [part.method for part in self.parts if part.kind == "cash"]
        return bool(cash) and set(cash) == {"wallet"}

    @property
    def is_line_off(self) -> bool:
        """Whether the plan is proven off, so that nothing of it goes on."""
        return any(step.code == "line_off" and step.at for step in self.timeline)


def current_decision(request_id: int) -> Decision | None:
    """The decision that none supersedes; None before the first."""
    return Decision.objects.filter(request_id=request_id, superseded_by__isnull=True).first()


def _decisions(request_ids: list[int]) -> QuerySet[Decision, Any]:
    made: QuerySet[Decision, Any] = Decision.objects.filter(request_id__any_of=request_ids)
    return made.order_by("-pk").values(  # type: ignore[no-any-return]
        *("number", "due_minor", "goodwill_minor", "decided_by", "decided_at", "facts", "result"),
        supersedes_number=F("supersedes__number"),
    )


def read_decisions(rows: list[dict[str, Any]]) -> list[DecisionRow]:
    return [decision_row(**row) for row in rows]


def decision_row(
    *, result: dict[str, Any], decided_at: str, supersedes_number: str | None, **more: Any
) -> DecisionRow:
    return DecisionRow(
        **more,
        result=result,
        offer_cap=result["offer_cap"],
        decided_at=datetime.fromisoformat(decided_at),
        supersedes=supersedes_number,
    )


def _parts(request_ids: list[int]) -> QuerySet[RefundPart, Any]:
    stored: QuerySet[RefundPart, Any] = RefundPart.objects.filter(request_id__any_of=request_ids)
    return stored.order_by("pk").values(  # type: ignore[no-any-return]
        *("amount_minor", "arrived_at", "payout_id"),
        method=F("tender__method"),
        kind=F("tender__kind"),
        payout_stage=F("payout__stage"),
        sent_at=F("payout__sent_at"),
        expected_by=F("payout__expected_by"),
    )


def read_parts(rows: list[dict[str, Any]]) -> tuple[PartRow, ...]:
    return tuple(part_row(**row) for row in rows)


def part_row(
    *,
    method: str,
    kind: str,
    payout_id: int | None,
    sent_at: str | None,
    arrived_at: str | None,
    expected_by: str | None,
    **more: Any,
) -> PartRow:
    sent_at = sent_at if payout_id else arrived_at
    return PartRow(
        **more,
        method=method if payout_id or kind != "cash" else "wallet",
        kind=kind,
        payout_id=payout_id,
        sent_at=datetime.fromisoformat(sent_at) if sent_at else None,
        arrived_at=datetime.fromisoformat(arrived_at) if arrived_at else None,
        expected_by=date.fromisoformat(expected_by) if expected_by else None,
    )


decisions_asked = question(_decisions, read_decisions)  # All decisions on a request, newest first.
parts_asked = question(_parts, read_parts)  # What of a request goes back, through each tender.


def decision_deadline(request: RefundRequest) -> datetime:
    """Until when we want to have decided: later by the times in which we waited for an answer."""
    order, case = request.order_line.order, getattr(request, "desk", None)
    if case is None:
        return decide_by(request.received_at, zone=order.zone, residence=order.residence)
    due_at = decide_by(case.clock_from, zone=order.zone, residence=order.residence)
    return due_at + timedelta(seconds=case.paused_seconds)


def latest(moments: list[datetime | None]) -> datetime | None:
    """When the last of them was; None for none, or while one is still ahead."""
    known = [moment for moment in moments if moment is not None]
    return max(known) if known and len(known) == len(moments) else None


def timeline_of(
    request: RefundRequest, decided_at: datetime | None, parts: tuple[PartRow, ...]
) -> tuple[TimelineStep, ...]:
    steps = {
        "asked": request.declared_at,
        "line_off": line_ended_at(request.order_line),
        "decided": decided_at,
        "sent": latest([part.sent_at for part in parts]),
        "arrived": latest([part.arrived_at for part in parts]),
    }
    return tuple(TimelineStep(code, at) for code, at in steps.items())


def line_ended_at(sold: OrderLine) -> datetime | None:
    """When the eSIM of that line was off, a top-up's base line's; None while it is not."""
    line: Line | None = getattr(sold.tops_up or sold, "line", None)
    return line.ended_at if line else None


LONG_TEXTS = ("signed", "statement")
ROWS = RefundRequest.objects.select_related(
    "customer",
    "order_line__order",
    "order_line__line",
    "order_line__tops_up__line",
    "decision_paper",
    "credit_note",
    "quote",
    "desk",
    "followed_by",
).defer(  # long, and in no row
    *(f"{paper}__{text}" for paper in ("decision_paper", "credit_note") for text in LONG_TEXTS),
    "quote__packs",
    "order_line__packs",
)


@Often
def _requests(request_id: int) -> QuerySet[RefundRequest]:
    return ROWS.filter(pk=request_id)


def row(request: RefundRequest) -> RefundRow:
    order = request.order_line.order
    decisions, parts, given = together(
        decisions_asked([request.pk]),
        parts_asked([request.pk]),
        given_asked([request.order_line_id]),
    )
    decision = decisions[0] if decisions else None
    said = decision.result if decision else quote_request(request)[0].decision
    return RefundRow(
        id=request.pk,
        order_line_id=request.order_line_id,
        thread_id=request.thread_id,
        has_case=hasattr(request, "desk"),
        order_number=order.number,
        customer_id=request.customer_id,
        customer_number=request.customer.number,
        names=request.order_line.plan_copy["names"],
        zone=order.zone,
        currency=order.currency,
        stage=request.stage,
        is_open=bool(request.is_live),
        asked_minor=request.asked_minor,
        wish=request.wish,
        wish_minor=request.wish_minor,
        follows=request.follows_id,
        followed_by=request.followed_by.pk if hasattr(request, "followed_by") else None,
        words=request.words,
        answer_words=request.answer_words,
        declared_at=request.declared_at,
        received_at=request.received_at,
        decide_by=decision_deadline(request),
        expected_minor=said["due"] + (decision.goodwill_minor if decision else 0),
        pay_by=date.fromisoformat(said["pay_by"]) if said["pay_by"] else None,
        decision=decision,
        changes=changes_by_decision(request, decision),
        parts=parts,
        timeline=timeline_of(request, decision.decided_at if decision else None, parts),
        decision_paper=request.decision_paper.number if request.decision_paper else None,
        credit_note=request.credit_note.number if request.credit_note else None,
        receipt=receipt_number(request, decision),
        given=given,
    )


def receipt_number(request: RefundRequest, decision: DecisionRow | None) -> str | None:
    """The number of the receipt, once all of the money has arrived."""
    invoice_id = request.credit_note.refers_to_id if request.credit_note else None
    if request.stage != "paid" or decision is None or invoice_id is None:
        return None
    receipt = papers.receipt_of(decision.number, invoice_id)
    return receipt.number if receipt else None


def changes_by_decision(request: RefundRequest, decision: DecisionRow | None) -> tuple[Change, ...]:
    """What the decision knows that the customer did not see when they asked."""
    if decision is None:
        return ()
    if request.quote is not None:
        return tuple(changes(request.quote.facts, decision.facts))
    return activated_after(request.declared_at, decision.facts)


def refund(request_id: int, customer_id: int) -> RefundRow:
    """The customer's own request. Raises NotAmongYours."""
    found = next(iter(_requests(request_id)), None)
    if found is None or found.customer_id != customer_id:
        raise NotAmongYours(refund_id=request_id)
    return row(found)


def refund_of_line(order_line_id: int, customer_id: int) -> RefundRow | None:
    """The newest request for that line of the customer's; None when nobody asked yet."""
    found = ROWS.all().filter(order_line_id=order_line_id, customer_id=customer_id)
    newest = found.order_by("-pk").first()
    return row(newest) if newest else None


def refunds_of(customer_id: int) -> list[RefundRow]:
    """All requests of the customer, newest first."""
    return [row(found) for found in ROWS.all().filter(customer_id=customer_id).order_by("-pk")]


def count_of(customer_id: int) -> int:
    """How many requests the customer ever made."""
    return RefundRequest.objects.filter(customer_id=customer_id).count()


def lines_waiting_for_usage() -> list[int]:
    """The order lines whose requests are decided once their last usage is known."""
    waiting = RefundRequest.objects.filter(stage="waiting_for_usage").order_by("pk")
    return list(waiting.values_list("order_line_id", flat=True))


def is_asked_back(order_line_id: int) -> bool:
    """Whether a request for that line's money is open. It stays true while its lock is held."""
    return RefundRequest.objects.filter(order_line_id=order_line_id, is_live=True).exists()


def _open(order_line_ids: list[int]) -> QuerySet[RefundRequest, Any]:
    live = RefundRequest.objects.filter(order_line_id__any_of=order_line_ids, is_live=True)
    return live.order_by("pk").values("id")[:1]


def _made_of(quote_ids: list[int]) -> QuerySet[RefundRequest, Any]:
    return RefundRequest.objects.filter(quote_id__any_of=quote_ids).values("id")


def first_id(rows: list[dict[str, Any]]) -> int | None:
    return rows[0]["id"] if rows else None


open_asked = question(_open, first_id)  # Which request for a line's money is open, if any.
made_of_asked = question(_made_of, first_id)  # Which request a quote has become, if any.


def own_standing(order_line_id: int, customer_id: int) -> tuple[Standing, int | None]:
    """How the customer's own paid line stands, and which request for its money is open.

    Raises NotAmongYours, NothingPaid.
    """
    standing, open_now = standing_of(order_line_id, open_asked([order_line_id]))
    if standing.terms.customer_id != customer_id:
        raise NotAmongYours(order_line_id=order_line_id)
    if standing.terms.paid_at is None:
        raise NothingPaid(order_line_id=order_line_id)
    return standing, open_now


def undecided_refunds_of(customer_id: int) -> list[RefundRow]:
    """The requests on which nobody has decided yet, oldest first."""
    live = ROWS.all().filter(customer_id=customer_id, is_live=True)
    return [row(found) for found in live.exclude(stage__in=ON_THE_WAY).order_by("pk")]
