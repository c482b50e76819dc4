"""Orders: placed, paid once, given up, all with the books."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_queries
from fairroam.apps.orders import tasks as order_tasks
from fairroam.apps.orders.models import Order
from fairroam.apps.orders.refusals import ConsentMissing, UnknownResidence
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments import queries as payment_rows
from fairroam.apps.payments.models import Payment, ProviderEvent
from fairroam.gateways.payments import EventKind, PayoutReceipt, PayoutStatus
from fairroam.gateways.payments import ProviderEvent as Told
from fairroam.rules.money import Money
from fairroam.rules.tax import tax_inside
from fairroam.worker.books import find_faults
from tests import given
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")


def test_what_was_agreed_is_frozen_in_the_order():
    order = given.an_order("usa-talk-30d", residence="DE")
    terms = order_queries.terms_of(order.lines.get().pk)

    assert (terms.paid, terms.tax, terms.tax_rate) == (3000, 479, "0.19")
    assert terms.packs == ("eu-crd@1", "house@2")
    assert [row["weight"] for row in terms.plan_copy["allowances"]] == ["0.7", "0.2", "0.1"]
    assert (terms.zone, terms.express_request_at) == ("Europe/Berlin", NOON)


@pytest.mark.parametrize(
    ("residence", "packs"),
    [
        ("FR", ("eu-crd@1", "house@2")),
        ("GB", ("uk-ccr@1", "house@2")),
        ("CN", ("cn-prepaid@1", "house@2")),
        ("US", ("house@2",)),
    ],
)
@pytest.mark.promise(12)
def test_the_law_of_the_residence_comes_before_our_own_promise(residence, packs):
    order = given.an_order(residence=residence)

    assert order_queries.terms_of(order.lines.get().pk).packs == packs


def test_the_same_form_twice_is_one_order():
    key = uuid4()
    form = {
        "plan_code": "japan-10gb-30d",
        "quantity": 1,
        "email": "ada@example.com",
        "residence": "DE",
        "language": "en",
        "consents": given.CONSENTS,
        "key": key,
        "now": NOON,
    }

    assert orders.place_order(**form).pk == orders.place_order(**form).pk


@pytest.mark.parametrize("missing", ["terms", "express_request", "loss_acknowledged"])
def test_no_order_without_the_boxes(missing):
    with pytest.raises(ConsentMissing):
        orders.place_order(
            plan_code="japan-10gb-30d",
            quantity=1,
            email="ada@example.com",
            residence="DE",
            language="en",
            consents=given.CONSENTS | {missing: ""},
            key=uuid4(),
            now=NOON,
        )
    assert not Payment.objects.exists()


def test_no_order_from_nowhere():
    with pytest.raises(UnknownResidence):
        given.an_order(residence="XX")


def test_a_payment_is_booked_once_with_its_tax_and_invoice():
    order = given.pay(given.an_order(), now=NOON)
    given.pay(order, now=NOON)  # the provider says it again
    line = order.lines.get()
    unearned = BookName("unearned", "EUR", customer_id=order.customer_id, order_line_id=line.pk)

    assert order.stage == "paid"
    assert books.balance(unearned) == 1597
    assert books.balance(BookName("tax", "EUR", label="DE 0.19")) == 303
    assert books.balance(BookName("clearing", "EUR", label="sandbox")) == -1900
    assert order.invoice.statement["total"]["minor"] == 1900
    assert list(find_faults()) == []


def told(order, *, minor=None, kind=EventKind.PAYMENT_CAPTURED, event_id="ev_1"):
    return Told(
        event_id=event_id,
        kind=kind,
        occurred_at=NOON,
        payment_ref=order.payment.provider_ref,
        amount=Money(minor or order.total_minor, order.currency),
    )


def a_started_order():
    order = given.an_order()
    Payment.objects.filter(pk=order.payment_id).update(provider_ref="pay_1", stage="started")
    order.refresh_from_db()
    return order


def test_another_amount_is_quarantined_and_nothing_is_booked():
    order = a_started_order()

    outcome = orders.hear_provider(provider="sandbox", told=told(order, minor=1), now=NOON)

    order.refresh_from_db()
    assert outcome == "quarantined"
    assert (order.stage, books.trial_balance()) == ("awaiting_payment", [])
    assert ProviderEvent.objects.get().reason == "amount-differs"


def test_an_event_is_applied_once():
    order = a_started_order()

    outcomes = [
        orders.hear_provider(provider="sandbox", told=told(order), now=NOON) for _ in range(2)
    ]

    assert outcomes == ["applied", "repeated"]
    assert list(find_faults()) == []


def test_no_profile_left_means_all_money_back():
    line = given.a_paid_line()

    orders.give_up(order_line_id=line.pk, now=NOON)
    orders.give_up(order_line_id=line.pk, now=NOON)  # the queue repeats

    line.refresh_from_db()
    owed = BookName("refunds_owed", "EUR", customer_id=line.order.customer_id)
    assert (line.pending_minor, books.balance(owed)) == (1900, 1900)
    assert line.order.payment.payouts.get().amount_minor == 1900
    note = Paper.objects.get(kind="credit_note")
    assert (note.statement["total"]["minor"], note.statement["tax"]["minor"]) == (1900, 303)
    assert note.refers_to == line.order.invoice
    assert list(find_faults()) == []


def test_paid_after_it_was_cancelled_it_lives_again():
    order = given.an_order()
    orders.cancel_unpaid(placed_before=NOON.replace(hour=13))

    order = given.pay(order, now=NOON)

    assert (order.stage, order.is_live) == ("paid", True)


@pytest.mark.promise(42)
def test_the_confirmation_names_every_cost_and_none_is_for_shipping():
    order = given.pay(given.an_order(), now=NOON)

    order_tasks.confirm_by_mail(order_id=order.pk, now=NOON)
    order_tasks.confirm_by_mail(order_id=order.pk, now=NOON)

    mail = Notice.objects.get(kind="orders.confirmed")
    assert mail.subject == f"Your order {order.number} is confirmed"
    assert mail.text.count("€19.00") == 2  # the line, the total, and nothing between
    assert "withdraw" in mail.text
    assert sum(line.price_minor for line in order.lines.all()) == order.total_minor


def give_up_and_fail(line):
    orders.give_up(order_line_id=line.pk, now=NOON)
    payout = line.order.payment.payouts.get()
    payments.claim_payout(payout_id=payout.pk, now=NOON)
    refused = PayoutReceipt(
        provider_ref="",
        status=PayoutStatus.FAILED,
        amount=Money(payout.amount_minor, "EUR"),
        reason="expired_or_cancelled_card",
    )
    payments.record_payout(payout_id=payout.pk, receipt=refused, now=NOON)
    return payout


def test_money_of_a_given_up_line_that_did_not_get_through_is_sent_again_once():
    line = given.a_paid_line()
    failed = give_up_and_fail(line)
    assert [row.id for row in payment_rows.failed_payouts()] == [failed.pk]

    again = orders.send_again(payout_id=failed.pk, actor="staff:1", now=NOON)

    assert (again.amount_minor, again.stage) == (1900, "planned")
    assert payment_rows.failed_payouts() == []
    with pytest.raises(MoveNotAllowed):
        orders.send_again(payout_id=failed.pk, actor="staff:1", now=NOON)
    assert list(find_faults()) == []


def test_of_two_esims_one_is_given_up_and_the_order_still_ends_delivered():
    order = given.pay(given.an_order(quantity=2), now=NOON)
    first, second = order.lines.order_by("position")

    orders.give_up(order_line_id=first.pk, now=NOON)
    order.refresh_from_db()
    assert order.stage == "fulfilling"
    orders.record_delivery(order_line_id=second.pk, now=NOON)

    order.refresh_from_db()
    assert (order.stage, order.is_live) == ("fulfilled", None)
    assert order.payment.payouts.get().amount_minor == 1900
    assert list(find_faults()) == []


def test_what_is_given_up_after_a_part_came_back_closes_the_tax_to_the_cent():
    line = given.a_paid_line()
    tender = line.tenders.get()
    orders.reserve(order_line_id=line.pk, parts=[(tender.pk, 333)])
    entries = orders.owe_entries(line=line, minor=333, tax=tax_inside(333, "0.19"), cause="part")
    ledger.post(entries, now=NOON)
    payments.plan_payout(
        payment_id=line.order.payment_id, amount_minor=333, cause="part", hold=False, now=NOON
    )

    orders.give_up(order_line_id=line.pk, now=NOON)

    owed = BookName("refunds_owed", "EUR", customer_id=line.order.customer_id)
    assert books.balance(BookName("tax", "EUR", label="DE 0.19")) == 0
    assert books.balance(owed) == 1900


def test_money_that_comes_for_a_closed_account_waits_in_suspense():
    order = given.an_order()
    orders.cancel_unpaid(placed_before=NOON.replace(hour=13))
    customers.close(customer_id=order.customer_id, now=NOON)

    given.pay(order, now=NOON)

    assert order.stage == "cancelled"
    assert books.balance(BookName("suspense", "EUR")) == 1900
    assert books.balance(BookName("clearing", "EUR", label="sandbox")) == -1900


def test_an_order_is_silent_only_where_nothing_of_it_is_to_come():
    waiting, paid = given.an_order(), given.pay(given.an_order(), now=NOON)

    for order, stage, is_live in (
        (waiting, "awaiting_payment", None),
        (waiting, "cancelled", True),
        (paid, "fulfilled", True),
        (paid, "paid", False),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Order.objects.filter(pk=order.pk).update(stage=stage, is_live=is_live)
    Order.objects.filter(pk=paid.pk).update(is_live=None)
