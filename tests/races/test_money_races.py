"""Many hands at one payment: it is never paid back twice, and never beyond what came in.

Every race has a control without its guards, in which the harm must be seen: else the race would
prove nothing. READ COMMITTED, row locks and CHECKs: what was measured says why these.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Line
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Order, OrderLine, Tender
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.payments.refusals import MoreThanWasPaid
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.refunds.operations.deciding import decide
from fairroam.apps.refunds.operations.moves import lock_request
from fairroam.clock import now
from fairroam.rules.money import Money
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask, prove_off, use
from tests.given import NOON
from tests.races.together import kind_of, kinds_of, together, with_one_held, without_row_locks
from tests.stack import Stack

HANDS = 24
GIGABYTE = 10**9
CAPS = (
    "never_more_back_than_was_captured",
    "never_more_back_than_the_line_cost",
    "never_more_back_than_the_tender_paid",
)
LOCKED = (Customer, Order, OrderLine, Payment, Payout, Line)
numbers = count(1)


def a_buyer() -> str:
    """An address that nobody had before."""
    return f"buyer-{next(numbers)}@example.com"


def promised(payment_id: int | None) -> int:
    """What was promised back through a payment, in cents."""
    payouts = Payout.objects.filter(payment_id=payment_id)
    return payouts.aggregate(total=Sum("amount_minor"))["total"] or 0


def is_overdrawn(line: OrderLine) -> bool:
    """Whether more is on its way back, by the payouts or by the counters, than it cost."""
    line.refresh_from_db()
    on_its_way = line.pending_minor + line.refunded_minor
    return max(on_its_way, promised(line.order.payment_id)) > line.price_minor


# One request for one line ----------------------------------------------------------------------


def bought(stack: Stack) -> OrderLine:
    """A line that was really paid at the provider's and can be downloaded."""
    order = given.an_order(email=a_buyer(), now=now())
    stack.settle(lambda: Payment.objects.get(pk=order.payment_id).pay_url)
    stack.pay(Payment.objects.get(pk=order.payment_id).pay_url)
    stack.settle(lambda: Order.objects.get(pk=order.pk).stage == "fulfilled")
    return order.lines.select_related("order").get()


def asks(line: OrderLine, *, asked_minor: int | None = None) -> list[Callable[[], Any]]:
    """The same wish from many hands, each with a key of its own."""
    at = now()
    return [partial(ask, line, asked_minor=asked_minor, now=at) for _ in range(HANDS)]


def only_ask(line: OrderLine) -> None:
    """The form alone, without what the worker does next."""
    refunds.request_refund(
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        key=uuid4(),
        asked_minor=None,
        wish_minor=None,
        words="",
        declared_at=LATER,
        now=LATER,
        actor="customer",
    )


def decide_one(request_id: int) -> None:
    """The worker decides just this request of a line."""
    with transaction.atomic():
        decide(lock_request(request_id), now=LATER)


def test_one_form_sent_by_many_hands_is_one_request(committed):
    line = a_ready_line()
    key = uuid4()

    ends = together(*[partial(ask, line, key=key)] * HANDS)

    assert {end.pk for end in ends} == {RefundRequest.objects.get().pk}


def test_many_hands_ask_for_one_line_and_it_is_paid_back_once(stack):
    line = bought(stack)

    ends = together(*asks(line))
    stack.rest()

    assert kinds_of(ends) == {"AlreadyAsked": HANDS - 1, "done": 1}
    (accepted,) = stack.effects("payments", "refund_accepted")
    assert accepted["amount"] == 1900
    assert RefundRequest.objects.get().stage == "paid"


def test_many_hands_ask_for_halves_and_get_two(stack):
    line = bought(stack)

    for _half in range(2):
        ends = together(*asks(line, asked_minor=950))
        assert kinds_of(ends) == {"AlreadyAsked": HANDS - 1, "done": 1}
        stack.rest()
    together(*asks(line, asked_minor=950))
    stack.rest()

    accepted = stack.effects("payments", "refund_accepted")
    assert [one["amount"] for one in accepted] == [950, 950]
    assert RefundRequest.objects.get(is_live=True).stage == "under_review"


def test_control_without_guards_one_form_becomes_many_requests(seen_without):
    guards = ("one_open_refund_per_order_line", "one_answer_per_principal_route_and_key")

    def becomes_many() -> bool:
        line, key = a_ready_line(email=a_buyer()), uuid4()
        together(*[partial(ask, line, key=key)] * 8)
        return RefundRequest.objects.filter(order_line=line).count() > 1

    assert seen_without(guards, LOCKED, becomes_many)


def test_control_without_guards_many_requests_reach_the_payment(seen_without):
    guards = ("one_open_refund_per_order_line", *CAPS)

    def reaches_the_payment() -> bool:
        line = given.a_paid_line(email=a_buyer())
        esims.take_off(order_line_id=line.pk, now=NOON)  # Off already: nothing is waited for.
        together(*[partial(only_ask, line)] * 3)  # More would raise a flag.
        found = RefundRequest.objects.filter(order_line=line).values_list("pk", flat=True)
        ends = together(*[partial(decide_one, pk) for pk in found])
        assert not is_overdrawn(line)  # There the third guard holds: the payment's own counters.
        return "MoreThanWasPaid" in kinds_of(ends)

    assert seen_without(guards, LOCKED, reaches_the_payment)


