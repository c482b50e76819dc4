"""What somebody at the desk does with a thread: take it, hand it over, answer, close, mark."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from fairroam.apps.conversations.models import Message, Thread
from fairroam.apps.conversations.operations.messages import (
    Said,
    clean_words,
    lock_thread,
    move,
    store,
)
from fairroam.apps.conversations.operations.writing import tell_closed
from fairroam.apps.conversations.queries import may_open
from fairroam.apps.conversations.refusals import (
    AlreadyMarked,
    NoCustomer,
    NotAssigned,
    NothingSaid,
)
from fairroam.apps.customers import queries as people
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours

MARKS = ("withdrawal", "refund_request")


def lock_for_staff(thread_id: int, staff_user_id: int) -> Thread:
    """Lock a thread that this colleague may work on. Raises NotAmongYours, NotAssigned."""
    thread = lock_thread(thread_id)
    if thread.stage == "unconfirmed":
        raise NotAmongYours(thread_id=thread_id)
    if not may_open(thread.assignee_id, staff_user_id):
        raise NotAssigned(thread_id=thread_id)
    return thread


@transaction.atomic
def take(*, thread_id: int, staff_user_id: int, now: datetime) -> None:
    """Make a thread one's own. Raises NotAmongYours, NotAssigned."""
    thread = lock_for_staff(thread_id, staff_user_id)
    give(thread, staff_user_id)
    tell(thread, "thread.taken", staff_user_id, now)


@transaction.atomic
def hand_over(*, thread_id: int, staff_user_id: int, to_user_id: int | None, now: datetime) -> None:
    """Give a thread to a colleague, or (None) back to whoever is free.

    Who is below senior cannot open it any more after that. Raises NotAmongYours, NotAssigned.
    """
    thread = lock_for_staff(thread_id, staff_user_id)
    if to_user_id is not None and people.staff_member(to_user_id) is None:
        raise NotAmongYours(user_id=to_user_id)
    give(thread, to_user_id)
    tell(thread, "thread.handed_over", staff_user_id, now, to_user_id=to_user_id)


def answer(
    *, thread_id: int, staff_user_id: int, words: str, closes: bool, key: UUID, now: datetime
) -> int:
    """Answer a thread, by mail and on its page; the id of the message.

    closes: it is our last word; the mail names who helps outside. Who answers has taken the
    thread. The same key again sends nothing again. Raises NotAmongYours, NotAssigned,
    NothingSaid, KeyReused.
    """

    def work() -> dict[str, Any]:
        thread = lock_for_staff(thread_id, staff_user_id)
        said = clean_words(words)
        if not said:
            raise NothingSaid(thread_id=thread_id)
        actor = f"staff:{staff_user_id}"
        reply = Said(author="staff", actor=actor, channel="web", words=said, received_at=now)
        message = store(thread, reply, said, is_turn=False)
        move(thread, "answer", first_answered_at=thread.first_answered_at or now)
        if thread.assignee_id is None:
            give(thread, staff_user_id)
        tell(thread, "message.answered", staff_user_id, now, message_id=message.pk, closes=closes)
        if closes:
            move(thread, "close", ended_at=now)
            tell_closed(thread, actor=actor, now=now)
        return {"message_id": message.pk}

    told = journal.answer_once(
        principal=f"staff:{staff_user_id}",
        route="answer",
        key=str(key),
        request={"thread_id": thread_id, "words": words, "closes": closes},
        work=work,
        now=now,
    )
    return int(told["message_id"])


@transaction.atomic
def close(*, thread_id: int, staff_user_id: int, now: datetime) -> None:
    """End a thread without a further word. Raises NotAmongYours, NotAssigned, MoveNotAllowed."""
    thread = lock_for_staff(thread_id, staff_user_id)
    move(thread, "close", ended_at=now)
    tell_closed(thread, actor=f"staff:{staff_user_id}", now=now)


@transaction.atomic
def mark_message(*, message_id: int, as_what: str, staff_user_id: int, now: datetime) -> Message:
    """Say that a customer's message is a declaration (one of MARKS), once; the message.

    Its `received_at` is the instant that counts for their right. Raises NotAmongYours,
    NotAssigned, NoCustomer, AlreadyMarked.
    """
    assert as_what in MARKS
    found = Message.objects.filter(pk=message_id).exclude(author="staff")
    thread_id = found.values_list("thread_id", flat=True).first()
    if thread_id is None:
        raise NotAmongYours(message_id=message_id)
    thread = lock_for_staff(thread_id, staff_user_id)
    if thread.customer_id is None:
        raise NoCustomer(thread_id=thread_id)
    unmarked = found.filter(marked_as="")
    actor = f"staff:{staff_user_id}"
    if unmarked.update(marked_as=as_what, marked_by=actor, marked_at=now) != 1:
        raise AlreadyMarked(message_id=message_id)
    tell(thread, "message.marked", staff_user_id, now, message_id=message_id, mark=as_what)
    return found.get()


def give(thread: Thread, user_id: int | None) -> None:
    Thread.objects.filter(pk=thread.pk).update(assignee_id=user_id)
    thread.assignee_id = user_id


def tell(thread: Thread, kind: str, staff_user_id: int, now: datetime, **facts: Any) -> None:
    journal.tell(
        kind,
        actor=f"staff:{staff_user_id}",
        now=now,
        customer_id=thread.customer_id,
        thread_id=thread.pk,
        **facts,
    )
