"""Which way money goes back, by whose limit, and when it is expected."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from fairroam.rules import rails, waiting
from fairroam.rules.refusals import BadPack

PAID = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
NOBODY = rails.Limits()


def way(method: str, *, days: float = 1, parts: int = 0, currency: str = "EUR", **limits: object):
    charge = rails.Charge(
        method=method,
        currency=currency,
        captured_at=PAID,
        parts=parts,
        is_whole=bool(limits.pop("is_whole", False)),
    )
    found = rails.choose(charge, limits=rails.Limits(**limits), now=PAID + timedelta(days=days))
    return found.rail.rail, found.why


@pytest.mark.parametrize(
    ("method", "how", "chosen"),
    [
        ("card", {"days": 364.9}, ("card", "")),
        ("card", {"days": 365}, ("transfer", "window")),
        ("apple_pay", {"days": 10}, ("card", "")),
        ("paypal", {"days": 179.9}, ("paypal", "")),
        ("paypal", {"days": 180}, ("transfer", "window")),
        ("wechat", {"currency": "CNY", "parts": 49}, ("wechat", "")),
        ("wechat", {"currency": "CNY", "parts": 50}, ("transfer", "parts")),
        ("wechat", {"currency": "CNY", "days": 365}, ("transfer", "window")),
        ("wechat", {"currency": "EUR"}, ("transfer", "currency")),
        ("ideal", {"days": 99}, ("transfer", "window")),
        ("crypto", {"days": 0}, ("transfer", "window")),
        ("cowries", {}, ("transfer", "unknown")),
        ("transfer", {"days": 4000}, ("transfer", "")),
        ("card", {"days": 31, "refund_days": 30}, ("transfer", "window")),  # the provider's own
        ("card", {"parts": 2, "currencies": frozenset({"USD"})}, ("transfer", "currency")),
        ("card", {"is_partial_allowed": False}, ("transfer", "whole")),
        ("card", {"is_partial_allowed": False, "is_whole": True}, ("card", "")),
    ],
)
def test_money_goes_back_as_it_came_where_that_is_still_open(method, how, chosen):
    assert way(method, **how) == chosen


@pytest.mark.promise(35)
@pytest.mark.parametrize(
    ("rail", "sent_at", "residence", "days"),
    [
        # Friday evening in Berlin: three and ten working days on, 26 December is a Saturday.
        ("card@1", "2026-12-11T18:00:00Z", "DE", ("2026-12-16", "2026-12-28")),
        # The same, where Epiphany counts: Bavaria keeps it, Berlin does not.
        ("card@1", "2026-12-30T12:00:00Z", "DE-BY", ("2027-01-05", "2027-01-15")),
        ("card@1", "2026-12-30T12:00:00Z", "DE-BE", ("2027-01-05", "2027-01-14")),
        ("paypal@1", "2026-11-06T23:30:00Z", "DE", ("2026-11-07", "2026-11-13")),  # local Saturday
        # By hand: two days at the desk come before the bank's three.
        ("transfer@1", "2026-11-02T12:00:00Z", "DE", ("2026-11-03", "2026-11-09")),
    ],
)
def test_an_arrival_is_expected_in_working_days_where_the_customer_lives(
    rail, sent_at, residence, days
):
    found = rails.expected(
        rails.rail_version(rail),
        sent_at=datetime.fromisoformat(sent_at),
        zone="Europe/Berlin",
        residence=residence,
    )

    assert [day.isoformat() for day in found] == list(days)


def test_every_limit_says_where_it_was_read():
    methods = [method for rail in rails.rails() for method in rail.methods]

    assert len(methods) == len(set(methods))
    for rail in rails.rails():
        assert rail.arrival_days[0] <= rail.arrival_days[1]
        assert all(source.key and source.says for source in rail.sources)
        assert rail.checked >= date(2026, 11, 22)
    assert rails.pause_of(rails.rail_version("wechat@1")) == timedelta(minutes=1)
    with pytest.raises(BadPack):
        rails.rail_version("wechat@99")


def test_what_is_silent_is_asked_often_at_first_and_daily_at_last():
    asked, at = [], PAID
    while (following := waiting.ask_again_at(PAID, now=at, days_max=30)) is not None:
        asked.append(following - at)
        at = following

    assert asked[0] == timedelta(minutes=5)
    assert asked == sorted(asked)
    assert max(asked) == timedelta(days=1)
    assert len(asked) < 70
