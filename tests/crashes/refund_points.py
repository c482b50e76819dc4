"""The points of a refund (see `test_refund_points`), and what happens to it at each.

Each line begins with its point; F8 to F16 are the faults of the plan for what breaks outside.
"""

from __future__ import annotations

EVENTS = {
    "r0": "refund.requested",
    "r1": "line.taken_off",
    "r3": "line.off",
    "r4": "refund.approved",
    "r7": "payout.pending",
    "r9": "notice.sent",
    "r10": "refund.paid",
}
# The named points of the program: after an effect outside, or between two commits.
POINTS = {
    "r1 after-commit": "line.taking_off",
    "r2 after-effect": "line.cancelled",
    "r5 after-commit": "payout.claimed",
    "r6 after-effect": "payout.sent",
    "r7 after-commit": "payout.recorded",
    "r9 after-effect": "notice.delivered",
}
BY_THE_CUSTOMER = ("refund.requested", "line.taken_off")
DEATHS = (
    *(f"{point} {when}-commit {kind}" for point, kind in EVENTS.items() for when in
      ("before", "after")),
    *(f"{point} {name}" for point, name in POINTS.items()),
)  # fmt: skip
# What goes wrong outside: (stand-in, call, fault), or how the provider's notices come.
FAULTS = (
    "r2 F13 profiles cancelOrder down",
    "r2 F13 profiles cancelOrder time_out_before_effect",
    "r2 F13 profiles cancelOrder slow",
    "r6 F8 payments pay_back time_out_before_effect",
    "r6 F10 payments pay_back slow",
    "r6 F10 payments pay_back down",
    "r9 F15 mail receive_mail mailbox_full",
    "r9 F15 mail receive_mail slow",
    "r9 F15 mail receive_mail time_out_after_effect",
)
NOTICES = ("r8 F16 three times", "r8 F16 backwards", "r8 F16 late", "r8 before-commit")
