"""Reads of payments, payouts, disputes and reports."""

from fairroam.apps.payments.queries.faults import find_faults
from fairroam.apps.payments.queries.rows import (
    PayoutRow,
    failed_payouts,
    has_account,
    has_lost_dispute,
    later_tries,
    newest_account_at,
    on_their_way,
    open_disputes_of,
    payments_to_ask_about,
    payout_of,
    payouts_of,
    payouts_to_ask_about,
    sent_back_to,
    taken_back,
    was_disputed,
    with_history,
)

__all__ = [
    "PayoutRow",
    "failed_payouts",
    "find_faults",
    "has_account",
    "has_lost_dispute",
    "later_tries",
    "newest_account_at",
    "on_their_way",
    "open_disputes_of",
    "payments_to_ask_about",
    "payout_of",
    "payouts_of",
    "payouts_to_ask_about",
    "sent_back_to",
    "taken_back",
    "was_disputed",
    "with_history",
]
