"""Reads of closings: the checklist, how far one is, and what contradicts itself."""

from fairroam.apps.closures.queries.faults import find_faults
from fairroam.apps.closures.queries.figures import figures_of
from fairroam.apps.closures.queries.rows import (
    ClosureRow,
    StepRow,
    closed_on,
    closure_at_desk,
    closure_by_seal,
    closure_of,
    closure_row,
    digest_of,
    end_of_service,
    ends_due,
    history_of,
    next_step,
    queue,
    rejected_of,
    reviews,
    seal_of,
    sealed_contacts,
    unfinished,
)
from fairroam.apps.closures.queries.standing import (
    checklist,
    doubts_of,
    plan_of,
    plans_end_at,
    pots,
)

__all__ = [
    "ClosureRow",
    "StepRow",
    "checklist",
    "closed_on",
    "closure_at_desk",
    "closure_by_seal",
    "closure_of",
    "closure_row",
    "digest_of",
    "doubts_of",
    "end_of_service",
    "ends_due",
    "figures_of",
    "find_faults",
    "history_of",
    "next_step",
    "plan_of",
    "plans_end_at",
    "pots",
    "queue",
    "rejected_of",
    "reviews",
    "seal_of",
    "sealed_contacts",
    "unfinished",
]
