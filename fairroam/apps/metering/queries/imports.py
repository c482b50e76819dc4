"""Reads of imported files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.metering.models import BadRow, QuarantinedRecord, UsageImport, UsageRecord

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
    """A record that was not counted, for a person. content: its fields, or what was sent.

    may_count: whether it is about a use; a correction that does not fit can only be put away.
    settled_as: "" while it is open, see models.SETTLEMENTS.
    """

    id: int
    source: str
    record_id: str
    reason: str
    content: dict[str, Any]
    received_at: datetime
    settled_at: datetime | None
    settled_as: str
    settled_by: str
    words: str

    @property
    def may_count(self) -> bool:
        return self.reason != "bad_correction" and "corrects" not in self.content


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedUse:
    """The record of the same name that came first and counts. quantity: by its kind."""

    kind: str
    quantity: int
    started_at: datetime
    country: str


def quarantined() -> Rows[QuarantineRow]:
    """The records that contradict what we know, or that nobody could read, newest first."""
    open_ones = QuarantinedRecord.objects.filter(settled_at__isnull=True)
    return Rows(open_ones.order_by("-pk"), aside_row)


def settled_asides() -> Rows[QuarantineRow]:
    """Those that a person has dealt with, the latest first."""
    settled = QuarantinedRecord.objects.filter(settled_at__isnull=False)
    return Rows(settled.order_by("-settled_at", "-pk"), aside_row)


def aside(aside_id: int) -> QuarantineRow | None:
    """One of them."""
    found = QuarantinedRecord.objects.filter(pk=aside_id).first()
    return aside_row(found) if found else None


def counted_under(source: str, record_id: str) -> UsageRecord | None:
    """The use that counts, or did until it was taken back, under a record's name."""
    return UsageRecord.objects.filter(
        source=source, record_id=record_id, outcome="counted", quantity__gt=0
    ).first()


def counted_before(row: QuarantineRow) -> CountedUse | None:
    """What counts under the name of a record that was put aside, and was not taken back."""
    first = counted_under(row.source, row.record_id)
    taken_back = UsageRecord.objects.filter(
        corrects_source=row.source, corrects_record_id=row.record_id, outcome="counted"
    )
    if first is None or taken_back.exists():
        return None
    return CountedUse(
        kind=first.kind,
        quantity=first.quantity,
        started_at=first.started_at,
        country=first.country,
    )


def aside_row(record: QuarantinedRecord) -> QuarantineRow:
    return QuarantineRow(
        id=record.pk,
        settled_at=record.settled_at,
        settled_as=record.settled_as,
        settled_by=record.settled_by,
        words=record.words,
        source=record.source,
        record_id=record.record_id,
        reason=record.reason,
        content=record.content,
        received_at=record.received_at,
    )
