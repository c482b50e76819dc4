"""Give money back to everybody whom an incident hit: previewed, confirmed by another, in batches.

A run judges the ground `outage` alone: who gets lost time back keeps the plan. Every other right
stays, and counts what the run gave.
"""

from fairroam.apps.refunds.operations.everyone.batch import give_batch
from fairroam.apps.refunds.operations.everyone.preview import ask_for_run, preview
from fairroam.apps.refunds.operations.everyone.steering import (
    confirm,
    discard,
    finish,
    make_ready,
    resume,
    stop,
)

__all__ = [
    "ask_for_run",
    "confirm",
    "discard",
    "finish",
    "give_batch",
    "make_ready",
    "preview",
    "resume",
    "stop",
]
