"""Tables of money back: requests, decisions, the parts they are paid in, and people's handling."""

from fairroam.apps.refunds.models.desk import Case, Escalation, Flag, Offer, Proposal
from fairroam.apps.refunds.models.requests import ENDED, Decision, RefundPart, RefundRequest

__all__ = [
    "ENDED",
    "Case",
    "Decision",
    "Escalation",
    "Flag",
    "Offer",
    "Proposal",
    "RefundPart",
    "RefundRequest",
]
