"""What is left of a wallet: money paid in comes back, never more; gifts end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairroam.rules import BadFacts, balance

AMOUNTS = st.integers(0, 10**6)
TOPUPS = st.lists(st.fixed_dictionaries({"paid": AMOUNTS, "bonus": AMOUNTS}), max_size=4)


@given(topups=TOPUPS, data=st.data(), burn=st.sampled_from(["promo_first", "paid_first", "ratio"]))
def test_cash_is_never_above_what_was_paid_in_and_nothing_vanishes(
    topups: list[dict[str, int]], data: st.DataObject, burn: str
) -> None:
    paid = sum(topup["paid"] for topup in topups)
    total = paid + sum(topup["bonus"] for topup in topups)
    spent = data.draw(st.integers(0, total))

    rest = balance(topups, spent, burn)

    assert 0 <= rest["cash"] <= min(paid, total - spent)
    assert rest["promo_lost"] >= 0
    assert rest["cash"] + rest["promo_lost"] == total - spent


@pytest.mark.parametrize(
    ("topups", "spent", "burn", "cash"),
    [
        ([], 0, "ratio", 0),
        ([{"paid": 0, "bonus": 0}], 0, "ratio", 0),
        ([{"paid": 0, "bonus": 5}], 0, "ratio", 0),
        ([{"paid": 1, "bonus": 2}], 2, "ratio", 1),  # a third of one, rounded up
        ([{"paid": 10, "bonus": 5}], 15, "paid_first", 0),
        ([{"paid": 10, "bonus": 5}], 11, "paid_first", 0),
        ([{"paid": 10, "bonus": 5}], 6, "promo_first", 9),
    ],
)
def test_a_balance_by_hand(topups: list[dict[str, int]], spent: int, burn: str, cash: int) -> None:
    assert balance(topups, spent, burn)["cash"] == cash


@pytest.mark.parametrize(
    ("field", "topups", "spent", "burn"),
    [
        ("topups", None, 0, "ratio"),
        ("topups", [5], 0, "ratio"),
        ("topups", [{"paid": 5}], 0, "ratio"),
        ("topups", [{"paid": 5, "bonus": 0, "lot": 1}], 0, "ratio"),
        ("topups", [{"paid": -5, "bonus": 0}], 0, "ratio"),
        ("topups", [{"paid": 5, "bonus": -1}], 0, "ratio"),
        ("topups", [{"paid": 5.0, "bonus": 0}], 0, "ratio"),
        ("spent", [{"paid": 5, "bonus": 1}], 7, "ratio"),
        ("spent", [{"paid": 5, "bonus": 1}], -1, "ratio"),
        ("spent", [{"paid": 5, "bonus": 1}], True, "ratio"),
        ("burn", [{"paid": 5, "bonus": 1}], 0, "oldest_first"),
        ("burn", [{"paid": 5, "bonus": 1}], 0, None),
    ],
)
def test_what_cannot_be_balanced_is_refused(field: str, topups: Any, spent: Any, burn: Any) -> None:
    with pytest.raises(BadFacts) as refused:
        balance(topups, spent, burn)

    assert refused.value.field == field
