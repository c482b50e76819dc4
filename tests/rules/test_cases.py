"""The worked cases of the contract, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from fairroam.rules import Refused, balance, compile_packs, decide, pack_names, pack_source
from fairroam.rules.packs import DESCRIPTIVE_KEYS
from tests.rules.given import CASES, read_lines

REFUNDS = read_lines("refunds.jsonl")
BALANCES = read_lines("balances.jsonl")


@pytest.mark.parametrize("case", REFUNDS, ids=lambda case: case["name"])
def test_every_worked_refund_comes_out_as_written(case: dict[str, Any]) -> None:
    try:
        answer = decide(case["facts"], compile_packs(case["packs"])).as_json()
    except Refused as refused:
        answer = refused.as_json()

    assert {name: answer[name] for name in case["expect"]} == case["expect"]


@pytest.mark.parametrize("case", BALANCES, ids=lambda case: f"{case['burn']}-{case['spent']}")
def test_every_worked_balance_comes_out_as_written(case: dict[str, Any]) -> None:
    assert balance(case["topups"], case["spent"], case["burn"]) == case["expect"]


def test_the_packs_are_those_of_the_contract_and_name_their_sources() -> None:
    import json

    packs = {name: pack_source(name) for name in pack_names()}

    for pack in packs.values():
        assert pack["title"]
        assert all(source["name"] and source["says"] for source in pack["sources"])
        assert pack["effective_from"] <= "2026-07-01"
    assert {
        name: {key: value for key, value in pack.items() if key not in DESCRIPTIVE_KEYS}
        for name, pack in packs.items()
    } == json.loads((CASES / "packs.json").read_text("utf-8"))


def test_a_pack_is_for_the_residents_of_its_countries() -> None:
    for name, country in (("eu-crd@1", "DE"), ("uk-ccr@1", "GB"), ("cn-prepaid@1", "CN")):
        assert country in pack_source(name)["applies_when"]["residence_in"]
    assert "applies_when" not in pack_source("house@2")
