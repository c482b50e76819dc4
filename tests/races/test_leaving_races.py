"""Closing an account against everything that may begin under it: nothing lives under a closed one.

The guard is a composite key: a living child points to (customer, open). The control drops it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import connection

from fairroam.apps.closures import operations as closures
from fairroam.apps.closures import queries
from fairroam.apps.customers.models import Customer
from fairroam.apps.customers.queries import Proof
from fairroam.apps.esims.models import Line
from fairroam.apps.orders.models import Order, OrderLine
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask, prove_off
from tests.races.test_money_races import a_buyer
from tests.races.together import kinds_of, together

HANDS = 12
LOCKED = (Customer, Order, OrderLine, Line)
GUARDS = (
    "an_order_lives_only_under_an_open_account",
    "a_refund_lives_only_under_an_open_account",
    "a_payout_lives_only_under_an_open_account",
    "a_notice_waits_only_under_an_open_account",
)
LIVING = """
    SELECT count(*) FROM customers_customer c WHERE NOT c.is_open AND (
        EXISTS (SELECT 1 FROM orders_order o WHERE o.customer_id = c.id AND o.is_live)
        OR EXISTS (SELECT 1 FROM refunds_refundrequest r WHERE r.customer_id = c.id AND r.is_live)
        OR EXISTS (SELECT 1 FROM esims_line l WHERE l.customer_id = c.id AND l.is_live)
        OR EXISTS (SELECT 1 FROM payments_payout p WHERE p.customer_id = c.id AND p.is_live))
"""


def living_under_closed() -> int:
    """How many closed accounts have something that lives."""
    with connection.cursor() as cursor:
        cursor.execute(LIVING)
        return int(cursor.fetchone()[0])


def closing(customer_id: int) -> Callable[[], Any]:
    """Go as far as the step that closes; return that step as an act."""
    closure = closures.request_closure(
        customer_id=customer_id,
        key=uuid4(),
        wish=closures.Wish(),
        proof=Proof("passkey", LATER),
        now=LATER,
        actor="customer",
    )
    step = partial(closures.take_next_step, closure_id=closure.pk, now=LATER)
    while queries.next_step(closure.pk) != "close":
        if step() is None:  # It waits for the lines to be off.
            prove_off(OrderLine.objects.get(order__customer_id=customer_id), now=LATER)
    # Without the gate of a closing under way, so that locks and keys alone must hold.
    Customer.objects.filter(pk=customer_id).update(leaving_at=None)
    return step


def close_and_order() -> list[Callable[[], Any]]:
    """An account with nothing left, about to close, whose owner orders again."""
    email = a_buyer()
    customer = given.a_customer(email)
    close = closing(customer.pk)
    order = partial(given.an_order, email=email, now=LATER)
    return [*[order] * (HANDS // 2), close, *[order] * (HANDS // 2)]


def close_and_ask() -> list[Callable[[], Any]]:
    """An account whose eSIM is off and would give money back, asked for while it closes."""
    line = a_ready_line(email=a_buyer())
    close = closing(line.order.customer_id)
    asking = [partial(ask, line, now=LATER) for _ in range(HANDS)]
    return [*asking[: HANDS // 2], close, *asking[HANDS // 2 :]]


def test_nobody_orders_under_a_closed_account(committed):
    for _ in range(4):
        ends = together(*close_and_order())

        assert set(kinds_of(ends)) <= {"done", "AccountClosed"}, ends
        assert living_under_closed() == 0
        assert "close" in ends or Order.objects.filter(is_live=True).exists()


def test_nobody_asks_money_back_under_a_closed_account(committed):
    for _ in range(4):
        ends = together(*close_and_ask())

        assert set(kinds_of(ends)) <= {"done", "AccountClosed", "AlreadyAsked"}, ends
        assert living_under_closed() == 0


def test_control_without_the_key_an_order_lives_under_a_closed_account(seen_without):
    def goes_wrong() -> bool:
        together(*close_and_order())
        return living_under_closed() > 0

    assert seen_without(GUARDS, LOCKED, goes_wrong)


def test_control_without_the_key_a_refund_lives_under_a_closed_account(seen_without):
    def goes_wrong() -> bool:
        together(*close_and_ask())
        return living_under_closed() > 0

    assert seen_without(GUARDS, LOCKED, goes_wrong)
