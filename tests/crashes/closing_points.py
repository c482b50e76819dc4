"""The points of a closing (see `test_closing_points`): what dies there, and when."""

from __future__ import annotations

# What each transaction tells of as it commits.
EVENTS = {
    "c0": "closure.requested",
    "c1": "closure.started",
    "c2": "closure.step_done/refunds",
    "c3": "line.off",
    "c4": "closure.step_done/lines",
    "c5": "closure.step_done/notices",
    "c6": "closure.step_done/sessions",
    "c7": "closure.step_done/close",
    "c8 erase": "closure.step_done/erase",
    "c8 rescan": "closure.step_done/rescan",
    "c9": "closure.step_done/certify",
    "c10": "closure.step_done/last_mail",
}
# The named points of the program: between two commits, or after an effect outside.
POINTS = {
    "c3 after-commit": "line.taking_off",
    "c3 after-effect": "line.cancelled",
    "c4 after-effect": "line.ended",
    "c10 after-claim": "closing.mail_claimed",
    "c10 after-effect": "closing.mail_sent",
}
BY_THE_CUSTOMER = ("closure.requested", "closure.started")
# Who dies; the database is killed with the transaction that it is in, and started again.
DEATHS = (
    *(f"{victim} at {point} {when}-commit {kind}" for victim in ("process", "database")
      for point, kind in EVENTS.items() for when in ("before", "after")),
    *(f"process at {point} {name}" for point, name in POINTS.items()),
)  # fmt: skip
