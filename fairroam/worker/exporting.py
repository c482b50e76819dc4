"""Exports: everything that every app declares that it keeps about a customer."""

from __future__ import annotations

from datetime import datetime

from fairroam.apps.closures.personal import EVERYTHING
from fairroam.apps.exports import tasks
from fairroam.apps.journal.models import Event
from fairroam.worker.reacting import reaction


@reaction
def make_export(event: Event, at: datetime) -> None:
    """Write the file; minutes for somebody with millions of records."""
    tasks.make_export(export_id=event.facts["export_id"], tables=EVERYTHING, now=at)


@reaction
def tell_export_ready(event: Event, at: datetime) -> None:
    """Write to its owner."""
    tasks.tell_ready(export_id=event.facts["export_id"], now=at)
