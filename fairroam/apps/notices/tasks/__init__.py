"""Hand one queued message to the mail server."""

from __future__ import annotations

from datetime import datetime
from smtplib import SMTPException

from django.db.models import F

from fairroam import points
from fairroam.apps.customers import queries as customers
from fairroam.apps.notices import operations
from fairroam.apps.notices.models import Notice
from fairroam.apps.notices.tasks.answers import is_final, said
from fairroam.apps.notices.tasks.composing import attach_paper, message_of, unseal, unsubscribe_link

__all__ = ["attach_paper", "deliver", "message_of", "unseal", "unsubscribe_link"]

# With the pauses of a job (worker/reacting.py) some seven hours: no server that is just restarted,
# and none that greets strangers with "later" (RFC 6647), loses a mail. A job ends after a hundred.
ATTEMPTS_MAX = 90


def deliver(*, notice_id: int, now: datetime) -> None:
    """Send one notice, once. Raises when the mail server may take it later."""
    notice = Notice.objects.select_related("paper").get(pk=notice_id)
    if notice.stage != "queued":
        return  # Sent by an earlier run, or dropped when the account closed.
    if notice.customer_id and customers.address_of(notice.customer_id) is None:
        operations.drop_queued(customer_id=notice.customer_id)
        return
    Notice.objects.filter(pk=notice_id).update(attempts=F("attempts") + 1)
    try:
        message_of(notice).send()
    except (SMTPException, OSError) as error:
        if is_final(error) or notice.attempts + 1 >= ATTEMPTS_MAX:
            operations.record_failed(notice_id=notice_id, now=now, reason=said(error))
            return
        raise
    points.reached("notice.delivered")
    operations.record_sent(notice_id=notice_id, now=now)
