"""Ask the customer for what is missing; our clock waits for them, the law's does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.refunds.models import Case, RefundRequest
from fairroam.apps.refunds.operations.appealing import joined
from fairroam.apps.refunds.operations.handling import authorise, note_answer, pause_clock
from fairroam.apps.refunds.operations.moves import RULES, lock_request, move, tell
from fairroam.apps.refunds.operations.offering import return_to_review

ANSWER_WITHIN = timedelta(days=7)  # then the case goes on with what is there


@transaction.atomic
def ask_more(
    *, request_id: int, staff_user_id: int, missing: Sequence[str], words: str, now: datetime
) -> None:
    """Ask for what is missing (codes of `queries.completeness`) in a person's words.

    Raises MoveNotAllowed, NotAmongYours, and as `handling.authorise`.
    """
    assert words.strip()
    refund = lock_request(request_id)
    authorise(refund, staff_user_id, now=now)
    move(refund, "ask_more", now=now)
    Case.objects.filter(pk=request_id).update(missing=list(missing), question_words=words.strip())
    note_answer(refund, now=now)
    pause_clock(refund, now=now)
    tell(
        refund,
        "refund.more_asked",
        actor=f"staff:{staff_user_id}",
        now=now,
        missing=list(missing),
        asked_at=now.isoformat(),
    )


@transaction.atomic
def give_more(*, request_id: int, customer_id: int, words: str, now: datetime) -> None:
    """The customer's answer: the case goes on. Raises NotAmongYours, MoveNotAllowed."""
    if not RefundRequest.objects.filter(pk=request_id, customer_id=customer_id).exists():
        raise NotAmongYours(refund_id=request_id)
    refund = lock_request(request_id)
    return_to_review(refund, now=now)
    case = Case.objects.get(pk=request_id)
    case.added_words, case.missing = joined(case.added_words, words), []
    case.save(update_fields=["added_words", "missing"])
    tell(refund, "refund.more_given", actor=f"customer:{customer_id}", now=now)


@transaction.atomic
def stop_waiting(*, request_id: int, now: datetime) -> bool:
    """Go on without an answer once its time is over; whether this call did it."""
    refund = lock_request(request_id)
    paused_at = Case.objects.values_list("paused_at", flat=True).get(pk=request_id)
    is_over = paused_at is not None and now >= paused_at + ANSWER_WITHIN
    if refund.stage != "waiting_for_customer" or not is_over:
        return False
    return_to_review(refund, now=now)
    tell(refund, "refund.more_given", actor=RULES, now=now)
    return True
