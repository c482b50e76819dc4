"""Credit between customers: accepted, rested, undone; and the ways to abuse it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.refusals import RecentContactChange, StepUpRequired
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import Payout
from fairroam.apps.payments.refusals import OwnTransfer
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet import queries
from fairroam.apps.wallet.models import CreditTransfer
from fairroam.apps.wallet.refusals import NotTransferable, RecipientUnverified, TransferLimit
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests import given
from tests.apps import wallet_given as wallets
from tests.given import NOON

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def books(catalogue):
    wallets.terms(bonus=100)
    yield
    assert list(find_faults()) == []


@pytest.fixture
def ada():
    ada = given.a_customer()
    wallets.a_top_up(ada, 1000)
    return ada


@pytest.fixture
def bob():
    return a_verified("bob@example.com")


def a_verified(email: str):
    customer = given.a_customer(email)
    EmailAddress.objects.create(user=customer.user, email=email, primary=True, verified=True)
    return customer


def send(sender, *, minor: int = 600, to: str = "bob@example.com", proof=..., now=NOON):
    return wallet.send_credit(
        sender_id=sender.pk,
        address=to,
        amount=Money(minor, "EUR"),
        key=uuid4(),
        proof=wallets.proof(now) if proof is ... else proof,
        now=now,
    )


def paid(customer) -> int:
    return ledger.balance(BookName("paid_credit", "EUR", customer_id=customer.pk))


def held() -> int:
    return ledger.balance(BookName("in_transfer", "EUR"))


@pytest.mark.promise(59)
def test_credit_is_accepted_rests_a_day_and_keeps_the_payment_it_came_in_by(ada, bob):
    sent = send(ada)
    assert (paid(ada), held(), paid(bob)) == (400, 600, 0)

    wallet.accept_credit(transfer_id=sent.pk, recipient_id=bob.pk, now=NOON + HOUR)
    early = NOON + HOUR + timedelta(hours=24) - timedelta(seconds=1)
    assert wallet.due_transfers(early) == []
    assert not wallet.finish_credit(transfer_id=sent.pk, now=early)
    assert queries.free_credit(bob.pk, "EUR", early) == 0
    rested = NOON + HOUR + timedelta(hours=24)
    assert wallet.due_transfers(rested) == [sent.pk]
    assert wallet.finish_credit(transfer_id=sent.pk, now=rested)
    assert not wallet.finish_credit(transfer_id=sent.pk, now=rested)

    assert (paid(ada), held(), paid(bob)) == (400, 0, 600)
    lot = bob.lots.get()
    assert lot.payment_id == ada.lots.get(kind="paid").payment_id


def test_what_was_given_is_paid_out_to_an_account_and_never_to_the_card_of_its_giver(ada, bob):
    sent = send(ada)
    wallet.accept_credit(transfer_id=sent.pk, recipient_id=bob.pk, now=NOON)
    later = NOON + timedelta(hours=24)
    wallet.finish_credit(transfer_id=sent.pk, now=later)

    wallet.refund_balance(
        customer_id=bob.pk,
        currency="EUR",
        minor=None,
        key=uuid4(),
        proof=wallets.proof(later),
        now=later,
    )

    payout = Payout.objects.get()
    assert (payout.customer_id, payout.stage, payout.is_by_hand) == (bob.pk, "needs_account", True)
    assert payout.payment.pending_minor == 600  # Ada's payment cannot give it a second time.


@pytest.mark.parametrize("end", ["undo", "decline", "expire"])
def test_what_nobody_took_is_back_where_it_was(ada, bob, end):
    sent = send(ada)
    if end == "undo":
        wallet.undo_credit(transfer_id=sent.pk, sender_id=ada.pk, now=NOON)
    elif end == "decline":
        wallet.decline_credit(transfer_id=sent.pk, recipient_id=bob.pk, now=NOON)
    else:
        assert wallet.finish_credit(transfer_id=sent.pk, now=NOON + timedelta(days=7))

    assert (paid(ada), held(), paid(bob)) == (1000, 0, 0)
    with pytest.raises(MoveNotAllowed):
        wallet.accept_credit(transfer_id=sent.pk, recipient_id=bob.pk, now=NOON)


def test_nothing_is_undone_once_it_is_accepted_or_accepted_too_late(ada, bob):
    first, second = send(ada, minor=300), send(ada, minor=300)
    wallet.accept_credit(transfer_id=first.pk, recipient_id=bob.pk, now=NOON)
    with pytest.raises(MoveNotAllowed):
        wallet.undo_credit(transfer_id=first.pk, sender_id=ada.pk, now=NOON)
    with pytest.raises(MoveNotAllowed):
        wallet.accept_credit(
            transfer_id=second.pk, recipient_id=bob.pk, now=NOON + timedelta(days=7)
        )


# Abuse ----------------------------------------------------------------------------------------


@pytest.mark.promise(59)
@pytest.mark.parametrize("minor", [1001, 0, -1])  # 1000 are paid; 100 more are a gift
def test_gifts_are_not_transferable(ada, bob, minor):
    with pytest.raises(NotTransferable) as refused:
        send(ada, minor=minor)
    assert (refused.value.status, refused.value.code) == (422, "not-transferable")


def test_nobody_gives_to_themselves(ada):
    EmailAddress.objects.create(user=ada.user, email=ada.user.email, primary=True, verified=True)
    with pytest.raises(NotTransferable):
        send(ada, to=ada.user.email)


@pytest.mark.parametrize("who", ["nobody", "unverified", "leaving"])
def test_an_unverified_or_leaving_recipient_is_refused(ada, who):
    if who == "unverified":
        given.a_customer("bob@example.com")
    elif who == "leaving":
        leaving = a_verified("bob@example.com")
        customers.begin_leaving(customer_id=leaving.pk, now=NOON)

    with pytest.raises(RecipientUnverified) as refused:
        send(ada)

    assert (refused.value.status, refused.value.code) == (422, "recipient-unverified")
    assert paid(ada) == 1000


@pytest.mark.parametrize("proof", [None, wallets.proof(NOON - timedelta(minutes=11))])
def test_a_transfer_needs_a_fresh_proof(ada, bob, proof):
    with pytest.raises(StepUpRequired) as refused:
        send(ada, proof=proof)
    assert refused.value.status == 403


def test_a_transfer_rests_after_a_change_of_address(ada, bob):
    customers.record_security_change(customer_id=ada.pk, kind="email_changed", now=NOON)
    with pytest.raises(RecentContactChange) as refused:
        send(ada, now=NOON + timedelta(hours=71))
    assert refused.value.status == 409
    send(ada, now=NOON + timedelta(hours=73))


def test_a_day_has_its_limit(ada, bob):
    wallets.a_top_up(ada, 30000)
    send(ada, minor=15000)
    with pytest.raises(TransferLimit):
        send(ada, minor=5001)
    send(ada, minor=5001, now=NOON + timedelta(hours=24))


def test_credit_that_comes_round_goes_to_a_person_first(ada, bob):
    sent = send(ada)
    wallet.accept_credit(transfer_id=sent.pk, recipient_id=bob.pk, now=NOON)
    later = NOON + timedelta(hours=24)
    wallet.finish_credit(transfer_id=sent.pk, now=later)
    EmailAddress.objects.create(user=ada.user, email=ada.user.email, primary=True, verified=True)
    max_id = given.a_colleague("agent").pk

    back = send(bob, minor=100, to=ada.user.email, now=later)

    assert (back.stage, back.doubt) == ("review", "same_payment")
    with pytest.raises(NotAmongYours):
        queries.transfer_of(back.pk, ada.pk)
    for own in ("ada+desk@example.com", "bob+desk@example.com"):
        with pytest.raises(OwnTransfer):
            wallet.release_credit(
                transfer_id=back.pk, staff_user_id=given.a_colleague(email=own).pk, now=later
            )
    wallet.release_credit(transfer_id=back.pk, staff_user_id=max_id, now=later)
    wallet.accept_credit(transfer_id=back.pk, recipient_id=ada.pk, now=later)
    wallet.refuse_credit(transfer_id=back.pk, staff_user_id=max_id, now=later)
    assert (paid(bob), held()) == (600, 0)


def test_nobody_touches_a_transfer_between_others(ada, bob):
    sent, eve = send(ada), a_verified("eve@example.com")
    for act in (wallet.accept_credit, wallet.decline_credit):
        with pytest.raises(NotAmongYours):
            act(transfer_id=sent.pk, recipient_id=eve.pk, now=NOON)
    with pytest.raises(NotAmongYours):
        wallet.undo_credit(transfer_id=sent.pk, sender_id=bob.pk, now=NOON)


def test_neither_side_closes_while_credit_is_between_them(ada, bob):
    send(ada, minor=1000)
    wallet.forfeit_gifts(customer_id=ada.pk, cause="test", now=NOON)
    for customer, guard in ((ada, "its_sender"), (bob, "its_recipient")):
        with pytest.raises(IntegrityError, match=guard), transaction.atomic():
            customers.close(customer_id=customer.pk, now=NOON)
    assert CreditTransfer.objects.get().is_live
