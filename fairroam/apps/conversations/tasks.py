"""What conversations write by mail: the link for a visitor, the acknowledgement, the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing

from fairroam.apps.conversations import queries
from fairroam.apps.conversations.models import Message, Thread
from fairroam.apps.conversations.queries import ANSWER_WITHIN
from fairroam.apps.customers import queries as people
from fairroam.apps.notices import operations as notices

CONFIRM_SALT = "conversations.confirm"
THREAD_SALT = "conversations.thread"


def seal(thread: Thread, salt: str) -> str:
    """The unguessable end of a link to a thread."""
    return signing.dumps(thread.token, salt=salt)


def mail_thread_link(*, thread_id: int, now: datetime) -> None:
    """Mail a visitor the link that lets their message count."""
    thread = Thread.objects.filter(pk=thread_id, stage="unconfirmed").first()
    if thread is not None:
        link = f"/contact/confirm/{seal(thread, CONFIRM_SALT)}/"
        send("conversations.confirm", thread, f"{thread_id}", now=now, link=link)


def acknowledge(*, message_id: int, now: datetime) -> None:
    """Say at once that a message arrived, with the links that help meanwhile.

    Once per turn: who writes three mails in a row gets one acknowledgement.
    """
    message = Message.objects.select_related("thread").get(pk=message_id)
    if not message.is_turn:
        return
    send(
        "conversations.received",
        message.thread,
        f"{message_id}",
        now=now,
        message=message,
        answer_by=message.received_at + ANSWER_WITHIN,
        zone=zone_of(message.thread),
    )


def mail_answer(*, message_id: int, is_last_word: bool, now: datetime) -> None:
    """Mail a person's answer; the last word names who helps outside."""
    message = Message.objects.select_related("thread").get(pk=message_id)
    send(
        "conversations.answered",
        message.thread,
        f"{message_id}",
        now=now,
        message=message,
        is_last_word=is_last_word,
        is_by_person=True,
    )


def send(
    kind: str,
    thread: Thread,
    about: str,
    *,
    now: datetime,
    is_by_person: bool = False,
    **context: Any,
) -> None:
    """Queue a mail to whom the thread belongs; answers to it come back into the thread."""
    owner, address = thread.customer_id, thread.address
    language = thread.language
    if owner is not None:
        address = people.address_of(owner) or ""
        language = people.customer(owner).language
        page = f"/account/messages/{thread.pk}/"
    else:
        page = f"/contact/threads/{seal(thread, THREAD_SALT)}/"
    if not address:
        return  # The account was closed meanwhile.
    notices.queue(
        kind=kind,
        act=f"{kind}:{about}",
        address=address,
        language=language,
        customer_id=owner,
        reply_to=queries.thread_address(thread.token),
        is_by_person=is_by_person,
        context={
            "thread": thread,
            "page": settings.FAIRROAM_ADDRESS + page,
            "site": settings.FAIRROAM_ADDRESS,
            **context,
        },
        now=now,
    )


def zone_of(thread: Thread) -> str:
    """The zone in which the reader of this thread's mails lives; UTC for somebody unknown."""
    return people.customer(thread.customer_id).zone if thread.customer_id else "UTC"
