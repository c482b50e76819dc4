"""The files of a case: given for its plan, or in the conversation that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from fairroam.apps.conversations.queries import messages_of
from fairroam.apps.evidence import queries as evidence
from fairroam.apps.evidence.queries import EvidenceRow
from fairroam.apps.journal.queries.planned import question, together
from fairroam.apps.refunds.models import Exhibit, RefundRequest


def _given(order_line_ids: list[int]) -> QuerySet[Exhibit, Any]:
    given: QuerySet[Exhibit, Any] = Exhibit.objects.filter(order_line_id__any_of=order_line_ids)
    return given.filter(evidence__is_erased=False).values("evidence_id")


def read_given(rows: list[dict[str, Any]]) -> tuple[int, ...]:
    return tuple(row["evidence_id"] for row in rows)


given_asked = question(_given, read_given)  # The files given for a plan that are still there.


def files_of_line(order_line_id: int) -> list[EvidenceRow]:
    """What was given for that plan and is still there, oldest first."""
    (given,) = together(given_asked([order_line_id]))
    return evidence.rows(given)


def files_of(request_id: int) -> list[EvidenceRow]:
    """All files that belong to one case, oldest first."""
    found = RefundRequest.objects.filter(pk=request_id)
    order_line_id, thread_id = found.values_list("order_line_id", "thread_id").get()
    (given,) = together(given_asked([order_line_id]))
    return files_of_case(given, thread_id)


def files_of_case(given: Sequence[int], thread_id: int | None) -> list[EvidenceRow]:
    """What was `given` for a plan and in a conversation about it, oldest first."""
    said = messages_of(thread_id) if thread_id else ()
    in_words = [file for message in said for file in message.files if not file.is_erased]
    return sorted([*evidence.rows(given), *in_words], key=lambda file: file.id)
