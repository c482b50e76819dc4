"""Reads of the journal."""

from __future__ import annotations

from collections.abc import Iterator

from fairroam.apps.journal.models import Answer, Event


def events_of(customer_id: int, *, most: int = 200) -> list[Event]:
    """What happened around one customer, newest first."""
    return list(Event.objects.filter(customer_id=customer_id).order_by("-id")[:most])


def find_faults() -> Iterator[str]:
    """Keys that were taken but never answered: half of an act was committed."""
    for row in Answer.objects.filter(answer={})[:20]:
        yield f"answer {row.pk} ({row.route}) was never given"
