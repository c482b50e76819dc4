"""Each ground by a table that a lawyer can read: what it takes to be let in, and what it gives."""

from __future__ import annotations

from typing import Any

import pytest

from fairroam.rules import AskedTooMuch
from tests.rules.given import BOUGHT, a_line, a_pack, an_untouched_line, answer, codes

WITHDRAWAL = {"ground": "withdrawal"}
UNACTIVATED = {"ground": "unactivated", "activation": "first_attach_at"}
UNUSED = {"ground": "unused", "activation": "first_attach_at", "de_minimis": "1/1000"}
TROUBLE = {"opened_at": "2026-07-08T00:00:00Z", "steps_done": 4, "cause": "technical"}
DATA = {"kind": "data", "granted": 1000, "used": 500}
ALL_USED = [DATA | {"used": 1000}]


@pytest.mark.promise(13)
def test_inside_the_cooling_off_no_reason_is_needed_for_a_full_refund() -> None:
    decision = answer(an_untouched_line(), "eu-crd@1")

    assert (decision["refund"], decision["ground"]) == (3000, "withdrawal")
    assert codes(decision)[1] == "IN_COOLING_OFF"


@pytest.mark.parametrize(
    ("changes", "entitled", "code"),
    [
        ({}, 1500, "IN_COOLING_OFF"),
        ({"notice_received_at": None}, 3000, "NO_CONSENT_NO_DEDUCTION"),
        ({"notice_received_at": "2026-07-12T17:12:05Z"}, 3000, "NO_CONSENT_NO_DEDUCTION"),
        ({"notice_received_at": "2026-07-12T17:12:04Z"}, 1500, "IN_COOLING_OFF"),
        ({"express_request_at": None}, 3000, "NO_CONSENT_NO_DEDUCTION"),
        ({"loss_acknowledged_at": None}, 1500, "IN_COOLING_OFF"),
        ({"allowances": ALL_USED}, 0, "LOST_BY_PERFORMANCE"),
        ({"allowances": ALL_USED, "notice_received_at": None}, 0, "LOST_BY_PERFORMANCE"),
        ({"allowances": ALL_USED, "loss_acknowledged_at": None}, 0, "IN_COOLING_OFF"),
        ({"allowances": ALL_USED, "express_request_at": None}, 3000, "NO_CONSENT_NO_DEDUCTION"),
        ({"ends_at": "2026-07-12T17:12:04Z"}, 0, "LOST_BY_PERFORMANCE"),
        ({"ends_at": "2026-07-12T17:12:05Z"}, 1500, "IN_COOLING_OFF"),
    ],
)
def test_what_a_withdrawal_gives_depends_on_the_consents(
    changes: dict[str, Any], entitled: int, code: str
) -> None:
    decision = answer(a_line(**changes), "eu-crd@1")

    assert (decision["entitled"], codes(decision)[1]) == (entitled, code)


@pytest.mark.parametrize(
    ("fields", "entitled"),
    [
        ({"consents": False}, 1500),
        ({"consents": True}, 3000),
        ({"lost_when_performed": False}, 3000),
    ],
)
def test_a_pack_may_ask_for_no_consents(fields: dict[str, Any], entitled: int) -> None:
    pack = a_pack(WITHDRAWAL | fields)

    assert answer(a_line(express_request_at=None), pack)["entitled"] == entitled


@pytest.mark.promise(14)
@pytest.mark.parametrize(
    ("declared_at", "code", "entitled"),
    [
        ("2026-12-15T00:00:00Z", "UNACTIVATED", 3000),
        ("2027-01-02T22:59:59Z", "UNACTIVATED", 3000),  # 180 days after payment
        ("2027-01-02T23:00:00Z", "WINDOW_OVER", 0),
    ],
)
def test_a_plan_never_activated_comes_back_whole_in_its_own_time(
    declared_at: str, code: str, entitled: int
) -> None:
    decision = answer(an_untouched_line(declared_at=declared_at), "eu-crd@1", "house@1")

    assert (decision["entitled"], codes(decision)[2]) == (entitled, code)


