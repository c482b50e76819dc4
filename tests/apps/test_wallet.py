"""Credit: paid in with its bonus, spent in its order, back where it came from."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer
from fairroam.apps.customers.refusals import AccountLeaving, RecentContactChange, StepUpRequired
from fairroam.apps.journal.refusals import KeyReused
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Order, Tender
from fairroam.apps.orders.refusals import NotYourWallet
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet import queries
from fairroam.apps.wallet.models import Lot
from fairroam.apps.wallet.refusals import AmountOutOfBounds, NotEnoughCredit
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.refunds_given import dispute
from tests.given import NOON


@pytest.fixture(autouse=True)
def books(catalogue):
    yield
    assert list(find_faults()) == []


@pytest.fixture
def ada():
    wallets.terms(bonus=500)
    return given.a_customer()


def has(customer) -> tuple[int, int]:
    """(paid, promo) by the books."""
    return tuple(
        ledger.balance(BookName(kind, "EUR", customer_id=customer.pk))
        for kind in ("paid_credit", "promo_credit")
    )


def test_a_top_up_counts_once_it_is_paid_with_its_bonus_as_a_gift(ada):
    asked = wallet.top_up(customer_id=ada.pk, amount=Money(2000, "EUR"), key=uuid4(), now=NOON)
    assert has(ada) == (0, 0)

    for _ in range(2):  # The provider says it twice.
        wallet.confirm_top_up(
            payment_id=asked.payment_id, amount=Money(2000, "EUR"), provider_ref="pay_1", now=NOON
        )

    assert has(ada) == (2000, 500)
    paid, gift = Lot.objects.order_by("pk")
    assert (paid.payment_id, paid.expires_at) == (asked.payment_id, None)
    assert (gift.payment_id, gift.expires_at) == (None, NOON + timedelta(days=180))


@pytest.mark.parametrize("minor", [0, 50001])
def test_a_top_up_has_bounds(ada, minor):
    with pytest.raises(AmountOutOfBounds):
        wallet.top_up(customer_id=ada.pk, amount=Money(minor, "EUR"), key=uuid4(), now=NOON)


def test_an_account_that_is_leaving_takes_no_money_in(ada):
    customers.begin_leaving(customer_id=ada.pk, now=NOON)
    with pytest.raises(AccountLeaving):
        wallet.top_up(customer_id=ada.pk, amount=Money(2000, "EUR"), key=uuid4(), now=NOON)


def test_an_order_is_paid_by_wallet_and_card_together(ada):
    wallets.a_top_up(ada, 1000)
    order = wallets.an_order(ada, quantity=2)
    cash = 2 * order.lines.first().price_minor - 1500

    assert order.payment.amount_minor == cash
    assert has(ada) == (1000, 500)  # reserved, not spent
    assert queries.free_credit(ada.pk, "EUR", NOON) == 0

    given.pay(order, now=NOON)

    assert has(ada) == (0, 0)
    sums = {
        kind: sum(Tender.objects.filter(kind=kind).values_list("captured_minor", flat=True))
        for kind in ("cash", "credit", "promo")
    }
    assert sums == {"cash": cash, "credit": 1000, "promo": 500}
    order.refresh_from_db()
    ways = [one["text"] for one in order.invoice.statement["paid_by"]]
    assert sorted(ways) == ["Card", "Gift credit", "Wallet"]  # as people say it, not as we store it


def test_an_order_that_the_wallet_pays_whole_needs_no_provider(ada):
    wallets.a_top_up(ada, 10000)
    order = wallets.an_order(ada)

    order.refresh_from_db()
    assert (order.stage, order.payment, order.invoice is not None) == ("paid", None, True)
    assert Payment.objects.count() == 1


def test_what_was_reserved_is_free_again_when_nobody_pays_the_rest(ada):
    wallets.a_top_up(ada, 1000)
    order = wallets.an_order(ada)

    orders.cancel_unpaid(placed_before=NOON + timedelta(hours=1))

    assert queries.free_credit(ada.pk, "EUR", NOON) == 1500
    given.pay(order, now=NOON)  # Paid after all: the credit is taken after all.
    assert has(ada) == (0, 0)


def test_money_for_a_cancelled_order_goes_back_when_its_credit_is_spent(ada):
    wallets.a_top_up(ada, 1000)
    order = wallets.an_order(ada)
    orders.cancel_unpaid(placed_before=NOON + timedelta(hours=1))
    other = wallets.an_order(ada)

    given.pay(order, now=NOON)

    payout = Payout.objects.get(cause=f"late-order:{order.pk}")
    assert payout.amount_minor == order.payment.amount_minor
    assert Order.objects.get(pk=order.pk).paid_at is None
    given.pay(other, now=NOON)


def test_nobody_pays_with_the_wallet_of_somebody_else(ada):
    wallets.a_top_up(ada, 1000)
    bob = given.a_customer("bob@example.com")
    with pytest.raises(NotYourWallet):
        orders.place_order(
            plan_code=wallets.PLAN,
            quantity=1,
            email=bob.user.email,
            residence="DE",
            language="en",
            consents=given.CONSENTS,
            key=uuid4(),
            now=NOON,
            wallet_of=ada.pk,
        )


def test_a_line_that_cannot_be_made_gives_every_tender_its_own_back(ada):
    wallets.a_top_up(ada, 1000)
    order = given.pay(wallets.an_order(ada), now=NOON)

    orders.give_up(order_line_id=order.lines.get().pk, now=NOON)

    assert has(ada) == (1000, 500)
    cash = order.total_minor - 1500
    assert Payout.objects.get().amount_minor == cash


@pytest.mark.promise(58)
def test_the_balance_goes_back_along_the_payments_it_came_in_by_and_the_bonus_ends(ada):
    first, second = wallets.a_top_up(ada, 1000), wallets.a_top_up(ada, 333)
    said = queries.quote_balance(ada.pk, "EUR", NOON)
    assert (said.cash, said.promo_lost) == (1333, 1000)

    refund_all(ada)

    assert has(ada) == (0, 0)
    sent = dict(Payout.objects.values_list("payment_id", "amount_minor"))
    assert sent == {first.payment_id: 1000, second.payment_id: 333}


def test_the_last_day_for_a_balance_is_counted_where_its_owner_lives(ada):
    wallets.a_top_up(ada, 1000)
    Customer.objects.filter(pk=ada.pk).update(zone="America/Los_Angeles")

    refund_all(ada, now=datetime(2026, 11, 3, 4, 0, tzinfo=UTC))  # the evening before, there

    assert Payout.objects.get().pay_by == date(2026, 11, 16)


def test_bonuses_stay_while_a_bank_looks_at_a_part_of_the_balance(ada):
    first = wallets.a_top_up(ada, 1000)
    wallets.a_top_up(ada, 333)
    dispute(first.payment)
    said = queries.quote_balance(ada.pk, "EUR", NOON)
    assert (said.cash, said.promo_lost) == (333, 0)

    refund_all(ada)

    assert has(ada) == (1000, 1000)


def test_a_part_of_the_balance_is_divided_by_largest_remainder_and_keeps_the_bonus(ada):
    first, second = wallets.a_top_up(ada, 1000), wallets.a_top_up(ada, 500)

    refund_all(ada, minor=100)

    sent = dict(Payout.objects.values_list("payment_id", "amount_minor"))
    assert sent == {first.payment_id: 67, second.payment_id: 33}
    assert has(ada) == (1400, 1000)


def refund_all(customer, *, minor=None, now=NOON, key=None):
    return wallet.refund_balance(
        customer_id=customer.pk,
        currency="EUR",
        minor=minor,
        key=key or uuid4(),
        proof=wallets.proof(now),
        now=now,
    )


def test_the_same_form_gives_the_balance_back_once(ada):
    wallets.a_top_up(ada, 1000)
    key = uuid4()

    assert refund_all(ada, key=key).pk == refund_all(ada, key=key).pk
    assert Payout.objects.count() == 1


@pytest.mark.parametrize("minor", [0, 1001, -5])
def test_no_more_comes_back_than_there_is(ada, minor):
    wallets.a_top_up(ada, 1000)
    with pytest.raises(NotEnoughCredit):
        refund_all(ada, minor=minor)


def test_gifts_alone_never_become_money(ada):
    wallet.give(
        customer_id=ada.pk,
        currency="EUR",
        minor=700,
        origin="offer",
        cause="test",
        days=5,
        now=NOON,
    )
    with pytest.raises(NotEnoughCredit):
        refund_all(ada)
    assert has(ada) == (0, 700)


def test_the_balance_leaves_only_with_a_fresh_proof_and_after_the_rest(ada):
    wallets.a_top_up(ada, 1000)
    with pytest.raises(StepUpRequired):
        wallet.refund_balance(
            customer_id=ada.pk, currency="EUR", minor=None, key=uuid4(), proof=None, now=NOON
        )
    customers.record_security_change(customer_id=ada.pk, kind="email_changed", now=NOON)
    with pytest.raises(RecentContactChange):
        refund_all(ada)
    refund_all(ada, now=NOON + timedelta(hours=73))


def test_a_gift_ends_with_its_time_and_leaves_what_was_paid(ada):
    wallets.a_top_up(ada, 1000)
    late = NOON + timedelta(days=180)

    assert wallet.owners_of_expired(late) == [ada.pk]
    assert wallet.end_expired(customer_id=ada.pk, now=late) == 500
    assert wallet.end_expired(customer_id=ada.pk, now=late) == 0
    assert has(ada) == (1000, 0)


def test_credit_of_a_disputed_payment_rests(ada):
    top_up = wallets.a_top_up(ada, 1000)
    Payment.objects.filter(pk=top_up.payment_id).update(is_disputed=True)

    assert queries.purses_of(ada.pk, "EUR", NOON).free == 0  # its bonus rests with it
    with pytest.raises(NotEnoughCredit):
        refund_all(ada)
    Payment.objects.update(is_disputed=False)


@pytest.mark.parametrize(("taken", "sent"), [(1000, None), (300, 700)])
def test_credit_that_its_bank_took_back_is_not_spent_and_counts_as_paid_back(ada, taken, sent):
    top_up = wallets.a_top_up(ada, 1000)
    payments.hear_dispute(
        payment_id=top_up.payment_id,
        dispute_ref="dis_1",
        amount=Money(taken, "EUR"),
        outcome="lost",
        now=NOON,
    )
    assert queries.purses_of(ada.pk, "EUR", NOON).free == 0

    refund_all(ada)
    payout = payments.claim_payout(payout_id=Payout.objects.get().pk, now=NOON)

    assert (payout and payments.to_send(payout).minor) == sent
    assert has(ada) == (0, 0)


def test_the_key_of_another_purchase_is_refused_whoever_made_that(ada):
    key, bob = uuid4(), given.a_customer("bob@example.com")
    wallet.top_up(customer_id=ada.pk, amount=Money(1000, "EUR"), key=key, now=NOON)

    with pytest.raises(KeyReused):
        wallet.top_up(customer_id=bob.pk, amount=Money(1000, "EUR"), key=key, now=NOON)
    with pytest.raises(KeyReused):
        orders.place_order(
            plan_code=wallets.PLAN,
            quantity=1,
            email=ada.user.email,
            residence="DE",
            language="en",
            consents=given.CONSENTS,
            key=key,
            now=NOON,
        )

    assert Payment.objects.count() == 1


def test_a_lot_never_falls_below_zero_and_lives_under_open_accounts_alone(ada):
    wallets.a_top_up(ada, 1000)
    with pytest.raises(IntegrityError, match="lives_while"), transaction.atomic():
        Lot.objects.update(left_minor=-1)
    with pytest.raises(IntegrityError, match="below_zero"), transaction.atomic():
        Lot.objects.update(reserved_minor=1001)
    with pytest.raises(IntegrityError, match="credit_lives"), transaction.atomic():
        customers.close(customer_id=ada.pk, now=NOON)
