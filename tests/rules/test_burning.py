"""Which credit burns first, and what that leaves to pay back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairroam.rules.balances import BURNS, balance
from fairroam.rules.burning import Purse, burn_parts

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("burn", "minor", "parts"),
    [
        ("promo_first", 250, [(4, 100), (2, 100), (1, 50)]),  # the gift that ends first, first
        ("paid_first", 250, [(1, 200), (3, 50)]),
        ("ratio", 250, [(4, 84), (1, 166)]),  # 600 paid, 300 given: 434 of 650 stay paid
        ("promo_first", 0, []),
        ("paid_first", 800, [(4, 100), (2, 100), (1, 200), (3, 400)]),
    ],
)
def test_the_order_in_which_credit_burns(burn, minor, parts):
    purses = [
        Purse(id=1, is_promo=False, left=200),
        Purse(id=2, is_promo=True, left=100, expires_at=NOON + timedelta(days=9)),
        Purse(id=3, is_promo=False, left=400),
        Purse(id=4, is_promo=True, left=100, expires_at=NOON),
        Purse(id=5, is_promo=True, left=0),
    ]
    if burn == "ratio":
        purses[3] = Purse(id=4, is_promo=True, left=200, expires_at=NOON)
    assert burn_parts(purses, minor, burn) == parts


@given(
    topups=st.lists(
        st.tuples(st.integers(0, 5000), st.integers(0, 900)), min_size=1, max_size=4
    ).filter(lambda all_of: sum(map(sum, all_of)) > 0),
    burn=st.sampled_from(BURNS),
    cuts=st.lists(st.integers(1, 3000), max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_many_spendings_leave_what_the_rule_for_balances_says(topups, burn, cuts):
    left = {}
    for place, (paid, bonus) in enumerate(topups):
        left |= {2 * place: paid, 2 * place + 1: bonus}
    spent = {False: 0, True: 0}
    for cut in cuts:
        purses = [Purse(id=key, is_promo=key % 2 == 1, left=minor) for key, minor in left.items()]
        minor = min(cut, sum(left.values()))
        parts = burn_parts(purses, minor, burn, spent_paid=spent[False], spent_promo=spent[True])
        assert sum(part for _, part in parts) == minor
        for key, part in parts:
            left[key] -= part
            spent[key % 2 == 1] += part

    rule = balance(
        [{"paid": paid, "bonus": bonus} for paid, bonus in topups], sum(spent.values()), burn
    )
    assert min(left.values()) >= 0
    assert sum(minor for key, minor in left.items() if key % 2 == 0) == rule["cash"]
    assert sum(minor for key, minor in left.items() if key % 2) == rule["promo_lost"]
