"""Acts upon exports: asked for, begun, ready, taken, removed."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.exports.models import KEPT_FOR, Export
from fairroam.apps.exports.operations.writing import write_export
from fairroam.apps.journal import operations as journal

__all__ = [
    "ask_export",
    "ask_stale_again",
    "begin_export",
    "finish_export",
    "note_progress",
    "note_taken",
    "remove_expired",
    "write_export",
]

STALE_AFTER = timedelta(hours=10)  # Longer than any job goes on trying: worker/reacting.py.


@transaction.atomic
def ask_export(*, customer_id: int, now: datetime) -> int:
    """Ask for everything in one file; the id of the export. Raises AccountClosed.

    While one is being made, asking again changes nothing. Who is leaving may ask.
    """
    customers.lock_open(customer_id)
    export, is_new = Export.objects.get_or_create(
        customer_id=customer_id, stage="asked", defaults={"asked_at": now}
    )
    if is_new:
        _tell_asked(export, now)
    return export.pk


@transaction.atomic
def ask_stale_again(*, now: datetime) -> int:
    """Have those made that no job is at any more, as one ends after hours of failures; how many.

    Run it now and then.
    """
    before = now - STALE_AFTER
    waiting = Export.objects.select_for_update(no_key=True, skip_locked=True).filter(stage="asked")
    stale = list(waiting.filter(asked_at__lte=before).exclude(begun_at__gt=before).order_by("pk"))
    for export in stale:
        Export.objects.filter(pk=export.pk).update(begun_at=now)
        _tell_asked(export, now)
    return len(stale)


@transaction.atomic
def begin_export(*, export_id: int, now: datetime) -> Export | None:
    """Begin, or begin again after a worker died; None when there is nothing to make any more."""
    export = Export.objects.get(pk=export_id)
    customer = customers.lock(export.customer_id)
    export.refresh_from_db()
    if export.stage != "asked":
        return None
    if not customer.is_open:
        Export.objects.filter(pk=export_id).update(stage="removed")
        return None
    export.begun_at, export.parts_done = now, 0
    export.save(update_fields=["begun_at", "parts_done"])
    return export


def note_progress(*, export_id: int, done: int, parts: int) -> None:
    """Keep how far it is, for the page."""
    Export.objects.filter(pk=export_id).update(parts_done=done, parts=parts)


@transaction.atomic
def finish_export(*, export_id: int, now: datetime) -> None:
    """The file is whole: let it be taken, and remove older ones.

    Who has closed the account meanwhile finds no file: it goes at once.
    """
    export = Export.objects.get(pk=export_id)
    customer = customers.lock(export.customer_id)
    if not customer.is_open:
        export.path.unlink(missing_ok=True)
        Export.objects.filter(pk=export_id).update(stage="removed")
        return
    with export.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    is_first = Export.objects.filter(pk=export_id, stage="asked").update(
        stage="ready",
        size_bytes=export.path.stat().st_size,
        sha256=digest,
        ready_at=now,
        expires_at=now + KEPT_FOR,
    )
    if not is_first:
        return
    for older in Export.objects.filter(customer_id=customer.pk, stage="ready").exclude(
        pk=export_id
    ):
        _remove(older)
    journal.tell(
        "export.ready", actor="system", now=now, customer_id=customer.pk, export_id=export_id
    )


def note_taken(*, export_id: int, now: datetime) -> None:
    """Its owner has downloaded it."""
    Export.objects.filter(pk=export_id).update(taken_at=now)


def remove_expired(*, now: datetime) -> int:
    """Remove the files whose time is over; how many."""
    expired = list(Export.objects.filter(stage="ready", expires_at__lte=now))
    for export in expired:
        _remove(export)
    return len(expired)


def _tell_asked(export: Export, now: datetime) -> None:
    journal.tell(
        "export.asked",
        actor=f"customer:{export.customer_id}",
        now=now,
        customer_id=export.customer_id,
        export_id=export.pk,
    )


def _remove(export: Export) -> None:
    """First the file: a row that says so is never wrong, and a repeat mends what broke."""
    export.path.unlink(missing_ok=True)
    Export.objects.filter(pk=export.pk).update(stage="removed")
