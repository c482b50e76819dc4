"""Packs that are not written as packs are: refused before any decision."""

from __future__ import annotations

from typing import Any

import pytest

from fairroam.rules import BadPack, compile_packs, pack_names, pack_source
from tests.rules.given import a_line, a_pack, answer

WINDOW = {"n": 14, "unit": "day", "from": "concluded_at"}
UNUSED = {"ground": "unused", "activation": "first_attach_at"}
OUTAGE = {"ground": "outage"}


@pytest.mark.parametrize(
    "packs",
    [
        None,
        [],
        {},
        "eu-crd@1",
        [7],
        [None],
        [[]],
        ["eu-crd"],
        ["eu-crd@2"],
        ["../packs/eu-crd@1"],
        [{"pack": "own", "version": 1}],
        [{"pack": "own", "grounds": []}],
        [{"version": 1, "grounds": []}],
        [a_pack(pack="")],
        [a_pack(pack=3)],
        [a_pack(version="1")],
        [a_pack(version=0)],
        [a_pack(version=True)],
        [a_pack(colour="blue")],
        [a_pack(statutory=1)],
        [a_pack(basis="market")],
        [a_pack(measure="time")],
        [a_pack(measure={"by": "bytes"})],
        [a_pack(measure={"by": "time", "time_unit": "hour"})],
        [a_pack(measure={"unit": "day"})],
        [a_pack(retain_rounding="ceil")],
        [a_pack(pay_within_days=-1)],
        [a_pack(pay_within_days=14.0)],
        [a_pack(split="first")],
        [a_pack(grounds={})],
        [a_pack("withdrawal")],
        [a_pack({})],
        [a_pack({"ground": "kindness"})],
        [a_pack({"ground": ["outage"]})],
        [a_pack({"ground": "unconsumed", "consents": True})],
        [a_pack({"ground": "withdrawal", "consents": "yes"})],
        [a_pack({"ground": "unactivated"})],
        [a_pack({"ground": "unactivated", "activation": "paid_at"})],
        [a_pack(UNUSED | {"de_minimis": 0.01})],
        [a_pack(UNUSED | {"de_minimis": "1.01"})],
        [a_pack(UNUSED | {"de_minimis": "-1/2"})],
        [a_pack(UNUSED | {"de_minimis": "1/0"})],
        [a_pack(UNUSED | {"de_minimis": "1%"})],
        [a_pack(OUTAGE | {"full_from": "0"})],
        [a_pack(OUTAGE | {"unit": "hour"})],
        [a_pack(OUTAGE | {"min_seconds": -1})],
        [a_pack(OUTAGE | {"day_seconds": 0})],
        [a_pack({"ground": "unusable", "steps": 1.5})],
        [a_pack({"ground": "goodwill"})],
        [a_pack({"ground": "goodwill", "cap_share": "1/2", "fee": 0})],
        [a_pack({"ground": "unconsumed", "fee": -1})],
        [a_pack({"ground": "unconsumed", "fee": 0}, statutory=True)],
        [a_pack(OUTAGE | {"window": 14})],
        [a_pack(OUTAGE | {"window": {}})],
        [a_pack(OUTAGE | {"window": WINDOW | {"n": 0}})],
        [a_pack(OUTAGE | {"window": WINDOW | {"n": "14"}})],
        [a_pack(OUTAGE | {"window": WINDOW | {"unit": "week"}})],
        [a_pack(OUTAGE | {"window": WINDOW | {"from": "opened_at"}})],
        [a_pack(OUTAGE | {"window": WINDOW | {"roll": "friday"}})],
        [a_pack(OUTAGE | {"window": WINDOW | {"zone": "UTC"}})],
        ["eu-crd@1", a_pack(basis="market")],
    ],
)
def test_a_bad_pack_is_refused(packs: Any) -> None:
    with pytest.raises(BadPack) as refused:
        compile_packs(packs)

    assert refused.value.field == "pack"
    assert refused.value.as_json()["error"] == "BAD_PACK"


def test_a_pack_may_describe_itself_in_ways_that_a_decision_does_not_read() -> None:
    plain = a_pack({"ground": "unconsumed"})
    described = plain | {
        "title": "Ours",
        "sources": ["our own terms"],
        "reviewer": None,
        "effective_from": "2030-01-01",
        "effective_to": 5,
        "applies_when": {"residence_in": ["JP"]},
    }

    assert answer(a_line(), described) == answer(a_line(), plain)


def test_packs_are_compiled_once_and_used_often() -> None:
    assert compile_packs(["house@1"]) == compile_packs(["house@1"])
    assert hash(compile_packs(["house@1", "eu-crd@1"]))
    for name in pack_names():
        assert answer(a_line(), name) == answer(a_line(), pack_source(name))


def test_a_source_is_the_readers_own() -> None:
    pack_source("house@1")["grounds"].clear()

    assert pack_source("house@1")["grounds"]


def test_a_source_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadPack):
        pack_source("house@3")
