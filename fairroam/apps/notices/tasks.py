"""Hand one queued message to the mail server."""

from __future__ import annotations

from datetime import datetime
from email.utils import make_msgid
from smtplib import SMTPException, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F

from fairroam import points
from fairroam.apps.customers import queries as customers
from fairroam.apps.notices import operations
from fairroam.apps.notices.models import Notice
from fairroam.apps.papers import operations as papers
from fairroam.apps.papers.models import Paper

ATTEMPTS_MAX = 8


def attach_paper(message: EmailMessage, paper: Paper) -> None:
    """The paper as a picture (PDF) and as the signed truth (JSON)."""
    message.attach(f"{paper.number}.pdf", papers.render_pdf(paper), "application/pdf")
    message.attach(f"{paper.number}.json", paper.signed.encode(), "application/json")


def message_of(notice: Notice) -> EmailMessage:
    """The mail itself; its Message-ID is the notice's key, so that a repeat is recognised."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(">") or make_msgid()
    headers = {"Message-ID": f"<{notice.key}@{domain}>", "Content-Language": notice.language}
    if not notice.is_by_person:
        headers["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine shall answer it
    message = EmailMessage(
        notice.subject,
        notice.text,
        to=[notice.address],
        reply_to=[notice.reply_to] if notice.reply_to else None,
        headers=headers,
    )
    if notice.paper is not None:
        attach_paper(message, notice.paper)
    return message


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
        is_final = isinstance(error, SMTPResponseException) and error.smtp_code >= 500
        if is_final or notice.attempts + 1 >= ATTEMPTS_MAX:
            operations.record_failed(notice_id=notice_id, now=now)
            return
        raise
    points.reached("notice.delivered")
    operations.record_sent(notice_id=notice_id, now=now)
