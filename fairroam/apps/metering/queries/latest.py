"""The latest use of a line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fairroam.apps.metering.models import UsageRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestUse:
    """When a line was last used in one way, and the record that says so."""

    kind: str
    started_at: datetime
    source: str
    record_id: str


def latest_uses(
    order_line_id: int, *, kinds: tuple[str, ...], now: datetime | None = None
) -> list[LatestUse]:
    """The latest use of each of these kinds, whatever plan it was counted for; no corrections.

    now: what is dated after it hides none before, and is looked at when its time has come.
    """
    records = UsageRecord.objects.filter(
        order_line_id=order_line_id, kind__in=kinds, quantity__gt=0
    )
    if now is not None:
        records = records.filter(started_at__lte=now)
    return [
        LatestUse(
            kind=record.kind,
            started_at=record.started_at,
            source=record.source,
            record_id=record.record_id,
        )
        for record in records.order_by("kind", "-started_at").distinct("kind")
    ]
