"""Reads of conversations: the customer's, the desk's queue, figures, what contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from fractions import Fraction

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.conversations.models import (
    GuideOpinion,
    HiddenGuide,
    Message,
    SavedReply,
    Thread,
)
from fairroam.apps.conversations.refusals import NotAssigned
from fairroam.apps.customers import queries as people
from fairroam.apps.customers.models import OVERSEERS
from fairroam.apps.evidence import queries as evidence
from fairroam.apps.evidence.queries import EvidenceRow
from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.journal.refusals import NotAmongYours

ANSWER_WITHIN = timedelta(hours=24)  # our own target for the first answer of a person


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One message for a page. `words` are a stranger's: shown, never followed."""

    id: int
    author: str
    actor: str
    channel: str
    words: str
    received_at: datetime
    written_at: datetime | None
    files: tuple[EvidenceRow, ...]
    files_left_out: int
    marked_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRow:
    """One thread for a page, its messages oldest first (empty in lists)."""

    id: int
    token: str
    customer_id: int | None
    address: str
    language: str
    stage: str
    subject: str
    assignee_id: int | None
    opened_at: datetime
    waiting_since: datetime | None
    answer_by: datetime | None
    rating: int | None
    rating_words: str
    messages: tuple[MessageRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """A thread that waits for a person, with its clock."""

    id: int
    subject: str
    customer_number: str  # empty for somebody without an account
    assignee: str
    waiting_since: datetime
    answer_by: datetime
    is_late: bool
    is_mine: bool
    may_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How conversations of a period went. Shares are exact; None where there was nothing.

    resolved: closed, not opened again by the customer, and not rated 1 or 2.
    rating: the mean of all ratings. first_answer: the median time to a person's first answer.
    """

    closed: int
    resolved: int
    rated: int
    resolved_share: Fraction | None
    rating: Fraction | None
    first_answer: timedelta | None


# Addresses ---------------------------------------------------------------------------------------


def own_addresses() -> list[str]:
    """The addresses at which people write to us, in lower case; the first is the published one."""
    said = (catalogue.brand().email, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
    return list(dict.fromkeys(address.lower() for address in said if address))


def thread_address(token: str) -> str:
    """The address of one thread: "support+TOKEN@…"; empty when we publish no address."""
    local, _, domain = catalogue.brand().email.rpartition("@")
    return f"{local}+{token}@{domain}" if local else ""


def is_own_address(address: str) -> bool:
    """Whether a mail to this address is for us, with or without a token."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" in own_addresses()


def token_in(address: str) -> str:
    """The token in an address of ours; empty when there is none."""
    found = re.fullmatch(r"[^+@]+\+([0-9a-f]{32})@.+", address.lower())
    return found.group(1) if found and is_own_address(address) else ""


# Threads -----------------------------------------------------------------------------------------


def thread_row(thread: Thread, *, with_messages: bool = False) -> ThreadRow:
    since = thread.waiting_since
    return ThreadRow(
        id=thread.pk,
        token=thread.token,
        customer_id=thread.customer_id,
        address=thread.address,
        language=thread.language,
        stage=thread.stage,
        subject=thread.subject,
        assignee_id=thread.assignee_id,
        opened_at=thread.opened_at,
        waiting_since=since,
        answer_by=since + ANSWER_WITHIN if since else None,
        rating=thread.rating,
        rating_words=thread.rating_words,
        messages=messages_of(thread.pk) if with_messages else (),
    )


def messages_of(thread_id: int) -> tuple[MessageRow, ...]:
    found = Message.objects.filter(thread_id=thread_id).prefetch_related("files")
    return tuple(message_row(message) for message in found.order_by("received_at", "pk"))


def message_row(message: Message) -> MessageRow:
    files = sorted(message.files.all(), key=lambda one: one.pk)
    return MessageRow(
        id=message.pk,
        author=message.author,
        actor=message.actor,
        channel=message.channel,
        words=message.words,
        received_at=message.received_at,
        written_at=message.written_at,
        files=tuple(evidence.row(one) for one in files),
        files_left_out=message.files_left_out,
        marked_as=message.marked_as,
    )


def threads_of(customer_id: int) -> Rows[ThreadRow]:
    """The customer's threads, the latest first, without their messages."""
    return Rows(Thread.objects.filter(customer_id=customer_id).order_by("-pk"), thread_row)


def thread(thread_id: int, customer_id: int) -> ThreadRow:
    """The customer's own thread with its messages. Raises NotAmongYours."""
    found = Thread.objects.filter(pk=thread_id, customer_id=customer_id).first()
    if found is None:
        raise NotAmongYours(thread_id=thread_id)
    return thread_row(found, with_messages=True)


def thread_by_token(token: str) -> ThreadRow:
    """The thread of that token with its messages, for the visitor whose it is.

    Raises NotAmongYours, also when it belongs to an account by now: that asks for a sign-in.
    """
    found = Thread.objects.filter(token=token, customer__isnull=True).first()
    if found is None:
        raise NotAmongYours()
    return thread_row(found, with_messages=True)


def message(message_id: int) -> tuple[MessageRow, ThreadRow]:
    """One message and its thread. Raises NotAmongYours."""
    found = Message.objects.select_related("thread").filter(pk=message_id).first()
    if found is None:
        raise NotAmongYours(message_id=message_id)
    return message_row(found), thread_row(found.thread)


# The desk ----------------------------------------------------------------------------------------


def is_senior(staff_user_id: int) -> bool:
    """Whether this colleague may open what others have taken."""
    member = people.staff_member(staff_user_id)
    return member is not None and member.role in OVERSEERS


def may_open(assignee_id: int | None, staff_user_id: int) -> bool:
    """Whether a colleague may open a thread: nobody's, their own, or any for a senior one."""
    return assignee_id in (None, staff_user_id) or is_senior(staff_user_id)


def queue(*, staff_user_id: int, now: datetime) -> Rows[QueueRow]:
    """What waits for an answer, the oldest first."""
    waiting = Thread.objects.filter(stage="waiting").select_related("customer", "assignee")
    sees_all = is_senior(staff_user_id)

    def row(found: Thread) -> QueueRow:
        assert found.waiting_since is not None  # a constraint says so
        is_mine = found.assignee_id == staff_user_id
        answer_by = found.waiting_since + ANSWER_WITHIN
        return QueueRow(
            id=found.pk,
            subject=found.subject,
            customer_number=found.customer.number if found.customer else "",
            assignee=found.assignee.email if found.assignee else "",
            waiting_since=found.waiting_since,
            answer_by=answer_by,
            is_late=now >= answer_by,
            is_mine=is_mine,
            may_open=is_mine or found.assignee_id is None or sees_all,
        )

    return Rows(waiting.order_by("waiting_since", "pk"), row)


@dataclass(frozen=True, slots=True)
class ThreadOf:
    """A conversation in a list about one person. subject: empty where it may not be opened."""

    id: int
    subject: str
    stage: str
    opened_at: datetime
    may_open: bool


def threads_about(
    *, staff_user_id: int, customer_id: int | None = None, address: str = "", most: int = 20
) -> list[ThreadOf]:
    """Conversations of a customer, or of a visitor's exact address; the newest first."""
    whose = Q(customer_id=customer_id) if customer_id else Q(customer=None, address=address.lower())
    found = Thread.objects.filter(whose).exclude(stage="unconfirmed").order_by("-pk")[:most]
    sees_all = is_senior(staff_user_id)
    rows = []
    for row in found:
        is_open = sees_all or row.assignee_id in (None, staff_user_id)
        subject = row.subject if is_open else ""
        rows.append(ThreadOf(row.pk, subject, row.stage, row.opened_at, is_open))
    return rows


def thread_for_staff(thread_id: int, staff_user_id: int) -> ThreadRow:
    """One thread for a colleague. Raises NotAmongYours, NotAssigned (also after a hand-over)."""
    found = Thread.objects.filter(pk=thread_id).exclude(stage="unconfirmed").first()
    if found is None:
        raise NotAmongYours(thread_id=thread_id)
    if not may_open(found.assignee_id, staff_user_id):
        raise NotAssigned(thread_id=thread_id)
    return thread_row(found, with_messages=True)


def thread_of_file(evidence_id: int) -> int:
    """The thread that a file came with. Raises NotAmongYours."""
    found = Message.objects.filter(files=evidence_id).values_list("thread_id", flat=True).first()
    if found is None:
        raise NotAmongYours(evidence_id=evidence_id)
    return found


def saved_replies(language: str | None = None) -> list[SavedReply]:
    """What is often needed, by title; in one language, or in all."""
    found = SavedReply.objects.order_by("title", "language")
    return list(found.filter(language=language) if language else found)


# Figures -----------------------------------------------------------------------------------------


def figures(*, since: datetime, until: datetime) -> Figures:
    """How the threads went that were closed in [since, until)."""
    closed = Thread.objects.filter(stage="closed", ended_at__gte=since, ended_at__lt=until)
    resolved = closed.filter(times_reopened=0).exclude(rating__lte=2)
    ratings = [row.rating for row in closed if row.rating is not None]
    waits = [row.first_answered_at - row.opened_at for row in closed if row.first_answered_at]
    count, good = len(closed), resolved.count()
    return Figures(
        closed=count,
        resolved=good,
        rated=len(ratings),
        resolved_share=Fraction(good, count) if count else None,
        rating=Fraction(sum(ratings), len(ratings)) if ratings else None,
        first_answer=sorted(waits)[len(waits) // 2] if waits else None,
    )


# What contradicts itself -------------------------------------------------------------------------


def find_faults() -> Iterator[str]:
    """Threads and messages that contradict each other."""
    for pk in Thread.objects.filter(messages__isnull=True).values_list("pk", flat=True):
        yield f"thread {pk} has no message"
    strays = Message.objects.exclude(customer_id=F("thread__customer_id"))
    owned = Q(customer__isnull=False) | Q(thread__customer__isnull=False)
    for pk in strays.filter(owned).values_list("pk", flat=True):
        yield f"message {pk} is another customer's than its thread"


# What readers say of the guides -----------------------------------------------------------------


def comments_on(guide: str, language: str) -> list[GuideOpinion]:
    """What readers add to a guide and a person let through, newest first."""
    shown = GuideOpinion.objects.filter(guide=guide, language=language, stage="shown")
    return list(shown.order_by("-pk")[:20])


def waiting_opinions() -> QuerySet[GuideOpinion]:
    """Words that nobody has read, oldest first."""
    return GuideOpinion.objects.filter(stage="waiting").order_by("pk")


def shown_opinions() -> list[GuideOpinion]:
    """What everybody reads below the guides, newest first."""
    return list(GuideOpinion.objects.filter(stage="shown").order_by("-pk")[:100])


def hidden_guides() -> set[str]:
    """The guides that travellers do not see."""
    return set(HiddenGuide.objects.values_list("guide", flat=True))


@dataclass(frozen=True, slots=True)
class GuideFigures:
    """How many readers said something of a guide, and how many of them it helped."""

    guide: str
    opinions: int
    helped: int


def guide_figures() -> list[GuideFigures]:
    """The figures of each guide that anybody has spoken of."""
    rows = GuideOpinion.objects.values("guide").order_by("guide")
    counted = rows.annotate(opinions=Count("pk"), helped=Count("pk", filter=Q(is_helpful=True)))
    return [GuideFigures(row["guide"], row["opinions"], row["helped"]) for row in counted]
