"""Calls to suppliers: claim, call, record. Whatever breaks off is run again."""

from fairroam.apps.suppliers.tasks.acts import do_act, line_capabilities
from fairroam.apps.suppliers.tasks.end import end_esim
from fairroam.apps.suppliers.tasks.gateways import gateway, suppliers
from fairroam.apps.suppliers.tasks.order import NotReady, order_esim, plan_and_order
from fairroam.apps.suppliers.tasks.top_up import buy_top_up
from fairroam.apps.suppliers.tasks.watch import (
    ask_again,
    hear,
    look,
    poll_balances,
    poll_usage,
    reconcile_claims,
    resume_unfinished,
)

__all__ = [
    "NotReady",
    "ask_again",
    "buy_top_up",
    "do_act",
    "end_esim",
    "gateway",
    "hear",
    "line_capabilities",
    "look",
    "order_esim",
    "plan_and_order",
    "poll_balances",
    "poll_usage",
    "reconcile_claims",
    "resume_unfinished",
    "suppliers",
]