# One payment -----------------------------------------------------------------------------------


def plans(payment_id: int | None, minor: int) -> list[Callable[[], Any]]:
    """Many causes, each of which wants so much of one payment back."""
    return [
        partial(
            payments.plan_payout,
            payment_id=payment_id,
            amount_minor=minor,
            cause=f"act:{uuid4()}",
            hold=False,
            now=NOON,
        )
        for _ in range(HANDS)
    ]


def test_many_causes_share_one_payment_and_never_more_is_promised_than_came_in(committed):
    order = given.a_paid_line().order

    ends = together(*plans(order.payment_id, 600))

    assert kinds_of(ends) == {"MoreThanWasPaid": HANDS - 3, "done": 3}
    assert promised(order.payment_id) == Payment.objects.get().pending_minor == 1800
    assert all(end.facts["left"] == 100 for end in ends if isinstance(end, MoreThanWasPaid))


def test_control_without_locks_the_database_still_refuses(committed):
    order = given.a_paid_line().order

    with without_row_locks(*LOCKED):
        ends = with_one_held(
            *plans(order.payment_id, 600)[:4],
            at='UPDATE "payments_payment"',
            others_begin_there=True,
        )

    # They did meet: the first had read the rest that the others have taken since.
    assert kinds_of(ends) == {"IntegrityError": 1, "done": 3}
    assert isinstance(ends[0], IntegrityError)
    assert promised(order.payment_id) == 1800


def test_control_without_locks_and_checks_more_is_promised_than_came_in(seen_without):
    def promises_too_much() -> bool:
        order = given.a_paid_line(email=a_buyer()).order
        together(*plans(order.payment_id, 600))
        return promised(order.payment_id) > 1900

    assert seen_without(CAPS, LOCKED, promises_too_much)


# A payment that is told of twice ---------------------------------------------------------------


def tellings(order: Order) -> list[Callable[[], Any]]:
    """The provider's notice, its copies and our own question, all at once."""
    amount = Money(order.total_minor, order.currency)
    payments.record_started(
        payment_id=order.payment_id,
        provider_ref=f"pay_{order.number}",
        pay_url="http://127.0.0.1/pay",
        now=NOON,
    )
    told = partial(
        orders.confirm_payment,
        payment_id=order.payment_id,
        amount=amount,
        provider_ref=f"pay_{order.number}",
        now=NOON,
    )
    return [told] * HANDS


def test_a_payment_that_is_told_of_many_times_is_captured_once(committed):
    order = given.an_order()

    ends = together(*tellings(order))

    assert kinds_of(ends) == {"done": HANDS}
    assert [end for end in ends if end is not None] == [order]
    assert Paper.objects.filter(kind="invoice").count() == Tender.objects.count() == 1


def test_control_without_locks_many_captures_meet_at_the_database(committed):
    order = given.an_order()

    with without_row_locks(*LOCKED):
        ends = with_one_held(
            *tellings(order)[:2], at='UPDATE "payments_payment"', others_begin_there=True
        )

    assert [kind_of(end) for end in ends] == ["IntegrityError", "done"]
    assert Tender.objects.count() == 1


# Given up by the carrier, given back by the customer -------------------------------------------


def give_up_and_ask(line: OrderLine) -> list[Callable[[], Any]]:
    esims.take_off(order_line_id=line.pk, now=NOON)
    given_up = partial(orders.give_up, order_line_id=line.pk, now=LATER)
    return [given_up, *asks(line)[:3], given_up, given_up]


def test_a_line_given_up_and_asked_for_at_once_is_paid_back_once(committed):
    for _ in range(3):
        line = given.a_paid_line(email=a_buyer())

        ends = together(*give_up_and_ask(line))

        assert set(kinds_of(ends)) <= {"done", "AlreadyAsked"}
        assert promised(line.order.payment_id) == line.price_minor


def test_control_without_guards_the_line_is_paid_back_by_both(seen_without):
    def pays_both() -> bool:
        line = given.a_paid_line(email=a_buyer())
        ends = together(*give_up_and_ask(line))
        # Paid twice, or kept from it by the paper alone: a credit note above its invoice.
        return is_overdrawn(line) or "CreditAboveInvoice" in kinds_of(ends)

    assert seen_without(CAPS, LOCKED, pays_both)


# Usage that arrives while it is decided --------------------------------------------------------


def use_and_decide(line: OrderLine) -> list[Callable[[], Any]]:
    """The network reports the last gigabytes while it proves the line off."""
    before_the_end = LATER - timedelta(minutes=10)
    esims.take_off(order_line_id=line.pk, now=LATER)
    uses = [partial(use, line, GIGABYTE, at=before_the_end) for _ in range(4)]
    return [*uses, partial(prove_off, line, now=LATER + timedelta(minutes=1))]


@pytest.mark.promise(37)
def test_usage_and_decision_at_once_keep_the_books_whole(committed):
    for _ in range(4):
        line = a_ready_line(email=a_buyer())
        use(line, GIGABYTE)
        refund = ask(line)

        ends = together(*use_and_decide(line))

        assert kinds_of(ends) == {"done": 5}
        decision = refund.decisions.order_by("-pk").first()
        used = decision.facts["allowances"][0]["used"]
        assert decision.due_minor == 1900 - 1900 * used // (10 * GIGABYTE)
