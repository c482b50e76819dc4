"""What must hold for every line and every pack, whatever the case."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fairroam.rules import compile_packs, decide, explain, pack_names
from fairroam.rules.money import share_by_weight
from fairroam.rules.reasons import REASONS
from fairroam.rules.tax import tax_inside
from tests.rules import worlds

ANY_PACKS = worlds.PACKS | st.lists(st.sampled_from(pack_names()), min_size=1, max_size=3)


def answer(facts: dict[str, Any], packs: list[Any]) -> dict[str, Any]:
    return decide(facts, compile_packs(packs)).as_json()


def numbers_of(value: Any) -> set[Any]:
    """Every number, date, instant and share inside."""
    if isinstance(value, dict):
        return set().union(*map(numbers_of, value.values()))
    if isinstance(value, list):
        return set().union(*map(numbers_of, value))
    return set() if value is None else {abs(value) if isinstance(value, int) else value}


@settings(max_examples=150, deadline=None)
@given(facts=worlds.facts(), packs=ANY_PACKS)
def test_the_parts_add_up_and_never_exceed_what_is_left(
    facts: dict[str, Any], packs: list[Any]
) -> None:
    decision = answer(facts, packs)

    assert 0 <= decision["due"] <= facts["paid"] - facts["refunded"] - facts["pending"]
    assert decision["refund"] + decision["held"] == decision["due"]
    assert sum(part["amount"] for part in decision["split"]) == decision["due"]
    assert decision["held"] == sum(part["amount"] for part in decision["split"] if part["held"])
    left = {
        tender["id"]: tender["captured"] - tender["refunded"] - tender["pending"]
        for tender in facts.get("tenders", [])
    }
    for part in decision["split"]:
        assert 0 < part["amount"] <= left.get(part["tender"], facts["paid"])


@settings(max_examples=150, deadline=None)
@given(facts=worlds.facts(), packs=ANY_PACKS)
def test_the_chain_holds_every_number_of_the_result_and_tries_every_ground(
    facts: dict[str, Any], packs: list[Any]
) -> None:
    decision = answer(facts, packs)

    chain = decision.pop("reasons")
    told = numbers_of(chain)
    wanted = {name: decision[name] for name in decision if name not in ("versions", "split")}
    wanted["parts"] = [part["amount"] for part in decision["split"]]
    assert numbers_of(wanted) - {0} <= told
    tried = [reason for reason in chain if "window_end" in reason or "outcome" in reason]
    grounds = sum(len(pack.grounds) for pack in compile_packs(packs))
    moved = {"NOTICE_MISSING", "NOTICE_LATE", "ROLLED_TO_WORKING_DAY"}
    assert len([reason for reason in tried if reason["code"] not in moved]) == grounds
    for reason in chain:
        assert set(reason) == {"code", *REASONS[reason["code"]]}


@settings(max_examples=100, deadline=None)
@given(
    facts=worlds.facts(), packs=ANY_PACKS, language=st.sampled_from(["en", "zh-Hans", "zh-hant"])
)
def test_reading_the_receipt_from_top_to_bottom_is_the_calculation(
    facts: dict[str, Any], packs: list[Any], language: str
) -> None:
    stored = json.loads(json.dumps(answer(facts, packs)))

    lines = explain(stored, language)

    assert sum(line.amount or 0 for line in lines if line.applies) == stored["refund"]
    assert [line.code for line in lines] == [reason["code"] for reason in stored["reasons"]]
    assert all(line.text and "{" not in line.text for line in lines)
    assert not any(line.amount for line in lines if not line.applies)


@settings(max_examples=100, deadline=None)
@given(facts=worlds.facts(), packs=ANY_PACKS)
def test_the_same_facts_give_the_same_decision(facts: dict[str, Any], packs: list[Any]) -> None:
    again = json.loads(json.dumps(facts))

    assert answer(facts, packs) == answer(again, json.loads(json.dumps(packs)))
    assert facts == again


@settings(max_examples=150, deadline=None)
@given(facts=worlds.facts(), packs=ANY_PACKS, more=st.integers(1, 10**9), data=st.data())
def test_more_use_never_raises_what_comes_back(
    facts: dict[str, Any], packs: list[Any], more: int, data: st.DataObject
) -> None:
    assume(facts["allowances"])
    used_more = json.loads(json.dumps(facts))
    data.draw(st.sampled_from(used_more["allowances"]))["used"] += more

    assert answer(used_more, packs)["entitled"] <= answer(facts, packs)["entitled"]


@settings(max_examples=150, deadline=None)
@given(facts=worlds.facts(), packs=ANY_PACKS, longer=worlds.SPANS, data=st.data())
def test_a_longer_outage_never_lowers_what_comes_back(
    facts: dict[str, Any], packs: list[Any], longer: int, data: st.DataObject
) -> None:
    assume(facts["outages"])
    longer_out = json.loads(json.dumps(facts))
    outage = data.draw(st.sampled_from(longer_out["outages"]))
    until = datetime.fromisoformat(outage["until"]) + timedelta(seconds=longer)
    outage["until"] = until.isoformat()

    assert answer(longer_out, packs)["entitled"] >= answer(facts, packs)["entitled"]


@settings(max_examples=100, deadline=None)
@given(
    paid=st.integers(1, 10**6),
    rate=worlds.RATES,
    cuts=st.lists(st.integers(1, 10**5), max_size=8),
)
def test_the_tax_of_any_chain_of_refunds_is_the_tax_of_their_sum(
    paid: int, rate: str, cuts: list[int]
) -> None:
    facts = {
        "currency": "EUR",
        "paid": paid,
        "tax_rate": rate,
        "zone": "Europe/Berlin",
        "residence": "DE",
        "concluded_at": "2026-07-06T09:00:00Z",
        "declared_at": "2026-07-07T09:00:00Z",
    }
    refunded = taxed = 0
    for cut in [*cuts, paid]:
        asked = min(cut, paid - refunded)
        if asked:
            decision = answer(facts | {"refunded": refunded, "asked": asked}, ["eu-crd@1"])
            refunded, taxed = refunded + decision["refund"], taxed + decision["tax"]

    assert refunded == paid
    assert taxed == tax_inside(paid, rate)


@given(
    weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=6).filter(any),
    whole=st.integers(0, 10**12),
)
def test_shares_by_weight_lose_nothing_and_stay_within_one_unit(
    weights: list[int], whole: int
) -> None:
    parts = share_by_weight(whole, weights)

    assert sum(parts) == whole
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - whole * weight) < sum(weights)
