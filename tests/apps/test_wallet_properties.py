"""Any sequence of top-ups, spendings, refunds and transfers: the books are the lots."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress

from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Order
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet import queries
from fairroam.apps.wallet.models import CreditTransfer, Lot
from fairroam.rules.balances import BURNS
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests import given
from tests.apps import wallet_given as wallets
from tests.given import NOON

STEPS = 14


@pytest.mark.parametrize("seed", range(6))
def test_books_are_lots_and_no_gift_becomes_money(seed, catalogue):
    dice = Random(seed)
    wallets.terms(BURNS[seed % 3], bonus=dice.choice([0, 170, 900]))
    people = [given.a_customer(f"{name}@example.com") for name in ("ada", "bob")]
    for one in people:
        EmailAddress.objects.create(
            user=one.user, email=one.user.email, primary=True, verified=True
        )
    at, refused = NOON, 0
    for _ in range(STEPS):
        at += timedelta(hours=dice.choice([1, 25]))
        try:
            dice.choice(ACTS)(dice, *dice.sample(people, 2), at)
        except Refusal:
            refused += 1
        assert list(queries.find_faults()) == []
    assert refused < STEPS
    assert list(find_faults()) == []

    paid_in = sum(Payment.objects.values_list("captured_minor", flat=True))
    paid_out = sum(Payout.objects.values_list("amount_minor", flat=True))
    assert paid_out <= paid_in
    for lot in Lot.objects.filter(kind="promo"):
        causes = {cause.partition(":")[0] for cause in lot.moves.values_list("cause", flat=True)}
        assert not causes & {"balance-refund", "transfer"}


def top_up(dice, one, other, at) -> None:
    wallets.a_top_up(one, dice.randint(1, 3000), now=at)


def buy(dice, one, other, at) -> None:
    order = wallets.an_order(one, quantity=dice.randint(1, 3), now=at)
    if dice.random() < 0.7:
        given.pay(order, now=at)


def give_up(dice, one, other, at) -> None:
    for order in Order.objects.filter(customer=one, paid_at__isnull=False):
        orders.give_up(order_line_id=order.lines.first().pk, now=at)


def cancel(dice, one, other, at) -> None:
    orders.cancel_unpaid(placed_before=at)


def refund(dice, one, other, at) -> None:
    wallet.refund_balance(
        customer_id=one.pk,
        currency="EUR",
        minor=dice.choice([None, dice.randint(1, 500)]),
        key=uuid4(),
        proof=wallets.proof(at),
        now=at,
    )


def send(dice, one, other, at) -> None:
    sent = wallet.send_credit(
        sender_id=one.pk,
        address=other.user.email,
        amount=Money(dice.randint(1, 400), "EUR"),
        key=uuid4(),
        proof=wallets.proof(at),
        now=at,
    )
    if sent.stage == "waiting" and dice.random() < 0.8:
        wallet.accept_credit(transfer_id=sent.pk, recipient_id=other.pk, now=at)


def go_on(dice, one, other, at) -> None:
    for transfer_id in CreditTransfer.objects.values_list("pk", flat=True):
        wallet.finish_credit(transfer_id=transfer_id, now=at)
    for customer_id in wallet.owners_of_expired(at):
        wallet.end_expired(customer_id=customer_id, now=at)


ACTS = (top_up, top_up, buy, give_up, cancel, refund, send, go_on)
