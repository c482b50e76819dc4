"""Reads of evidence: whose it is, its content, who else sent the same file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from fairroam.apps.evidence.models import Evidence, path_of
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import NotAmongYours


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One file for a page; sizes in bytes. is_picture: it can be shown beside the words."""

    id: int
    customer_id: int | None
    kind: str
    media_type: str
    name: str
    kept_size: int
    kept_sha256: str
    uploaded_by: str
    received_at: datetime
    is_erased: bool

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")


@dataclass(frozen=True, slots=True)
class CustodyRow:
    """One link of a file's chain of custody: kept or shown, by whom and when."""

    kind: str
    actor: str
    at: datetime


def row(evidence: Evidence) -> EvidenceRow:
    return EvidenceRow(
        id=evidence.pk,
        customer_id=evidence.customer_id,
        kind=evidence.kind,
        media_type=evidence.media_type,
        name=evidence.name,
        kept_size=evidence.kept_size,
        kept_sha256=evidence.kept_sha256,
        uploaded_by=evidence.uploaded_by,
        received_at=evidence.received_at,
        is_erased=evidence.is_erased,
    )


def rows(evidence_ids: Iterable[int]) -> list[EvidenceRow]:
    """Those files, oldest first."""
    wanted = list(evidence_ids)
    found = Evidence.objects.filter(pk__in=wanted).order_by("pk") if wanted else ()
    return [row(evidence) for evidence in found]


def evidence_of(customer_id: int) -> list[EvidenceRow]:
    """All files of the customer that are still there, oldest first."""
    found = Evidence.objects.filter(customer_id=customer_id, is_erased=False)
    return [row(evidence) for evidence in found.order_by("pk")]


def read(evidence_id: int, *, customer_id: int | None = None) -> tuple[EvidenceRow, bytes]:
    """(the row, the content) of a file. customer_id: whose it must be; None for staff.

    Raises NotAmongYours for another's, an unknown one and an erased one alike. That the content
    is what was kept is checked each time.
    """
    found = Evidence.objects.filter(pk=evidence_id, is_erased=False)
    if customer_id is not None:
        found = found.filter(customer_id=customer_id)
    evidence = found.first()
    if evidence is None:
        raise NotAmongYours(evidence_id=evidence_id)
    content = path_of(evidence.key).read_bytes()
    assert hashlib.sha256(content).hexdigest() == evidence.kept_sha256, (
        f"evidence {evidence_id} is not what was kept"
    )
    return row(evidence), content


def same_hash_customers(evidence_id: int) -> list[int]:
    """The other customers who sent the same file, as it came or as it was kept; lowest id first.

    A closed account counts: the hash outlives the file.
    """
    mine = Evidence.objects.get(pk=evidence_id)
    same = Evidence.objects.filter(
        Q(came_sha256=mine.came_sha256) | Q(kept_sha256=mine.kept_sha256),
        customer_id__isnull=False,
    )
    found = same.values_list("customer_id", flat=True).distinct()
    return sorted(set(found) - {mine.customer_id})


def custody(customer_id: int) -> dict[int, list[CustodyRow]]:
    """Who had each file of that customer in their hands, oldest first; by the file's id."""
    links: dict[int, list[CustodyRow]] = {}
    told = Event.objects.filter(customer_id=customer_id, kind__startswith="evidence.")
    for event in told.filter(facts__has_key="evidence_id").order_by("pk"):
        link = CustodyRow(event.kind, event.actor, event.happened_at)
        links.setdefault(event.facts["evidence_id"], []).append(link)
    return links


def find_faults() -> Iterator[str]:
    """Rows without their file, and files that should be gone."""
    for evidence in Evidence.objects.order_by("pk").iterator(chunk_size=1000):
        path = path_of(evidence.key)
        if not evidence.is_erased and not path.exists():
            yield f"evidence {evidence.pk} has lost its file"
        elif not evidence.is_erased and path.stat().st_size != evidence.kept_size:
            yield f"the file of evidence {evidence.pk} has another size than was kept"
        elif evidence.is_erased and path.exists():
            yield f"evidence {evidence.pk} is erased but its file is there"
