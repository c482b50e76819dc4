"""A person settles a request: approves it, with goodwill within the terms, or declines it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.refunds.operations.giving import pay_back
from fairroam.apps.refunds.operations.handling import (
    authorise,
    note_answer,
    refuse_above_limit,
)
from fairroam.apps.refunds.operations.moves import lock_request, move, tell
from fairroam.apps.refunds.operations.papering import issue_decision
from fairroam.apps.refunds.operations.recording import record_decision
from fairroam.apps.refunds.queries.facts import (
    Quote,
    burns_no_more_since,
    is_usage_told_until_end,
    quote_request,
)
from fairroam.apps.refunds.queries.pages import current_decision
from fairroam.apps.refunds.refusals import (
    BeyondTheOffer,
    DueByTheRules,
    FiguresMoved,
    LineStillOn,
    NothingToPay,
    UsageNotTold,
)


@transaction.atomic
def approve(
    *, request_id: int, staff_user_id: int, now: datetime, goodwill_minor: int = 0
) -> Decision:
    """A person approves what is due, and may add goodwill up to the terms' offer.

    Their decision supersedes the rules' one and rests on the facts of now. Raises AboveYourLimit
    (have it confirmed by a second person), FiguresMoved (look again first), UsageNotTold,
    BeyondTheOffer, NothingToPay, LineStillOn, MoveNotAllowed, NotAmongYours, and as
    `handling.authorise`.
    """
    refund = lock_request(request_id)
    refuse_unless_under_review(refund)
    member = authorise(refund, staff_user_id, now=now)
    quote = quote_for_approval(refund, goodwill_minor, now=now)
    refuse_above_limit(member, quote.due + goodwill_minor, quote.currency)
    return give_back(
        refund, quote, by=f"staff:{staff_user_id}", goodwill_minor=goodwill_minor, now=now
    )


def quote_for_approval(refund: RefundRequest, goodwill_minor: int, *, now: datetime) -> Quote:
    """What the rules say now, if so much may be approved beside it."""
    assert goodwill_minor >= 0
    quote = current_quote(refund, now=now)
    refuse_beyond_terms(refund, quote, goodwill_minor)
    return quote


def give_back(
    refund: RefundRequest,
    quote: Quote,
    *,
    by: str,
    goodwill_minor: int,
    now: datetime,
    confirmed_by: str = "",
) -> Decision:
    decision = record_decision(
        refund, quote, by=by, confirmed_by=confirmed_by, now=now, goodwill_minor=goodwill_minor
    )
    note_answer(refund, now=now)
    pay_back(refund, decision, now=now, actor=by)
    return decision


@transaction.atomic
def decline(*, request_id: int, staff_user_id: int, words: str, now: datetime) -> Decision:
    """A person says no, with a reason in the customer's language; only where nothing is due.

    Raises DueByTheRules, MoveNotAllowed, NotAmongYours, and as `handling.authorise`.
    """
    assert words.strip()
    refund = lock_request(request_id)
    refuse_unless_under_review(refund)
    authorise(refund, staff_user_id, now=now)
    quote, _ = quote_request(refund)
    if quote.due:
        raise DueByTheRules(refund_id=refund.pk, due=quote.due)
    actor = f"staff:{staff_user_id}"
    decision = record_decision(refund, quote, by=actor, now=now)
    note_answer(refund, now=now)
    paper = issue_decision(refund, decision, now=now)
    move(refund, "decline", now=now, answer_words=words.strip(), decision_paper=paper)
    tell(refund, "refund.declined", actor=actor, now=now, decision=decision.number)
    return decision


def current_quote(refund: RefundRequest, *, now: datetime) -> Quote:
    """What the rules say now, if a person has seen just that. Raises FiguresMoved, UsageNotTold."""
    seen = current_decision(refund.pk)
    assert seen is not None  # Nothing comes under review without a decision.
    if not is_usage_told_until_end(refund.order_line_id, now=now):
        raise UsageNotTold(refund_id=refund.pk)
    quote, _ = quote_request(refund)
    if quote.due != seen.due_minor:
        raise FiguresMoved(refund_id=refund.pk, seen=seen.due_minor, due=quote.due)
    return quote


def refuse_unless_under_review(refund: RefundRequest) -> None:
    if refund.stage != "under_review":
        raise MoveNotAllowed(refund_id=refund.pk, stage=refund.stage)


def refuse_beyond_terms(refund: RefundRequest, quote: Quote, goodwill_minor: int) -> None:
    """Refuse more goodwill than the terms, or the price, leave for the line; money before proof.

    What follows a due part is, like goodwill beside it, bound by the rest of the price alone.
    """
    if quote.due + goodwill_minor == 0:
        raise NothingToPay(refund_id=refund.pk)
    given = Decision.objects.filter(
        request__order_line_id=refund.order_line_id, goodwill_minor__gt=0, parts__isnull=False
    )
    before = sum(given.distinct().values_list("goodwill_minor", flat=True))
    cap = left_after(quote) if refund.follows_id else terms_cap(quote) - before
    offer = max(0, min(cap, left_after(quote)))
    if goodwill_minor > offer:
        raise BeyondTheOffer(refund_id=refund.pk, asked=goodwill_minor, offer=offer)
    refuse_line_still_on(refund, quote)


def refuse_line_still_on(refund: RefundRequest, quote: Quote) -> None:
    """What we promise beyond the law is paid once the plan is proven off."""
    is_off = burns_no_more_since(refund.order_line_id) is not None
    if quote.due and not is_off and not is_statutory(quote):
        raise LineStillOn(refund_id=refund.pk)


def terms_cap(quote: Quote) -> int:
    """What the terms let a person add. They name a cap where the rules give nothing; beside what
    is due anyway it is the rest of the price, and the person's own limit binds.
    """
    return left_after(quote) if quote.due else int(quote.decision["offer_cap"])


def left_after(quote: Quote) -> int:
    """What of the price is neither back, nor on its way, nor due."""
    facts = quote.facts
    return int(facts["paid"]) - int(facts["refunded"]) - int(facts["pending"]) - quote.due


def is_statutory(quote: Quote) -> bool:
    """Whether the law itself, not our promise, entitles: it is paid in time without our proof."""
    statutory = {f"{pack['pack']}@{pack['version']}" for pack in quote.packs if pack["statutory"]}
    return quote.decision["pack"] in statutory
