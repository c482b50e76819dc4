"""Acts upon requests for money back."""

from fairroam.apps.refunds.operations.appealing import appeal
from fairroam.apps.refunds.operations.asking import request_refund, withdraw_request
from fairroam.apps.refunds.operations.asking_more import ask_more, give_more, stop_waiting
from fairroam.apps.refunds.operations.deciding import (
    decide_again,
    line_is_off,
    network_is_silent,
    take_blame,
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
from fairroam.apps.refunds.operations.exhibiting import add_files
from fairroam.apps.refunds.operations.from_messages import open_from_message
from fairroam.apps.refunds.operations.handing_over import hand_to_settlement
from fairroam.apps.refunds.operations.handling import hand_over, take
from fairroam.apps.refunds.operations.offering import (
    accept_offer,
    counter_offer,
    decline_offer,
    expire_offer,
    make_offer,
)
from fairroam.apps.refunds.operations.paying import (
    payout_failed,
    payout_succeeded,
    retry_payouts,
)
from fairroam.apps.refunds.operations.proposing import confirm, propose, refuse_proposal
from fairroam.apps.refunds.operations.quoting import (
    Choice,
    confirm_quote,
    forget_quotes,
    make_quote,
    quote_again,
)
from fairroam.apps.refunds.operations.replacing import give_replacement, take_money_instead
from fairroam.apps.refunds.operations.settling import approve, decline
from fairroam.apps.refunds.operations.troubles import open_trouble, record_step, report_restored

__all__ = [
    "Choice",
    "Said",
    "accept_offer",
    "add_files",
    "appeal",
    "approve",
    "ask_more",
    "close_by_hand",
    "confirm",
    "confirm_by_hand",
    "confirm_quote",
    "counter_offer",
    "decide_again",
    "declare",
    "decline",
    "decline_offer",
    "expire_offer",
    "forget_quotes",
    "give_more",
    "give_replacement",
    "hand_over",
    "hand_to_settlement",
    "line_is_off",
    "make_offer",
    "make_quote",
    "network_is_silent",
    "open_from_message",
    "open_trouble",
    "payout_failed",
    "payout_succeeded",
    "propose",
    "prove_customer",
    "prove_mailbox",
    "quote_again",
    "record_step",
    "refuse_proposal",
    "report_restored",
    "request_refund",
    "retry_payouts",
    "stop_waiting",
    "take",
    "take_blame",
    "take_money_instead",
    "usage_is_known",
    "withdraw_request",
]
