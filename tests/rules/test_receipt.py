"""The chain in words: every code, every language, every number written as people write it."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from fairroam.rules import explain, facts, records
from fairroam.rules.chain import CHOSEN, KEPT_OUT, NOT_BETTER, OFFER
from fairroam.rules.packs import GROUND_NAMES
from fairroam.rules.reasons import LET_IN, REASONS
from fairroam.rules.receipt import fields_of
from fairroam.rules.sentences import LANGUAGES, load_language
from fairroam.rules.sentences.formats import WRITERS
from tests.rules.given import a_line, a_pack, an_untouched_line, answer, read_lines

TROUBLE = {"opened_at": "2026-07-08T00:00:00Z", "steps_done": 4, "cause": "technical"}


def texts(decision: dict[str, Any], language: str = "en") -> dict[str, str]:
    return {line.code: line.text for line in explain(decision, language)}


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_code_has_a_sentence_and_every_sentence_its_fields(name: str) -> None:
    language = load_language(name)

    assert set(language.sentences) == {*REASONS, "NOT_BETTER"}
    for code, sentence in language.sentences.items():
        known = {field for fields in LET_IN.values() for field in fields}
        assert set(fields_of(sentence)) <= set(REASONS.get(code, known)), code
        assert sentence[-1] in ".。"


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_field_has_a_name_and_a_way_to_be_written(name: str) -> None:
    fields = {field for fields in REASONS.values() for field in fields}

    assert set(load_language(name).facts) == fields
    assert set(WRITERS) == fields


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_name_of_ours_has_a_word(name: str) -> None:
    ours = {
        *GROUND_NAMES,
        *facts.ACTIVATIONS,
        *records.ALLOWANCE_KINDS,
        *records.TROUBLE_CAUSES,
        *(CHOSEN, NOT_BETTER, KEPT_OUT, OFFER),
        *("notice_received_at", "express_request_at"),
    }

    assert ours <= set(load_language(name).words)


def test_the_languages_have_the_same_keys() -> None:
    folder = files("fairroam.rules.sentences")
    tables = [tomllib.loads((folder / f"{name}.toml").read_text("utf-8")) for name in LANGUAGES]

    for table in tables[1:]:
        assert table.keys() == tables[0].keys()
        assert table["words"].keys() == tables[0]["words"].keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", read_lines("refunds.jsonl"), ids=lambda case: case["name"])
def test_every_worked_case_reads_as_a_sum(case: dict[str, Any], language: str) -> None:
    facts_without_wish = {key: value for key, value in case["facts"].items() if key != "asked"}
    decision = answer(facts_without_wish, *case["packs"])

    lines = explain(json.loads(json.dumps(decision)), language)

    assert sum(line.amount or 0 for line in lines if line.applies) == decision["refund"]


def test_a_receipt_in_english() -> None:
    bundle = [
        {"kind": "data", "granted": 10**10, "used": 3_200_000_000, "weight": "0.7"},
        {"kind": "voice", "granted": 6_000, "used": 1_530, "weight": "0.2"},
        {"kind": "sms", "granted": 50, "used": 5, "weight": "0.1"},
    ]
    facts = a_line(allowances=bundle, tax_rate="0.19", refunded=100)

    lines = explain(answer(facts, "eu-crd@1", a_pack({"ground": "outage"})), "en")

    assert [(line.applies, line.text, line.amount_text) for line in lines] == [
        (True, "You paid this for the plan.", "€30.00"),
        (True, "You asked within the cooling-off period; no reason is needed.", ""),
        (False, "No confirmed network failure hit this plan.", ""),
        (True, "Data: 3.2 GB of 10 GB used (32%), which makes up 70% of the price.", "−€6.72"),
        (
            True,
            "Calls: 25 min 30 sec of 100 min used (25.5%), which makes up 20% of the price.",
            "−€1.53",
        ),
        (True, "Messages: 5 of 50 used (10%), which makes up 10% of the price.", "−€0.30"),
        (True, "Together 28.5% of the plan is used; €8.55 is kept for it.", ""),
        (True, "You are entitled to €21.45; €8.55 is kept.", ""),
        (True, "Already paid back to you.", "−€1.00"),
        (True, "Due to you now: €20.45.", ""),
        (True, "You get €20.45 back now.", ""),
        (True, "€20.45 goes back to where it came from: card.", ""),
        (True, "Tax of €3.26 (19%) is inside what is due.", ""),
        (True, "It is paid by Sun 26 July 2026 at the latest.", ""),
        (True, "You can use this right until Mon 20 July 2026, 24:00, Berlin time.", ""),
    ]
    assert lines[3].facts == {
        "Kind": "Data",
        "Used": "3.2 GB",
        "In the plan": "10 GB",
        "Share": "32%",
        "Part of the price": "70%",
    }


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The cooling-off period ended Mon 16 March 2026, 24:00, Berlin time."),
        ("zh-Hans", "冷静期已在2026年3月16日周一24:00（柏林时间）结束。"),
        ("zh-Hant", "猶豫期已於2026年3月16日週一24:00（柏林時間）屆滿。"),
    ],
)
def test_an_end_at_midnight_is_the_end_of_the_day_before(language: str, text: str) -> None:
    bought, late = "2026-03-02T10:00:00+01:00", "2026-03-17T00:00:00+01:00"
    consents = {"notice_received_at": bought, "express_request_at": bought}
    facts = an_untouched_line(concluded_at=bought, declared_at=late, paid_at=bought, **consents)

    assert texts(answer(facts, "eu-crd@1"), language)["COOLING_OFF_EXPIRED"] == text


def test_an_end_within_the_day_is_told_to_the_second() -> None:
    window = {"n": 1, "unit": "hour", "from": "paid_at"}
    pack = a_pack({"ground": "unconsumed", "window": window})
    ends = {
        paid_at: texts(answer(a_line(paid_at=paid_at, concluded_at=paid_at), pack))["WINDOW_OVER"]
        for paid_at in ("2026-07-06T09:00:00Z", "2026-07-06T09:00:05Z")
    }

    assert list(ends.values()) == [
        "The time for “unused part” ended Mon 6 July 2026, 12:00, Berlin time.",
        "The time for “unused part” ended Mon 6 July 2026, 12:00:05, Berlin time.",
    ]


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("EUR", "€30.00"), ("JPY", "¥3,000"), ("KWD", "KWD3.000"), ("IRR", "IRR30.00")],
)
def test_money_has_the_minor_digits_of_iso_4217(currency: str, amount: str) -> None:
    line = explain(answer(an_untouched_line(currency=currency), "house@1"), "en")[0]

    assert line.amount_text.replace("\xa0", "") == amount


@pytest.mark.parametrize(
    ("used", "written"),
    [(5, "5 B"), (99_999, "99,999 B"), (12_000_000, "12 MB"), (999_900_000, "999.9 MB")],
)
def test_little_data_is_not_written_as_none(used: int, written: str) -> None:
    allowance = {"kind": "data", "granted": 10**9, "used": used}
    facts = a_line(paid=10**10, allowances=[allowance])
    lines = explain(answer(facts, a_pack({"ground": "unconsumed"})), "en")

    shown = {line.code: line.facts for line in lines}["USED_ALLOWANCE"]
    assert shown["Used"] == written


def test_unlimited_plans_count_by_time() -> None:
    unlimited = {"kind": "data", "granted": None, "used": 9 * 10**9}
    facts = a_line(allowances=[unlimited])

    lines = texts(answer(facts, a_pack({"ground": "unconsumed"}, measure={"time_unit": "day"})))

    assert lines["UNLIMITED_ALLOWANCE"] == "Data: 9 GB used without a limit, so time counts (20%)."


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0 sec"), (3_600, "1 hr"), (90_061, "1 day 1 hr 1 min 1 sec"), (172_800, "2 days")],
)
def test_durations_are_exact(seconds: int, written: str) -> None:
    facts = a_line(trouble=TROUBLE | {"steps_done": 0})
    pack = a_pack({"ground": "unusable", "cure_seconds": 10**7})
    decision = answer(facts, pack)
    decision["reasons"][1]["waited_seconds"] = seconds

    assert f"reported {written} before" in texts(decision)["CURE_RUNNING"]


def test_a_rule_that_gives_no_more_says_what_it_would_give() -> None:
    decision = answer(
        a_line(trouble=TROUBLE), "eu-crd@1", a_pack({"ground": "unconsumed", "fee": 100})
    )

    assert texts(decision)["UNCONSUMED"] == (
        "What you have not used comes back."
        " It would give €14.00, which is not better than the rule that applies."
    )


def test_an_offer_applies_and_nothing_is_paid() -> None:
    decision = answer(a_line(), a_pack({"ground": "goodwill", "cap_share": "1/2"}))

    lines = {line.code: line for line in explain(decision, "en")}
    assert lines["GOODWILL"].applies
    assert lines["GOODWILL"].text == "A person may offer you up to €15.00; ask for it."
    assert lines["NO_GROUND"].amount == -3000


def test_a_method_of_the_shop_keeps_its_name() -> None:
    tender = {
        "id": "t",
        "method": "sandbox card",
        "kind": "cash",
        "captured": 3000,
        "refunded": 0,
        "pending": 0,
        "disputed": True,
    }
    lines = texts(answer(an_untouched_line(tenders=[tender]), "house@1"))

    assert lines["DISPUTE_OPEN"] == "Waits until your dispute over sandbox card is closed."


def test_a_language_that_is_not_spoken_is_refused() -> None:
    with pytest.raises(LookupError):
        explain(answer(a_line(), "eu-crd@1"), "tlh")


def test_the_documentation_lists_every_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")

    for code in REASONS:
        assert f"`{code}`" in page, code
