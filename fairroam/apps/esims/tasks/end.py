"""Prove a line off."""

from __future__ import annotations

from datetime import datetime

from fairroam import points
from fairroam.apps.esims import operations, queries
from fairroam.apps.esims.tasks.calls import logged_call, scrap
from fairroam.apps.esims.tasks.gateways import line_gateway, profile_gateway
from fairroam.gateways.calls import AnswerMismatch, GatewayUnreachable
from fairroam.gateways.lines import LineRefused
from fairroam.gateways.profiles import (
    ProfileGateway,
    ProfileRefused,
)


def take_off(*, line_id: int, now: datetime) -> None:
    """Prove a line off: by the carrier while no phone has its profile, else by the network.

    Safe to repeat. Raises GatewayUnreachable while the outcome is unknown: run it again.
    """
    ending = queries.ending(line_id)
    if ending is None:
        return
    points.reached("line.taking_off")
    try:
        if ending.is_in_phone or not _take_back(line_id, ending, now):
            line_gateway().end_line(iccid=ending.iccid, key=ending.end_key)
            points.reached("line.ended")
            operations.record_ended(order_line_id=line_id, now=now)
    except GatewayUnreachable:
        operations.note_silence(order_line_id=line_id, now=now)
        raise
    except (ProfileRefused, LineRefused) as refusal:
        operations.record_refused_end(order_line_id=line_id, reason=refusal.code, now=now)
    except AnswerMismatch:
        operations.record_refused_end(order_line_id=line_id, reason="answer-mismatch", now=now)


def _take_back(line_id: int, ending: queries.Ending, now: datetime) -> bool:
    """End the line with its profile. Returns False when a phone has it already."""
    gateway = profile_gateway()
    if ending.profile_stage == "reserved" and not _is_ours(gateway, ending, now):
        return operations.record_cancelled(order_line_id=line_id, now=now)
    if not scrap(gateway, profile_id=ending.profile_id, iccid=ending.iccid, now=now):
        return False
    points.reached("line.cancelled")
    return operations.record_cancelled(order_line_id=line_id, now=now)


def _is_ours(gateway: ProfileGateway, ending: queries.Ending, now: datetime) -> bool:
    """Whether the carrier has set the reserved profile aside for us, by our order or by now.

    Nobody tells whether an order got through whose answer we do not have: only repeating it does.
    """
    try:
        with logged_call(
            "order_profile", profile_id=ending.profile_id, iccid=ending.iccid, now=now
        ) as call_id:
            gateway.order_profile(
                profile_type=ending.profile_type, iccid=ending.iccid, call_id=call_id
            )
    except ProfileRefused:
        return False
    return True
