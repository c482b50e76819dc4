"""Reads of exports: how far one is, whether one was taken since, what contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from fairroam.apps.contacts import queries as contacts
from fairroam.apps.conversations.models import Message
from fairroam.apps.exports.models import Export
from fairroam.apps.exports.queries.schema import schema
from fairroam.apps.exports.refusals import ExportGone
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders.models import Order
from fairroam.apps.papers.models import Paper

__all__ = [
    "ExportRow",
    "export_of",
    "exported_since_change",
    "find_faults",
    "ready_export",
    "schema",
    "taken_by",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """The newest export for a page. percent: how much is written, 0 to 100."""

    id: int
    stage: str
    percent: int
    size_bytes: int
    sha256: str
    asked_at: datetime
    begun_at: datetime | None
    expires_at: datetime | None


def export_of(customer_id: int) -> ExportRow | None:
    """The customer's newest export; None while there was none."""
    found = Export.objects.filter(customer_id=customer_id).order_by("pk").last()
    if found is None:
        return None
    return ExportRow(
        id=found.pk,
        stage=found.stage,
        percent=100 * found.parts_done // found.parts if found.parts else 0,
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        asked_at=found.asked_at,
        begun_at=found.begun_at,
        expires_at=found.expires_at,
    )


def taken_by(customer_id: int) -> list[Export]:
    """Every export that its owner has downloaded, oldest first."""
    taken = Export.objects.filter(customer_id=customer_id, taken_at__isnull=False)
    return list(taken.order_by("pk"))


def ready_export(export_id: int, customer_id: int, *, now: datetime) -> Export:
    """An export that can be downloaded now. Raises NotAmongYours, ExportGone."""
    found = Export.objects.filter(pk=export_id, customer_id=customer_id).first()
    if found is None:
        raise NotAmongYours(export_id=export_id)
    is_kept = found.expires_at is not None and now < found.expires_at
    if found.stage != "ready" or not is_kept or not found.path.exists():
        raise ExportGone(export_id=export_id)
    return found


def exported_since_change(customer_id: int) -> bool:
    """Whether an export was downloaded that holds every contact, order, paper and message."""
    taken = Export.objects.filter(customer_id=customer_id, taken_at__isnull=False)
    began: datetime | None = taken.aggregate(newest=Max("begun_at"))["newest"]
    if began is None:
        return False
    changes = (
        contacts.changed_at(customer_id),
        Order.objects.filter(customer_id=customer_id).aggregate(at=Max("placed_at"))["at"],
        Paper.objects.filter(customer_id=customer_id).aggregate(at=Max("issued_at"))["at"],
        Message.objects.filter(thread__customer_id=customer_id).aggregate(at=Max("received_at"))[
            "at"
        ],
    )
    return all(at is None or at <= began for at in changes)


def find_faults() -> Iterator[str]:
    """Files that should be gone, and ready exports that lost theirs."""
    for export in Export.objects.select_related("customer").exclude(stage="asked"):
        if export.stage == "removed" and export.path.exists():
            yield f"export {export.pk} is removed, but its file is there"
        if export.stage == "ready" and not export.path.exists():
            yield f"export {export.pk} has lost its file"
        if export.stage == "ready" and not export.customer.is_open:
            yield f"export {export.pk} is there, but its customer has left"
