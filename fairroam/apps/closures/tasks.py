"""Carry closings on, and send the last mail."""

from __future__ import annotations

import logging
from datetime import datetime
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMessage

from fairroam.apps.closures import operations
from fairroam.apps.closures.models import Closure
from fairroam.apps.closures.queries import next_step, seal_of, unfinished
from fairroam.apps.notices import operations as notices
from fairroam.apps.papers.operations import render_pdf

# What happened -> the mail that says so.
MAILS = {
    "closure.requested": "closures.requested",
    "closure.asked": "closures.asked",
    "closure.approved": "closures.approved",
    "closure.rejected": "closures.rejected",
    "closure.undone": "closures.undone",
    "closure.held": "closures.held",
    "closure.started": "closures.started",
}

log = logging.getLogger(__name__)


def take_next_step(*, closure_id: int, now: datetime) -> None:
    """Take one step; its event brings the next. Safe to repeat."""
    if next_step(closure_id) == "last_mail":
        send_last_mail(closure_id=closure_id, now=now)
    else:
        operations.take_next_step(closure_id=closure_id, now=now)


def continue_closing(*, customer_id: int, now: datetime) -> None:
    """Something that a closing may wait for has happened to this customer."""
    for closure in Closure.objects.filter(unfinished(now), customer_id=customer_id):
        take_next_step(closure_id=closure.pk, now=now)


def resume_closings(*, now: datetime) -> None:
    """Look again at every closing that is not over: an event may have been missed."""
    for closure_id in Closure.objects.filter(unfinished(now)).values_list("pk", flat=True):
        try:
            take_next_step(closure_id=closure_id, now=now)
        except Exception:  # One that cannot go on, a person sees in the log; the others do go on.
            log.exception("closing %s cannot go on", closure_id)


def tell_customer(*, kind: str, closure_id: int, event_id: int, now: datetime) -> None:
    """Write how far a closing is; once per event. Where it began at once, the first mail says it.

    The last mail is none of these: it goes to the sealed address.
    """
    closure = Closure.objects.select_related("customer").get(pk=closure_id)
    if kind == "closure.started" and closure.timing == "at_once" and not closure.doubts:
        return
    notices.send(
        kind=MAILS[kind],
        act=f"{MAILS[kind]}:{closure_id}:{event_id}",
        customer_id=closure.customer_id,
        context={
            "closure": closure,
            "zone": closure.customer.zone,
            "link": f"{settings.FAIRROAM_ADDRESS}/account/leave/{seal_of(closure)}/",
        },
        now=now,
    )


def send_last_mail(*, closure_id: int, now: datetime) -> None:
    """Send the certificate to the sealed address, then drop the address.

    Raises when the mail server may take it later; the Message-ID shows a repeat for what it is.
    """
    closure = operations.claim_last_mail(closure_id=closure_id, now=now)
    if closure is None:
        return  # Sent by an earlier run, or being sent by another worker.
    try:
        message_of(closure).send()
        is_taken = True
    except (SMTPException, OSError) as error:
        if not is_final(error):
            operations.let_go_of_last_mail(closure_id=closure_id)
            raise
        is_taken = False
    operations.record_last_mail(closure_id=closure_id, is_taken=is_taken, now=now)


def is_final(error: Exception) -> bool:
    """Whether the mail server refuses for good: the mailbox is gone."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 for code, _reason in error.recipients.values())
    return isinstance(error, SMTPResponseException) and error.smtp_code >= 500


def message_of(closure: Closure) -> EmailMessage:
    certificate = closure.certificate
    assert certificate is not None
    assert closure.sealed_address is not None
    context = {"closure": closure, "certificate": certificate, "salts": closure.salts or {}}
    subject, text = notices.write("closures.closed", context, closure.language)
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(">")
    message = EmailMessage(
        subject,
        text,
        to=[closure.sealed_address],
        headers={"Message-ID": f"<{closure.key}@{domain}>", "Content-Language": closure.language},
    )
    message.attach(f"{certificate.number}.pdf", render_pdf(certificate), "application/pdf")
    message.attach(f"{certificate.number}.json", certificate.signed.encode(), "application/json")
    return message
