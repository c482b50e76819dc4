"""Mail in: accepted exactly once, threaded by its address or by what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from fairroam.apps.conversations.models import Mail, Message, Thread
from fairroam.apps.conversations.operations.messages import (
    NewFile,
    Said,
    add_message,
    lock_thread,
)
from fairroam.apps.conversations.queries import own_addresses, token_in
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers import queries as people
from fairroam.apps.journal import operations as journal
from fairroam.apps.notices import operations as notices
from fairroam.apps.notices import queries as notice_rows
from fairroam.gateways.inbound_mail import InboundMail
from fairroam.rules.languages import written_in

# Notices that carry a message or a thread of ours: the act says which.
ACTS_OF_MESSAGES = ("conversations.received", "conversations.answered")


def was_received(mail: InboundMail) -> bool:
    """Whether this mail has been accepted before, so that nothing needs to be done."""
    return Mail.objects.filter(
        message_id_sha256=mail.message_id_sha256, content_sha256=mail.content_sha256
    ).exists()


@transaction.atomic
def receive_mail(
    mail: InboundMail,
    *,
    recipients: Sequence[str],
    files: Sequence[NewFile],
    files_left_out: int,
    now: datetime,
) -> str:
    """Take a mail in; what became of it: kept, automatic, loop or bounce. Safe to repeat.

    files: its files, made harmless before. A mail by a machine is noted and not answered; a
    report that a mail of ours bounced is recorded with that mail. Raises NothingSaid,
    TooManyMessages, StoreFull: then nothing was accepted.
    """
    mark, is_first = Mail.objects.get_or_create(
        message_id_sha256=mail.message_id_sha256,
        content_sha256=mail.content_sha256,
        defaults={"outcome": "automatic", "received_at": now},
    )  # A simultaneous twin waits here until our transaction ends.
    if not is_first:
        return mark.outcome
    outcome = machine_outcome(mail, now)
    if outcome:
        Mail.objects.filter(pk=mark.pk).update(outcome=outcome)
        journal.tell("mail.passed_over", actor="mail", now=now, mail_id=mark.pk, outcome=outcome)
        return outcome
    thread = thread_for(mail, recipients, now)
    author = "visitor" if thread.customer_id is None else "customer"
    message = add_message(
        thread,
        Said(
            author=author,
            actor=author if thread.customer_id is None else f"customer:{thread.customer_id}",
            channel="mail",
            words=mail.words,
            received_at=now,
            written_at=mail.written_at,
            files=files,
            files_left_out=files_left_out + mail.files_left_out,
        ),
    )
    Mail.objects.filter(pk=mark.pk).update(outcome="kept", message=message)
    return "kept"


def machine_outcome(mail: InboundMail, now: datetime) -> str:
    """bounce, loop or automatic for what machines sent; empty for a letter."""
    if mail.bounced_ids is not None:
        for key in keys_in(mail.bounced_ids):
            notices.record_bounced(key=key, now=now, reason=mail.bounce_reason)
        return "bounce"
    is_ours = any(notice_rows.act_of(key) for key in keys_in([mail.message_id]))
    if is_ours or mail.sender in own_addresses():
        return "loop"
    return "automatic" if mail.is_automatic else ""


def keys_in(message_ids: Sequence[str]) -> list[UUID]:
    """Which of them could be mails of ours: theirs are the key of a notice at our domain."""
    domains = {address.rpartition("@")[2] for address in own_addresses()}
    keys = []
    for message_id in message_ids:
        local, _, domain = message_id.rpartition("@")
        if domain.lower() in domains:
            try:
                keys.append(UUID(local))
            except ValueError:
                continue
    return keys


def thread_for(mail: InboundMail, recipients: Sequence[str], now: datetime) -> Thread:
    """The locked thread that this mail belongs to; a new one when it is a new matter.

    A thread is found by the token of the address or by what the mail answers, and taken only if
    the sender's address is its own: a token that was passed on opens nobody's matter.
    """
    owner = people.customer_by_address(mail.sender)
    if owner is not None:
        customers.lock_open(owner)
    for thread_id in candidates(mail, recipients):
        found = Thread.objects.get(pk=thread_id)
        is_theirs = found.customer_id == owner if owner else found.address == mail.sender
        if is_theirs and found.stage != "unconfirmed":
            return lock_thread(thread_id)
    language = written_in(mail.subject + mail.words)
    return Thread.objects.create(
        customer_id=owner,
        address="" if owner else mail.sender,
        subject=mail.subject,
        language=people.customer(owner).language if owner else language,
        opened_at=now,
        waiting_since=now,
    )


def candidates(mail: InboundMail, recipients: Sequence[str]) -> list[int]:
    """Threads that the mail may belong to, the surest first."""
    tokens = [token for address in recipients if (token := token_in(address))]
    found = list(Thread.objects.filter(token__in=tokens).values_list("pk", flat=True))
    for key in reversed(keys_in(mail.references)):
        kind, _, number = (notice_rows.act_of(key) or "").partition(":")
        if kind in ACTS_OF_MESSAGES:
            answered = Message.objects.filter(pk=int(number))
            found += answered.values_list("thread_id", flat=True)
    return found
