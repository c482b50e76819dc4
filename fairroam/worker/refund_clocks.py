"""The clocks of requests for money back: offers expire, silence ends, alarms ring, law is met."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.operations import escalating
from fairroam.apps.refunds.queries import bargains

log = logging.getLogger(__name__)


def keep_clocks(*, now: datetime) -> None:
    """Do all that is due by now. Every act is safe twice, and one that fails holds up no other."""
    each(bargains.offers_to_expire(now), lambda pk: refunds.expire_offer(offer_id=pk, now=now))
    each(escalating.open_questions(), lambda pk: refunds.stop_waiting(request_id=pk, now=now))
    each(escalating.waiting_requests(), lambda pk: keep_request(pk, now))


def keep_request(request_id: int, now: datetime) -> None:
    """Meet the law's deadline, or tell of those that are near or passed."""
    if escalating.pay_in_time(request_id=request_id, now=now) is None:
        escalating.escalate(request_id=request_id, now=now)


def each(ids: Iterable[int], act: Callable[[int], object]) -> None:
    for pk in ids:
        try:
            act(pk)
        except Exception:  # A person sees this one in the log; the others must not wait for it.
            log.exception("the clock of %s cannot be kept", pk)
