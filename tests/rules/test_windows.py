"""Until when: each end to the second, where it comes from, and what moves it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.rules.given import a_pack, an_untouched_line, answer

BERLIN = {"zone": "Europe/Berlin", "residence": "DE"}
PARIS = {"zone": "Europe/Paris", "residence": "FR"}
LONDON = {"zone": "Europe/London", "residence": "GB"}
TOKYO = {"zone": "Asia/Tokyo", "residence": "JP"}
SHANGHAI = {"zone": "Asia/Shanghai", "residence": "CN"}
CAIRO = {"zone": "Africa/Cairo", "residence": "EG"}
SAO_PAULO = {"zone": "America/Sao_Paulo", "residence": "BR"}
APIA = {"zone": "Pacific/Apia", "residence": "WS"}


def shifted(instant: str, seconds: int) -> str:
    return (datetime.fromisoformat(instant) + timedelta(seconds=seconds)).isoformat()


def withdraws(pack: Any, concluded_at: str, declared_at: str, **facts: Any) -> dict[str, Any]:
    consents = ("notice_received_at", "express_request_at", "loss_acknowledged_at", "paid_at")
    line = an_untouched_line(**{**dict.fromkeys(consents, concluded_at), **facts})
    return answer(line | {"concluded_at": concluded_at, "declared_at": declared_at}, pack)


@pytest.mark.promise(12)
@pytest.mark.promise(40)
@pytest.mark.parametrize(
    ("pack", "home", "concluded_at", "end"),
    [
        # EU: 14 days, the first one not counted, to the end of the local day
        ("eu-crd@1", BERLIN, "2026-03-02T10:00:00+01:00", "2026-03-17T00:00:00+01:00"),
        ("eu-crd@1", BERLIN, "2026-03-02T00:00:00+01:00", "2026-03-17T00:00:00+01:00"),
        ("eu-crd@1", BERLIN, "2026-03-01T23:59:59+01:00", "2026-03-17T00:00:00+01:00"),  # Sunday
        ("eu-crd@1", BERLIN, "2026-03-15T02:30:00+01:00", "2026-03-31T00:00:00+02:00"),
        ("eu-crd@1", BERLIN, "2026-10-12T12:00:00+02:00", "2026-10-27T00:00:00+01:00"),
        # Christmas: Friday and Saturday, then Sunday; the right ends on Monday
        ("eu-crd@1", BERLIN, "2026-12-11T12:00:00+01:00", "2026-12-29T00:00:00+01:00"),
        # New Year's Day belongs to another year's calendar
        ("eu-crd@1", BERLIN, "2026-12-18T12:00:00+01:00", "2027-01-05T00:00:00+01:00"),
        # Saturday, Whit Sunday, Whit Monday
        ("eu-crd@1", PARIS, "2026-05-09T12:00:00+02:00", "2026-05-27T00:00:00+02:00"),
        # Corpus Christi is a holiday in Bavaria alone
        (
            "eu-crd@1",
            BERLIN | {"residence": "DE-BY"},
            "2026-05-21T12:00:00+02:00",
            "2026-06-06T00:00:00+02:00",
        ),
        ("eu-crd@1", BERLIN, "2026-05-21T12:00:00+02:00", "2026-06-05T00:00:00+02:00"),
        # The home zone governs, wherever the contract was concluded
        ("eu-crd@1", TOKYO, "2026-06-01T20:00:00+02:00", "2026-06-17T00:00:00+09:00"),
        # United Kingdom: the same 14 days without rolling
        ("uk-ccr@1", LONDON, "2026-05-09T12:00:00+01:00", "2026-05-24T00:00:00+01:00"),
        ("uk-ccr@1", LONDON, "2026-12-11T12:00:00+00:00", "2026-12-26T00:00:00+00:00"),
        # China: 7 days after payment
        ("cn-prepaid@1", SHANGHAI, "2026-07-06T17:00:00+08:00", "2026-07-14T00:00:00+08:00"),
        # Midnight does not exist: the day ends when the clocks jump
        ("uk-ccr@1", CAIRO, "2026-04-09T12:00:00+02:00", "2026-04-24T01:00:00+03:00"),
        ("uk-ccr@1", SAO_PAULO, "2018-10-20T12:00:00-03:00", "2018-11-04T01:00:00-02:00"),
        # Samoa had no 30 December 2011
        ("uk-ccr@1", APIA, "2011-12-15T12:00:00-10:00", "2011-12-31T00:00:00+14:00"),
        ("uk-ccr@1", APIA, "2011-12-16T12:00:00-10:00", "2011-12-31T00:00:00+14:00"),
    ],
)
def test_the_cooling_off_of_each_law_ends_to_the_second(
    pack: str, home: dict[str, str], concluded_at: str, end: str
) -> None:
    last = withdraws(pack, concluded_at, shifted(end, -1), **home)
    late = withdraws(pack, concluded_at, end, **home)

    assert last["ground"] == "withdrawal"
    assert datetime.fromisoformat(last["deadline"]) == datetime.fromisoformat(end)
    assert late["reasons"][1]["code"] == "COOLING_OFF_EXPIRED"
    assert late["ground"] != "withdrawal"


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        ({"n": 1, "unit": "hour"}, "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"),
        ({"n": 48, "unit": "hour", "roll": "working_day"}, "2026-07-03T10:00:00Z", None),
        ({"n": 1, "unit": "month"}, "2026-01-31T11:00:00Z", "2026-02-28T23:00:00Z"),
        ({"n": 1, "unit": "month"}, "2028-01-31T11:00:00Z", "2028-02-29T23:00:00Z"),
        ({"n": 13, "unit": "month"}, "2026-11-30T11:00:00Z", "2027-12-30T23:00:00Z"),
        ({"n": 1, "unit": "month", "roll": "working_day"}, "2026-01-31T11:00:00Z", None),
        ({"n": 1, "unit": "business_day"}, "2026-07-03T10:00:00Z", "2026-07-06T22:00:00Z"),
        ({"n": 2, "unit": "business_day"}, "2026-12-24T11:00:00Z", "2026-12-29T23:00:00Z"),
        ({"n": 6, "unit": "business_day"}, "2026-07-04T10:00:00Z", "2026-07-13T22:00:00Z"),
    ],
)
def test_every_unit_counts_in_its_own_way(
    window: dict[str, Any], start: str, end: str | None
) -> None:
    ends = {"hour": "2026-07-05T10:00:00Z", "month": "2026-03-02T23:00:00Z"}  # with a roll
    end = end or ends[window["unit"]]
    pack = a_pack(
        {"ground": "incompatible", "window": window | {"from": "paid_at"}}, {"ground": "unconsumed"}
    )
    facts = an_untouched_line(
        concluded_at=start,
        paid_at=start,
        trouble={"opened_at": start, "steps_done": 0, "cause": "device_incompatible"},
    )

    last = answer(facts | {"declared_at": shifted(end, -1)}, pack)
    late = answer(facts | {"declared_at": end}, pack)

    assert (last["ground"], last["deadline"]) == ("incompatible", end)
    assert late["reasons"][1]["code"] == "WINDOW_OVER"
    assert late["reasons"][1]["window_end"] == end


@pytest.mark.parametrize(
    ("notice", "end"),
    [
        ("2026-03-02T22:59:59Z", "2026-03-16T23:00:00Z"),  # on the local day of the contract
        ("2026-03-02T23:00:00Z", "2026-03-17T23:00:00Z"),  # the next local day: counts anew
        ("2026-05-01T10:00:00Z", "2026-05-15T22:00:00Z"),
        ("2026-05-02T10:00:00Z", "2026-05-18T22:00:00Z"),  # Saturday rolls to Monday
        ("2027-03-10T10:00:00Z", "2027-03-16T23:00:00Z"),  # a year longer at most
    ],
)
def test_a_late_notice_starts_the_time_anew_for_a_year_at_most(notice: str, end: str) -> None:
    concluded_at = "2026-03-02T10:00:00Z"

    last = withdraws("eu-crd@1", concluded_at, shifted(end, -1), notice_received_at=notice)
    late = withdraws("eu-crd@1", concluded_at, end, notice_received_at=notice)

    assert (last["ground"], last["deadline"]) == ("withdrawal", end)
    assert (late["ground"], late["deadline"]) == (None, end)


def test_without_a_notice_the_right_lives_a_year_longer_from_the_unrolled_day() -> None:
    # The 14th day is Saturday 14 March 2026; a year later is a Sunday and is not rolled.
    concluded_at, end = "2026-02-28T10:00:00Z", "2027-03-14T23:00:00Z"

    last = withdraws("eu-crd@1", concluded_at, shifted(end, -1), notice_received_at=None)
    late = withdraws("eu-crd@1", concluded_at, end, notice_received_at=None)

    assert last["deadline"] == end
    assert [reason["code"] for reason in last["reasons"][1:3]] == [
        "NO_CONSENT_NO_DEDUCTION",
        "NOTICE_MISSING",
    ]
    assert late["entitled"] == 0


def test_a_notice_never_shortens_the_ordinary_time() -> None:
    # Counted from payment the window is long; from the early notice it would be over.
    window = {"n": 14, "unit": "day", "from": "paid_at"}
    pack = a_pack({"ground": "withdrawal", "window": window})
    facts = {"notice_received_at": "2026-03-04T10:00:00Z", "paid_at": "2026-04-01T10:00:00Z"}

    decision = withdraws(pack, "2026-03-02T10:00:00Z", "2026-04-10T10:00:00Z", **facts)

    assert decision["deadline"] == "2026-04-15T22:00:00Z"


def test_hours_know_no_notice() -> None:
    window = {"n": 24, "unit": "hour", "from": "concluded_at"}
    pack = a_pack({"ground": "withdrawal", "window": window})

    decision = withdraws(
        pack, "2026-03-02T10:00:00Z", "2026-03-03T09:59:59Z", notice_received_at=None
    )

    assert decision["deadline"] == "2026-03-03T10:00:00Z"


def test_a_window_whose_start_has_not_happened_is_open() -> None:
    after = {"paid_at": "2026-08-01T00:00:00Z"}  # after the declaration: not happened

    decision = withdraws("cn-prepaid@1", "2026-07-06T09:00:00Z", "2026-07-31T00:00:00Z", **after)

    assert (decision["ground"], decision["deadline"]) == ("withdrawal", None)


def test_a_window_may_start_with_a_fact_that_stays_in_the_future() -> None:
    window = {"n": 1, "unit": "day", "from": "received_at"}
    facts = an_untouched_line(received_at="2026-07-20T10:00:00Z")

    decision = answer(facts, a_pack({"ground": "unconsumed", "window": window}, pay_within_days=3))

    assert (decision["deadline"], decision["pay_by"]) == ("2026-07-21T22:00:00Z", "2026-07-23")


def test_when_nothing_applies_the_latest_time_limit_passed_is_named() -> None:
    facts = an_untouched_line(declared_at="2026-08-10T00:00:00Z", paid_at="2026-01-01T00:00:00Z")

    decision = answer(facts, "eu-crd@1", "house@1")

    ended = [reason["window_end"] for reason in decision["reasons"] if "window_end" in reason]
    assert decision["entitled"] == 0
    assert decision["deadline"] == max(end for end in ended if end)
    assert decision["reasons"][-1] == {
        "code": "DEADLINE_PASSED",
        "deadline": "2026-07-20T22:00:00Z",
    }
