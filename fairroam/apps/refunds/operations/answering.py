"""What a provider really paid of a payout, as a person found it: booked, and its part goes on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.operations.deliver import CAUSE as GIVEN_UP
from fairroam.apps.orders.operations.deliver import line_of
from fairroam.apps.payments.operations.answering import settle_answer
from fairroam.apps.payments.queries.doubts import payout_in_doubt
from fairroam.apps.refunds.models import RefundPart


@transaction.atomic
def settle_payout_in_doubt(
    *, event_id: int, paid_minor: int, words: str, staff_user_id: int, now: datetime
) -> None:
    """Book what a payout whose provider named another amount really paid, 0 or more.

    A refund's part that was paid too little has arrived once its rest has. Raises NotAmongYours
    (no payout waits for this), MoveNotAllowed, MovedMeanwhile.
    """
    payout = payout_in_doubt(event_id)
    if payout is None:
        raise NotAmongYours(event_id=event_id)
    part = RefundPart.objects.filter(payout=payout).select_related("request").first()
    if part is not None:
        orders.lock_line(part.request.order_line_id)
    elif payout.cause.startswith(GIVEN_UP):
        orders.lock_line(line_of(payout))
    rest = settle_answer(
        event_id=event_id,
        paid_minor=paid_minor,
        words=words,
        staff_user_id=staff_user_id,
        now=now,
    )
    if part is not None and rest is not None:
        RefundPart.objects.filter(pk=part.pk).update(payout=rest)
