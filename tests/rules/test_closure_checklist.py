"""What blocks leaving, what is lost by it, and in which order it is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fairroam.rules.closure_checklist import (
    KeptNumber,
    OnItsWay,
    OpenRefund,
    Pot,
    RefundRight,
    RunningPlan,
    Standing,
    check,
)

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
REFUND = OpenRefund(refund_id=4, stage="under_review", currency="EUR", expected_minor=1900)
RIGHT = RefundRight(order_line_id=7, currency="EUR", due_minor=1400)
PLAN = RunningPlan(order_line_id=7, ends_at=None, validity_days=30, bytes_left=10**10)
NUMBER = KeptNumber(order_line_id=7, portability="ready", code_until=NOON)
MOVING, ASKED = (
    OnItsWay(payout_id=3, currency="EUR", minor=5, state=state, expected_on=NOON.date())
    for state in ("moving", "asked")
)
EURO, YEN, NOTHING = (
    Pot(currency="EUR", minor=5),
    Pot(currency="JPY", minor=300),
    Pot(currency="KWD", minor=0),
)


@pytest.mark.parametrize(
    ("standing", "codes", "is_clear"),
    [
        (Standing(is_export_taken=True), [], True),
        (Standing(), ["export_not_taken"], True),
        # Shown, and the customer's own choice:
        (Standing(rights=(RIGHT,)), ["refund_open", "export_not_taken"], True),
        (Standing(plans=(PLAN,)), ["plan_running", "export_not_taken"], True),
        (Standing(promo_credit=(EURO, NOTHING)), ["promo_credit_lost", "export_not_taken"], True),
        (Standing(order_lines_in_phones=(7,)), ["profile_in_phone", "export_not_taken"], True),
        (Standing(numbers=(NUMBER,)), ["number_lost", "export_not_taken"], True),
        (Standing(sessions=2, is_export_taken=True), ["sessions_end"], True),
        (Standing(threads=1, is_export_taken=True), ["threads_end"], True),
        # On its way, and arrives without the account:
        (Standing(on_its_way=(MOVING,)), ["money_moving", "export_not_taken"], True),
        (Standing(on_its_way=(ASKED,)), ["money_asked", "export_not_taken"], True),
        (
            Standing(disputes=(EURO,), disputed_credit=(YEN, NOTHING)),
            ["credit_held", "dispute_open", "export_not_taken"],
            True,
        ),
        (Standing(vouchers=(EURO,)), ["voucher_unredeemed", "export_not_taken"], True),
        # Not decided, not delivered, or paid for and not given back:
        (Standing(refunds=(REFUND,)), ["refund_in_progress", "export_not_taken"], False),
        (Standing(orders_in_progress=("FR-1",)), ["order_in_progress", "export_not_taken"], False),
        (
            Standing(paid_credit=(EURO, YEN, NOTHING)),
            ["paid_credit_left", "paid_credit_left", "export_not_taken"],
            False,
        ),
    ],
)
def test_only_what_is_not_decided_and_paid_credit_block(standing, codes, is_clear):
    checklist = check(standing, now=NOON)

    assert [item.code for item in checklist.items] == codes
    assert checklist.is_clear is is_clear
    assert all(item.blocks for item in checklist.blockers)


def test_blockers_come_first_then_what_to_take_then_what_is_lost():
    standing = Standing(
        rights=(RIGHT,), plans=(PLAN,), refunds=(REFUND,), paid_credit=(EURO,), promo_credit=(YEN,)
    )

    assert [item["code"] for item in check(standing, now=NOON).as_json()] == [
        "refund_in_progress",
        "paid_credit_left",
        "refund_open",
        "plan_running",
        "promo_credit_lost",
        "export_not_taken",
    ]


@pytest.mark.parametrize(
    ("ends_after", "days"),
    [
        (None, 30),  # not begun: all of it is lost
        (timedelta(seconds=1), 1),
        (timedelta(days=1), 1),
        (timedelta(days=1, seconds=1), 2),
        (timedelta(0), 0),
        (timedelta(days=-3), 0),
    ],
)
def test_what_is_lost_is_said_in_days_and_bytes(ends_after, days):
    ends_at = None if ends_after is None else NOON + ends_after
    plan = RunningPlan(order_line_id=7, ends_at=ends_at, validity_days=30, bytes_left=123)

    [item, _export] = check(Standing(plans=(plan,)), now=NOON).items

    assert item.as_json() == {
        "code": "plan_running",
        "blocks": False,
        "facts": {"order_line_id": 7, "days_left": days, "bytes_left": 123},
    }


def test_a_code_and_a_day_are_kept_as_words():
    kept = check(Standing(numbers=(NUMBER,), on_its_way=(MOVING,)), now=NOON).as_json()

    assert kept[0]["facts"]["expected_on"] == "2026-11-02"
    assert kept[1]["facts"]["code_until"] == "2026-11-02T12:00:00+00:00"
