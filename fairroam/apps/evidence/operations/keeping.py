"""Take a file in: made again in a child process, then written, then recorded."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.evidence.models import Evidence
from fairroam.apps.evidence.operations import store
from fairroam.apps.evidence.operations.names import safe_name
from fairroam.apps.evidence.refusals import (
    EvidenceTooComplex,
    EvidenceTooLarge,
    EvidenceUnknown,
)
from fairroam.apps.journal import operations as journal
from fairroam.gateways import files
from fairroam.gateways.files import CleanFile


def clean(content: bytes, *, is_logo: bool = False) -> CleanFile:
    """Make a file harmless. Takes seconds: call it before the transaction that keeps it.

    is_logo: see `gateways.files.clean`.
    Raises EvidenceTooLarge, EvidenceTooComplex, EvidenceUnknown.
    """
    try:
        return files.clean(content, is_logo=is_logo)
    except files.FileTooLarge:
        raise EvidenceTooLarge(size=len(content)) from None
    except files.FileTooComplex:
        raise EvidenceTooComplex(size=len(content)) from None
    except files.FileUnknown:
        raise EvidenceUnknown(size=len(content)) from None


@transaction.atomic
def keep(
    file: CleanFile,
    *,
    kind: str,
    name: str,
    customer_id: int | None,
    uploaded_by: str,
    now: datetime,
) -> Evidence:
    """Keep what `clean` made, of a `kind` of the model; `name` is only shown, never a path.

    The file is on the disk before its row is: a full disk leaves no row (StoreFull), and a file
    without a row is swept away later. Raises AccountClosed.
    """
    if customer_id is not None:
        customers.lock_open(customer_id)
    evidence = Evidence(
        customer_id=customer_id,
        kind=kind,
        media_type=file.media_type,
        name=safe_name(name, file.media_type),
        came_size=file.came_size,
        came_sha256=file.came_sha256,
        kept_size=len(file.content),
        kept_sha256=file.kept_sha256,
        uploaded_by=uploaded_by,
        received_at=now,
    )
    store.write(evidence.key, file.content)
    evidence.save()
    journal.tell(
        "evidence.kept",
        actor=uploaded_by,
        now=now,
        customer_id=customer_id,
        evidence_id=evidence.pk,
        evidence_kind=kind,
        came_sha256=evidence.came_sha256,
        kept_sha256=evidence.kept_sha256,
    )
    return evidence


@transaction.atomic
def record_shown(*, evidence_id: int, actor: str, now: datetime) -> None:
    """Note who was given the file, as a link of its chain of custody."""
    evidence = Evidence.objects.get(pk=evidence_id)
    journal.tell(
        "evidence.shown",
        actor=actor,
        now=now,
        customer_id=evidence.customer_id,
        evidence_id=evidence_id,
        kept_sha256=evidence.kept_sha256,
    )
