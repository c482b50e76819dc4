"""Somebody without a sign-in writes: heard once a click in the mailbox has proven the address."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from fairroam.apps.conversations.models import Message, Thread
from fairroam.apps.conversations.operations.messages import (
    Said,
    add_message,
    clean_words,
    lock_thread,
    move,
    tell_received,
)
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers import queries as people
from fairroam.apps.evidence.models import Evidence
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours

CONFIRM_WITHIN = timedelta(days=2)
LINKS_PER_HOUR_MAX = 3  # mails to one address that nobody proved to want


def ask_as_visitor(
    *, address: str, subject: str, words: str, language: str, key: UUID, now: datetime
) -> None:
    """Keep a message of somebody who is not signed in, and mail a link that lets it count.

    Nothing tells whether the address is known. More than a few links an hour to one address are
    not sent: that would be somebody else's mailbox. Raises NothingSaid, KeyReused.
    """
    address = address.strip().lower()

    def work() -> dict[str, bool]:
        recent = Thread.objects.filter(address=address, opened_at__gt=now - timedelta(hours=1))
        if recent.filter(customer__isnull=True).count() >= LINKS_PER_HOUR_MAX:
            return {"is_heard": True}
        thread = Thread.objects.create(
            stage="unconfirmed",
            address=address,
            subject=clean_words(subject)[:200],
            language=language,
            opened_at=now,
        )
        add_message(
            thread,
            Said(author="visitor", actor="visitor", channel="web", words=words, received_at=now),
        )
        journal.tell("thread.asked", actor="visitor", now=now, thread_id=thread.pk)
        return {"is_heard": True}

    journal.answer_once(
        principal="visitor",
        route="thread",
        key=str(key),
        request={"address": address, "subject": subject, "words": words},
        work=work,
        now=now,
    )


@transaction.atomic
def confirm(*, token: str, now: datetime) -> Thread:
    """The click in the mailbox: the message waits for us, since the instant it was written.

    If the address is a customer's, the thread is theirs. A second click changes nothing.
    Raises NotAmongYours.
    """
    found = Thread.objects.filter(token=token).first()
    if found is None:
        raise NotAmongYours()
    if found.stage != "unconfirmed":
        return found
    owner = people.customer_by_address(found.address)
    if owner is not None:
        customers.lock_open(owner)
    thread = lock_thread(found.pk)
    if thread.stage != "unconfirmed":
        return thread
    move(thread, "confirm", waiting_since=thread.opened_at)
    if owner is not None:
        give_to(thread, owner)
    journal.tell(
        "thread.confirmed",
        actor="visitor",
        now=now,
        customer_id=thread.customer_id,
        thread_id=thread.pk,
    )
    tell_received(thread.messages.earliest("pk"))
    return thread


@transaction.atomic
def adopt(*, customer_id: int, now: datetime) -> int:
    """Give a new account what came from its address before; how many threads.

    Nobody but the owner of the mailbox can sign in to the account and read them.
    """
    customers.lock_open(customer_id)
    address = people.address_of(customer_id)
    theirs = Thread.objects.select_for_update(no_key=True).filter(
        customer__isnull=True, address__iexact=address or ""
    )
    threads = list(theirs.exclude(stage="unconfirmed").order_by("pk")) if address else []
    for thread in threads:
        give_to(thread, customer_id)
        journal.tell(
            "thread.adopted",
            actor="system",
            now=now,
            customer_id=customer_id,
            thread_id=thread.pk,
        )
    return len(threads)


def give_to(thread: Thread, customer_id: int) -> None:
    """Let a locked thread, its messages and their files be a customer's, who is locked too."""
    Thread.objects.filter(pk=thread.pk).update(customer_id=customer_id, address="")
    thread.customer_id, thread.address = customer_id, ""
    Message.objects.filter(thread=thread).update(customer_id=customer_id)
    Evidence.objects.filter(messages__thread=thread).update(customer_id=customer_id)


@transaction.atomic
def drop_unconfirmed(*, now: datetime) -> int:
    """Forget what nobody confirmed in time; how many messages."""
    old = Thread.objects.filter(stage="unconfirmed", opened_at__lt=now - CONFIRM_WITHIN)
    thread_ids = list(old.select_for_update(no_key=True).values_list("pk", flat=True))
    Message.objects.filter(thread_id__in=thread_ids).delete()
    return Thread.objects.filter(pk__in=thread_ids).delete()[0]
