"""Calls to carrier and network: claim, call, record. Whatever breaks off is simply run again."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from uuid import uuid4

from django.conf import settings

from fairroam.apps.customers import queries as customers
from fairroam.apps.esims import operations, queries
from fairroam.apps.esims.queries import Provisioning
from fairroam.apps.notices import operations as notices
from fairroam.apps.orders import queries as orders
from fairroam.gateways.calls import AnswerMismatch, GatewayUnreachable
from fairroam.gateways.lines import LineGateway, LineRefused
from fairroam.gateways.lines import sandbox as lines_sandbox
from fairroam.gateways.profiles import (
    AlreadyDownloaded,
    FinalState,
    OutOfStock,
    ProfileGateway,
    ProfileRefused,
    ProfileTaken,
    es2plus,
)

log = logging.getLogger(__name__)
STEPS_MAX = 12  # Three are needed; the others are for ICCIDs that somebody else was faster with.
UNFINISHED_AFTER = timedelta(minutes=2)


class StockContended(Exception):
    """Others are taking the same profiles: the queue tries again, nothing was lost."""


def profile_gateway() -> ProfileGateway:
    """The carrier's profile server that the settings name."""
    return _profile_gateway(
        settings.FAIRROAM_PROFILES_URL,
        settings.FAIRROAM_PROFILES_REQUESTER,
        settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
    )


def line_gateway() -> LineGateway:
    """The network that the settings name."""
    return _line_gateway(
        settings.FAIRROAM_LINES_URL,
        settings.FAIRROAM_LINES_KEY,
        settings.FAIRROAM_USAGE_HOOK_SECRET,
        settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
    )


@cache
def _profile_gateway(url: str, requester: str, timeout_seconds: float) -> ProfileGateway:
    return es2plus.connect(url=url, requester=requester, timeout_seconds=timeout_seconds)


@cache
def _line_gateway(url: str, key: str, hook_secret: str, timeout_seconds: float) -> LineGateway:
    return lines_sandbox.connect(
        url=url, key=key, hook_secret=hook_secret, timeout_seconds=timeout_seconds
    )


# To the customer --------------------------------------------------------------------------------


def provision(*, profile_id: int, now: datetime) -> None:
    """Bring a planned profile to where a phone can download it; safe to repeat at every point.

    A carrier that refuses for good ends the line unused. Raises GatewayUnreachable and
    StockContended: run it again, it goes on in the same direction with the same ICCID and code.
    """
    gateway = profile_gateway()
    for _ in range(STEPS_MAX):
        wanted = queries.provisioning(profile_id)
        if wanted is None or wanted.stage not in STEPS:
            return
        try:
            STEPS[wanted.stage](gateway, profile_id, wanted, now)
        except ProfileRefused as refusal:
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
            return
    raise StockContended


def _order(gateway: ProfileGateway, profile_id: int, wanted: Provisioning, now: datetime) -> None:
    try:
        gateway.order_profile(profile_type=wanted.profile_type, iccid=wanted.iccid, call_id=uuid4())
    except ProfileTaken:
        _reserve(gateway, profile_id, wanted, now)
    else:
        operations.record_order(profile_id=profile_id)


def _release(gateway: ProfileGateway, profile_id: int, wanted: Provisioning, now: datetime) -> None:
    assert wanted.iccid is not None
    confirmed = gateway.confirm_order(
        iccid=wanted.iccid, release=True, call_id=uuid4(), matching_id=wanted.matching_id
    )
    operations.record_release(
        profile_id=profile_id,
        matching_id=confirmed.matching_id,
        smdp_address=confirmed.smdp_address,
        now=now,
    )


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
        with suppress(ProfileRefused):
            gateway.cancel_order(
                iccid=wanted.iccid, call_id=uuid4(), final_state=FinalState.UNAVAILABLE
            )
    operations.give_up(profile_id=profile_id, reason=refusal.code, now=now)


def tell_customer(*, order_line_id: int, now: datetime) -> None:
    """Mail that the line is ready and where its code is shown; the code itself is not mailed."""
    terms = orders.terms_of(order_line_id)
    language = customers.customer(terms.customer_id).language
    names = terms.plan_copy["names"]
    notices.send(
        kind="esims.ready",
        act=f"esims.ready:{order_line_id}",
        customer_id=terms.customer_id,
        context={
            "plan_name": names.get(language, names["en"]),
            "order_number": terms.order_number,
            "line_url": f"{settings.FAIRROAM_ADDRESS}/account/lines/{order_line_id}/",
        },
        now=now,
    )


# Off --------------------------------------------------------------------------------------------


def take_off(*, line_id: int, now: datetime) -> None:
    """Prove a line off: by the carrier while no phone has its profile, else by the network.

    Safe to repeat. Raises GatewayUnreachable while the outcome is unknown: run it again.
    """
    ending = queries.ending(line_id)
    if ending is None:
        return
    try:
        if ending.is_in_phone or not _take_back(line_id, ending, now):
            line_gateway().end_line(iccid=ending.iccid, key=ending.end_key)
            operations.record_ended(order_line_id=line_id, now=now)
    except GatewayUnreachable:
        operations.note_silence(order_line_id=line_id, now=now)
        raise
    except (ProfileRefused, LineRefused) as refusal:
        operations.record_refused_end(order_line_id=line_id, reason=refusal.code, now=now)
    except AnswerMismatch:
        operations.record_refused_end(order_line_id=line_id, reason="answer-mismatch", now=now)


def _take_back(line_id: int, ending: queries.Ending, now: datetime) -> bool:
    """Have the carrier scrap the profile. Returns False when a phone has it already.

    Scrapped rather than put back into stock: a late repeat of the call must not take the same
    profile from its next buyer.
    """
    gateway = profile_gateway()
    if ending.profile_stage == "reserved" and not _is_ours(gateway, ending):
        return operations.record_cancelled(order_line_id=line_id, now=now)
    try:
        gateway.cancel_order(
            iccid=ending.iccid, call_id=uuid4(), final_state=FinalState.UNAVAILABLE
        )
    except AlreadyDownloaded:
        # Nobody says when; the carrier's own notice, if it comes, brings the earlier instant.
        operations.record_fact(
            profile_id=ending.profile_id,
            kind="downloaded",
            happened_at=now,
            source="es2plus",
            now=now,
        )
        return False
    return operations.record_cancelled(order_line_id=line_id, now=now)


def _is_ours(gateway: ProfileGateway, ending: queries.Ending) -> bool:
    """Whether the carrier has set the reserved profile aside for us, by our order or by now.

    Nobody tells whether an order got through whose answer we do not have: only repeating it does.
    """
    try:
        gateway.order_profile(profile_type=ending.profile_type, iccid=ending.iccid, call_id=uuid4())
    except ProfileRefused:
        return False
    return True


# Left lying -------------------------------------------------------------------------------------


def resume_unfinished(*, now: datetime) -> None:
    """Go on with whatever has waited for longer than UNFINISHED_AFTER; run it now and then."""
    profile_ids, line_ids = queries.unfinished(now - UNFINISHED_AFTER)
    for profile_id in profile_ids:
        with suppress(GatewayUnreachable, StockContended):
            provision(profile_id=profile_id, now=now)
    for line_id in line_ids:
        with suppress(GatewayUnreachable):
            take_off(line_id=line_id, now=now)
