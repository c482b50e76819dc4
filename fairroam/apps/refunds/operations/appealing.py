"""Appeal against a no: another person looks, and the clocks begin anew."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.refunds.models import Case, RefundRequest
from fairroam.apps.refunds.operations.moves import lock_request, move, tell
from fairroam.apps.refunds.refusals import AlreadyAsked, AppealUsed


@transaction.atomic
def appeal(*, request_id: int, customer_id: int, words: str, now: datetime) -> None:
    """Have a declined request looked at by somebody who had no part in the no; once.

    It counts from when it was declared at first. Raises NotAmongYours, MoveNotAllowed, AppealUsed,
    AlreadyAsked while another request for that line is open, AccountLeaving, AccountClosed.
    """
    if not RefundRequest.objects.filter(pk=request_id, customer_id=customer_id).exists():
        raise NotAmongYours(refund_id=request_id)
    customers.lock_for_new(customer_id)
    refund = lock_request(request_id)
    case = Case.objects.get(pk=request_id)
    if refund.stage != "declined":
        raise MoveNotAllowed(refund_id=request_id, stage=refund.stage)
    if case.appealed_at is not None:
        raise AppealUsed(refund_id=request_id)
    live = RefundRequest.objects.filter(
        order_line_id=refund.order_line_id,
        is_live=True,
        follows__isnull=refund.follows_id is None,
    ).first()
    if live is not None:
        raise AlreadyAsked(refund_id=live.pk)
    move(refund, "appeal", now=now)
    case.appealed_at = case.clock_from = now
    case.assigned_to = case.first_answered_at = case.paused_at = None
    case.paused_seconds = case.urgency = 0
    case.added_words = joined(case.added_words, words)
    case.save()
    tell(refund, "refund.appealed", actor=f"customer:{customer_id}", now=now)


def joined(before: str, words: str) -> str:
    """What somebody wrote at several times, newest last."""
    return "\n\n".join(part for part in (before, words.strip()) if part)
