"""What every payment provider keeps, judged by what happened there, not by what we believe."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairroam.gateways.payments import (
    AnswerMismatch,
    EventKind,
    GatewayUnreachable,
    KeyReused,
    PaymentRefused,
    PaymentState,
    PaymentStatus,
    PaymentUnknown,
    PayoutReceipt,
    PayoutRefused,
    PayoutStatus,
    PayoutTooLate,
    ReportKind,
)
from fairroam.rules.money import Money
from sandbox.processes import HOOK_SECRET, KEY, free_port
from tests.gateways.payment_provider import (
    CARD_WHOSE_REFUNDS_FAIL,
    DECLINED_CARD,
    GOOD_CARD,
    PART,
    PRICE,
    Provider,
    now,
)


def test_a_payment_is_captured_when_its_customer_paid(payments: Provider) -> None:
    started = payments.start()
    before = payments.gateway.look_up_payment(provider_ref=started.provider_ref)
    payments.pay(started, DECLINED_CARD)
    after_a_declined_card = payments.gateway.look_up_payment(provider_ref=started.provider_ref)
    payments.pay(started, GOOD_CARD)
    payments.pay(started, GOOD_CARD)

    after = payments.gateway.look_up_payment(provider_ref=started.provider_ref)

    assert before == PaymentState(PaymentStatus.REQUIRES_PAYMENT, Money(0, "EUR"))
    assert after_a_declined_card == before
    captured_ref = after.captured_ref or started.provider_ref
    assert after == PaymentState(PaymentStatus.SUCCEEDED, PRICE, after.captured_ref)
    assert payments.gateway.look_up_payment(provider_ref=captured_ref) == after
    ours = payments.there("payment", started.provider_ref)
    assert len(payments.process.effects("payment_captured", id=ours)) == 1


def test_the_same_key_starts_one_payment(payments: Provider) -> None:
    key = uuid4()

    first, second = payments.start(key=key), payments.start(key=key)

    assert first == second
    assert (
        len(
            payments.process.effects(
                "payment_started", id=payments.there("payment", first.provider_ref)
            )
        )
        == 1
    )
    with pytest.raises(KeyReused):
        payments.start(amount=Money(1, "EUR"), key=key)


def test_a_part_of_a_payment_goes_back(payments: Provider) -> None:
    payment, key = payments.paid(), uuid4()

    nothing_yet = payments.gateway.look_up_payout(payment_ref=payment, key=key)
    receipt = payments.gateway.pay_back(payment_ref=payment, amount=PART, key=key)
    again = payments.gateway.pay_back(payment_ref=payment, amount=PART, key=key)

    assert nothing_yet is None
    assert receipt == again == payments.gateway.look_up_payout(payment_ref=payment, key=key)
    assert (receipt.status, receipt.amount) == (PayoutStatus.PENDING, PART)
    assert payments.refunds(key) == [PART]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ("pending", PayoutStatus.PENDING),
        ("succeeded", PayoutStatus.SUCCEEDED),
        ("requires_action", PayoutStatus.REQUIRES_ACTION),
        ("failed", PayoutStatus.FAILED),
        ("cancelled", PayoutStatus.FAILED),  # stopped there or not arrived: we still owe it
    ],
)
def test_a_payout_tells_how_far_it_is(
    payments: Provider, answers: str, status: PayoutStatus
) -> None:
    payments.behave(refund_answer=answers)

    receipt = payments.gateway.pay_back(payment_ref=payments.paid(), amount=PART, key=uuid4())

    is_said = payments.tongue.has_action_status or status != PayoutStatus.REQUIRES_ACTION
    assert receipt.status == (status if is_said else PayoutStatus.PENDING)


@pytest.mark.parametrize(
    ("fault", "error", "effects"),
    [
        ("error_before_effect", GatewayUnreachable, []),
        ("time_out_before_effect", GatewayUnreachable, []),
        ("too_many_requests", GatewayUnreachable, []),
        ("redirect", GatewayUnreachable, []),
        ("error_after_effect", GatewayUnreachable, [PART]),
        ("time_out_after_effect", GatewayUnreachable, [PART]),
        ("slow", GatewayUnreachable, [PART]),
        ("broken_json", GatewayUnreachable, [PART]),
        ("wrong_amount", AnswerMismatch, [PART]),
        ("wrong_currency", AnswerMismatch, [PART]),
    ],
)
def test_after_a_fault_the_same_key_ends_in_one_payout(
    payments: Provider, fault: str, error: type[Exception], effects: list[Money]
) -> None:
    payment, key = payments.paid(), uuid4()
    is_slow = fault == "slow"  # The others end their answer by themselves.
    payments.arm("pay_back", fault, seconds=60 if is_slow else 0.1)
    caller = payments.impatient(2) if is_slow else payments

    with pytest.raises(error):
        caller.gateway.pay_back(payment_ref=payment, amount=PART, key=key)
    seen_after_the_fault = payments.gateway.look_up_payout(payment_ref=payment, key=key)
    effects_after_the_fault = payments.refunds(key)
    receipt = payments.gateway.pay_back(payment_ref=payment, amount=PART, key=key)

    assert effects_after_the_fault == effects
    assert (seen_after_the_fault == receipt) is bool(effects)
    assert payments.refunds(key) == [PART]
    assert receipt.amount == PART


@pytest.mark.parametrize("fault", ["error_after_effect", "time_out_after_effect", "broken_json"])
def test_after_a_fault_the_same_key_ends_in_one_payment(payments: Provider, fault: str) -> None:
    key, amount = uuid4(), Money(1000 + uuid4().int % 10**9, "EUR")
    payments.arm("start_payment", fault, seconds=0.1)

    with pytest.raises(GatewayUnreachable):
        payments.start(amount, key)
    started = payments.start(amount, key)

    effects = payments.process.effects("payment_started", amount=amount.minor)
    assert [effect["id"] for effect in effects] == [payments.there("payment", started.provider_ref)]


@pytest.mark.parametrize("fault", ["wrong_amount", "wrong_currency"])
def test_an_answer_about_other_money_is_never_believed(payments: Provider, fault: str) -> None:
    payment = payments.paid()

    payments.arm("start_payment", fault)
    with pytest.raises(AnswerMismatch):
        payments.start()
    payments.arm("look_up_payment", "wrong_amount", times=None)
    try:
        state = payments.gateway.look_up_payment(provider_ref=payment)
    except AnswerMismatch:
        return
    # Where nothing in the answer contradicts it, our own record of the charge does.
    assert state.captured != PRICE


def test_a_key_stands_for_one_request(payments: Provider) -> None:
    payment, key = payments.paid(), uuid4()
    payments.gateway.pay_back(payment_ref=payment, amount=PART, key=key)

    with pytest.raises(KeyReused):
        payments.gateway.pay_back(payment_ref=payment, amount=Money(751, "EUR"), key=key)

    assert payments.refunds(key) == [PART]


@pytest.mark.parametrize(
    ("card", "amount", "code"),
    [
        (GOOD_CARD, Money(2000, "EUR"), "exceeds_captured"),
        (GOOD_CARD, Money(1999, "USD"), "other_currency"),
        (DECLINED_CARD, Money(1999, "EUR"), "not_captured"),
    ],
)
def test_a_payout_beyond_the_payment_is_refused_for_good(
    payments: Provider, card: str, amount: Money, code: str
) -> None:
    payment, key = payments.paid(card=card), uuid4()

    for _attempt in range(2):
        with pytest.raises(PayoutRefused) as refused:
            payments.gateway.pay_back(payment_ref=payment, amount=amount, key=key)
        assert refused.value.code == payments.code(code)

    assert payments.refunds(key) == []
    assert payments.gateway.look_up_payout(payment_ref=payment, key=key) is None


def test_what_nobody_knows_is_said_to_be_unknown(payments: Provider) -> None:
    with pytest.raises(PaymentUnknown):
        payments.gateway.look_up_payment(provider_ref="pay_of/somebody?else")
    with pytest.raises(PayoutRefused, match=payments.code("no_such_intent")):
        payments.gateway.pay_back(payment_ref="pay_of_somebody_else", amount=PART, key=uuid4())
    with pytest.raises(PaymentRefused, match=payments.code("invalid_request")):
        payments.start(amount=Money(0, "EUR"))


@settings(max_examples=10, deadline=None)
@given(asked=st.lists(st.integers(1, 1200), min_size=1, max_size=6))
def test_parts_never_add_up_to_more_than_was_paid(
    payment_provider: Provider, asked: list[int]
) -> None:
    payment, left, wanted = payment_provider.paid(), PRICE.minor, []
    for minor in asked:
        try:
            payment_provider.gateway.pay_back(
                payment_ref=payment, amount=Money(minor, "EUR"), key=uuid4()
            )
        except PayoutRefused:
            assert minor > left
        else:
            left -= minor
            wanted.append(minor)

    ours = payment_provider.there("payment", payment)
    effects = payment_provider.process.effects("refund_accepted", intent=ours)
    assert [effect["amount"] for effect in effects] == wanted
    assert sum(wanted) <= PRICE.minor


def test_together_the_same_key_makes_one_payout(payments: Provider) -> None:
    payment, key = payments.paid(), uuid4()

    def pay_back(_: int) -> PayoutReceipt:
        return payments.gateway.pay_back(payment_ref=payment, amount=PART, key=key)

    with ThreadPoolExecutor(8) as pool:
        receipts = set(pool.map(pay_back, range(8)))

    assert len(receipts) == 1
    assert payments.refunds(key) == [PART]


def test_together_other_keys_never_give_back_more_than_was_paid(payments: Provider) -> None:
    payment = payments.paid()

    def is_accepted(_: int) -> bool:
        try:
            payments.gateway.pay_back(payment_ref=payment, amount=Money(600, "EUR"), key=uuid4())
        except PayoutRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        accepted = list(pool.map(is_accepted, range(8)))

    assert accepted.count(True) == 3
    ours = payments.there("payment", payment)
    assert len(payments.process.effects("refund_accepted", intent=ours)) == 3


def test_a_refund_that_fails_later_can_be_given_back_again(payments: Provider) -> None:
    payment, key = payments.paid(card=CARD_WHOSE_REFUNDS_FAIL), uuid4()
    payments.behave(refund_seconds=0)
    first = payments.gateway.pay_back(payment_ref=payment, amount=PRICE, key=key)

    told = payments.event(first.provider_ref, EventKind.REFUND_FAILED)
    second = payments.gateway.pay_back(payment_ref=payment, amount=PRICE, key=uuid4())

    assert first.status == PayoutStatus.PENDING
    assert (told.payout_key, told.reason) == (key, "expired_or_cancelled_card")
    assert payments.gateway.look_up_payout(payment_ref=payment, key=key) == replace(
        first, status=PayoutStatus.FAILED, reason="expired_or_cancelled_card"
    )
    assert second.provider_ref != first.provider_ref


def test_even_an_arrived_refund_can_come_back(payments: Provider) -> None:
    payments.behave(refund_answer="succeeded")
    payment, key = payments.paid(), uuid4()
    receipt = payments.gateway.pay_back(payment_ref=payment, amount=PART, key=key)

    payments.move_refund(receipt.provider_ref, status="failed", reason="lost_or_stolen_card")

    told = payments.event(receipt.provider_ref, EventKind.REFUND_FAILED)
    later = payments.gateway.look_up_payout(payment_ref=payment, key=key)
    assert (receipt.status, told.amount) == (PayoutStatus.SUCCEEDED, PART)
    assert later == replace(receipt, status=PayoutStatus.FAILED, reason="lost_or_stolen_card")


def test_disputed_money_does_not_go_back_a_second_time(payments: Provider) -> None:
    payment = payments.paid()
    dispute = payments.dispute(payment)

    with pytest.raises(PayoutRefused, match=payments.code("disputed")):
        payments.gateway.pay_back(payment_ref=payment, amount=PART, key=uuid4())
    opened = payments.event(dispute, EventKind.DISPUTE_OPENED)
    payments.end_dispute(dispute, "lost")
    closed = payments.event(dispute, EventKind.DISPUTE_CLOSED)

    assert (opened.payment_ref, opened.amount, opened.outcome) == (payment, PRICE, "")
    assert (closed.dispute_ref, closed.outcome) == (dispute, "lost")
    with pytest.raises(PayoutRefused, match=payments.code("exceeds_captured")):
        payments.gateway.pay_back(payment_ref=payment, amount=PART, key=uuid4())


def test_nobody_there_and_a_wrong_key_leave_the_outcome_open(payments: Provider) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    for url, key in ((nowhere, KEY), (payments.process.url, "wrong"), (nowhere + "/shop", KEY)):
        gateway = payments.tongue.connect(url, key, (HOOK_SECRET,), 20.0)

        with pytest.raises(GatewayUnreachable):
            gateway.look_up_payout(payment_ref="pay_1", key=uuid4())


def test_two_equal_parts_are_two_payouts(payments: Provider) -> None:
    payment, keys = payments.paid(), (uuid4(), uuid4())

    receipts = [
        payments.gateway.pay_back(payment_ref=payment, amount=PART, key=key) for key in keys
    ]

    assert receipts[0].provider_ref != receipts[1].provider_ref
    assert [payments.refunds(key) for key in keys] == [[PART], [PART]]


def test_after_its_window_a_payment_is_given_back_no_more(payments: Provider) -> None:
    payment = payments.paid()
    payments.behave(is_window_over=True)

    with pytest.raises(PayoutRefused) as refused:
        payments.gateway.pay_back(payment_ref=payment, amount=PART, key=uuid4())

    assert refused.value.code == payments.code("window_over")
    has_window = payments.gateway.capabilities.refund_days_max is not None
    assert isinstance(refused.value, PayoutTooLate) is has_window


def test_a_dispute_that_we_win_gives_the_money_back(payments: Provider) -> None:
    payment = payments.paid()
    dispute = payments.dispute(payment)
    payments.event(dispute, EventKind.DISPUTE_OPENED)

    payments.end_dispute(dispute, "won")

    closed = payments.event(dispute, EventKind.DISPUTE_CLOSED)
    assert (closed.payment_ref, closed.outcome, closed.amount) == (payment, "won", PRICE)
    receipt = payments.gateway.pay_back(payment_ref=payment, amount=PART, key=uuid4())
    assert receipt.amount == PART


def test_the_report_of_a_day_names_each_movement_once(payments: Provider) -> None:
    day = now().date()
    before = payments.gateway.daily_report(day=day).lines
    payment, amount = payments.paid(), Money(640, "EUR")
    payments.behave(refund_answer="succeeded")
    receipt = payments.gateway.pay_back(payment_ref=payment, amount=amount, key=uuid4())
    other = payments.paid()
    payments.dispute(other)

    after = payments.gateway.daily_report(day=day)

    lines = after.lines[len(before) :]
    assert after.day == day
    assert [(line.kind, line.ref, line.minor) for line in lines[:3]] == [
        (ReportKind.CAPTURE, payment, PRICE.minor),
        (ReportKind.REFUND, receipt.provider_ref, -640),
        (ReportKind.CAPTURE, other, PRICE.minor),
    ]
    assert [(line.kind, line.minor) for line in lines[3:]] == [(ReportKind.DISPUTE, -PRICE.minor)]
    assert payments.gateway.daily_report(day=day - timedelta(days=400)).lines == ()


def test_a_currency_that_the_provider_counts_otherwise_is_not_taken(payments: Provider) -> None:
    currencies = payments.gateway.capabilities.currencies
    if currencies is None:
        assert payments.start(Money(1500, "KWD")).provider_ref
        return
    assert not {"ISK", "UGX", "KWD"} & currencies
    with pytest.raises(PaymentRefused, match="currency_not_taken"):
        payments.start(Money(1500, "KWD"))


def test_yen_have_no_decimals_anywhere(payments: Provider) -> None:
    payment, key = payments.paid(Money(1999, "JPY")), uuid4()

    receipt = payments.gateway.pay_back(payment_ref=payment, amount=Money(750, "JPY"), key=key)

    assert receipt.amount == Money(750, "JPY")
    assert payments.refunds(key) == [Money(750, "JPY")]
