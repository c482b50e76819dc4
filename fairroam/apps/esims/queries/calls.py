"""What we asked of the carrier, under the ids that its own log has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from fairroam.apps.esims.models import CarrierCall


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call. outcome: done, unknown (no answer), or our word for a refusal; None = broke off."""

    function: str
    iccid: str
    call_id: UUID
    sent_at: datetime
    outcome: str | None


def carrier_calls_of(order_line_id: int) -> list[CallRow]:
    """All calls about the profiles of a line, oldest first."""
    calls: dict[UUID, CallRow] = {}
    for row in CarrierCall.objects.filter(profile__line_id=order_line_id).order_by("pk"):
        calls[row.call_id] = CallRow(
            function=row.function,
            iccid=row.iccid,
            call_id=row.call_id,
            sent_at=row.sent_at,
            outcome=None if row.outcome == "sent" else row.outcome,
        )
    return list(calls.values())


def carrier_calls() -> QuerySet[CarrierCall]:
    """Every row about a call, its sending and its outcome, the newest first."""
    return CarrierCall.objects.order_by("-pk")
