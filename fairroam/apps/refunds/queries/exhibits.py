"""The files of a case: given for its plan, or in the conversation that it came from."""

from __future__ import annotations

from django.db.models import QuerySet

from fairroam.apps.conversations.queries import messages_of
from fairroam.apps.evidence import queries as evidence
from fairroam.apps.evidence.queries import EvidenceRow
from fairroam.apps.journal.queries.planned import Often
from fairroam.apps.refunds.models import Exhibit, RefundRequest


@Often
def _given(order_line_id: int) -> QuerySet[Exhibit, int]:
    given = Exhibit.objects.filter(order_line_id=order_line_id, evidence__is_erased=False)
    return given.values_list("evidence_id", flat=True)


def files_of_line(order_line_id: int) -> list[EvidenceRow]:
    """What was given for that plan and is still there, oldest first."""
    return evidence.rows(_given(order_line_id))


def files_of(request_id: int) -> list[EvidenceRow]:
    """All files that belong to one case, oldest first."""
    found = RefundRequest.objects.filter(pk=request_id)
    return files_of_case(*found.values_list("order_line_id", "thread_id").get())


def files_of_case(order_line_id: int, thread_id: int | None) -> list[EvidenceRow]:
    """What was given for a plan and in a conversation about it, oldest first."""
    said = messages_of(thread_id) if thread_id else ()
    in_words = [file for message in said for file in message.files if not file.is_erased]
    return sorted([*files_of_line(order_line_id), *in_words], key=lambda file: file.id)
