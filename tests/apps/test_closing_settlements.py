"""Leaving with money on its way: it holds nobody, and every cent of it still arrives."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from fairroam.apps.closures import operations, queries, tasks
from fairroam.apps.closures.models import Closure, Settlement
from fairroam.apps.customers.models import Customer
from fairroam.apps.customers.queries import Proof
from fairroam.apps.esims.models import Line, Number
from fairroam.apps.esims.operations import numbers_give
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders import operations as orders
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import BankAccount, LateMoney, Payment, Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet.operations import selling
from fairroam.gateways.payments import EventKind, PayoutStatus, ProviderEvent
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.closures_given import (
    ADDRESS,
    EVENING,
    a_customer_with_a_line,
    close_wholly,
    codes,
    deliver,
    give_credit,
    leave,
    take_steps,
)
from tests.apps.lines_given import a_ready_line, ask_and_end, payout_of, prove_off
from tests.apps.numbers_given import PLAN as NUMBER_PLAN
from tests.apps.numbers_given import be_known
from tests.apps.refunds_given import settle
from tests.given import NOON

pytestmark = [pytest.mark.usefixtures("catalogue"), pytest.mark.promise(58)]
IBAN = "DE89370400440532013000"
YEARS = timedelta(days=3 * 365)  # no rail takes money back so late


def settlement_book() -> int:
    return books.balance(BookName("settlement", "EUR"))


def hear_arrival(payout_id: int) -> None:
    """What the queue does when a payout has arrived."""
    refunds.payout_succeeded(payout_id=payout_id, now=EVENING)
    operations.end_settlement_of_payout(payout_id=payout_id, now=EVENING)


def send_by_hand(payout_id: int) -> None:
    """Two people at the desk make the transfer."""
    first, second = (given.a_colleague(email=f"{name}@example.com") for name in ("mo", "max"))
    payments.mark_transfer_sent(
        payout_id=payout_id, staff_user_id=first.pk, bank_ref="B1", now=EVENING
    )
    payments.confirm_transfer(
        payout_id=payout_id, staff_user_id=second.pk, has_arrived=True, reason="", now=EVENING
    )
    hear_arrival(payout_id)


def a_leaver_with_money_on_its_way() -> tuple[Customer, int]:
    customer, line = a_customer_with_a_line()
    return customer, payout_of(ask_and_end(line, asked_minor=1000))


def test_a_silent_provider_holds_nobody_and_the_certificate_says_what_comes():
    customer, payout = a_leaver_with_money_on_its_way()
    assert "money_moving" in codes(customer)

    closure = close_wholly(customer)

    assert (closure.stage, closure.payout_contact, settlement_book()) == (
        "certified",
        ADDRESS,
        1000,
    )
    [pending] = closure.certificate.statement["pending"]
    assert (pending["code"], pending["amount"]["minor"]) == ("PAYOUT", 1000)
    figures = {
        one["code"]: one["amount"]["minor"] for one in closure.certificate.statement["figures"]
    }
    assert (figures["ON_ITS_WAY"], sum(figures.values())) == (-1000, 0)
    assert list(find_faults()) == []

    settle(payout, PayoutStatus.SUCCEEDED, now=EVENING)
    for _ in range(2):
        hear_arrival(payout)

    closure.refresh_from_db()
    assert (closure.payout_contact, settlement_book()) == (None, 0)
    assert list(find_faults()) == []


def test_a_refund_that_comes_back_before_the_certificate_is_not_among_what_arrived():
    customer, payout = a_leaver_with_money_on_its_way()
    settle(payout, PayoutStatus.SUCCEEDED, now=EVENING)
    closure = leave(customer)
    while queries.next_step(closure.pk) != "certify":
        tasks.take_next_step(closure_id=closure.pk, now=EVENING)

    settle(payout, PayoutStatus.FAILED, now=EVENING)
    take_steps(closure)

    closure.refresh_from_db()
    assert (closure.stage, "paid" in closure.certificate.statement) == ("certified", False)
    assert LateMoney.objects.get().amount_minor == 1000
    assert list(find_faults()) == []


def test_what_fails_afterwards_goes_to_a_person_who_asks_at_the_sealed_address():
    customer, payout = a_leaver_with_money_on_its_way()
    closure = close_wholly(customer)

    settle(payout, PayoutStatus.FAILED, now=EVENING)
    refunds.payout_failed(payout_id=payout, now=EVENING)
    late = LateMoney.objects.get(returned_id=payout)
    closure.refresh_from_db()
    assert (late.amount_minor, closure.payout_contact) == (1000, ADDRESS)
    assert queries.sealed_contacts([late.pk]) == {late.pk: ADDRESS}
    assert list(find_faults()) == []

    staff = given.a_colleague(email="asker@example.com")
    again = payments.send_late_money(
        late_id=late.pk, holder="Ada", iban=IBAN, staff_user_id=staff.pk, now=EVENING
    )
    refund = RefundRequest.objects.get(parts__payout_id=payout)
    assert refund.stage == "handed_over"
    send_by_hand(again.pk)

    refund.refresh_from_db()
    [part] = refund.parts.all()
    assert (refund.stage, refund.is_live, part.payout_id) == ("paid", None, again.pk)
    receipt = Paper.objects.get(kind="receipt", refers_to=refund.credit_note.refers_to)
    assert receipt.statement["total"]["minor"] == 1000
    closure.refresh_from_db()
    assert closure.payout_contact is None
    assert BankAccount.objects.get().iban == ""
    assert list(find_faults()) == []


def test_who_names_no_account_may_leave_all_the_same():
    customer, _line = a_customer_with_a_line()
    give_credit(customer, "paid_credit", 700)
    payment = customer.payment_set.get(amount_minor=700)
    payment.captured_at = NOON - YEARS
    payment.save()
    take_balance_back(customer)
    assert "money_asked" in codes(customer)

    closure = close_wholly(customer)

    [pending] = closure.certificate.statement["pending"]
    assert (pending["code"], pending["amount"]["minor"]) == ("PAYOUT_ASKED", 700)
    assert LateMoney.objects.get().amount_minor == 700
    assert settlement_book() == 0
    assert list(find_faults()) == []


def test_held_money_that_wants_an_account_goes_to_a_person_once_the_bank_lets_it():
    customer, _line = a_customer_with_a_line()
    give_credit(customer, "paid_credit", 700)
    payment = customer.payment_set.get(amount_minor=700)
    payment.captured_at = NOON - YEARS
    payment.save()
    dispute_about(payment, 700)
    closure = close_wholly(customer)
    assert (Payout.objects.get().stage, settlement_book()) == ("held", 700)

    dispute_about(payment, 700, outcome="won")
    operations.end_settlement_of_dispute(dispute_id=payment.disputes.get().pk, now=EVENING)

    late = LateMoney.objects.get()
    closure.refresh_from_db()
    assert (late.amount_minor, late.stage, settlement_book()) == (700, "waiting", 0)
    assert queries.sealed_contacts([late.pk]) == {late.pk: closure.payout_contact}
    assert closure.payout_contact == ADDRESS
    assert list(find_faults()) == []
    # Nothing stays owed in the books of an account that has closed.
    owed = BookName("refunds_owed", "EUR", customer_id=customer.pk)
    ledger.post([Entry("slip", 5, BookName("suspense", "EUR"), owed)], now=EVENING)
    assert f"closures: closed customer {customer.pk} has money left in a book" in find_faults()


def dispute_about(payment: Payment, minor: int, *, outcome: str = "") -> None:
    payments.hear_dispute(
        payment_id=payment.pk,
        dispute_ref="D1",
        amount=Money(minor, "EUR"),
        outcome=outcome,
        now=EVENING,
    )


def test_late_money_that_a_bank_has_paid_is_over_and_every_account_that_it_went_by_forgotten():
    payout, _account = a_transfer_that_fails_after_the_closing()
    late = LateMoney.objects.get()
    asker = given.a_colleague(email="asker@example.com")
    again = payments.send_late_money(
        late_id=late.pk, holder="Ada", iban=IBAN, staff_user_id=asker.pk, now=EVENING
    )

    dispute_about(Payout.objects.get(pk=payout).payment, 1900, outcome="lost")
    hear_arrival(again.pk)

    late.refresh_from_db()
    again.refresh_from_db()
    assert (late.stage, again.stage) == ("sent", "settled_by_chargeback")
    assert set(BankAccount.objects.values_list("holder", "iban")) == {("", "")}
    assert not Settlement.objects.filter(ended_at=None).exists()
    assert list(find_faults()) == []


def a_transfer_that_fails_after_the_closing() -> tuple[int, BankAccount]:
    customer, line = a_customer_with_a_line()
    payout = payout_of(ask_and_end(line, asked_minor=1000))
    account = name_an_account(customer, payout)
    close_wholly(customer)
    first, second = (given.a_colleague(email=f"{name}@example.com") for name in ("al", "bo"))
    sent = {"payout_id": payout, "now": EVENING}
    payments.mark_transfer_sent(staff_user_id=first.pk, bank_ref="B0", **sent)
    payments.confirm_transfer(staff_user_id=second.pk, has_arrived=False, reason="closed", **sent)
    return payout, account


def name_an_account(customer: Customer, payout: int) -> BankAccount:
    """The customer names where a payout goes that cannot take the way it came."""
    Payout.objects.filter(pk=payout).update(
        stage="needs_account", is_by_hand=True, rail="transfer@1"
    )
    account = payments.keep_account(
        customer_id=customer.pk, holder="Ada", iban=IBAN, given_by="customer", now=EVENING
    )
    payments.name_account(payout_id=payout, account_id=account.pk, now=EVENING, actor="customer")
    return account


def take_balance_back(customer: Customer) -> None:
    wallet.refund_balance(
        customer_id=customer.pk,
        currency="EUR",
        minor=None,
        key=uuid4(),
        proof=Proof("passkey", EVENING),
        now=EVENING,
    )


def test_an_account_named_before_is_kept_until_the_transfer_arrived_and_not_longer():
    customer, line = a_customer_with_a_line()
    payout = payout_of(ask_and_end(line, asked_minor=1000))
    account = name_an_account(customer, payout)

    close_wholly(customer)
    account.refresh_from_db()
    assert account.iban == IBAN

    send_by_hand(payout)
    account.refresh_from_db()
    assert (account.iban, account.holder) == ("", "")
    assert list(find_faults()) == []


@pytest.mark.parametrize(
    ("outcome", "stage"), [("won", "planned"), ("lost", "settled_by_chargeback")]
)
def test_credit_that_a_bank_looks_at_is_owed_until_the_bank_has_decided(outcome, stage):
    customer, _line = a_customer_with_a_line()
    give_credit(customer, "paid_credit", 700)
    payment = customer.payment_set.get(amount_minor=700)

    dispute_about(payment, 700)
    assert {"credit_held", "dispute_open"} <= set(codes(customer))
    closure = close_wholly(customer)
    assert closure.stage == "certified"
    assert sorted(one["code"] for one in closure.certificate.statement["pending"]) == [
        "DISPUTE",
        "PAYOUT_HELD",
    ]
    assert list(find_faults()) == []

    dispute_about(payment, 700, outcome=outcome)
    payout = Payout.objects.get()
    assert payout.stage == stage
    operations.end_settlement_of_dispute(dispute_id=payment.disputes.get().pk, now=EVENING)
    if outcome == "won":
        settle(payout.pk, PayoutStatus.SUCCEEDED, now=EVENING)
    hear_arrival(payout.pk)

    assert not Settlement.objects.filter(ended_at=None).exists()
    assert Closure.objects.get().payout_contact is None
    assert queries.closure_of(customer.pk).stage == "certified"
    assert settlement_book() == 0
    assert list(find_faults()) == []


def test_what_is_paid_while_an_account_closes_goes_back_the_way_it_came():
    customer, _line = a_customer_with_a_line()
    wallets.terms()
    charges = [a_charge(what, customer) for what in ("order", "top_up", "voucher")]
    paid_minor = sum(payment.amount_minor for payment in charges)
    closure = leave(customer)
    take_steps(closure)

    for payment in charges * 2:  # The provider says it twice.
        capture(payment)
    finish(closure)

    payouts = Payout.objects.filter(payment__in=charges, handed_over_at=EVENING)
    assert sorted(payouts.values_list("payment_id", "amount_minor")) == sorted(
        (payment.pk, payment.amount_minor) for payment in charges
    )
    figures = {
        one["code"]: one["amount"]["minor"] for one in closure.certificate.statement["figures"]
    }
    assert figures["ON_ITS_WAY"] == -paid_minor
    assert figures["PAID_IN"] == 1900 + paid_minor
    assert figures["KEPT"] + figures["FORFEITED"] == -1900
    assert list(find_faults()) == []


def capture(payment: Payment) -> None:
    """The provider tells that a charge was paid."""
    told = ProviderEvent(
        event_id=f"capture:{payment.pk}",
        kind=EventKind.PAYMENT_CAPTURED,
        occurred_at=EVENING,
        payment_ref=f"pay_{payment.pk}",
        amount=Money(payment.amount_minor, "EUR"),
    )
    orders.hear_provider(provider="sandbox", told=told, now=EVENING)


def a_charge(what: str, customer: Customer) -> Payment:
    """Something that is not paid yet, and does not keep its buyer from leaving."""
    asked = {"customer_id": customer.pk, "amount": Money(700, "EUR"), "key": uuid4(), "now": NOON}
    if what == "order":
        charged = given.an_order()
        orders.cancel_unpaid(placed_before=EVENING)
    elif what == "top_up":
        charged = wallet.top_up(**asked)
    else:
        charged = selling.buy_voucher(**asked)
    payments.record_started(
        payment_id=charged.payment_id,
        provider_ref=f"pay_{charged.payment_id}",
        pay_url="http://127.0.0.1/",
        now=NOON,
    )
    return Payment.objects.get(pk=charged.payment_id)


def finish(closure: Closure) -> None:
    """Every line is proven off, and the closing takes the rest of its steps."""
    for line in Line.objects.filter(customer=closure.customer, is_live=True):
        prove_off(line.order_line, now=EVENING)
    take_steps(closure)
    closure.refresh_from_db()


def test_a_line_whose_number_was_refused_is_paid_back_before_its_owner_has_left():
    Number.objects.all().delete()
    wallets.terms()
    customer = given.a_customer(ADDRESS)
    wallets.a_top_up(customer, 500)
    line = deliver(a_ready_line(NUMBER_PLAN, wallet_of=customer.pk))
    numbers_give.ask_number(order_line_id=line.pk, now=NOON)
    be_known(customer.pk)
    numbers_give.consider(line_id=line.pk, now=NOON)
    numbers_give.decide_number(line_id=line.pk, staff_user_id=1, is_allowed=False, now=EVENING)
    closure = leave(customer)
    take_steps(closure)
    prove_off(line, now=EVENING)
    tasks.continue_closing(customer_id=customer.pk, now=EVENING)  # it may come first
    orders.give_up(order_line_id=line.pk, now=EVENING)
    take_steps(closure)

    closure.refresh_from_db()
    assert closure.stage == "certified"
    figures = {
        one["code"]: one["amount"]["minor"] for one in closure.certificate.statement["figures"]
    }
    assert figures["ON_ITS_WAY"] == -line.price_minor
    assert figures["PAID_IN"] == line.price_minor
    assert list(find_faults()) == []
