"""What lets numbers live on across rooms: uses from the meters, paid periods one after another."""

from __future__ import annotations

from datetime import datetime

from fairroam.apps.esims.operations import numbers_keep
from fairroam.apps.esims.queries import numbers
from fairroam.apps.journal.tasks import alone
from fairroam.apps.metering import queries as metering
from fairroam.apps.metering.operations.start import start_plan
from fairroam.apps.metering.queries.latest import latest_uses
from fairroam.apps.orders import queries as orders

# What the network counts -> what it proves. A call may have been received, which operators do
# not count, and its record does not say: it proves nothing.
PROOFS = {"data": "data_session", "sms": "sms_out"}


def record_uses(*, now: datetime) -> None:
    """Tell every kept number of the latest use of its line."""
    for line_id in numbers.kept_lines():
        with alone(f"the use of line {line_id}"):
            for use in latest_uses(line_id, kinds=tuple(PROOFS), now=now):
                numbers_keep.record_use(
                    line_id=line_id,
                    kind=PROOFS[use.kind],
                    happened_at=use.started_at,
                    source="network",
                    ref=f"{use.source}/{use.record_id}",
                    now=now,
                )


def start_periods(*, now: datetime) -> None:
    """Let the next paid period begin wherever the one before is over."""
    for line_id in numbers.kept_lines():
        with alone(f"the paid period of line {line_id}"):
            start_period(line_id, now=now)


def start_period(line_id: int, *, now: datetime) -> None:
    """Let the first period that was paid and has not begun follow the one before."""
    paid_until = numbers.paid_until(line_id)
    if paid_until is not None and paid_until > now:
        return
    for order_line_id in (line_id, *orders.top_ups_of(line_id)):
        keeps_number = bool(orders.terms_of(order_line_id).plan_copy.get("number_rule"))
        has_begun = metering.usage_of(order_line_id).starts_at is not None
        if not keeps_number or has_begun:
            continue
        if start_plan(order_line_id=order_line_id, starts_at=paid_until or now, now=now):
            return
