"""Tables of money back: requests, decisions and the parts they are paid in."""

from fairroam.apps.refunds.models.requests import ENDED, Decision, RefundPart, RefundRequest

__all__ = ["ENDED", "Decision", "RefundPart", "RefundRequest"]
