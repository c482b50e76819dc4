"""What a person needs from the customer to judge a ground, and has not got."""

from __future__ import annotations

from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.refunds.queries.exhibits import files_of
from fairroam.apps.refunds.queries.pages import current_decision

# What each matter needs; a withdrawal needs nothing: no reason, no evidence.
NEEDS = {
    "wish": ("reason",),
    "unusable": ("place_and_time", "steps", "evidence"),
    "incompatible": ("device", "evidence"),
}
CODES = ("reason", "place_and_time", "steps", "evidence", "device")


def missing(request_id: int) -> tuple[str, ...]:
    """What is not there yet, in codes that pages put into words; none for a plain right."""
    refund = RefundRequest.objects.get(pk=request_id)
    decision = current_decision(request_id)
    if decision is None:
        return ()
    trouble = decision.facts.get("trouble")
    if trouble is None:
        matter = "wish" if not decision.due_minor or refund.wish_minor else None
    else:
        matter = "incompatible" if trouble["cause"] == "device_incompatible" else "unusable"
    has_files = bool(files_of(request_id))
    present = {
        "reason": bool(refund.words.strip()),
        "place_and_time": bool(refund.words.strip()),
        "steps": trouble is not None and trouble["steps_done"] > 0,
        "evidence": has_files,
        "device": has_files or bool(refund.words.strip()),
    }
    return tuple(code for code in NEEDS.get(matter or "", ()) if not present[code])
