"""Do what was asked for a line: claim, call, record. No answer: the same call, the same key."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import uuid5

from fairroam.apps.esims import operations, queries
from fairroam.apps.esims.queries import WantedCall
from fairroam.apps.esims.tasks.calls import scrap
from fairroam.apps.esims.tasks.gateways import line_gateway, profile_gateway
from fairroam.gateways.calls import AnswerMismatch
from fairroam.gateways.lines import LineRefused
from fairroam.gateways.profiles import ProfileRefused

log = logging.getLogger(__name__)


def do_act(*, act_id: int, now: datetime) -> None:
    """Have carrier or network do an act that is under way, and record it. Safe to repeat.

    Raises GatewayUnreachable while the outcome is unknown: run it again.
    """
    while (wanted := queries.wanted_call(act_id)) is not None:
        try:
            is_done = _call(wanted, now)
        except (ProfileRefused, LineRefused) as refusal:
            log.warning("act %d: refused: %s", act_id, refusal.code)
            operations.refuse_act(act_id=act_id, reason=refusal.code, now=now)
            return
        except AnswerMismatch:
            operations.refuse_act(act_id=act_id, reason="answer-mismatch", now=now)
            return
        if is_done and operations.record_act(act_id=act_id, now=now):
            return
        operations.stop_instead(act_id=act_id)


def send_preferences(*, order_line_id: int, act_id: int, now: datetime) -> None:
    """Tell the network the operators that were chosen before the line had its new profile.

    The keys follow from the act's, so a repeat says the same. Raises GatewayUnreachable.
    """
    gateway = line_gateway()
    iccid, preferences = queries.preferences_of(order_line_id)
    if not iccid or not gateway.capabilities.steers:
        return
    act_key = queries.key_of_act(act_id)
    for country, operator in sorted(preferences.items()):
        try:
            gateway.prefer_operator(
                iccid=iccid,
                country=country,
                operator=operator,
                key=uuid5(act_key, f"{iccid} {country}"),
            )
        except LineRefused as refusal:
            log.warning("line %d: a preference was refused: %s", order_line_id, refusal.code)


def _call(wanted: WantedCall, now: datetime) -> bool:
    """Make the act's call, if one is left. Returns False when it came too late to take back."""
    if wanted.call == "cancel":
        return scrap(profile_gateway(), profile_id=wanted.profile_id, iccid=wanted.iccid, now=now)
    gateway = line_gateway()
    if wanted.call == "prefer":
        gateway.prefer_operator(
            iccid=wanted.iccid, country=wanted.country, operator=wanted.operator, key=wanted.key
        )
    elif wanted.call == "suspend":
        gateway.suspend_line(iccid=wanted.iccid, key=wanted.key)
    elif wanted.call == "resume":
        gateway.resume_line(iccid=wanted.iccid, key=wanted.key)
    elif wanted.call == "end":
        gateway.end_line(iccid=wanted.iccid, key=wanted.key)
    return True