@pytest.mark.promise(15)
def test_activating_changes_the_answer_and_the_chain_says_why() -> None:
    later = {"declared_at": "2026-07-22T00:00:00Z", "loss_acknowledged_at": None}
    before = answer(an_untouched_line(**later), "eu-crd@1", "house@1")
    after = answer(
        an_untouched_line(**later, first_attach_at="2026-07-21T23:00:00Z"), "eu-crd@1", "house@1"
    )

    assert (before["entitled"], before["ground"]) == (3000, "unactivated")
    assert after["entitled"] == 0
    assert after["reasons"][2] == {
        "code": "ACTIVATED",
        "pack": "house@1",
        "ground": "unactivated",
        "outcome": "kept_out",
        "window_end": "2027-01-02T23:00:00Z",
        "activation": "first_attach_at",
        "activated_at": "2026-07-21T23:00:00Z",
    }


@pytest.mark.promise(36)
@pytest.mark.parametrize(
    ("used", "code", "entitled"),
    [
        (0, "ACTIVATED_ZERO_USE", 3000),
        (1, "DE_MINIMIS", 3000),
        (2, "USED_MORE", 0),
    ],
)
def test_a_plan_hardly_used_comes_back_whole(used: int, code: str, entitled: int) -> None:
    decision = answer(a_line(allowances=[DATA | {"used": used}]), a_pack(UNUSED))

    assert (decision["entitled"], codes(decision)[1]) == (entitled, code)


@pytest.mark.promise(36)
def test_a_plan_not_activated_is_not_one_that_was_activated_and_unused() -> None:
    assert codes(answer(an_untouched_line(), a_pack(UNUSED)))[1] == "NOT_ACTIVATED"


@pytest.mark.promise(16)
def test_used_data_calls_and_messages_are_deducted_line_by_line() -> None:
    bundle = [
        {"kind": "data", "granted": 10**10, "used": 3_200_000_000, "weight": "0.7"},
        {"kind": "voice", "granted": 6_000, "used": 1_500, "weight": "0.2"},
        {"kind": "sms", "granted": 50, "used": 5, "weight": "0.1"},
    ]

    decision = answer(a_line(allowances=bundle), "eu-crd@1")

    used = [reason for reason in decision["reasons"] if reason["code"] == "USED_IN_BUNDLE"]
    assert [(line["kind"], line["share"], line["weight"], line["amount"]) for line in used] == [
        ("data", "8/25", "7/10", -672),
        ("voice", "1/4", "1/5", -150),
        ("sms", "1/10", "1/10", -30),
    ]
    assert decision["entitled"] == 3000 - 672 - 150 - 30


@pytest.mark.promise(37)
@pytest.mark.parametrize(
    ("changes", "share", "entitled"),
    [
        ({}, "1/2", 1500),
        ({"paid": 2999}, "1/2", 1500),  # 1499.5 cents kept would be too much
        ({"allowances": [DATA | {"granted": None}]}, "1/5", 2400),  # unlimited: 6 of 30 days
        ({"allowances": []}, "1/5", 2400),
        ({"allowances": [DATA | {"granted": 0, "used": 0}]}, "0", 3000),
        ({"allowances": [DATA, DATA | {"granted": 0, "used": 1}]}, "3/4", 750),
        ({"allowances": [DATA | {"weight": 2}, DATA | {"used": 0, "weight": "4"}]}, "1/6", 2500),
        ({"allowances": [], "starts_at": "2026-07-12T17:12:05Z"}, "0", 3000),
        ({"allowances": [], "starts_at": "2026-07-12T17:12:04Z"}, "1/25", 2880),
    ],
)
def test_what_is_not_consumed_comes_back(
    changes: dict[str, Any], share: str, entitled: int
) -> None:
    pack = a_pack({"ground": "unconsumed"}, measure={"time_unit": "day"})

    decision = answer(a_line(**changes), pack)

    assert (decision["share"], decision["entitled"]) == (share, entitled)


