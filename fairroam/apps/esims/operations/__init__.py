"""What is done with lines and profiles: provide them, hear about them, take them off."""

from fairroam.apps.esims.operations.end import (
    note_silence,
    record_cancelled,
    record_ended,
    record_refused_end,
    take_off,
)
from fairroam.apps.esims.operations.observe import record_fact, record_notice
from fairroam.apps.esims.operations.provide import (
    give_up,
    plan_line,
    record_order,
    record_release,
    reserve,
)

__all__ = [
    "give_up",
    "note_silence",
    "plan_line",
    "record_cancelled",
    "record_ended",
    "record_fact",
    "record_notice",
    "record_order",
    "record_refused_end",
    "record_release",
    "reserve",
    "take_off",
]
