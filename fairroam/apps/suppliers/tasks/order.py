"""Order an eSIM at a supplier: claim, call, record."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from fairroam import points
from fairroam.apps.suppliers import operations, queries
from fairroam.apps.suppliers.operations import WantedOrder
from fairroam.apps.suppliers.tasks.gateways import gateway, pause_of
from fairroam.gateways import suppliers as gateways
from fairroam.gateways.suppliers import (
    AccessRefused,
    AnswerMismatch,
    AskLater,
    BalanceTooLow,
    GatewayUnreachable,
    NotNow,
    SupplierGateway,
    SupplierRefused,
)

log = logging.getLogger(__name__)
PASSING = (AccessRefused, BalanceTooLow, NotNow)  # refusals that somebody can put right in time


class NotReady(Exception):
    """The supplier makes the eSIM later than it took the order: the queue asks again."""


def plan_and_order(*, order_line_id: int, profile_id: int, now: datetime) -> None:
    """Buy the eSIM of a resold line; safe to repeat. Raises as `order_esim` does."""
    operations.plan_order(order_line_id=order_line_id, profile_id=profile_id, now=now)
    order_esim(order_line_id=order_line_id, now=now)


def order_esim(*, order_line_id: int, now: datetime) -> None:
    """Go on with an order until its eSIM is there, or refused for good: then the line ends unused.

    Safe to repeat. Raises GatewayUnreachable and NotReady: run it again, the key stays the same.
    """
    order = queries.bought(order_line_id)
    assert order is not None
    supplier = gateway(order.supplier)
    # The first answer of some is only that an order was taken; what it names is then looked up.
    for _ in range(2):
        pause = pause_of(supplier)
        wanted = operations.claim_call(order_line_id=order_line_id, pause=pause, now=now)
        if wanted is None or _call(supplier, order_line_id, wanted, now):
            return
    raise NotReady


def _call(
    supplier: SupplierGateway, order_line_id: int, wanted: WantedOrder, now: datetime
) -> bool:
    """Make one call and record it; returns whether the order needs no further one now."""
    points.reached("supplier.claimed")
    try:
        answer = _ask(supplier, wanted)
    except AskLater as later:
        until = now + timedelta(seconds=later.after_seconds)
        operations.wait(order_line_id=order_line_id, until=until)
    except GatewayUnreachable:
        silence = timedelta(seconds=supplier.capabilities.repeat_after_seconds)
        operations.wait(order_line_id=order_line_id, until=now + silence)
        raise
    except AnswerMismatch:
        operations.note_mismatch(order_line_id=order_line_id, now=now)
    except SupplierRefused as refusal:
        log.warning("order line %d: the supplier refused: %s", order_line_id, refusal.code)
        if wanted.stage == "pending" or isinstance(refusal, PASSING):
            operations.note_trouble(order_line_id=order_line_id, reason=refusal.code, now=now)
        else:
            operations.refuse(order_line_id=order_line_id, reason=refusal.code, now=now)
    else:
        points.reached("supplier.answered")
        is_over = _record(supplier, order_line_id, wanted, answer, now)
        points.reached("supplier.recorded")
        return is_over
    return True


def _ask(supplier: SupplierGateway, wanted: WantedOrder) -> gateways.SupplierOrder | None:
    """Order, or look up what was ordered. The same key gives the same order.

    A line that was taken off meanwhile buys nothing new; but where only the same order again
    tells what became of the first one, it is repeated, and given back then.
    """
    is_repeatable = wanted.is_wanted or supplier.capabilities.idempotent_orders
    if wanted.stage == "pending" or not is_repeatable:
        return supplier.look_up_order(key=wanted.key, order_ref=wanted.order_ref)
    return supplier.order(key=wanted.key, package=wanted.package, unit_cost=wanted.unit_cost)


def _record(
    supplier: SupplierGateway,
    order_line_id: int,
    wanted: WantedOrder,
    answer: gateways.SupplierOrder | None,
    now: datetime,
) -> bool:
    if answer is None and (wanted.stage == "sent" or wanted.is_told_failed):
        # It had its time to arrive, or a signed word says that it failed: nothing was bought.
        operations.refuse(order_line_id=order_line_id, reason="not-found", now=now)
        return True
    return operations.record_answer(
        order_line_id=order_line_id,
        answer=answer,
        lag_seconds=supplier.capabilities.usage_lag_seconds,
        now=now,
    )
