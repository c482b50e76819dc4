"""What is wished beyond what is due: a matter of its own, so that what is due never waits."""

from __future__ import annotations

from datetime import datetime

from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.refunds.operations.moves import RULES, tell
from fairroam.apps.refunds.operations.settling import left_after
from fairroam.apps.refunds.queries.facts import Quote


def surplus_of(refund: RefundRequest, quote: Quote) -> int:
    """How much more than `quote` gives they wish for, in minor units; 0 for none."""
    wished = [minor for minor in (refund.asked_minor, refund.wish_minor) if minor is not None]
    if refund.wish == "full" and refund.asked_minor is None:
        wished.append(quote.due + left_after(quote))
    return max(0, max(wished, default=0) - quote.due)


def open_follow_up(refund: RefundRequest, surplus: int, *, now: datetime) -> RefundRequest:
    """Open the rest of an approved request's wish as a request of its own.

    surplus: minor units, at least 1. It counts from the same moment, and has the same words.
    """
    assert surplus > 0
    follow_up = RefundRequest.objects.create(
        follows=refund,
        order_line_id=refund.order_line_id,
        customer_id=refund.customer_id,
        declared_at=refund.declared_at,
        received_at=refund.received_at,
        wish=refund.wish,
        wish_minor=surplus,
        destination=refund.destination,
        words=refund.words,
    )
    tell(
        follow_up,
        "refund.wish_left",
        actor=RULES,
        now=now,
        follows=refund.pk,
        wish_minor=surplus,
    )
    return follow_up