@pytest.mark.parametrize(
    ("changes", "pack", "share", "retain"),
    [
        ({}, {"measure": {"by": "largest"}}, "9/10", 2700),
        ({}, {"measure": {"by": "time", "time_unit": "day"}}, "1/5", 600),
        ({}, {"measure": {"by": "time"}}, "115381/648000", 534),
        ({"paid": 5}, {}, "2/5", 2),
        ({"paid": 9}, {"retain_rounding": "floor"}, "2/5", 3),
        ({"paid": 9}, {"retain_rounding": "half_up"}, "2/5", 4),
        ({"list_price": 4000}, {"basis": "agreed"}, "2/5", 1200),
        ({"list_price": 4000}, {"basis": "list"}, "2/5", 1600),
        ({"list_price": 9000}, {"basis": "list"}, "2/5", 3000),  # at most what was paid
        ({"list_price": 4000}, {"basis": "by_cause"}, "2/5", 1600),
        ({"list_price": 4000, "cause": "trader"}, {"basis": "by_cause"}, "2/5", 1200),
    ],
)
def test_a_pack_says_how_use_is_measured_priced_and_rounded(
    changes: dict[str, Any], pack: dict[str, Any], share: str, retain: int
) -> None:
    allowances = [DATA | {"used": 900}, DATA | {"used": 100}, DATA | {"used": 200}]
    facts = a_line(allowances=allowances, **changes)

    decision = answer(facts, a_pack({"ground": "unconsumed"}, **pack))

    tried = decision["reasons"][1]
    assert (tried["share"], facts["paid"] - tried["entitled"]) == (share, retain)


DAYS = "2026-07-{:02}T{:02}:00:00Z".format


@pytest.mark.parametrize(
    ("fields", "spans", "code", "share", "entitled"),
    [
        ({}, [], "NO_OUTAGE", None, 0),
        ({}, [((1, 0), (2, 0))], "NO_OUTAGE", None, 0),  # before the plan started
        ({}, [((7, 9), (7, 15))], "OUTAGE_OVERLAP", "1/120", 25),
        ({}, [((7, 0), (7, 15))], "OUTAGE_OVERLAP", "1/120", 25),  # clipped to the validity
        ({}, [((12, 15), (20, 0))], "OUTAGE_OVERLAP", "1981/648000", 10),  # and to the claim
        ({}, [((8, 0), (9, 0)), ((8, 12), (9, 12))], "OUTAGE_OVERLAP", "1/20", 150),
        ({}, [((8, 0), (9, 0)), ((8, 6), (8, 12))], "OUTAGE_OVERLAP", "1/30", 100),
        ({"min_seconds": 3600}, [((8, 0), (8, 1))], "OUTAGE_OVERLAP", "1/720", 5),
        ({"min_seconds": 3601}, [((8, 0), (8, 1))], "OUTAGE_TOO_SHORT", None, 0),
        ({"full_from": "1/20"}, [((8, 0), (9, 12))], "OUTAGE_FULL", "1/20", 3000),
        ({"full_from": "1/19"}, [((8, 0), (9, 12))], "OUTAGE_OVERLAP", "1/20", 150),
        ({"unit": "day"}, [((8, 9), (8, 15))], "OUTAGE_OVERLAP", "1/30", 100),
        ({"unit": "day"}, [((8, 9), (8, 14))], "OUTAGE_OVERLAP", "0", 0),
        ({"unit": "day"}, [((8, 9), (8, 12)), ((9, 5), (9, 8))], "OUTAGE_OVERLAP", "1/30", 100),
        ({"unit": "day"}, [((8, 3), (11, 12))], "OUTAGE_OVERLAP", "2/15", 400),
        ({"unit": "day", "day_seconds": 86401}, [((8, 0), (12, 0))], "OUTAGE_OVERLAP", "0", 0),
    ],
)
def test_the_time_without_network_comes_back(
    fields: dict[str, Any],
    spans: list[tuple[tuple[int, int], tuple[int, int]]],
    code: str,
    share: str | None,
    entitled: int,
) -> None:
    outages = [{"from": DAYS(*begin), "until": DAYS(*end)} for begin, end in spans]

    decision = answer(a_line(outages=outages), a_pack({"ground": "outage"} | fields))

    tried = decision["reasons"][1]
    assert (tried["code"], tried.get("share"), decision["entitled"]) == (code, share, entitled)


