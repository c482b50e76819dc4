"""Every call to the carrier leaves its id behind, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

from fairroam.apps.esims import operations
from fairroam.gateways.calls import AnswerMismatch, GatewayUnreachable
from fairroam.gateways.profiles import (
    AlreadyDownloaded,
    FinalState,
    ProfileGateway,
    ProfileRefused,
)


@contextmanager
def logged_call(function: str, *, profile_id: int, iccid: str, now: datetime) -> Iterator[UUID]:
    """Give the id for one call to the carrier; kept before it is sent, its outcome after."""
    call_id = uuid4()
    keep = partial(
        operations.record_call,
        profile_id=profile_id,
        function=function,
        iccid=iccid,
        call_id=call_id,
        now=now,
    )
    keep(outcome="sent")
    try:
        yield call_id
    except ProfileRefused as refusal:
        keep(outcome=refusal.code)
        raise
    except AnswerMismatch:
        keep(outcome="answer-mismatch")
        raise
    except GatewayUnreachable:
        keep(outcome="unknown")
        raise
    keep(outcome="done")


def scrap(gateway: ProfileGateway, *, profile_id: int, iccid: str, now: datetime) -> bool:
    """Have the carrier scrap a profile. Returns False when a phone has it already.

    Scrapped rather than put back into stock: a late repeat of the call must not take the same
    profile from its next buyer.
    """
    try:
        with logged_call("cancel_order", profile_id=profile_id, iccid=iccid, now=now) as call_id:
            gateway.cancel_order(iccid=iccid, call_id=call_id, final_state=FinalState.UNAVAILABLE)
    except AlreadyDownloaded:
        # Nobody says when; the carrier's own notice, if it comes, brings the earlier instant.
        operations.record_fact(
            profile_id=profile_id, kind="downloaded", happened_at=now, source="es2plus", now=now
        )
        return False
    return True
