"""Amounts, taxes, numbers on papers, and where people live."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairroam.rules.money import CurrencyMismatch, Money, known_currencies, minor_digits
from fairroam.rules.numbers import ALPHABET, new_number
from fairroam.rules.residences import zone_of
from fairroam.rules.tax import tax_inside
from fairroam.rules.zones import zone_names

AMOUNTS = st.builds(Money, st.integers(), st.sampled_from(["EUR", "JPY"]))


@given(one=AMOUNTS, other=AMOUNTS)
def test_amounts_of_one_currency_add_and_compare_and_others_never(one: Money, other: Money) -> None:
    if one.currency != other.currency:
        for act in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
            with pytest.raises(CurrencyMismatch):
                act(one, other)
        return
    assert (one + other) - other == one
    assert (one < other) == (one.minor < other.minor)
    assert (one <= other) == (one.minor <= other.minor)
    assert bool(one) == (one.minor != 0)


@pytest.mark.parametrize(
    ("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("HUF", 2), ("IQD", 3), ("ISK", 0)]
)
def test_minor_digits_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
    assert currency in known_currencies()


def test_currencies_of_the_past_are_known_and_those_of_nobody_are_not() -> None:
    assert {"DEM", "HRK"} <= known_currencies()
    assert not {"XXX", "XTS", "EURO", "eur", "BTC"} & known_currencies()


@pytest.mark.parametrize(
    ("gross", "rate", "tax"),
    [
        (2380, "0.19", 380),
        (0, "0.19", 0),
        (100, "0", 0),
        (1, "1", 1),
        (21, "0.05", 1),
        (10, "0.05", 0),
    ],
)
def test_tax_inside_is_rounded_half_up(gross: int, rate: str, tax: int) -> None:
    assert tax_inside(gross, rate) == tax


@pytest.mark.parametrize("rate", ["19%", "-0.1", "", "1/5", "9" * 1001])
def test_a_tax_rate_that_is_none_is_a_bug_of_the_caller(rate: str) -> None:
    with pytest.raises(ValueError, match="not a tax rate"):
        tax_inside(100, rate)


def test_numbers_can_be_read_aloud() -> None:
    prefix, *groups = new_number("FR").split("-")

    assert prefix == "FR"
    assert [len(group) for group in groups] == [4, 4]
    assert set("".join(groups)) <= set(ALPHABET)
    assert len({new_number("FR", groups=7) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("residence", "zone"),
    [("DE", "Europe/Berlin"), ("DE-BY", "Europe/Berlin"), ("JP", "Asia/Tokyo"), ("XX", None)],
)
def test_a_residence_has_a_zone(residence: str, zone: str | None) -> None:
    assert zone_of(residence) == zone
    assert zone is None or zone in zone_names()
