"""Promo codes: an order becomes cheaper, and no more comes back than was paid."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given as cases
from hypothesis import settings
from hypothesis import strategies as st

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.customers.refusals import NotAllowed
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Order, PromoCode
from fairroam.apps.orders.operations.promo_codes import shares
from fairroam.apps.orders.queries import promo_codes
from fairroam.apps.orders.refusals import (
    NoSuchPromoCode,
    PromoCodeNotForThis,
    PromoCodeTaken,
    PromoCodeUsedUp,
)
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.operations import Choice
from fairroam.rules.money import Money
from fairroam.rules.tax import tax_inside
from fairroam.worker.books import find_faults
from tests import given
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
PLAN = "japan-10gb-30d"


def an_operator(role: str = "operator") -> int:
    """The id at the desk of somebody new there."""
    return given.a_colleague(role, email=f"{uuid4().hex}@example.com").staff_member.pk


def a_code(reduction: int | Money = 10, code: str = "SUMMER-10", **words: object) -> PromoCode:
    """A code that an operator has made, good for a week."""
    made = {"code": code, "by": an_operator(), "counts_until": NOON + timedelta(days=7), **words}
    return orders.make_promo_code(reduction=reduction, now=NOON, **made)


def test_a_percentage_comes_off_the_price_and_the_list_price_stays():
    a_code(10)
    plan = catalogue.plan(PLAN)

    line = given.a_paid_line(promo_code=" summer-10 ")

    discount = -(-plan.price_minor * 10 // 100)
    assert line.price_minor == plan.price_minor - discount == line.order.total_minor
    assert (line.discount_minor, line.list_price_minor) == (discount, plan.list_price_minor)
    assert line.tax_minor == tax_inside(line.price_minor, line.tax_rate)
    assert line.order.payment.amount_minor == line.price_minor
    assert list(find_faults()) == []


def test_an_amount_is_divided_over_the_lines_to_the_last_cent():
    a_code(Money(1000, "EUR"))

    order = given.pay(given.an_order(quantity=3, promo_code="SUMMER-10"), now=NOON)

    discounts = order.lines.order_by("position").values_list("discount_minor", flat=True)
    assert list(discounts) == [334, 333, 333]
    assert order.total_minor == 3 * catalogue.plan(PLAN).price_minor - 1000
    assert list(find_faults()) == []


def test_a_withdrawal_gives_back_what_was_paid_and_not_what_was_taken_off():
    a_code(50)
    line = given.a_paid_line(promo_code="SUMMER-10")

    quote = refunds.make_quote(
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        key=uuid4(),
        choice=Choice(),
        now=NOON,
    )

    assert quote.result["due"] == line.price_minor < catalogue.plan(PLAN).price_minor


@settings(max_examples=60, deadline=None)
@cases(
    percent=st.integers(1, 99), amount=st.integers(1, 6000) | st.none(), quantity=st.integers(1, 5)
)
def test_shares_add_up_and_leave_something_to_pay_on_every_line(percent, amount, quantity):
    plan = catalogue.plan(PLAN)
    promo = PromoCode(percent=percent)
    if amount:
        promo = PromoCode(amount_minor=amount, currency=plan.currency)
    whole = plan.price_minor * quantity
    expected = amount or -(-whole * percent // 100)

    if expected > whole - quantity:
        with pytest.raises(PromoCodeNotForThis):
            shares(promo, plan, quantity)
        return
    parts = shares(promo, plan, quantity)

    assert sum(parts) == expected
    assert max(parts) - min(parts) <= 1
    assert max(parts) < plan.price_minor


@pytest.mark.parametrize(
    ("made", "refusal"),
    [
        ({"counts_from": NOON - timedelta(days=1), "counts_until": NOON}, NoSuchPromoCode),
        ({"counts_from": NOON + timedelta(days=1)}, NoSuchPromoCode),
        ({"code": "WINTER"}, NoSuchPromoCode),
        ({"plans": ["usa-talk-30d"]}, PromoCodeNotForThis),
        ({"reduction": Money(100, "USD")}, PromoCodeNotForThis),
        ({"reduction": Money(10**6, "EUR")}, PromoCodeNotForThis),
    ],
)
def test_a_code_that_does_not_fit_is_refused_and_nothing_is_ordered(made, refusal):
    a_code(**made)

    with pytest.raises(refusal):
        given.an_order(promo_code="SUMMER-10")

    assert not Order.objects.exists()


def test_a_code_called_back_is_refused_and_earlier_orders_keep_their_price():
    promo, by = a_code(), an_operator()
    order = given.an_order(promo_code="SUMMER-10")
    orders.end_promo_code(promo_code_id=promo.pk, by=by, now=NOON)

    with pytest.raises(NoSuchPromoCode):
        given.an_order(email="bob@example.com", promo_code="SUMMER-10")
    with pytest.raises(MoveNotAllowed):
        orders.end_promo_code(promo_code_id=promo.pk, by=by, now=NOON)
    given.pay(order, now=NOON)

    assert order.lines.get().discount_minor > 0
    assert list(find_faults()) == []


def test_limits_count_all_orders_and_those_of_one_customer():
    a_code(uses_max=2, customer_uses_max=1)
    given.an_order(promo_code="SUMMER-10")

    with pytest.raises(PromoCodeUsedUp):
        given.an_order(promo_code="SUMMER-10")
    given.an_order(email="bob@example.com", promo_code="SUMMER-10")
    with pytest.raises(PromoCodeUsedUp):
        given.an_order(email="cleo@example.com", promo_code="SUMMER-10")

    assert promo_codes().get().used == 2


def test_an_order_that_nobody_paid_gives_its_use_back_and_keeps_its_price_if_paid_after_all():
    a_code(uses_max=1)
    late = given.an_order(promo_code="SUMMER-10")
    orders.cancel_unpaid(placed_before=NOON + timedelta(days=1))

    given.pay(given.an_order(email="bob@example.com", promo_code="SUMMER-10"), now=NOON)
    given.pay(late, now=NOON)

    assert late.stage == "paid"
    assert promo_codes().get().used == 2
    assert list(find_faults()) == []


def test_the_database_gives_no_use_of_a_code_twice():
    a_code(uses_max=2)
    given.an_order(promo_code="SUMMER-10")
    bobs = given.an_order(email="bob@example.com", promo_code="SUMMER-10")

    assert bobs.promo_use == 2
    with pytest.raises(IntegrityError, match="each_use"), transaction.atomic():
        Order.objects.filter(pk=bobs.pk).update(promo_use=1)


def test_only_operators_make_and_end_codes_and_each_is_there_once():
    promo, agent = a_code(), an_operator("agent")

    with pytest.raises(NotAllowed):
        a_code(code="OTHER", by=agent)
    with pytest.raises(NotAllowed):
        orders.end_promo_code(promo_code_id=promo.pk, by=agent, now=NOON)
    with pytest.raises(PromoCodeTaken):
        a_code(code="summer-10")

    assert promo_codes().get().ended_at is None


@pytest.mark.parametrize(
    "wrong", [{"percent": 100}, {"percent": None}, {"amount_minor": 5}, {"customer_uses_max": 0}]
)
def test_the_database_keeps_no_code_that_cannot_be(wrong):
    promo = a_code()

    with pytest.raises(IntegrityError), transaction.atomic():
        PromoCode.objects.filter(pk=promo.pk).update(**wrong)


def test_a_discount_without_its_code_is_a_fault():
    order = given.pay(given.an_order(), now=NOON)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_orderline SET discount_minor = 5")

    found = list(find_faults())

    assert any(f"order {order.pk} is cheaper without a promo code" in fault for fault in found)
