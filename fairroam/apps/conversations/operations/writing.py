"""What a signed-in customer does: open a thread, write, rate; and what ends with their account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from fairroam.apps.conversations.models import Thread
from fairroam.apps.conversations.operations.messages import (
    NewFile,
    Said,
    add_message,
    clean_words,
    lock_thread,
    move,
)
from fairroam.apps.conversations.refusals import ThreadStillOpen
from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours


def open_thread(
    *,
    customer_id: int,
    subject: str,
    words: str,
    files: Sequence[NewFile] = (),
    key: UUID,
    now: datetime,
) -> int:
    """Begin a matter; the id of its thread. The same key again gives the same thread.

    Also while an account is leaving: questions may come up then. Raises NothingSaid,
    TooManyMessages, AccountClosed, StoreFull, KeyReused.
    """

    def work() -> dict[str, Any]:
        customer = customers.lock_open(customer_id)
        thread = Thread.objects.create(
            customer_id=customer_id,
            subject=clean_words(subject)[:200],
            language=customer.language,
            opened_at=now,
            waiting_since=now,
        )
        add_message(thread, by_customer(customer_id, words, files, now))
        return {"thread_id": thread.pk}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="thread",
        key=str(key),
        request={"subject": subject, "words": words, "files": hashes(files)},
        work=work,
        now=now,
    )
    return int(answer["thread_id"])


def write(
    *,
    thread_id: int,
    customer_id: int,
    words: str,
    files: Sequence[NewFile] = (),
    key: UUID,
    now: datetime,
) -> int:
    """Add a message to one's own thread; its id. A closed thread opens again.

    Raises NotAmongYours and what `open_thread` raises.
    """

    def work() -> dict[str, Any]:
        thread = lock_own(thread_id, customer_id)
        return {"message_id": add_message(thread, by_customer(customer_id, words, files, now)).pk}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="message",
        key=str(key),
        request={"thread_id": thread_id, "words": words, "files": hashes(files)},
        work=work,
        now=now,
    )
    return int(answer["message_id"])


@transaction.atomic
def rate(*, thread_id: int, customer_id: int, rating: int, words: str, now: datetime) -> None:
    """Say how it went, 1 (bad) to 5 (good); a later rating replaces the former.

    Raises NotAmongYours, ThreadStillOpen.
    """
    assert 1 <= rating <= 5
    thread = lock_own(thread_id, customer_id)
    if thread.stage != "closed":
        raise ThreadStillOpen(thread_id=thread_id)
    Thread.objects.filter(pk=thread_id).update(
        rating=rating, rating_words=clean_words(words), rated_at=now
    )
    journal.tell(
        "thread.rated",
        actor=f"customer:{customer_id}",
        now=now,
        customer_id=customer_id,
        thread_id=thread_id,
        rating=rating,
    )


@transaction.atomic
def end_threads(*, customer_id: int, now: datetime) -> int:
    """Close every thread of an account that is being closed; how many were open."""
    open_now = Thread.objects.filter(customer_id=customer_id, is_live=True)
    thread_ids = list(open_now.order_by("pk").values_list("pk", flat=True))
    for thread_id in thread_ids:
        thread = lock_thread(thread_id)
        move(thread, "close", ended_at=now)
        tell_closed(thread, actor="system", now=now)
    return len(thread_ids)


def tell_closed(thread: Thread, *, actor: str, now: datetime) -> None:
    journal.tell(
        "thread.closed",
        actor=actor,
        now=now,
        customer_id=thread.customer_id,
        thread_id=thread.pk,
    )


def lock_own(thread_id: int, customer_id: int) -> Thread:
    """Lock the customer's own thread. Raises NotAmongYours, AccountClosed."""
    if not Thread.objects.filter(pk=thread_id, customer_id=customer_id).exists():
        raise NotAmongYours(thread_id=thread_id)
    return lock_thread(thread_id)


def by_customer(customer_id: int, words: str, files: Sequence[NewFile], now: datetime) -> Said:
    return Said(
        author="customer",
        actor=f"customer:{customer_id}",
        channel="web",
        words=words,
        files=files,
        received_at=now,
    )


def hashes(files: Sequence[NewFile]) -> list[str]:
    return [new.file.came_sha256 for new in files]
