"""Random lines under random packs: our engine and the slow one say the same, to the cent."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from fairroam.rules import AskedTooMuch, compile_packs, decide
from fairroam.rules.instants import write_instant
from fairroam.rules.zones import end_of_day, load_zone
from tests.rules import oracle, worlds

ZONES = [
    "Europe/Berlin",
    "Africa/Cairo",
    "America/Havana",
    "America/Nuuk",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",
    "America/Toronto",
    "Antarctica/Casey",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "UTC",
]


def ours(facts: dict[str, Any], packs: list[dict[str, Any]]) -> dict[str, Any]:
    try:
        return decide(facts, compile_packs(packs)).as_json()
    except AskedTooMuch as refused:
        return refused.as_json()


@settings(max_examples=200, deadline=None)
@given(facts=worlds.facts(), packs=worlds.PACKS, asked=st.none() | st.integers(1, 5_000))
def test_the_slow_rules_agree(
    facts: dict[str, Any], packs: list[dict[str, Any]], asked: int | None
) -> None:
    facts["asked"] = asked

    expected, answer = oracle.decide(facts, packs), ours(facts, packs)

    assert {name: answer[name] for name in expected} == expected


@settings(max_examples=80, deadline=None)
@given(zone=st.sampled_from(ZONES), day=st.dates(date(1985, 1, 1), date(2037, 12, 30)))
@example(zone="Pacific/Apia", day=date(2011, 12, 29))
@example(zone="Pacific/Apia", day=date(2011, 12, 30))  # a day that Samoa never had
@example(zone="America/Sao_Paulo", day=date(2018, 11, 3))  # midnight of the 4th does not exist
@example(zone="America/St_Johns", day=date(2006, 10, 28))  # at 00:01 back to 23:01
@example(zone="America/Havana", day=date(2026, 10, 31))  # midnight happens twice
@example(zone="Asia/Pyongyang", day=date(2018, 5, 4))  # half an hour jumped before midnight
@example(zone="America/Toronto", day=date(1919, 3, 30))  # 23:30 became 00:30
def test_a_day_ends_where_the_local_date_first_is_a_later_one(zone: str, day: date) -> None:
    ends_at = write_instant(end_of_day(day, load_zone(zone)))

    assert ends_at == oracle.write(oracle.first_instant_after(day, oracle.zone(zone)))
