"""Calls to carrier and network: claim, call, record. Whatever breaks off is simply run again."""

from fairroam.apps.esims.tasks.end import take_off
from fairroam.apps.esims.tasks.gateways import line_gateway, profile_gateway
from fairroam.apps.esims.tasks.mails import tell_customer
from fairroam.apps.esims.tasks.provide import STEPS, StockContended, provision
from fairroam.apps.esims.tasks.unfinished import UNFINISHED_AFTER, resume_unfinished

__all__ = [
    "STEPS",
    "UNFINISHED_AFTER",
    "StockContended",
    "line_gateway",
    "profile_gateway",
    "provision",
    "resume_unfinished",
    "take_off",
    "tell_customer",
]
