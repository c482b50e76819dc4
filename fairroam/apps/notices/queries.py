"""Reads of notices."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.notices.models import Notice

PAGE = 25


def notices_of(customer_id: int, *, most: int = 100) -> list[Notice]:
    """The customer's messages, newest first."""
    return list(Notice.objects.filter(customer_id=customer_id).order_by("-id")[:most])


def notice_of(notice_id: int, customer_id: int) -> Notice:
    """One message to that customer. Raises NotAmongYours."""
    notice = Notice.objects.filter(pk=notice_id, customer_id=customer_id).first()
    if notice is None:
        raise NotAmongYours(notice_id=notice_id)
    return notice


def inbox(
    customer_id: int, *, only_unread: bool = False, before: int | None = None
) -> list[Notice]:
    """A page of the customer's messages, newest first; `before`: older than that id."""
    theirs = Notice.objects.filter(customer_id=customer_id).exclude(stage="dropped")
    if only_unread:
        theirs = theirs.filter(read_at__isnull=True)
    if before is not None:
        theirs = theirs.filter(pk__lt=before)
    return list(theirs.order_by("-id")[:PAGE])


def unread_count(customer_id: int) -> int:
    """How many messages the customer has not opened."""
    theirs = Notice.objects.filter(customer_id=customer_id, read_at__isnull=True)
    return theirs.exclude(stage="dropped").count()


def act_of(key: UUID) -> str | None:
    """The act that the mail with this key told of; None for a mail that is not ours."""
    return Notice.objects.filter(key=key).values_list("act", flat=True).first()


def find_faults() -> Iterator[str]:
    """Messages that say they were sent without a time, or the other way round."""
    odd = Notice.objects.filter(stage="sent", sent_at__isnull=True) | Notice.objects.exclude(
        stage="sent"
    ).filter(sent_at__isnull=False)
    yield from (f"notice {notice.pk} is {notice.stage} but its time differs" for notice in odd)
