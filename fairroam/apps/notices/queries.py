"""Reads of notices."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from fairroam.apps.notices.models import Notice


def notices_of(customer_id: int, *, most: int = 100) -> list[Notice]:
    """The customer's messages, newest first."""
    return list(Notice.objects.filter(customer_id=customer_id).order_by("-id")[:most])


def act_of(key: UUID) -> str | None:
    """The act that the mail with this key told of; None for a mail that is not ours."""
    return Notice.objects.filter(key=key).values_list("act", flat=True).first()


def find_faults() -> Iterator[str]:
    """Messages that say they were sent without a time, or the other way round."""
    odd = Notice.objects.filter(stage="sent", sent_at__isnull=True) | Notice.objects.exclude(
        stage="sent"
    ).filter(sent_at__isnull=False)
    yield from (f"notice {notice.pk} is {notice.stage} but its time differs" for notice in odd)
