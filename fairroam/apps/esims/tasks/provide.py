"""Bring a planned profile to where a phone can download it."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from fairroam import points
from fairroam.apps.esims import operations, queries
from fairroam.apps.esims.queries import Provisioning
from fairroam.apps.esims.tasks.calls import logged_call
from fairroam.apps.esims.tasks.gateways import profile_gateway
from fairroam.gateways.profiles import (
    CodeRefused,
    DiscoveryFailed,
    FinalState,
    OutOfStock,
    ProfileGateway,
    ProfileRefused,
    ProfileTaken,
)

log = logging.getLogger(__name__)
STEPS_MAX = 12  # Three are needed; the others are for ICCIDs that somebody else was faster with.
CODES_MAX = 3  # A carrier that refuses so many codes of 100 bits would refuse any.
DISCOVERY_PATIENCE = timedelta(hours=1)  # then the customer gets the money back instead


class StockContended(Exception):
    """Others are taking the same profiles: the queue tries again, nothing was lost."""


class DiscoveryDown(Exception):
    """The carrier waits for its discovery server: the queue tries again, nothing was lost."""


def provision(*, profile_id: int, now: datetime) -> None:
    """Bring a planned profile to where a phone can download it; safe to repeat at every point.

    A carrier that refuses for good ends the line unused. Raises GatewayUnreachable, StockContended
    and DiscoveryDown: run it again, it goes on in the same direction with the same ICCID and code.
    """
    gateway = profile_gateway()
    codes_refused = 0
    for _ in range(STEPS_MAX):
        wanted = queries.provisioning(profile_id)
        if wanted is None or wanted.stage not in STEPS:
            return
        try:
            STEPS[wanted.stage](gateway, profile_id, wanted, now)
        except CodeRefused as refusal:
            codes_refused += 1
            if codes_refused == CODES_MAX:
                _give_up(gateway, profile_id, wanted, refusal, now)
                return
            operations.renew_code(profile_id=profile_id, refused=wanted.matching_id)
        except ProfileRefused as refusal:
            is_passing = isinstance(refusal, DiscoveryFailed)
            if is_passing and now < wanted.planned_at + DISCOVERY_PATIENCE:
                raise DiscoveryDown(refusal.code) from refusal
            _give_up(gateway, profile_id, wanted, refusal, now)
            return
    raise StockContended


def _reserve(gateway: ProfileGateway, profile_id: int, wanted: Provisioning, now: datetime) -> None:
    """Choose an ICCID before it is ordered: the order can then be repeated after any crash."""
    free = gateway.list_available(wanted.profile_type)
    if not free:
        raise OutOfStock("out-of-stock", subject_code="", reason_code="", message="empty list")
    # Neighbours begin at different places, so that they rarely want the same one.
    start = profile_id % len(free)
    for iccid in free[start:] + free[:start]:
        if operations.reserve(profile_id=profile_id, iccid=iccid, taken=wanted.iccid):
            points.reached("profile.reserved")
            return
    raise StockContended


def _order(gateway: ProfileGateway, profile_id: int, wanted: Provisioning, now: datetime) -> None:
    assert wanted.iccid is not None
    try:
        with logged_call(
            "order_profile", profile_id=profile_id, iccid=wanted.iccid, now=now
        ) as call_id:
            gateway.order_profile(
                profile_type=wanted.profile_type, iccid=wanted.iccid, call_id=call_id
            )
    except ProfileTaken:
        _reserve(gateway, profile_id, wanted, now)
    else:
        points.reached("profile.ordered")
        operations.record_order(profile_id=profile_id)
        points.reached("profile.order_recorded")


def _release(gateway: ProfileGateway, profile_id: int, wanted: Provisioning, now: datetime) -> None:
    assert wanted.iccid is not None
    with logged_call(
        "confirm_order", profile_id=profile_id, iccid=wanted.iccid, now=now
    ) as call_id:
        confirmed = gateway.confirm_order(
            iccid=wanted.iccid, release=True, call_id=call_id, matching_id=wanted.matching_id
        )
    points.reached("profile.confirmed")
    operations.record_release(
        profile_id=profile_id,
        matching_id=confirmed.matching_id,
        smdp_address=confirmed.smdp_address,
        now=now,
    )
    points.reached("profile.release_recorded")


STEPS = {"planned": _reserve, "reserved": _order, "allocated": _release}


def _give_up(
    gateway: ProfileGateway,
    profile_id: int,
    wanted: Provisioning,
    refusal: ProfileRefused,
    now: datetime,
) -> None:
    """End the line unused. What was set aside for us goes back first; nobody had its code."""
    log.warning("profile %d: the carrier refused: %s", profile_id, refusal.code)
    if wanted.stage == "allocated" and wanted.iccid:
        with (
            suppress(ProfileRefused),
            logged_call(
                "cancel_order", profile_id=profile_id, iccid=wanted.iccid, now=now
            ) as call_id,
        ):
            gateway.cancel_order(
                iccid=wanted.iccid, call_id=call_id, final_state=FinalState.UNAVAILABLE
            )
    operations.give_up(profile_id=profile_id, reason=refusal.code, now=now)