def test_no_outage_hits_a_plan_that_never_started() -> None:
    outages = [{"from": "2026-07-08T00:00:00Z", "until": "2026-07-09T00:00:00Z"}]
    later = {"starts_at": "2026-07-30T00:00:00Z"}

    for facts in (an_untouched_line(outages=outages), a_line(outages=outages, **later)):
        assert codes(answer(facts, a_pack({"ground": "outage"})))[1] == "NO_OUTAGE"


@pytest.mark.parametrize(
    ("trouble", "code", "entitled"),
    [
        (None, "NO_TROUBLE", 0),
        ({"opened_at": "2026-07-12T17:12:05Z"}, "NO_TROUBLE", 0),  # reported later
        ({"cause": "device_incompatible"}, "TROUBLE_OF_DEVICE", 0),
        ({"steps_done": 3}, "STEPS_OPEN", 0),
        ({"restored_at": "2026-07-12T17:12:04Z"}, "RESTORED", 0),
        ({"restored_at": "2026-07-12T17:12:05Z"}, "UNUSABLE_PARTLY_USED", 1500),
        ({"cause": "no_coverage"}, "UNUSABLE_PARTLY_USED", 1500),
        ({"opened_at": "2026-07-11T17:12:05Z"}, "CURE_RUNNING", 0),
        ({"opened_at": "2026-07-11T17:12:04Z"}, "UNUSABLE_PARTLY_USED", 1500),
    ],
)
def test_a_service_that_stays_broken_ends_the_plan(
    trouble: dict[str, Any] | None, code: str, entitled: int
) -> None:
    pack = a_pack({"ground": "unusable", "steps": 4, "cure_seconds": 86_400})
    facts = a_line(trouble=None if trouble is None else TROUBLE | trouble)

    decision = answer(facts, pack)

    assert (codes(decision)[1], decision["entitled"]) == (code, entitled)


def test_a_broken_service_hardly_used_comes_back_whole() -> None:
    pack = a_pack({"ground": "unusable", "full_if_used_at_most": "0.5"})

    assert answer(a_line(trouble=TROUBLE), pack)["entitled"] == 3000


@pytest.mark.parametrize(
    ("changes", "code", "entitled"),
    [
        ({"first_usage_at": None}, "DEVICE_INCOMPATIBLE", 3000),
        ({"first_usage_at": "2026-07-12T17:12:05Z"}, "DEVICE_INCOMPATIBLE", 3000),
        ({}, "USED_ALREADY", 0),
        ({"first_usage_at": None, "trouble": TROUBLE}, "NOT_INCOMPATIBLE", 0),
        ({"first_usage_at": None, "trouble": None}, "NOT_INCOMPATIBLE", 0),
    ],
)
def test_an_incompatible_device_gives_all_back_while_nothing_is_used(
    changes: dict[str, Any], code: str, entitled: int
) -> None:
    trouble = TROUBLE | {"cause": "device_incompatible", "restored_at": BOUGHT, "steps_done": 0}
    pack = a_pack({"ground": "incompatible"})

    decision = answer(a_line(**{"trouble": trouble, **changes}), pack)

    assert (codes(decision)[1], decision["entitled"]) == (code, entitled)


def test_goodwill_is_an_offer_when_nothing_else_pays() -> None:
    half, third = ({"ground": "goodwill", "cap_share": share} for share in ("1/2", "0.333"))
    over = half | {"cap_share": "1", "window": {"n": 1, "unit": "hour", "from": "paid_at"}}
    facts = a_line(paid=2999, refunded=100)

    nothing = answer(facts, a_pack(third, half, over))
    paying = answer(facts, a_pack(third, {"ground": "unconsumed"}))

    assert (nothing["entitled"], nothing["offer_cap"]) == (0, 1499)
    assert codes(nothing)[1:4] == ["GOODWILL", "GOODWILL", "WINDOW_OVER"]
    assert (paying["entitled"], paying["offer_cap"]) == (1500, 0)
    assert codes(paying)[1] == "GOODWILL_NOT_NEEDED"


