"""Carry closings on, and send the last mail."""

from __future__ import annotations

from datetime import datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from fairroam import points
from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.closures import operations
from fairroam.apps.closures.models import Closure, ServiceEnd
from fairroam.apps.closures.queries import (
    closure_of,
    ends_due,
    next_step,
    plans_end_at,
    seal_of,
    unfinished,
)
from fairroam.apps.closures.queries.waivers import waivers_of
from fairroam.apps.customers import queries as people
from fairroam.apps.esims.queries.numbers import kept_lines_of
from fairroam.apps.journal.tasks import alone
from fairroam.apps.notices import operations as notices
from fairroam.apps.notices.tasks.answers import is_final
from fairroam.apps.papers.operations import commitment_name, render_pdf
from fairroam.gateways.sms import SmsGateway, SmsRefused
from fairroam.gateways.sms import sandbox as sms

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
# What happened -> the line that says so on a phone. It names nobody and holds no link to tap.
TEXTS = {
    "closure.requested": _(
        "%(brand)s: you asked to close your account. When, and the way back: see your mail."
    ),
    "closure.asked": _("%(brand)s: we have a question about closing your account: see your mail."),
    "closure.started": _("%(brand)s: the closing of your account has begun. Not you? %(address)s"),
    "closure.undone": _("%(brand)s: your account stays open; the closing was taken back."),
}


def take_next_step(*, closure_id: int, now: datetime) -> None:
    """Take one step; its event brings the next. Safe to repeat."""
    name = next_step(closure_id)
    if name == "last_mail":
        send_last_mail(closure_id=closure_id, now=now)
    elif name == "rescan":
        operations.rescan_all(closure_id=closure_id, now=now)
    else:
        operations.take_next_step(closure_id=closure_id, now=now)


def continue_closing(*, customer_id: int, now: datetime) -> None:
    """Something that a closing may wait for has happened to this customer."""
    for closure in Closure.objects.filter(unfinished(now), customer_id=customer_id):
        take_next_step(closure_id=closure.pk, now=now)


def resume_closings(*, now: datetime) -> None:
    """Look again at every closing that is not over: an event may have been missed."""
    for closure_id in Closure.objects.filter(unfinished(now)).values_list("pk", flat=True):
        with alone(f"closing {closure_id}"):
            take_next_step(closure_id=closure_id, now=now)


def tell_customer(*, kind: str, closure_id: int, event_id: int, now: datetime) -> None:
    """Write how far a closing is; once per event. Where it began at once, the first mail says it.

    The last mail is none of these: it goes to the sealed address.
    """
    closure = Closure.objects.select_related("customer").get(pk=closure_id)
    send_text(closure, kind, now)
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


def send_text(closure: Closure, kind: str, now: datetime) -> None:
    """Say the same in one short line to the phone that the customer named for it, if any."""
    if not settings.FAIRROAM_SMS_URL or kind not in TEXTS:
        return
    text = operations.queue_text(closure_id=closure.pk, kind=kind, now=now)
    if text is None:
        return  # No number for it, or told before.
    with translation.override(closure.language.lower()):
        words = TEXTS[kind] % {
            "brand": catalogue.brand().name,
            "address": settings.FAIRROAM_ADDRESS,
        }
    try:
        sms_gateway().send(key=text.key, to=closure.sealed_phone, text=words)
    except SmsRefused:
        operations.record_text(text_id=text.pk, stage="failed", now=now)
    else:
        operations.record_text(text_id=text.pk, stage="sent", now=now)


def sms_gateway() -> SmsGateway:
    """The provider of text messages that the settings name."""
    return sms.connect(
        url=settings.FAIRROAM_SMS_URL,
        key=settings.FAIRROAM_SMS_KEY,
        timeout_seconds=settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
    )


def end_due_services(*, now: datetime) -> None:
    """Begin the ends of single services whose time has come."""
    for end_id in ends_due(now):
        with alone(f"service end {end_id}"):
            operations.begin_end(end_id=end_id, now=now)


def tell_service_end(*, kind: str, end_id: int, now: datetime) -> None:
    """The receipt: what was asked, when it reached us, when it ends or ended."""
    end = ServiceEnd.objects.select_related("customer", "order_line__order").get(pk=end_id)
    notices.send(
        kind=f"closures.{kind.replace('.', '_')}",
        act=f"{kind}:{end_id}",
        customer_id=end.customer_id,
        context={
            "end": end,
            "zone": end.customer.zone,
            "name": end.order_line.plan_name(end.customer.language),
            "order": end.order_line.order,
        },
        now=now,
    )


def remind_after_trip(*, customer_id: int, ended_at: datetime, now: datetime) -> None:
    """The day after the last plan ended: money back, keep the number, or leave. Once per trip.

    Nobody is reminded who still has a plan that runs, or who is leaving already.
    """
    customer = people.customer(customer_id)
    still_runs = plans_end_at(customer_id)
    if customer.leaving_at or closure_of(customer_id) or (still_runs and still_runs > now):
        return
    notices.send(
        kind="closures.trip_ended",
        act=f"closures.trip_ended:{customer_id}:{ended_at.date().isoformat()}",
        customer_id=customer_id,
        context={"has_number": bool(kept_lines_of(customer_id))},
        now=now,
    )


def send_last_mail(*, closure_id: int, now: datetime) -> None:
    """Send the certificate to the sealed address, then drop the address.

    Raises when the mail server may take it later; the Message-ID shows a repeat for what it is.
    """
    closure = operations.claim_last_mail(closure_id=closure_id, now=now)
    if closure is None:
        return  # Sent by an earlier run, or being sent by another worker.
    points.reached("closing.mail_claimed")
    try:
        message_of(closure).send()
        is_taken = True
    except (SMTPException, OSError) as error:
        if not is_final(error):
            operations.let_go_of_last_mail(closure_id=closure_id)
            raise
        is_taken = False
    points.reached("closing.mail_sent")
    operations.record_last_mail(closure_id=closure_id, is_taken=is_taken, now=now)


def message_of(closure: Closure) -> EmailMessage:
    certificate = closure.certificate
    assert certificate is not None
    assert closure.sealed_address is not None
    salts = (closure.salts or {}).items()
    context = {
        "closure": closure,
        "certificate": certificate,
        "salts": {commitment_name(name, closure.language): salt for name, salt in salts},
    }
    subject, text = notices.write("closures.closed", context, closure.language)
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(">")
    message = EmailMessage(
        subject,
        text,
        to=[closure.sealed_address],
        headers={"Message-ID": f"<{closure.key}@{domain}>", "Content-Language": closure.language},
    )
    waived = waivers_of(closure.customer_id, stage="waived")
    for paper in (certificate, *(waiver.paper for waiver in waived)):
        message.attach(f"{paper.number}.pdf", render_pdf(paper), "application/pdf")
        message.attach(f"{paper.number}.json", paper.signed.encode(), "application/json")
    return message
