"""What is personal in evidence: the files and their names. Both go; kind, hashes, instants stay.

The hashes stay as a record of what was decided on, and to know a file that is sent again.
"""

from __future__ import annotations

from fairroam.apps.evidence.models import Evidence
from fairroam.apps.journal.personal import KEY, PROOF, STAFF, STEP, Table

TABLES = (
    Table(
        name="evidence_evidence",
        about="files",
        whose="customer_id",
        why=PROOF,
        kept="id kind media_type came_size came_sha256 kept_size kept_sha256 received_at",
        erased="name",
        ours={KEY: "key customer_id", STAFF: "uploaded_by", STEP: "is_erased"},
    ),
)


def erase(customer_id: int) -> dict[str, int]:
    """Remove files and names; how many values were erased, per field.

    The files go at once: if this transaction fails, the closing comes back and does it again.
    """
    theirs = Evidence.objects.filter(customer_id=customer_id, is_erased=False)
    found = list(theirs.order_by("pk"))
    for evidence in found:
        evidence.path.unlink(missing_ok=True)
    named = theirs.exclude(name="").count()
    theirs.update(name="", is_erased=True)
    return {"evidence_evidence.name": named, "evidence files": len(found)}


def remains(customer_id: int) -> int:
    """How many files and names are still there."""
    theirs = Evidence.objects.filter(customer_id=customer_id)
    files = sum(1 for evidence in theirs if evidence.path.exists())
    return files + theirs.exclude(name="").count()
