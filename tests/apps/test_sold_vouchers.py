"""Vouchers that somebody buys: whose money it is, before and after they are redeemed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.notices.models import Notice
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import LateMoney, Payout
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet import queries, tasks
from fairroam.apps.wallet.models import Voucher
from fairroam.apps.wallet.operations import selling, vouchers
from fairroam.apps.wallet.operations.handing import Recipient
from fairroam.apps.wallet.queries import vouchers as sold
from fairroam.apps.wallet.refusals import (
    NotEnoughCredit,
    NotTransferable,
    VoucherDisputed,
    VoucherKept,
    VoucherOver,
)
from fairroam.gateways.payments import EventKind
from fairroam.rules.money import Money
from tests.apps import wallet_given as wallets
from tests.apps.payments_given import house, tells
from tests.apps.test_wallet import has
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("sound_wallet")
DAY = timedelta(days=1)
IBAN = "DE89370400440532013000"
ANNA, BEN = 10**9 + 71, 10**9 + 72  # nobody's ids: those of customers are counted up from 1


def a_sold_voucher(buyer: Customer, minor: int = 2500, *, to: Recipient | None = None) -> Voucher:
    """A voucher that the provider tells to be paid, twice, as providers do."""
    asked = selling.buy_voucher(
        customer_id=buyer.pk, amount=Money(minor, "EUR"), key=uuid4(), to=to, now=NOON
    )
    payments.record_started(
        payment_id=asked.payment_id,
        provider_ref=f"pay_v{asked.pk}",
        pay_url="http://127.0.0.1/",
        now=NOON,
    )
    for _ in range(2):
        selling.confirm_voucher(
            payment_id=asked.payment_id,
            amount=Money(minor, "EUR"),
            provider_ref=f"pay_v{asked.pk}",
            now=NOON,
        )
    asked.refresh_from_db()
    return asked


def code_of(voucher: Voucher) -> str:
    return selling.show_code(customer_id=voucher.buyer_id, voucher_id=voucher.pk, now=NOON)


def redeem(code: str, customer: Customer) -> None:
    vouchers.redeem_voucher(customer_id=customer.pk, code=code, now=NOON)


def take_out(customer: Customer, now: datetime) -> None:
    wallet.refund_balance(
        customer_id=customer.pk,
        currency="EUR",
        minor=None,
        key=uuid4(),
        proof=wallets.proof(now),
        now=now,
    )


def test_what_is_paid_is_owed_to_whoever_has_the_code_and_becomes_their_credit(ada, bob):
    voucher = a_sold_voucher(ada)
    assert (house("vouchers"), sold.owed(NOON)) == (2500, [("EUR", 2500, 0)])
    lost, code = code_of(voucher), code_of(voucher)

    with pytest.raises(vouchers.VoucherUnknown):
        redeem(lost, bob)
    redeem(code, bob)

    assert (house("vouchers"), has(bob), has(ada)) == (0, (2500, 0), (0, 0))
    assert queries.purses_of(bob.pk, "EUR", NOON).free_paid == 2500
    figures = queries.figures_of(ada.pk, until=NOON), queries.figures_of(bob.pk, until=NOON)
    assert figures == ({"EUR": {"PAID_IN": 2500, "GIVEN_AWAY": -2500}}, {"EUR": {"RECEIVED": 2500}})
    with pytest.raises(NotAmongYours):
        code_of(voucher)


def test_redeemed_credit_leaves_after_72_hours_to_an_account_and_never_to_the_buyer_s_card(
    ada, bob
):
    EmailAddress.objects.create(user=ada.user, email=ada.user.email, verified=True)
    redeem(code_of(a_sold_voucher(ada)), bob)
    rested = NOON + timedelta(hours=72)
    assert sold.resting(bob.pk, "EUR", NOON) == [(2500, rested)]
    with pytest.raises(NotEnoughCredit):
        take_out(bob, rested - timedelta(seconds=1))
    with pytest.raises(NotTransferable):
        wallet.send_credit(
            sender_id=bob.pk,
            address=str(ada.user.email),
            amount=Money(1, "EUR"),
            key=uuid4(),
            proof=wallets.proof(),
            now=NOON,
        )

    take_out(bob, rested)

    payout = Payout.objects.get()
    assert (payout.customer_id, payout.stage) == (bob.pk, "needs_account")
    assert (payout.is_by_hand, payout.rerouted_why) == (True, "passed_on")


def test_the_buyer_takes_it_back_for_14_days_the_way_it_was_paid_and_the_code_is_dead(ada, bob):
    voucher, kept = a_sold_voucher(ada), a_sold_voucher(ada, 700)
    code = code_of(voucher)
    asked = {"customer_id": ada.pk, "now": NOON + DAY}
    with pytest.raises(NotAmongYours):
        selling.withdraw_voucher(customer_id=bob.pk, voucher_id=voucher.pk, now=NOON)

    selling.withdraw_voucher(voucher_id=voucher.pk, **asked)

    with pytest.raises(VoucherOver):
        redeem(code, bob)
    with pytest.raises(MoveNotAllowed):
        selling.withdraw_voucher(voucher_id=voucher.pk, **asked)
    payout = Payout.objects.get()
    assert (payout.customer_id, payout.amount_minor, payout.stage) == (ada.pk, 2500, "planned")
    assert payout.payment_id == voucher.payment_id
    assert house("vouchers") == 700
    with pytest.raises(VoucherKept):
        selling.withdraw_voucher(
            customer_id=ada.pk, voucher_id=kept.pk, now=NOON + timedelta(days=19)
        )


def test_what_a_bank_doubts_is_not_redeemed_and_what_was_redeemed_rests(ada, bob):
    first, second = a_sold_voucher(ada), a_sold_voucher(ada, 900)
    redeem(code_of(second), bob)
    for voucher in (first, second):
        tells(
            voucher.payment,
            EventKind.DISPUTE_OPENED,
            voucher.amount_minor,
            dispute_ref=f"d{voucher.pk}",
        )

    with pytest.raises(VoucherDisputed):
        redeem(code_of(first), bob)

    assert queries.purses_of(bob.pk, "EUR", NOON).free_paid == 0


def lose(voucher: Voucher, minor: int, *, ref: str = "d1") -> None:
    """The bank disputes so much of its payment, and keeps it."""
    tells(voucher.payment, EventKind.DISPUTE_OPENED, minor, dispute_ref=ref)
    tells(voucher.payment, EventKind.DISPUTE_CLOSED, minor, dispute_ref=ref, outcome="lost")
    selling.lose_voucher(payment_id=voucher.payment_id, now=NOON)
    voucher.refresh_from_db()


def test_what_a_bank_took_back_for_good_is_owed_to_nobody_unless_somebody_has_redeemed_it(ada, bob):
    unredeemed, redeemed = a_sold_voucher(ada), a_sold_voucher(ada, 900)
    code = code_of(unredeemed)
    redeem(code_of(redeemed), bob)

    lose(unredeemed, 2400)  # a part: a person looks, and nobody redeems it
    assert (unredeemed.stage, house("vouchers"), house("loss")) == ("open", 2500, -2400)
    for _ in range(2):
        lose(unredeemed, 100, ref="d2")
    lose(redeemed, 900, ref="d3")
    for _ in range(2):
        tasks.tell_voucher(voucher_id=unredeemed.pk, kind="voucher.lost", now=NOON)

    assert (unredeemed.stage, redeemed.stage) == ("lost", "redeemed")
    assert house("vouchers") == 0
    assert house("loss") == -900  # what bob has in good faith
    assert sold.owed(NOON) == []
    assert queries.purses_of(bob.pk, "EUR", NOON).paid == 900
    assert Notice.objects.filter(kind="wallet.voucher_lost").count() == 1
    with pytest.raises(VoucherOver):
        redeem(code, bob)
    with pytest.raises(NotAmongYours):
        selling.show_code(customer_id=ada.pk, voucher_id=unredeemed.pk, now=NOON)
    with pytest.raises(MoveNotAllowed):
        selling.withdraw_voucher(customer_id=ada.pk, voucher_id=unredeemed.pk, now=NOON)


def test_who_redeemed_in_good_faith_spends_it_or_takes_it_out_whatever_the_bank_took(ada, bob):
    voucher = a_sold_voucher(ada, 900)
    redeem(code_of(voucher), bob)
    lose(voucher, 900)
    rested = NOON + timedelta(hours=72)
    assert queries.purses_of(bob.pk, "EUR", NOON).free_paid == 900

    take_out(bob, rested)
    payout = Payout.objects.get()
    account = payments.keep_account(
        customer_id=bob.pk, holder="Bob", iban=IBAN, given_by="customer", now=rested
    )
    payments.name_account(
        payout_id=payout.pk, account_id=account.pk, now=rested, actor=f"customer:{bob.pk}"
    )
    sent = {"payout_id": payout.pk, "now": rested}
    payments.mark_transfer_sent(staff_user_id=ANNA, bank_ref="B-1", **sent)
    payments.confirm_transfer(staff_user_id=BEN, has_arrived=True, reason="", **sent)

    payout.refresh_from_db()
    assert (payout.stage, payout.covered_minor, has(bob)) == ("succeeded", 0, (0, 0))
    assert (house("clearing", "bank"), house("loss")) == (900, -900)


@pytest.mark.parametrize(
    ("paid", "zone", "ends", "back"),
    [
        ("2026-03-02T12:00", "Europe/Berlin", "2029-12-31T23:00", "2026-03-16T23:00"),
        ("2026-12-31T23:30", "Europe/Berlin", "2030-12-31T23:00", "2027-01-15T23:00"),
        ("2026-12-31T23:30", "America/New_York", "2030-01-01T05:00", "2027-01-15T05:00"),
        # Its fourteenth day is Good Friday: Easter Monday is none either.
        ("2026-03-20T12:00", "Europe/Berlin", "2029-12-31T23:00", "2026-04-07T22:00"),
    ],
)
def test_it_counts_three_years_after_its_own_and_goes_back_for_14_days(paid, zone, ends, back):
    at, end, until = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (paid, ends, back))

    assert sold.end_of(at, zone) == end
    assert sold.withdrawn_until(at, zone, "DE") == until


def test_its_buyer_hears_of_the_payment_and_of_the_end_once_and_the_debt_stays(ada):
    voucher = a_sold_voucher(ada)
    tasks.tell_voucher(voucher_id=voucher.pk, kind="voucher.sold", now=NOON)
    near = voucher.counts_until - DAY
    assert (selling.ending_soon(NOON), selling.ending_soon(near)) == ([], [voucher.pk])

    for _ in range(2):
        selling.warn_of_end(voucher_id=voucher.pk, now=near)
    tasks.tell_voucher(voucher_id=voucher.pk, kind="voucher.ending", now=near)

    assert selling.ending_soon(near) == []
    assert Notice.objects.filter(kind__startswith="wallet.voucher_").count() == 2
    assert sold.owed(voucher.counts_until) == [("EUR", 2500, 2500)]
    with pytest.raises(VoucherOver):
        vouchers.redeem_voucher(customer_id=ada.pk, code=code_of(voucher), now=voucher.counts_until)


def test_money_for_a_voucher_that_comes_after_the_account_closed_waits_for_a_person(ada):
    asked = selling.buy_voucher(customer_id=ada.pk, amount=Money(500, "EUR"), key=uuid4(), now=NOON)
    Customer.objects.filter(pk=ada.pk).update(is_open=False, closed_at=NOON)

    selling.confirm_voucher(
        payment_id=asked.payment_id, amount=Money(500, "EUR"), provider_ref="pay_1", now=NOON
    )

    Customer.objects.filter(pk=ada.pk).update(is_open=True, closed_at=None)
    assert LateMoney.objects.get().amount_minor == 500
    assert Voucher.objects.get().stage == "awaiting"
