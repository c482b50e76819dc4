"""A message is a declaration: a colleague opens the case that it asks for."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.conversations import operations as conversations
from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.refunds.operations.asking import Wanted, open_request
from fairroam.apps.refunds.operations.moves import tell


@transaction.atomic
def open_from_message(
    *, message_id: int, as_what: str, order_line_id: int, staff_user_id: int, now: datetime
) -> RefundRequest:
    """Open the request that a customer's message declares, as of the instant it reached us.

    as_what: "withdrawal" or "refund_request". The case points to the thread of the message;
    the first case of a thread does. A message opens one case. Raises what
    `conversations.mark_message` and `request_refund` raise.
    """
    message = conversations.mark_message(
        message_id=message_id, as_what=as_what, staff_user_id=staff_user_id, now=now
    )
    assert message.customer_id is not None  # mark_message has looked
    refund = open_request(
        order_line_id=order_line_id,
        customer_id=message.customer_id,
        wanted=Wanted(words=message.words),
        declared_at=message.received_at,
        received_at=message.received_at,
        now=now,
        actor=f"staff:{staff_user_id}",
    )
    if not RefundRequest.objects.filter(thread_id=message.thread_id).exists():
        RefundRequest.objects.filter(pk=refund.pk).update(thread_id=message.thread_id)
        refund.thread_id = message.thread_id
    tell(
        refund,
        "refund.opened_from_message",
        actor=f"staff:{staff_user_id}",
        now=now,
        message_id=message_id,
        thread_id=message.thread_id,
        mark=as_what,
    )
    return refund
