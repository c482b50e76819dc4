"""The clocks of a case: first answer, decision, payment. Only ours can stand still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from fairroam.apps.refunds.models import Case, Decision, RefundRequest
from fairroam.rules.calendars import add_working_days
from fairroam.rules.zones import end_of_day, load_zone

ANSWER_WITHIN = timedelta(hours=24)
DECIDE_WITHIN_WORKING_DAYS = 3  # our own target; the law's clock is the payment
NEAR_PART, NEAR_WHOLE = 8, 10  # a deadline is near once so much of its time is gone
PAY_BEFORE = timedelta(hours=48)  # what the law entitles to leaves so long before its last moment
# Stages in which a person is expected to act, or has asked the customer to.
WITH_PEOPLE = ("under_review", "offer_made", "waiting_for_customer")
BEFORE_DECISION = (*WITH_PEOPLE, "waiting_for_network", "waiting_for_usage")


@dataclass(frozen=True, slots=True)
class Clock:
    """One deadline of a case. kind: answer, decision or payment; level: 0, 1 near, 2 passed."""

    kind: str
    starts_at: datetime
    due_at: datetime
    is_paused: bool
    level: int


def decide_by(from_at: datetime, *, zone: str, residence: str) -> datetime:
    """The end of the third working day after an instant, where the customer lives."""
    local_zone = load_zone(zone)
    starts_on = from_at.astimezone(local_zone).date()
    last_day = add_working_days(starts_on, DECIDE_WITHIN_WORKING_DAYS, residence)
    return datetime.fromtimestamp(end_of_day(last_day, local_zone), UTC)


def pauses(case: Case, now: datetime) -> timedelta:
    """How long our clock has stood still, up to now."""
    total = timedelta(seconds=case.paused_seconds)
    return total if case.paused_at is None else total + max(now - case.paused_at, timedelta())


def pay_at_latest(pay_by: date, zone: str) -> datetime:
    """The last moment of the day by which the money must leave."""
    return datetime.fromtimestamp(end_of_day(pay_by, load_zone(zone)), UTC)


def clocks(
    refund: RefundRequest, case: Case | None, decision: Decision | None, *, now: datetime
) -> tuple[Clock, ...]:
    """Those that run for this request. Its order line and order must have been read with it."""
    return tuple(running(refund, case, decision, now))


def running(
    refund: RefundRequest, case: Case | None, decision: Decision | None, now: datetime
) -> Iterator[Clock]:
    order = refund.order_line.order
    if case is not None and refund.stage in WITH_PEOPLE:
        starts_at = case.clock_from
        if case.first_answered_at is None:
            yield clock("answer", starts_at, starts_at + ANSWER_WITHIN, False, now)
        due_at = decide_by(starts_at, zone=order.zone, residence=order.residence)
        is_paused = case.paused_at is not None
        yield clock("decision", starts_at, due_at + pauses(case, now), is_paused, now)
    if refund.is_live and decision is not None and decision.result["pay_by"]:
        last = pay_at_latest(date.fromisoformat(decision.result["pay_by"]), order.zone)
        yield clock("payment", refund.received_at, last, False, now)


def clock(
    kind: str, starts_at: datetime, due_at: datetime, is_paused: bool, now: datetime
) -> Clock:
    near_at = starts_at + (due_at - starts_at) * NEAR_PART / NEAR_WHOLE
    level = 2 if now >= due_at else 1 if now >= near_at and not is_paused else 0
    return Clock(kind, starts_at, due_at, is_paused, level)
