"""Decide a request, once its line is proven off and its usage is known."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from fairroam.apps.customers import queries as customers
from fairroam.apps.esims import queries as esims
from fairroam.apps.metering import queries as metering
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.refunds.models.quotes import INSTEAD_OF_MONEY
from fairroam.apps.refunds.operations.flagging import raise_flags
from fairroam.apps.refunds.operations.following import open_follow_up, surplus_of
from fairroam.apps.refunds.operations.giving import pay_back
from fairroam.apps.refunds.operations.handling import authorise, open_case
from fairroam.apps.refunds.operations.moves import (
    RULES,
    lock_live_request,
    lock_request,
    move,
    tell,
)
from fairroam.apps.refunds.operations.recording import record_decision
from fairroam.apps.refunds.operations.settling import refuse_unless_under_review
from fairroam.apps.refunds.queries.facts import (
    Quote,
    burns_no_more_since,
    can_be_used_on,
    due_if_ours,
    is_usage_told_until_end,
    quote_request,
    was_used_after_declaring,
)
from fairroam.apps.refunds.queries.pages import current_decision

# How long after a line's end our own network may still report usage; the stand-in counts at
# once. Suppliers of eSIMs name their own figure, which `suppliers` keeps with each order.
USAGE_LAG = timedelta(0)


@transaction.atomic
def line_is_off(*, order_line_id: int, now: datetime) -> None:
    """The carrier or the network proved the end of a line: what waited for it goes on.

    Safe to repeat, and right also for a line that nobody asked a refund for.
    """
    refund = lock_live_request(order_line_id)
    if refund is None:
        return
    is_reviewed = refund.stage == "under_review" and not rests_on_the_end(refund, now=now)
    if refund.stage == "waiting_for_network" or is_reviewed:
        await_usage(refund, now=now)
    elif refund.stage == "waiting_for_usage":
        decide_if_usage_is_known(refund, now=now)


@transaction.atomic
def usage_is_known(*, order_line_id: int, now: datetime) -> None:
    """The network reported up to the line's end: decide what waited for it. Safe to repeat."""
    refund = lock_live_request(order_line_id)
    if refund is not None and refund.stage == "waiting_for_usage":
        decide_if_usage_is_known(refund, now=now)


@transaction.atomic
def network_is_silent(*, order_line_id: int, now: datetime) -> None:
    """Nobody can say whether the line is off: a person takes over, in time for the law.

    A declared withdrawal is paid in time all the same; other grounds wait for the proof.
    """
    refund = lock_live_request(order_line_id)
    if refund is not None and refund.stage == "waiting_for_network":
        decide(refund, now=now)


@transaction.atomic
def decide_again(*, request_id: int, actor: str, now: datetime) -> Decision:
    """Let the rules look at the facts as they are now; it supersedes the former decision.

    Raises NotAmongYours, MoveNotAllowed when the request does not wait for a person.
    """
    refund = lock_request(request_id)
    refuse_unless_under_review(refund)
    tell(refund, "refund.looked_at_again", actor=actor, now=now)
    return record_decision(refund, quote_request(refund)[0], by=RULES, now=now)


@transaction.atomic
def take_blame(*, request_id: int, staff_user_id: int, now: datetime) -> Decision:
    """A person finds that the end is our doing, and lets the rules decide again; safe to repeat.

    Raises MoveNotAllowed when the request does not wait for a person, NotAmongYours, and as
    `handling.authorise`.
    """
    refund = lock_request(request_id)
    refuse_unless_under_review(refund)
    authorise(refund, staff_user_id, now=now)
    if refund.cause != "trader":
        refund.cause = "trader"
        refund.save(update_fields=["cause"])
        tell(refund, "refund.blame_taken", actor=f"staff:{staff_user_id}", now=now)
    return decide_again(request_id=request_id, actor=f"staff:{staff_user_id}", now=now)


def rests_on_the_end(refund: RefundRequest, *, now: datetime) -> bool:
    """Whether the present decision knew that the line is off, and all that was used before."""
    decision = current_decision(refund.pk)
    ended_at = esims.line_state(refund.order_line_id).ended_at
    if decision is None or ended_at is None:
        return True
    is_told = is_usage_told_until_end(refund.order_line_id, now=now)
    return is_told and decision.decided_at >= ended_at


def await_usage(refund: RefundRequest, *, now: datetime) -> None:
    move(refund, "await_usage", now=now)
    decide_if_usage_is_known(refund, now=now)


def decide_if_usage_is_known(refund: RefundRequest, *, now: datetime) -> None:
    ended_at = burns_no_more_since(refund.order_line_id) or now
    if not is_usage_told_until_end(refund.order_line_id, now=now):
        return
    as_of = metering.usage_of(refund.order_line_id).as_of
    if now >= ended_at + USAGE_LAG or (as_of is not None and as_of >= ended_at):
        decide(refund, now=now)


def decide(refund: RefundRequest, *, now: datetime) -> None:
    """Record what the rules say; a straight case is approved at once, else a person looks.

    A wish beyond what is due makes no case crooked: what is due leaves, and the rest of the wish
    goes to a person by itself.
    """
    quote, _ = quote_request(refund)
    decision = record_decision(refund, quote, by=RULES, now=now)
    doubts = doubts_about(refund, quote)
    doubts += raise_flags(refund, now=now)  # after the amount is fixed: they cannot touch it
    surplus = surplus_of(refund, quote)
    if doubts and surplus and "wish" not in doubts:
        doubts.append("wish")  # Who looks anyway sees to that, too.
    tell(
        refund,
        "refund.decided",
        actor=RULES,
        now=now,
        decision=decision.number,
        due_minor=decision.due_minor,
        doubts=doubts,
    )
    if not doubts:
        pay_back(refund, decision, now=now, actor=RULES)
        if surplus:
            decide(open_follow_up(refund, surplus, now=now), now=now)
        return
    open_case(refund, doubts)
    if refund.stage != "under_review":
        move(refund, "review", now=now)


def may_be_ours(quote: Quote) -> bool:
    """Whether the plan failed, and more would be due if a person finds that this ended it."""
    failed = bool(quote.facts["trouble"] or quote.facts["outages"])
    return failed and due_if_ours(quote.facts, quote.packs) > quote.due


def doubts_about(refund: RefundRequest, quote: Quote) -> list[str]:
    """Why a person should look, in codes; they never change the amount."""
    doubts = {
        "nothing_due": quote.due == 0,
        "wish": refund.wish in INSTEAD_OF_MONEY,
        "above_limit": quote.due > customers.limit(RULES, quote.currency),
        "dispute_open": quote.decision["held"] > 0,
        "used_after_declaring": was_used_after_declaring(quote.facts),
        "line_still_on": quote.due > 0 and burns_no_more_since(refund.order_line_id) is None,
        "whose_doing": may_be_ours(quote),
        "pack_still_on": quote.due > 0 and can_be_used_on(refund.order_line_id),
    }
    return [code for code, holds in doubts.items() if holds]
