"""Reads of notices: the inbox, what became of each mail, and the code that each mail bears."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Window

from fairroam.apps.customers import queries as customers
from fairroam.apps.journal.queries.planned import ask, question
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.notices.models import MailStop, Notice, PushDevice, PushStop
from fairroam.rules.numbers import ALPHABET

# What a customer may do without by mail: kind -> topic. All other kinds tell of money, of a
# contract, of rights or of safety, and are always mailed.
TOPICS = {
    "esims.act": "lines",
    "esims.never_attached": "lines",
    "esims.get_ready": "lines",
    "esims.number_kept": "numbers",
    "esims.number_saved": "numbers",
    "conversations.received": "conversations",
}

# What is pushed to the devices that asked for it: kind or room -> topic; a kind counts before its
# room, and what is not here is never pushed.
PUSHED = {
    "refunds.paid": "money",
    "refunds.stalled": "money",
    "refunds": "decisions",
    "payments": "money",
    "wallet": "money",
    "metering": "data",
    "closures.trip_ended": "trip",
    "esims.number_warning": "number",
    "esims.number_grace": "number",
    "esims.number_lost": "number",
    "esims.number_not_saved": "number",
    "esims.number_renewal": "number",
}

CODE_LETTERS = 12
CODE_BITS = 59  # what so many letters of the alphabet can hold; 55 of a UUID's first 59 are random


def topic_of(kind: str) -> str:
    """The topic under which this kind can be stopped; "" for what is always mailed."""
    return TOPICS.get(kind, "")


def is_mailed(customer_id: int | None, kind: str) -> bool:
    """Whether a message of this kind goes to that customer by mail, too."""
    topic = topic_of(kind)
    if customer_id is None or not topic:
        return True
    return not MailStop.objects.filter(customer_id=customer_id, topic=topic).exists()


def stopped_topics(customer_id: int) -> set[str]:
    """What the customer wants no mail about."""
    return set(MailStop.objects.filter(customer_id=customer_id).values_list("topic", flat=True))


def push_topic_of(kind: str) -> str:
    """The topic under which this kind is pushed; "" for what never is."""
    return PUSHED.get(kind) or PUSHED.get(kind.partition(".")[0], "")


def stopped_pushes(customer_id: int) -> set[str]:
    """The topics about which nothing is pushed to the customer."""
    return set(PushStop.objects.filter(customer_id=customer_id).values_list("topic", flat=True))


def is_pushed(customer_id: int | None, kind: str) -> bool:
    """Whether a message of this kind also goes to devices of that customer."""
    topic = push_topic_of(kind)
    if customer_id is None or not topic or not devices_of(customer_id):
        return False
    return not PushStop.objects.filter(customer_id=customer_id, topic=topic).exists()


def devices_of(customer_id: int) -> list[PushDevice]:
    """The browsers that take the customer's messages; those that were signed out are none."""
    found = PushDevice.objects.filter(customer_id=customer_id, customer__is_open=True)
    live = customers.live_sessions([device.session_key for device in found])
    return [device for device in found if device.session_key in live]


def code_of(key: UUID) -> str:
    """The code in a mail's foot, "M-7K3M-9Q2T-4WXD": the beginning of its key in letters."""
    rest, letters = key.int >> (128 - CODE_BITS), []
    for _ in range(CODE_LETTERS):
        rest, position = divmod(rest, len(ALPHABET))
        letters.append(ALPHABET[position])
    code = "".join(reversed(letters))
    return "-".join(("M", code[:4], code[4:8], code[8:]))


def find_by_code(typed: str) -> Notice | None:
    """The message whose mail bears this code, as people type it; None when we wrote none."""
    plain = re.sub(r"[\s\u2010-\u2015-]+", "", typed.upper())
    if not re.fullmatch(f"M[{ALPHABET}]{{{CODE_LETTERS}}}", plain):
        return None
    value = 0
    for letter in plain[1:]:
        value = value * len(ALPHABET) + ALPHABET.index(letter)
    if value >> CODE_BITS:
        return None
    first = value << (128 - CODE_BITS)
    last = first | ((1 << (128 - CODE_BITS)) - 1)
    return Notice.objects.filter(key__range=(UUID(int=first), UUID(int=last))).first()


def undelivered() -> QuerySet[Notice]:
    """Mails that no mail server took or that came back, newest first: a person looks at each."""
    dead = Notice.objects.filter(Q(stage="failed") | Q(bounced_at__isnull=False)).exclude(text="")
    return dead.select_related("customer").order_by("-id")


def undelivered_count() -> int:
    """How many such mails there are."""
    dead = Notice.objects.filter(Q(stage="failed") | Q(bounced_at__isnull=False))
    return dead.exclude(text="").count()


def notice_of(notice_id: int, customer_id: int) -> Notice:
    """One message to that customer. Raises NotAmongYours."""
    notice = Notice.objects.filter(pk=notice_id, customer_id=customer_id).first()
    if notice is None:
        raise NotAmongYours(notice_id=notice_id)
    return notice


def inbox(customer_id: int, *, only_unread: bool = False) -> QuerySet[Notice]:
    """The customer's messages, newest first."""
    theirs = Notice.objects.filter(customer_id=customer_id).exclude(stage="dropped")
    if only_unread:
        theirs = theirs.filter(read_at__isnull=True)
    return theirs.order_by("-id")


def unread_count(customer_id: int) -> int:
    """How many messages the customer has not opened."""
    count: int = ask(UNREAD, customer_id)()[0][0]
    return count


UNREAD = """
    SELECT count(*) FROM notices_notice
     WHERE customer_id = %s AND read_at IS NULL AND stage <> 'dropped'
"""
NEWEST_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """One of a customer's newest messages. unread: how many of all their messages are."""

    id: int
    language: str
    subject: str
    queued_at: datetime
    unread: int


def _newest(customer_ids: list[int]) -> QuerySet[Notice, Any]:
    shown: QuerySet[Notice, Any] = Notice.objects.filter(customer_id__any_of=customer_ids)
    counted = shown.exclude(stage="dropped").annotate(
        unread=Window(Count("id", filter=Q(read_at__isnull=True)))
    )
    return counted.order_by("-id").values(*NEWEST)[:NEWEST_MOST]  # type: ignore[no-any-return]


def read_newest(rows: Sequence[dict[str, Any]]) -> list[Newest]:
    return [Newest(**row | {"queued_at": datetime.fromisoformat(row["queued_at"])}) for row in rows]


NEWEST = tuple(one.name for one in fields(Newest))
newest_asked = question(_newest, read_newest)  # A customer's newest messages, at most NEWEST_MOST.


def act_of(key: UUID) -> str | None:
    """The act that the mail with this key told of; None for a mail that is not ours."""
    return Notice.objects.filter(key=key).values_list("act", flat=True).first()


def find_by_key(key: UUID) -> Notice | None:
    """The message of that key."""
    return Notice.objects.filter(key=key).first()


def was_told(act: str) -> bool:
    """Whether a message about that act was written already."""
    return Notice.objects.filter(act=act).exists()


def find_faults() -> Iterator[str]:
    """Messages that say they were sent without a time, or the other way round."""
    odd = Notice.objects.filter(stage="sent", sent_at__isnull=True) | Notice.objects.exclude(
        stage="sent"
    ).filter(sent_at__isnull=False)
    yield from (f"notice {notice.pk} is {notice.stage} but its time differs" for notice in odd)
