"""The log of our calls to the carrier: what was sent under which id, and what came of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fairroam.apps.esims.models import CarrierCall


def record_call(
    *, profile_id: int, function: str, iccid: str, call_id: UUID, outcome: str, now: datetime
) -> None:
    """Add one line to the log; `outcome` is `sent` for the first of a call. Never changes one."""
    CarrierCall.objects.create(
        profile_id=profile_id,
        function=function,
        iccid=iccid,
        call_id=call_id,
        outcome=outcome,
        sent_at=now,
    )
