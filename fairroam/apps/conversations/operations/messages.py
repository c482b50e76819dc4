"""How a message gets into a thread, from whichever door, and how a thread moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fairroam.apps.conversations.models import Message, Thread
from fairroam.apps.conversations.refusals import NothingSaid, TooManyMessages
from fairroam.apps.customers import operations as customers
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.gateways.files import CleanFile
from fairroam.rules import stages

PER_HOUR_MAX = 20  # messages of one customer or one address: above it, something runs in a circle
FILES_MAX = 10  # of one message


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that comes with a message, made harmless already. kind: as evidence names it."""

    file: CleanFile
    name: str
    kind: str = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message on its way in. files_left_out: how many of its files could not be kept."""

    author: str
    actor: str
    channel: str
    words: str
    received_at: datetime
    written_at: datetime | None = None
    files: Sequence[NewFile] = ()
    files_left_out: int = 0


def lock_thread(thread_id: int) -> Thread:
    """Lock the customer, if there is one, then the thread. Raises NotAmongYours, AccountClosed."""
    owner = Thread.objects.filter(pk=thread_id).values_list("customer_id", flat=True).first()
    if owner is not None:
        customers.lock_open(owner)
    locked = Thread.objects.select_for_update(no_key=True).filter(pk=thread_id)
    thread = locked.first()
    if thread is None:
        raise NotAmongYours(thread_id=thread_id)
    return thread


def move(thread: Thread, step: str, **changes: Any) -> None:
    """Make a move of the stage table with a locked thread. Raises MoveNotAllowed."""
    try:
        after = stages.next_stage(stages.THREAD, thread.stage, step)
    except stages.MoveNotAllowed:
        raise MoveNotAllowed(thread_id=thread.pk, stage=thread.stage, move=step) from None
    if after != "waiting":
        changes["waiting_since"] = None
    changes |= {"stage": after, "is_live": None if after == "closed" else True}
    Thread.objects.filter(pk=thread.pk).update(**changes)
    for name, value in changes.items():
        setattr(thread, name, value)


def clean_words(words: str) -> str:
    """The words without what PostgreSQL cannot hold; line ends as one letter."""
    return words.replace("\x00", "").replace("\r\n", "\n").strip()


def add_message(thread: Thread, said: Said) -> Message:
    """Put their message into a locked thread: it waits for us from then on.

    Raises NothingSaid, TooManyMessages, StoreFull.
    """
    words = clean_words(said.words)
    if not words and not said.files and not said.files_left_out:
        raise NothingSaid(thread_id=thread.pk)
    refuse_flood(thread, said)
    is_turn = thread.stage not in ("waiting", "unconfirmed")
    message = store(thread, said, words, is_turn=is_turn or not thread.messages.exists())
    if thread.stage == "unconfirmed":
        return message
    reopened = {"ended_at": None, "times_reopened": thread.times_reopened + 1}
    move(
        thread,
        "write",
        waiting_since=thread.waiting_since or said.received_at,
        **(reopened if thread.stage == "closed" else {}),
    )
    tell_received(message)
    return message


def tell_received(message: Message) -> None:
    """Say that a message waits for us."""
    journal.tell(
        "message.received",
        actor=message.actor,
        now=message.received_at,
        customer_id=message.customer_id,
        thread_id=message.thread_id,
        message_id=message.pk,
        is_turn=message.is_turn,
    )


def store(thread: Thread, said: Said, words: str, *, is_turn: bool) -> Message:
    message = Message.objects.create(
        thread=thread,
        customer_id=thread.customer_id,
        author=said.author,
        actor=said.actor,
        channel=said.channel,
        words=words,
        received_at=said.received_at,
        written_at=said.written_at,
        is_turn=is_turn,
        files_left_out=said.files_left_out,
    )
    for new in said.files[:FILES_MAX]:
        kept = evidence.keep(
            new.file,
            kind=new.kind,
            name=new.name,
            customer_id=thread.customer_id,
            uploaded_by=said.actor,
            now=said.received_at,
        )
        message.files.add(kept)
    return message


def refuse_flood(thread: Thread, said: Said) -> None:
    """Raise TooManyMessages when the same sender wrote very often within the last hour."""
    recent = Message.objects.filter(received_at__gt=said.received_at - timedelta(hours=1))
    recent = recent.exclude(author="staff")
    if thread.customer_id is not None:
        recent = recent.filter(customer_id=thread.customer_id)
    else:
        recent = recent.filter(thread__customer__isnull=True, thread__address=thread.address)
    if recent.count() >= PER_HOUR_MAX:
        raise TooManyMessages(thread_id=thread.pk)
