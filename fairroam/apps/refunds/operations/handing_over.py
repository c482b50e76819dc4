"""Approved refunds of an account that closes: decided, so nothing of them holds anybody."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.orders import operations as orders
from fairroam.apps.refunds.models import ON_THE_WAY, RefundRequest
from fairroam.apps.refunds.operations.moves import move, tell


@transaction.atomic
def hand_to_settlement(*, customer_id: int, now: datetime) -> int:
    """End what is decided and not paid yet for a customer whose row is locked; how many.

    Its payouts go on: `payments.hand_over` follows.
    """
    decided = RefundRequest.objects.filter(customer_id=customer_id, stage__in=ON_THE_WAY)
    handed = 0
    for request_id, line_id in decided.order_by("pk").values_list("pk", "order_line_id"):
        orders.lock_line(line_id)
        refund = decided.filter(pk=request_id).first()
        if refund is None:
            continue  # Its last part has arrived meanwhile.
        move(refund, "hand_over", now=now)
        tell(refund, "refund.handed_over", actor="system", now=now)
        handed += 1
    return handed
