"""When a balance may be given up, and how long it can be claimed."""

from __future__ import annotations

from datetime import date

import pytest

from fairroam.rules.waivers import Source, claim_by, waivable_minor

HOME, GONE = True, False


@pytest.mark.promise(58)
@pytest.mark.parametrize(
    ("sources", "has_account", "waivable"),
    [
        ([], False, 0),
        ([Source(500, GONE)], False, 500),
        ([Source(500, GONE), Source(20, GONE)], False, 520),
        ([Source(1, GONE)], False, 1),  # one cent may be given up as well
        ([Source(500, HOME)], False, 0),
        ([Source(500, GONE), Source(1, HOME)], False, 0),  # one way that is open is a way
        ([Source(500, GONE), Source(0, HOME)], False, 500),  # nothing of it is left
        ([Source(500, GONE)], True, 0),  # an account takes everything
    ],
)
def test_a_balance_is_given_up_only_where_nothing_takes_it_back(sources, has_account, waivable):
    assert waivable_minor(sources, has_account=has_account) == waivable


@pytest.mark.parametrize(
    ("signed_on", "years", "last_day"),
    [
        (date(2026, 1, 1), 3, date(2029, 12, 31)),
        (date(2026, 12, 31), 3, date(2029, 12, 31)),
        (date(2027, 1, 1), 3, date(2030, 12, 31)),
        (date(2026, 7, 12), 10, date(2036, 12, 31)),
    ],
)
def test_the_years_of_claiming_begin_with_the_end_of_the_year(signed_on, years, last_day):
    assert claim_by(signed_on, years=years) == last_day


def test_fewer_years_than_the_law_s_are_a_mistake():
    with pytest.raises(AssertionError):
        claim_by(date(2026, 7, 12), years=2)
