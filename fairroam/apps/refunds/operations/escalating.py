"""Deadlines that act by themselves: told when near, told when passed, and the law's is met."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.refunds.models import Case, Decision, Escalation, RefundRequest
from fairroam.apps.refunds.operations.giving import pay_back
from fairroam.apps.refunds.operations.handling import member_at, resume_clock
from fairroam.apps.refunds.operations.moves import RULES, lock_request, tell
from fairroam.apps.refunds.operations.recording import record_decision
from fairroam.apps.refunds.operations.settling import is_statutory
from fairroam.apps.refunds.queries.clocks import (
    BEFORE_DECISION,
    PAY_BEFORE,
    clocks,
    pay_at_latest,
)
from fairroam.apps.refunds.queries.facts import quote_request
from fairroam.apps.refunds.queries.pages import current_decision


@transaction.atomic
def escalate(*, request_id: int, now: datetime) -> int:
    """Tell once of each deadline of a request that is near or passed; its urgency now (0 to 2)."""
    refund = lock_request(request_id)
    case = Case.objects.filter(pk=request_id).first()
    if case is None:
        return 0
    running = clocks(refund, case, current_decision(request_id), now=now)
    for clock in running:
        if not clock.level:
            continue
        _row, is_new = Escalation.objects.get_or_create(
            request=refund,
            clock=clock.kind,
            level=clock.level,
            due_at=clock.due_at,
            defaults={"told_at": now},
        )
        if is_new:
            tell(
                refund,
                "refund.escalated",
                actor=RULES,
                now=now,
                clock=clock.kind,
                level=clock.level,
                due_at=clock.due_at.isoformat(),
            )
    urgency = max((clock.level for clock in running), default=0)
    Case.objects.filter(pk=request_id).update(urgency=urgency)
    return urgency


@transaction.atomic
def pay_in_time(*, request_id: int, now: datetime) -> Decision | None:
    """Pay what the law entitles to, by the rules alone, before its last day is over.

    Nobody's silence, no flag, limit or open offer keeps a statutory right waiting; what lies
    beyond it can still be asked for. None, and nothing changed, while there is time, where the
    law entitles to nothing, or once it is decided.
    """
    refund = lock_request(request_id)
    if refund.stage not in BEFORE_DECISION:
        return None
    quote, _ = quote_request(refund)
    if not quote.due or not is_statutory(quote):
        return None
    pay_by = date.fromisoformat(quote.decision["pay_by"])
    if now < pay_at_latest(pay_by, refund.order_line.order.zone) - PAY_BEFORE:
        return None
    decision = record_decision(refund, quote, by=RULES, now=now)
    if Case.objects.filter(pk=request_id).exists():
        resume_clock(refund, now=now)
    pay_back(refund, decision, now=now, actor=RULES)
    return decision


@transaction.atomic
def see_escalations(*, request_id: int, staff_user_id: int, now: datetime) -> None:
    """Somebody has taken note of the alarms of a case. Raises NotAllowed, NotAmongYours."""
    member_at(staff_user_id)
    if not RefundRequest.objects.filter(pk=request_id).exists():
        raise NotAmongYours(refund_id=request_id)
    unseen = Escalation.objects.filter(request_id=request_id, seen_at__isnull=True)
    unseen.update(seen_by=f"staff:{staff_user_id}", seen_at=now)


def waiting_requests() -> list[int]:
    """Everything that is not decided yet, oldest first."""
    live = RefundRequest.objects.filter(is_live=True, stage__in=BEFORE_DECISION)
    return list(live.order_by("received_at", "pk").values_list("pk", flat=True))


def open_questions() -> list[int]:
    """Requests whose customer was asked something."""
    asked = Case.objects.filter(paused_at__isnull=False, request__stage="waiting_for_customer")
    return list(asked.order_by("pk").values_list("pk", flat=True))
