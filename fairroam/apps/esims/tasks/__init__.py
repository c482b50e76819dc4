"""Calls to carrier and network: claim, call, record. Whatever breaks off is simply run again."""

from fairroam.apps.esims.tasks.acts import do_act, send_preferences
from fairroam.apps.esims.tasks.end import take_off
from fairroam.apps.esims.tasks.gateways import line_gateway, profile_gateway
from fairroam.apps.esims.tasks.mails import (
    CODE_LINK_SALT,
    help_to_attach,
    mail_code_link,
    remind_to_install,
    tell_act,
    tell_customer,
)
from fairroam.apps.esims.tasks.provide import STEPS, DiscoveryDown, StockContended, provision
from fairroam.apps.esims.tasks.unfinished import UNFINISHED_AFTER, resume_unfinished

__all__ = [
    "CODE_LINK_SALT",
    "STEPS",
    "UNFINISHED_AFTER",
    "DiscoveryDown",
    "StockContended",
    "do_act",
    "help_to_attach",
    "line_gateway",
    "mail_code_link",
    "profile_gateway",
    "provision",
    "remind_to_install",
    "resume_unfinished",
    "send_preferences",
    "take_off",
    "tell_act",
    "tell_customer",
]