@pytest.mark.parametrize(
    ("fee", "entitled"), [(0, 1500), (350, 1150), (1499, 1), (1500, 0), (9999, 0)]
)
def test_a_fee_is_taken_once_and_never_below_nothing(fee: int, entitled: int) -> None:
    decision = answer(a_line(), a_pack({"ground": "unconsumed", "fee": fee}))

    assert decision["entitled"] == entitled
    assert decision["retain"] == (3000 - entitled if entitled else None)


def test_fees_are_taken_before_grounds_are_compared() -> None:
    pack = a_pack({"ground": "unconsumed", "fee": 1}, {"ground": "withdrawal"})

    assert answer(a_line(), pack)["ground"] == "withdrawal"


def test_a_tie_goes_to_the_law_then_to_the_earlier_pack_then_to_the_earlier_ground() -> None:
    full, also = {"ground": "unconsumed"}, {"ground": "withdrawal"}
    first, second = a_pack(full, also), a_pack(also, version=2)
    law = a_pack(also, version=3, statutory=True)

    assert answer(a_line(), first, second, law)["pack"] == "own@3"
    assert answer(a_line(), second, first)["pack"] == "own@2"
    assert answer(a_line(), first, second)["ground"] == "unconsumed"


def test_the_winners_pack_says_until_when_we_pay() -> None:
    slow = a_pack(UNACTIVATED, pay_within_days=30)
    fast = a_pack({"ground": "unconsumed"}, version=2, pay_within_days=0)
    facts = an_untouched_line(received_at="2026-07-20T22:30:00Z")  # the 21st in Berlin

    assert answer(facts, slow, fast)["pay_by"] == "2026-08-20"
    assert answer(facts, fast, slow)["pay_by"] == "2026-07-21"


@pytest.mark.parametrize(("asked", "due"), [(1, 1), (499, 499), (500, 500), (None, 500)])
def test_less_may_be_asked_for(asked: int | None, due: int) -> None:
    decision = answer(an_untouched_line(refunded=1500, pending=1000, asked=asked), "house@1")

    assert (decision["due"], decision["entitled"], decision["retain"]) == (due, 3000, 0)


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"asked": 501, "refunded": 2500}, 500),
        ({"asked": 1, "refunded": 3000}, 0),
        ({"asked": 1, "declared_at": "2027-07-01T00:00:00Z"}, 0),  # nothing applies
    ],
)
def test_more_than_is_due_is_refused_and_what_is_due_is_said(
    changes: dict[str, Any], due: int
) -> None:
    with pytest.raises(AskedTooMuch) as refused:
        answer(an_untouched_line(**changes), "house@1")

    assert refused.value.as_json()["due"] == due
    assert (refused.value.code, refused.value.field) == ("ASKED_TOO_MUCH", "asked")


def test_what_was_paid_back_too_generously_stays() -> None:
    decision = answer(a_line(refunded=1200, pending=800), "eu-crd@1")

    assert (decision["entitled"], decision["due"], decision["split"]) == (1500, 0, [])
    assert (decision["ground"], decision["pay_by"]) == ("withdrawal", "2026-07-26")


def test_a_disputed_tender_keeps_its_part_until_the_dispute_is_over() -> None:
    tender = {"method": "card", "kind": "cash", "refunded": 0, "pending": 0, "disputed": False}
    tenders = [
        tender | {"id": "a", "captured": 1000},
        tender | {"id": "b", "captured": 1000, "disputed": True},
        tender | {"id": "c", "captured": 999},
        tender | {"id": "d", "captured": 1, "refunded": 1},
    ]

    decision = answer(an_untouched_line(tenders=tenders, refunded=1, asked=2000), "house@1")

    assert decision["split"] == [
        {"tender": "a", "amount": 667, "held": False},
        {"tender": "b", "amount": 667, "held": True},
        {"tender": "c", "amount": 666, "held": False},
    ]
    assert (decision["refund"], decision["held"], decision["due"]) == (1333, 667, 2000)
