"""Make exports, and say when one is ready."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from fairroam.apps.customers import queries as customers
from fairroam.apps.exports import operations
from fairroam.apps.exports.models import Export
from fairroam.apps.journal.personal import Table
from fairroam.apps.notices import operations as notices


def make_export(*, export_id: int, tables: Sequence[Table], now: datetime) -> None:
    """Write the file and let it be taken. Safe to repeat: it is written anew."""
    export = operations.begin_export(export_id=export_id, now=now)
    if export is None:
        return
    export.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    operations.write_export(
        export.path,
        customers.customer(export.customer_id),
        tables,
        now=now,
        progress=lambda done, parts: operations.note_progress(
            export_id=export_id, done=done, parts=parts
        ),
    )
    operations.finish_export(export_id=export_id, now=now)


def tell_ready(*, export_id: int, now: datetime) -> None:
    """Write that it is ready, until when, and where; the file itself never goes by mail."""
    export = Export.objects.select_related("customer").get(pk=export_id)
    notices.send(
        kind="exports.ready",
        act=f"exports.ready:{export_id}",
        customer_id=export.customer_id,
        context={
            "export": export,
            "zone": export.customer.zone,
            "link": f"{settings.FAIRROAM_ADDRESS}/account/export/",
        },
        now=now,
    )
