"""Tables of money back: requests, decisions, the parts they are paid in, and people's handling."""

from fairroam.apps.refunds.models.declarations import Declaration
from fairroam.apps.refunds.models.desk import Case, Escalation, Flag, Offer, Proposal
from fairroam.apps.refunds.models.everyone import FINDINGS, OUTCOMES, RefundRun, RefundRunLine
from fairroam.apps.refunds.models.requests import ENDED, Decision, RefundPart, RefundRequest

__all__ = [
    "ENDED",
    "FINDINGS",
    "OUTCOMES",
    "Case",
    "Decision",
    "Declaration",
    "Escalation",
    "Flag",
    "Offer",
    "Proposal",
    "RefundPart",
    "RefundRequest",
    "RefundRun",
    "RefundRunLine",
]
