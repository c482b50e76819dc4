"""The last use of a promo code goes to one order, however many ask for it at once."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest

from fairroam.apps.orders.models import Order
from tests import given
from tests.apps.test_promo_codes import a_code
from tests.races.together import kinds_of, together

pytestmark = pytest.mark.usefixtures("committed")


def buyers(count: int, code: str) -> list[partial[Order]]:
    """Different people who order with the same code."""
    return [
        partial(given.an_order, email=f"{uuid4().hex}@example.com", promo_code=code)
        for _ in range(count)
    ]


def test_of_eight_orders_at_the_last_use_one_gets_it():
    given.a_catalogue()
    a_code(uses_max=1)

    ends = together(*buyers(8, "SUMMER-10"))

    assert kinds_of(ends) == {"PromoCodeUsedUp": 7, "done": 1}
    assert Order.objects.count() == 1


def test_of_one_customers_orders_at_once_one_gets_the_use():
    given.a_catalogue()
    a_code()

    ends = together(*[partial(given.an_order, promo_code="SUMMER-10")] * 6)

    assert kinds_of(ends) == {"PromoCodeUsedUp": 5, "done": 1}
