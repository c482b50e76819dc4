"""Reads of imported files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.metering.models import BadRow, QuarantinedRecord, UsageImport

BAD_LINES_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class BadLineRow:
    """A line that could not be read; `reason` is explained in docs/usage.md."""

    line_number: int
    reason: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One file: how far it is and what became of its records."""

    name: str
    source: str
    counted: int
    repeated: int
    quarantined: int
    unknown: int
    bad: int
    finished_at: datetime | None
    bad_lines: tuple[BadLineRow, ...]


def usage_files() -> Rows[ImportRow]:
    """The files that were imported, newest first, each with its first unreadable lines."""
    bad = BadRow.objects.order_by("line_number")[:BAD_LINES_SHOWN_MAX]
    found = UsageImport.objects.prefetch_related(Prefetch("bad_rows", bad, to_attr="first_bad"))
    return Rows(found.order_by("-pk"), import_row)


def import_row(opened: Any) -> ImportRow:
    return ImportRow(
        name=opened.name,
        source=opened.source,
        counted=opened.counted,
        repeated=opened.repeated,
        quarantined=opened.quarantined,
        unknown=opened.unknown,
        bad=opened.bad,
        finished_at=opened.finished_at,
        bad_lines=tuple(
            BadLineRow(row.line_number, row.reason, row.content) for row in opened.first_bad
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRow:
    """A record that was not counted, for a person. content: its fields, or what was sent."""

    source: str
    record_id: str
    reason: str
    content: dict[str, Any]
    received_at: datetime


def quarantined() -> Rows[QuarantineRow]:
    """The records that contradict what we know, or that nobody could read, newest first."""
    return Rows(QuarantinedRecord.objects.order_by("-pk"), quarantine_row)


def quarantine_row(record: QuarantinedRecord) -> QuarantineRow:
    return QuarantineRow(
        source=record.source,
        record_id=record.record_id,
        reason=record.reason,
        content=record.content,
        received_at=record.received_at,
    )
