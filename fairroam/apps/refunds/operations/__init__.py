"""Acts upon requests for money back."""

from fairroam.apps.refunds.operations.asking import request_refund, withdraw_request
from fairroam.apps.refunds.operations.deciding import (
    decide_again,
    line_is_off,
    network_is_silent,
    usage_is_known,
)
from fairroam.apps.refunds.operations.declaring import (
    Said,
    close_by_hand,
    confirm_by_hand,
    declare,
    prove_customer,
    prove_mailbox,
)
from fairroam.apps.refunds.operations.from_messages import open_from_message
from fairroam.apps.refunds.operations.paying import (
    payout_failed,
    payout_succeeded,
    retry_payouts,
)
from fairroam.apps.refunds.operations.quoting import (
    Choice,
    confirm_quote,
    forget_quotes,
    make_quote,
    quote_again,
)
from fairroam.apps.refunds.operations.settling import approve, decline

__all__ = [
    "Choice",
    "Said",
    "approve",
    "close_by_hand",
    "confirm_by_hand",
    "confirm_quote",
    "decide_again",
    "declare",
    "decline",
    "forget_quotes",
    "line_is_off",
    "make_quote",
    "network_is_silent",
    "open_from_message",
    "payout_failed",
    "payout_succeeded",
    "prove_customer",
    "prove_mailbox",
    "quote_again",
    "request_refund",
    "retry_payouts",
    "usage_is_known",
    "withdraw_request",
]
