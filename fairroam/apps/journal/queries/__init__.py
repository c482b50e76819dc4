"""Reads of the journal; beside them, how every app reads often (`planned`) and much (`rows`)."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from fairroam.apps.journal.models import Answer, Event


def find_faults() -> Iterator[str]:
    """Keys that were taken but never answered: half of an act was committed."""
    for row in Answer.objects.filter(answer={})[:20]:
        yield f"answer {row.pk} ({row.route}) was never given"


def events() -> QuerySet[Event]:
    """All that happened, the newest first."""
    return Event.objects.order_by("-pk")
