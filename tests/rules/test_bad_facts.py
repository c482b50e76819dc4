"""Facts that are wrong in form or contradict each other: one error that names the field."""

from __future__ import annotations

from typing import Any

import pytest

from fairroam.rules import BadFacts, compile_packs, decide, load_tables
from fairroam.rules.records import read_allowances
from tests.rules.given import BOUGHT, a_line

PACKS = compile_packs(["eu-crd@1", "house@2"])
TENDER = {
    "id": "t1",
    "method": "card",
    "kind": "cash",
    "captured": 3000,
    "refunded": 0,
    "pending": 0,
    "disputed": False,
}
DATA = {"kind": "data", "granted": 10, "used": 5}
OUTAGE = {"from": "2026-07-08T00:00:00Z", "until": "2026-07-09T00:00:00Z"}
TROUBLE = {
    "opened_at": "2026-07-08T00:00:00Z",
    "steps_done": 1,
    "restored_at": None,
    "cause": "technical",
}


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


BAD: list[tuple[str, dict[str, Any]]] = [
    ("currency", {"currency": ...}),
    ("currency", {"currency": None}),
    ("currency", {"currency": "EURO"}),
    ("currency", {"currency": "eur"}),
    ("currency", {"currency": "XXX"}),
    ("currency", {"currency": ["EUR"]}),
    ("paid", {"paid": ...}),
    ("paid", {"paid": None}),
    ("paid", {"paid": -1}),
    ("paid", {"paid": 30.0}),
    ("paid", {"paid": "3000"}),
    ("paid", {"paid": True}),
    ("list_price", {"list_price": 2999}),
    ("list_price", {"list_price": 3000.5}),
    ("tax_rate", {"tax_rate": 0.19}),
    ("tax_rate", {"tax_rate": "-0.19"}),
    ("tax_rate", {"tax_rate": "19%"}),
    ("tax_rate", {"tax_rate": "1e-1"}),
    ("tax_rate", {"tax_rate": ".19"}),
    ("tax_rate", {"tax_rate": None}),
    ("tax_rate", {"tax_rate": "NaN"}),
    ("refunded", {"refunded": -1}),
    ("refunded", {"refunded": None}),
    ("refunded", {"refunded": 3001}),
    ("refunded", {"refunded": 2000, "pending": 1001}),
    ("pending", {"pending": False}),
    ("tenders", {"tenders": None}),
    ("tenders", {"tenders": {}}),
    ("tenders", {"tenders": []}),
    ("tenders", {"tenders": ["card"]}),
    ("tenders", {"tenders": [without(TENDER, "id")]}),
    ("tenders", {"tenders": [without(TENDER, "disputed")]}),
    ("tenders", {"tenders": [TENDER | {"note": "x"}]}),
    ("tenders", {"tenders": [TENDER | {"id": 7}]}),
    ("tenders", {"tenders": [TENDER | {"method": None}]}),
    ("tenders", {"tenders": [TENDER | {"kind": "points"}]}),
    ("tenders", {"tenders": [TENDER | {"kind": ["cash"]}]}),
    ("tenders", {"tenders": [TENDER | {"captured": 2999}]}),
    ("tenders", {"tenders": [TENDER | {"captured": 3000.0}]}),
    ("tenders", {"tenders": [TENDER | {"refunded": 1}]}),
    ("tenders", {"tenders": [TENDER | {"pending": 1}]}),
    ("tenders", {"tenders": [TENDER | {"disputed": 0}]}),
    ("tenders", {"tenders": [TENDER | {"captured": 1500}, TENDER | {"captured": 1500}]}),
    (
        "tenders",
        {
            "refunded": 2000,
            "tenders": [
                TENDER | {"captured": 1000, "refunded": 2000},
                TENDER | {"id": "t2", "captured": 2000},
            ],
        },
    ),
    ("zone", {"zone": ...}),
    ("zone", {"zone": "Europe/Bielefeld"}),
    ("zone", {"zone": "europe/berlin"}),
    ("zone", {"zone": "../zones"}),
    ("zone", {"zone": "+02:00"}),
    ("zone", {"zone": 2}),
    ("residence", {"residence": ...}),
    ("residence", {"residence": "Germany"}),
    ("residence", {"residence": "DEU"}),
    ("residence", {"residence": "UK"}),
    ("residence", {"residence": "DE-XX"}),
    ("residence", {"residence": "de"}),
    ("residence", {"residence": "DE-"}),
    ("concluded_at", {"concluded_at": ...}),
    ("concluded_at", {"concluded_at": None}),
    ("concluded_at", {"concluded_at": "2026-07-12T17:12:05Z"}),
    ("concluded_at", {"concluded_at": 1783328400}),
    ("concluded_at", {"concluded_at": "0001-01-01T00:00:00+14:00", "zone": "America/New_York"}),
    ("paid_at", {"paid_at": "2026-07-06 09:00:00Z"}),
    ("paid_at", {"paid_at": "2026-07-06t09:00:00Z"}),
    ("paid_at", {"paid_at": "2026-07-06T09:00:00"}),
    ("paid_at", {"paid_at": "2026-07-06T09:00Z"}),
    ("paid_at", {"paid_at": "2026-07-06T09:00:00.5Z"}),
    ("paid_at", {"paid_at": "2026-07-06T09:00:00.000Z"}),
    ("paid_at", {"paid_at": "2026-06-30T23:59:60Z"}),
    ("paid_at", {"paid_at": "2026-07-06T24:00:00Z"}),
    ("paid_at", {"paid_at": "2026-02-30T09:00:00Z"}),
    ("paid_at", {"paid_at": "0000-07-06T09:00:00Z"}),
    ("paid_at", {"paid_at": "2026-07-06T09:00:00+0200"}),
    ("paid_at", {"paid_at": "2026-07-06T09:00:00+24:00"}),
    ("paid_at", {"paid_at": "2026-07-06T09:00:00Z\n"}),
    ("paid_at", {"paid_at": "٢026-07-06T09:00:00Z"}),
    ("paid_at", {"paid_at": "2026-07-06"}),
    ("paid_at", {"paid_at": ""}),
    ("ready_at", {"ready_at": True}),
    ("declared_at", {"declared_at": ...}),
    ("declared_at", {"declared_at": None}),
    ("declared_at", {"declared_at": "2026-07-12"}),
    ("declared_at", {"declared_at": 0}),
    ("received_at", {"received_at": "2026-07-12T17:12:03Z"}),
    ("received_at", {"received_at": "9999-12-30T00:00:00Z"}),
    ("notice_received_at", {"notice_received_at": "yesterday"}),
    ("loss_acknowledged_at", {"loss_acknowledged_at": True}),
    ("first_attach_at", {"first_attach_at": {}}),
    ("starts_at", {"starts_at": ...}),
    ("starts_at", {"starts_at": "2026-07-07"}),
    ("ends_at", {"ends_at": None}),
    ("ends_at", {"ends_at": "2026-07-07T09:00:00Z"}),
    ("ends_at", {"ends_at": "soon"}),
    ("allowances", {"allowances": None}),
    ("allowances", {"allowances": "10 GB"}),
    ("allowances", {"allowances": [None]}),
    ("allowances", {"allowances": [without(DATA, "granted")]}),
    ("allowances", {"allowances": [without(DATA, "used")]}),
    ("allowances", {"allowances": [DATA | {"unit": "byte"}]}),
    ("allowances", {"allowances": [DATA | {"kind": "mms"}]}),
    ("allowances", {"allowances": [DATA | {"granted": -1}]}),
    ("allowances", {"allowances": [DATA | {"used": -1}]}),
    ("allowances", {"allowances": [DATA | {"used": None}]}),
    ("allowances", {"allowances": [DATA | {"used": 5.0}]}),
    ("allowances", {"allowances": [DATA | {"weight": 0}]}),
    ("allowances", {"allowances": [DATA | {"weight": -1}]}),
    ("allowances", {"allowances": [DATA | {"weight": "0.0"}]}),
    ("allowances", {"allowances": [DATA | {"weight": 0.7}]}),
    ("allowances", {"allowances": [DATA | {"weight": True}]}),
    ("allowances", {"allowances": [DATA | {"weight": None}]}),
    ("outages", {"outages": OUTAGE}),
    ("outages", {"outages": [without(OUTAGE, "until")]}),
    ("outages", {"outages": [OUTAGE | {"until": None}]}),
    ("outages", {"outages": [OUTAGE | {"until": "2026-07-07T23:59:59Z"}]}),
    ("outages", {"outages": [OUTAGE | {"place": "FR"}]}),
    ("trouble", {"trouble": []}),
    ("trouble", {"trouble": without(TROUBLE, "opened_at")}),
    ("trouble", {"trouble": TROUBLE | {"opened_at": "2026-07-08"}}),
    ("trouble", {"trouble": TROUBLE | {"steps_done": -1}}),
    ("trouble", {"trouble": TROUBLE | {"steps_done": "4"}}),
    ("trouble", {"trouble": TROUBLE | {"cause": "weather"}}),
    ("trouble", {"trouble": TROUBLE | {"restored_at": 5}}),
    ("trouble", {"trouble": TROUBLE | {"agent": "Max"}}),
    ("cause", {"cause": "nobody"}),
    ("cause", {"cause": None}),
    ("asked", {"asked": 0}),
    ("asked", {"asked": -5}),
    ("asked", {"asked": 1.0}),
    ("asked", {"asked": True}),
    ("colour", {"colour": "blue"}),
    ("Paid", {"Paid": 3000}),
]


