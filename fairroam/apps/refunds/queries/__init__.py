"""Reads of requests for money back: quotes, pages, queues, faults."""

from fairroam.apps.refunds.queries.desk import QueueRow, case, queue
from fairroam.apps.refunds.queries.facts import Quote, gather_facts, quote
from fairroam.apps.refunds.queries.faults import find_faults
from fairroam.apps.refunds.queries.pages import (
    DecisionRow,
    PartRow,
    RefundRow,
    TimelineStep,
    current_decision,
    is_asked_back,
    lines_waiting_for_usage,
    open_refunds_of,
    refund,
    refund_of_line,
    refunds_of,
)

__all__ = [
    "DecisionRow",
    "PartRow",
    "QueueRow",
    "Quote",
    "RefundRow",
    "TimelineStep",
    "case",
    "current_decision",
    "find_faults",
    "gather_facts",
    "is_asked_back",
    "lines_waiting_for_usage",
    "open_refunds_of",
    "queue",
    "quote",
    "refund",
    "refund_of_line",
    "refunds_of",
]
