"""Tables of money back: from trouble and quote to request, decision, handling by people, parts."""

from fairroam.apps.refunds.models.declarations import Declaration
from fairroam.apps.refunds.models.desk import Case, Escalation, Flag, Offer, Proposal
from fairroam.apps.refunds.models.everyone import FINDINGS, OUTCOMES, RefundRun, RefundRunLine
from fairroam.apps.refunds.models.exhibits import Exhibit
from fairroam.apps.refunds.models.quotes import Quote
from fairroam.apps.refunds.models.requests import (
    ENDED,
    ON_THE_WAY,
    Decision,
    RefundPart,
    RefundRequest,
)
from fairroam.apps.refunds.models.troubles import Trouble, TroubleStep

__all__ = [
    "ENDED",
    "FINDINGS",
    "ON_THE_WAY",
    "OUTCOMES",
    "Case",
    "Decision",
    "Declaration",
    "Escalation",
    "Exhibit",
    "Flag",
    "Offer",
    "Proposal",
    "Quote",
    "RefundPart",
    "RefundRequest",
    "RefundRun",
    "RefundRunLine",
    "Trouble",
    "TroubleStep",
]
