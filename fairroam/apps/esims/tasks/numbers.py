"""Calls for numbers: claim, call, record. Whatever breaks off is run again with the same key."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings

from fairroam.apps.customers import queries as customers
from fairroam.apps.esims.models import IdentityCheck
from fairroam.apps.esims.operations import (
    numbers_identity,
    numbers_keep,
    numbers_port,
    numbers_stock,
)
from fairroam.apps.esims.queries import numbers as queries
from fairroam.apps.esims.tasks.gateways import line_gateway
from fairroam.apps.esims.tasks.number_mails import announce_renewals
from fairroam.apps.journal.tasks import alone
from fairroam.gateways.calls import AnswerMismatch, GatewayUnreachable
from fairroam.gateways.identity import CheckUnknown, IdentityGateway
from fairroam.gateways.identity import sandbox as identity_sandbox
from fairroam.gateways.lines import LineRefused

log = logging.getLogger(__name__)
UNFINISHED_AFTER = timedelta(minutes=2)


def identity_gateway() -> IdentityGateway:
    """The identity provider that the settings name."""
    return _identity_gateway(
        settings.FAIRROAM_IDENTITY_URL,
        settings.FAIRROAM_IDENTITY_KEY,
        settings.FAIRROAM_IDENTITY_HOOK_SECRET,
        settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
    )


@cache
def _identity_gateway(
    url: str, key: str, hook_secret: str, timeout_seconds: float
) -> IdentityGateway:
    return identity_sandbox.connect(
        url=url, key=key, hook_secret=hook_secret, timeout_seconds=timeout_seconds
    )


def keep_alive(*, keep_alive_id: int, now: datetime) -> None:
    """Have the network do an automatic act. Safe to repeat. Raises GatewayUnreachable."""
    wanted = queries.wanted_keep_alive(keep_alive_id)
    if wanted is None:
        return
    gateway = line_gateway()
    if wanted.act not in gateway.capabilities.keeps_alive:
        _refuse(keep_alive_id, "not-offered", now)
        return
    try:
        kept = gateway.keep_alive(iccid=wanted.iccid, act=wanted.act, key=wanted.key)
    except LineRefused as refusal:
        _refuse(keep_alive_id, refusal.code, now)
        return
    except AnswerMismatch:
        _refuse(keep_alive_id, "answer-mismatch", now)
        return
    numbers_keep.record_keep_alive(keep_alive_id=keep_alive_id, kept=kept, now=now)


def fetch_port_out_code(*, port_out_id: int, now: datetime) -> None:
    """Have the operator give the code. Safe to repeat. Raises GatewayUnreachable."""
    wanted = queries.wanted_port_out(port_out_id)
    if wanted is None:
        return
    try:
        issued = line_gateway().port_out_code(iccid=wanted.iccid, key=wanted.key)
    except LineRefused as refusal:
        numbers_port.refuse_code(port_out_id=port_out_id, reason=refusal.code, now=now)
        return
    except AnswerMismatch:
        numbers_port.refuse_code(port_out_id=port_out_id, reason="answer-mismatch", now=now)
        return
    numbers_port.record_code(port_out_id=port_out_id, issued=issued, now=now)


def start_check(*, check_id: int, now: datetime) -> None:
    """Have the provider open its page for a check. Safe to repeat. Raises GatewayUnreachable."""
    check = IdentityCheck.objects.get(pk=check_id)
    if check.stage != "asked":
        return
    started = identity_gateway().start_check(
        key=check.key,
        return_url=f"{settings.FAIRROAM_ADDRESS}/account/numbers/",
        language=customers.customer(check.customer_id).language,
    )
    numbers_identity.record_started(check_id=check_id, started=started, now=now)


def look_up_check(*, check_id: int, now: datetime) -> None:
    """A notice may have been lost: ask the provider. Raises GatewayUnreachable."""
    check = IdentityCheck.objects.get(pk=check_id)
    if check.stage == "asked":
        start_check(check_id=check_id, now=now)
    elif check.stage == "started":
        with suppress(CheckUnknown):
            state = identity_gateway().look_up(check_ref=check.check_ref)
            numbers_identity.hear_check(state=state, now=now)


def ask_about_port_outs(*, now: datetime) -> None:
    """Ask the network which numbers have left with the code that they were given."""
    for line_id, iccid in queries.issued_port_outs():
        with alone(f"the number of line {line_id}", GatewayUnreachable):
            if iccid and line_gateway().look_up_line(iccid=iccid).ported_out_at is not None:
                numbers_port.record_ported_out(line_id=line_id, now=now)


def keep_numbers(*, now: datetime) -> None:
    """Follow every number's clock, end what is over, announce renewals. Run it once an hour."""
    for line_id in queries.kept_lines():
        with alone(f"the clock of line {line_id}"):
            numbers_keep.follow_clock(line_id=line_id, now=now)
    numbers_port.expire_codes(now=now)
    numbers_identity.expire_checks(now=now)
    numbers_stock.recycle(now=now)
    announce_renewals(now=now)


def resume_numbers(*, now: datetime) -> None:
    """Go on with what has waited for longer than UNFINISHED_AFTER; run it now and then."""
    acts, port_outs, checks = queries.unfinished_numbers(now - UNFINISHED_AFTER)
    for act_id in acts:
        with alone(f"automatic act {act_id}", GatewayUnreachable):
            keep_alive(keep_alive_id=act_id, now=now)
    for port_out_id in port_outs:
        with alone(f"port-out {port_out_id}", GatewayUnreachable):
            fetch_port_out_code(port_out_id=port_out_id, now=now)
    for check_id in checks:
        with alone(f"identity check {check_id}", GatewayUnreachable):
            look_up_check(check_id=check_id, now=now)
    ask_about_port_outs(now=now)


def _refuse(keep_alive_id: int, reason: str, now: datetime) -> None:
    log.warning("automatic act %d: refused: %s", keep_alive_id, reason)
    numbers_keep.refuse_keep_alive(keep_alive_id=keep_alive_id, reason=reason, now=now)
