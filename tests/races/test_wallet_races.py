"""Many hands at one wallet: no credit is spent, sent or taken back twice."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction

from fairroam.apps.closures import operations as closures
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer
from fairroam.apps.ledger.models import Book
from fairroam.apps.payments.models import LateMoney, Payment
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet.models import Lot, Spending
from fairroam.rules.money import Money
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.closures_given import give_credit
from tests.given import NOON
from tests.races.together import kinds_of, together

pytestmark = pytest.mark.usefixtures("committed")


def spend(customer_id: int, minor: int) -> int:
    """Reserve up to `minor`, as an order does when it is placed."""
    with transaction.atomic():
        customers.lock_for_new(customer_id)
        pieces = wallet.plan_spending(
            customer_id=customer_id, currency="EUR", most_minor=minor, now=NOON
        )
        wallet.reserve(cause=f"order-line:{uuid4().hex[:8]}", pieces=pieces)
    return sum(piece.minor for piece in pieces)


def test_parallel_spendings_never_take_more_than_there_is():
    wallets.terms(bonus=100)
    ada = given.a_customer()
    wallets.a_top_up(ada, 900)

    ends = together(*[partial(spend, ada.pk, 300)] * 8)

    assert sum(ends) == 1000
    assert sum(Spending.objects.values_list("amount_minor", flat=True)) == 1000


def test_without_locks_and_guards_the_same_credit_is_spent_twice(seen_without):
    def go_wrong() -> bool:
        wallets.terms()
        ada = given.a_customer(f"{uuid4().hex}@example.com")
        wallets.a_top_up(ada, 300)
        together(*[partial(spend, ada.pk, 300)] * 4)
        return Lot.objects.get(customer=ada).reserved_minor > 300

    assert seen_without(("a_lot_never_falls_below_zero",), (Customer, Lot, Book), go_wrong)


def test_of_spending_sending_and_taking_back_at_once_the_books_stay_whole():
    wallets.terms()
    ada, bob = given.a_customer(), given.a_customer("bob@example.com")
    EmailAddress.objects.create(user=bob.user, email=bob.user.email, primary=True, verified=True)
    wallets.a_top_up(ada, 600)
    send = partial(
        wallet.send_credit,
        sender_id=ada.pk,
        address=bob.user.email,
        amount=Money(600, "EUR"),
        proof=wallets.proof(),
        now=NOON,
    )
    take = partial(
        wallet.refund_balance,
        customer_id=ada.pk,
        currency="EUR",
        minor=600,
        proof=wallets.proof(),
        now=NOON,
    )

    ends = together(
        *[lambda: send(key=uuid4())] * 3,
        *[lambda: take(key=uuid4())] * 3,
    )

    assert kinds_of(ends)["done"] == 1, ends
    assert set(kinds_of(ends)) <= {"done", "NotTransferable", "NotEnoughCredit"}


def test_a_transfer_is_accepted_or_taken_back_and_never_both():
    wallets.terms()
    ada, bob = given.a_customer(), given.a_customer("bob@example.com")
    EmailAddress.objects.create(user=bob.user, email=bob.user.email, primary=True, verified=True)
    wallets.a_top_up(ada, 600)
    sent = wallet.send_credit(
        sender_id=ada.pk,
        address=bob.user.email,
        amount=Money(600, "EUR"),
        key=uuid4(),
        proof=wallets.proof(),
        now=NOON,
    )

    ends = together(
        *[partial(wallet.accept_credit, transfer_id=sent.pk, recipient_id=bob.pk, now=NOON)] * 2,
        *[partial(wallet.undo_credit, transfer_id=sent.pk, sender_id=ada.pk, now=NOON)] * 2,
        *[partial(wallet.decline_credit, transfer_id=sent.pk, recipient_id=bob.pk, now=NOON)] * 2,
    )

    assert kinds_of(ends) == {"MoveNotAllowed": 5, "done": 1}


def test_of_many_claims_of_one_waiver_one_is_paid():
    ada = given.a_customer()
    give_credit(ada, "paid_credit", 500)
    Payment.objects.update(captured_at=NOON - timedelta(days=4 * 365))
    waiver = closures.sign_waiver(
        customer_id=ada.pk,
        amount=Money(500, "EUR"),
        key=uuid4(),
        proof=wallets.proof(),
        now=NOON,
    )
    claim = partial(
        closures.claim_waiver,
        number=waiver.paper.number,
        code=waiver.paper.statement["code"],
        holder="Ada",
        iban="DE89370400440532013000",
        now=NOON,
    )

    ends = together(*[claim] * 6)

    assert kinds_of(ends) == {"WaiverClaimed": 5, "done": 1}
    assert [late.amount_minor for late in LateMoney.objects.all()] == [500]