@pytest.mark.parametrize(("field", "changes"), BAD)
def test_a_bad_fact_is_named(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(BadFacts) as refused:
        decide(a_line(**changes), PACKS)

    assert refused.value.field == field
    assert refused.value.as_json() == {
        "error": "BAD_FACTS",
        "field": field,
        "message": refused.value.message,
        "due": None,
    }
    assert refused.value.message


@pytest.mark.parametrize(
    ("first", "changes"),
    [
        ("currency", {"currency": "?", "paid": -1, "colour": "blue"}),
        ("paid", {"asked": 0, "paid": -1}),
        ("list_price", {"list_price": 1, "tax_rate": "?"}),
        ("refunded", {"refunded": 3001, "pending": "?"}),
        ("pending", {"refunded": 3000, "pending": "?"}),
        ("concluded_at", {"concluded_at": "2026-07-13T00:00:00Z", "paid_at": "?"}),
        ("paid_at", {"paid_at": "?", "declared_at": "?"}),
        ("declared_at", {"declared_at": "?", "received_at": BOUGHT}),
        ("received_at", {"received_at": BOUGHT, "notice_received_at": "?"}),
        ("first_usage_at", {"first_usage_at": "?", "starts_at": ...}),
        ("starts_at", {"starts_at": ..., "ends_at": "?"}),
        ("ends_at", {"ends_at": "?", "allowances": "?"}),
        ("cause", {"cause": "?", "asked": 0}),
        ("asked", {"asked": 0, "colour": "blue"}),
    ],
)
def test_of_several_the_first_in_table_order_is_named(first: str, changes: dict[str, Any]) -> None:
    with pytest.raises(BadFacts) as refused:
        decide(a_line(**changes), PACKS)

    assert refused.value.field == first


@pytest.mark.parametrize(
    "changes",
    [
        {"paid_at": "2026-07-06T09:00:00-00:00"},
        {"paid_at": "1970-01-01T00:00:00Z", "concluded_at": "1969-12-31T23:59:59Z"},
        {"paid": 10**30, "allowances": [DATA | {"granted": 10**40, "used": 3 * 10**39}]},
        {"paid": 0},
        {"list_price": None, "asked": None, "trouble": None, "received_at": None},
        {"residence": "DE-BY", "currency": "KWD", "tax_rate": "0"},
        {"outages": [OUTAGE | {"until": OUTAGE["from"]}]},
        {"allowances": [DATA, DATA | {"used": 11}]},
        {"tax_rate": "1.5", "cause": "trader"},
    ],
)
def test_what_is_only_unusual_is_answered(changes: dict[str, Any]) -> None:
    decision = decide(a_line(**changes), PACKS)

    assert decision.due == max(0, decision.entitled)


def test_allowances_can_be_read_by_themselves_and_are_checked_alike() -> None:
    halves = read_allowances({"allowances": [DATA | {"weight": "0.5"}, DATA | {"weight": 2}]})

    assert [allowance.weight for allowance in halves] == [5, 20]
    with pytest.raises(BadFacts) as refused:
        read_allowances({"allowances": [DATA | {"used": 0.5}]})
    assert refused.value.field == "allowances"


@pytest.mark.parametrize("facts", [None, [], "facts", 3])
def test_facts_are_an_object(facts: Any) -> None:
    with pytest.raises(BadFacts) as refused:
        decide(facts, PACKS)

    assert refused.value.field == "facts"


def test_a_window_that_leaves_the_calendar_is_refused_by_the_name_of_its_start() -> None:
    load_tables()  # may be called at any time, and twice
    late = "9999-12-30T00:00:00Z"
    facts = a_line(concluded_at=late, declared_at=late, starts_at=..., ends_at=...)

    with pytest.raises(BadFacts) as refused:
        decide(facts, PACKS)

    assert refused.value.field == "concluded_at"
