"""Reads of requests for money back: quotes, pages, queues, faults."""

from fairroam.apps.refunds.queries.desk import case, queue_page
from fairroam.apps.refunds.queries.exhibits import files_of, files_of_case, files_of_line
from fairroam.apps.refunds.queries.facts import Quote, gather_facts, quote, quotes
from fairroam.apps.refunds.queries.faults import find_faults
from fairroam.apps.refunds.queries.outlook import Outlook, cure_of, outlook
from fairroam.apps.refunds.queries.pages import (
    DecisionRow,
    PartRow,
    RefundRow,
    TimelineStep,
    count_of,
    current_decision,
    is_asked_back,
    lines_waiting_for_usage,
    own_standing,
    refund,
    refund_of_line,
    refunds_of,
    undecided_refunds_of,
)
from fairroam.apps.refunds.queries.quotes import (
    Change,
    QuoteRow,
    changes_since,
    destinations,
    own_quote,
    quote_row,
)
from fairroam.apps.refunds.queries.troubles import TroubleRow, network_says, trouble_of

__all__ = [
    "Change",
    "DecisionRow",
    "Outlook",
    "PartRow",
    "Quote",
    "QuoteRow",
    "RefundRow",
    "TimelineStep",
    "TroubleRow",
    "case",
    "changes_since",
    "count_of",
    "cure_of",
    "current_decision",
    "destinations",
    "files_of",
    "files_of_case",
    "files_of_line",
    "find_faults",
    "gather_facts",
    "is_asked_back",
    "lines_waiting_for_usage",
    "network_says",
    "outlook",
    "own_quote",
    "own_standing",
    "queue_page",
    "quote",
    "quote_row",
    "quotes",
    "refund",
    "refund_of_line",
    "refunds_of",
    "trouble_of",
    "undecided_refunds_of",
]
