"""The one door through which a request moves, and the locks taken before it.

Every write to a request happens under the lock of its order line. Its own row needs no lock:
payments come between order and refund in the order of locks, and a guarded move comes last.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.orders import operations as orders
from fairroam.apps.refunds.models import ENDED, ON_THE_WAY, RefundRequest
from fairroam.rules import stages

RULES = "rules"


def lock_request(request_id: int) -> RefundRequest:
    """Lock the customer, the order and its line, then read the request as it stands.

    Raises NotAmongYours for an unknown id, AccountClosed.
    """
    found = RefundRequest.objects.filter(pk=request_id)
    owner = found.values_list("customer_id", "order_line_id").first()
    if owner is None:
        raise NotAmongYours(refund_id=request_id)
    customers.lock_open(owner[0])
    orders.lock_line(owner[1])
    return found.select_related("customer", "order_line__order").get()


def lock_live_request(order_line_id: int) -> RefundRequest | None:
    """The undecided request of that line, locked as above; None when there is none.

    What follows a request concerns no line: it begins when the line is off and all use is known.
    """
    live = RefundRequest.objects.filter(
        order_line_id=order_line_id, is_live=True, follows__isnull=True
    ).exclude(stage__in=ON_THE_WAY)
    request_id = live.values_list("pk", flat=True).first()
    if request_id is None:
        return None
    refund = lock_request(request_id)
    return refund if refund.is_live else None


def move(refund: RefundRequest, step: str, *, now: datetime, **changes: Any) -> None:
    """Make a move of the stage table. Raises MoveNotAllowed, MovedMeanwhile."""
    try:
        after = stages.next_stage(stages.REFUND, refund.stage, step)
    except stages.MoveNotAllowed:
        raise MoveNotAllowed(refund_id=refund.pk, stage=refund.stage, move=step) from None
    before, has_ended = refund.stage, after in ENDED
    changes |= {"is_live": None if has_ended else True, "ended_at": now if has_ended else None}
    journal.advance(refund, after, **changes)
    overtake(refund, before, now=now)


def overtake(refund: RefundRequest, before: str, *, now: datetime) -> None:
    """What a person had under way ends with the stage that it was made in."""
    if before == "offer_made":
        refund.offers.filter(stage="open").update(stage="overtaken", ended_at=now)
    if before == "under_review":
        refund.proposals.filter(stage="waiting").update(stage="overtaken", ended_at=now)


def tell(refund: RefundRequest, kind: str, *, actor: str, now: datetime, **facts: Any) -> None:
    """Record an event of this request."""
    journal.tell(
        kind,
        actor=actor,
        now=now,
        customer_id=refund.customer_id,
        refund_id=refund.pk,
        order_line_id=refund.order_line_id,
        **facts,
    )
