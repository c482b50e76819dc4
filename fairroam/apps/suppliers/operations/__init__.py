"""What is done with suppliers: buy for a line, end it there, ask for money, hear how it is used."""

from fairroam.apps.suppliers.operations.claiming import settle_claim, write_off
from fairroam.apps.suppliers.operations.ending import (
    WantedEnd,
    claim_ending,
    exclude_claim,
    record_cancelled,
    record_ended,
    record_request,
    wait_to_end,
)
from fairroam.apps.suppliers.operations.ordering import (
    WantedOrder,
    claim_call,
    note_mismatch,
    note_trouble,
    plan_order,
    record_answer,
    refuse,
    wait,
)
from fairroam.apps.suppliers.operations.watching import (
    OVER,
    age_claims,
    hear,
    note_polled,
    record_balance,
    record_reading,
    record_state,
)

__all__ = [
    "OVER",
    "WantedEnd",
    "WantedOrder",
    "age_claims",
    "claim_call",
    "claim_ending",
    "exclude_claim",
    "hear",
    "note_mismatch",
    "note_polled",
    "note_trouble",
    "plan_order",
    "record_answer",
    "record_balance",
    "record_cancelled",
    "record_ended",
    "record_reading",
    "record_request",
    "record_state",
    "refuse",
    "settle_claim",
    "wait",
    "wait_to_end",
    "write_off",
]
