"""Exports hold everything about somebody: their files go. That there was one stays."""

from __future__ import annotations

from fairroam.apps.exports.models import Export
from fairroam.apps.journal.personal import KEY, PROOF, STEP, Table

TABLES = (
    Table(
        name="exports_export",
        about="history",
        whose="customer_id",
        why=PROOF,
        kept="id stage asked_at begun_at size_bytes ready_at expires_at taken_at",
        ours={KEY: "key customer_id sha256", STEP: "parts_done parts"},
    ),
)


def erase(customer_id: int) -> dict[str, int]:
    """Remove the files; how many there were.

    One that is still being made finds its customer gone and removes itself.
    """
    theirs = Export.objects.filter(customer_id=customer_id)
    files = [export.path for export in theirs if export.path.exists()]
    for path in files:
        path.unlink(missing_ok=True)
    theirs.update(stage="removed")
    return {"export files": len(files)}


def remains(customer_id: int) -> int:
    """How many files are still there."""
    return sum(export.path.exists() for export in Export.objects.filter(customer_id=customer_id))
