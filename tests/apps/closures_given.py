"""Customers who leave: with a line, with a refund behind them, up to any step."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from fairroam.apps.closures import operations, queries, tasks
from fairroam.apps.closures.models import Closure
from fairroam.apps.customers.models import Customer
from fairroam.apps.customers.queries import Proof
from fairroam.apps.esims.models import Line, Profile
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.payments.models import Payment
from fairroam.apps.refunds import tasks as refund_tasks
from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.wallet.operations import open_lot
from fairroam.gateways.payments import PayoutStatus
from tests.apps.lines_given import a_ready_line, ask_and_end, payout_of, prove_off
from tests.apps.refunds_given import settle
from tests.given import NOON

ADDRESS = "ada@example.com"
EVENING = NOON + timedelta(hours=7)


def deliver(line: OrderLine) -> OrderLine:
    """The order of a line is fulfilled."""
    orders.record_delivery(order_line_id=line.pk, now=NOON)
    return line


def a_customer_with_a_line() -> tuple[Customer, OrderLine]:
    line = deliver(a_ready_line())
    return Customer.objects.get(pk=line.order.customer_id), line


def leave(
    customer: Customer,
    *,
    key: UUID | None = None,
    timing: str = "at_once",
    trip_ends_on: date | None = None,
    phone: str = "",
    now: datetime = EVENING,
) -> Closure:
    return operations.request_closure(
        customer_id=customer.pk,
        key=key or uuid4(),
        wish=operations.Wish(timing=timing, trip_ends_on=trip_ends_on, phone=phone),
        proof=Proof("passkey", now),
        now=now,
        actor=f"customer:{customer.pk}",
    )


def take_steps(closure: Closure) -> list[str]:
    """Take steps as the queue does, until one waits or none is left."""
    taken = []
    while (name := queries.next_step(closure.pk)) is not None:
        tasks.take_next_step(closure_id=closure.pk, now=EVENING)
        if queries.next_step(closure.pk) == name:
            break
        taken.append(name)
    return taken


def close_wholly(customer: Customer, *, phone: str = "") -> Closure:
    """Leave, with the network proving every line off at once."""
    closure = leave(customer, phone=phone)
    take_steps(closure)
    for line in Line.objects.filter(customer=customer, is_live=True):
        prove_off(line.order_line, now=EVENING)
    tasks.continue_closing(customer_id=customer.pk, now=EVENING)
    take_steps(closure)
    closure.refresh_from_db()
    return closure


def codes(customer: Customer) -> list[str]:
    return [item.code for item in queries.checklist(customer.pk, EVENING).items]


def give_credit(customer: Customer, kind: str, minor: int) -> None:
    """Credit of the kind of that book: paid in, or given."""
    is_paid = kind == "paid_credit"
    payment = Payment.objects.create(
        customer=customer,
        provider="sandbox",
        method="card",
        currency="EUR",
        amount_minor=minor,
        captured_minor=minor,
        stage="captured",
        description="",
        language="en",
        return_url="http://127.0.0.1/",
        prepared_at=NOON,
        captured_at=NOON,
    )
    open_lot(
        customer_id=customer.pk,
        kind="paid" if is_paid else "promo",
        currency="EUR",
        minor=minor,
        origin="voucher",
        cause="given",
        source=BookName("clearing", "EUR", label="sandbox"),
        payment_id=payment.pk if is_paid else None,
        now=NOON,
    )


def a_closed_account() -> tuple[Closure, RefundRequest]:
    customer, line = a_customer_with_a_line()
    Profile.objects.filter(customer=customer).update(eid="89049032123451234512345678901235")
    refund = ask_and_end(line, asked_minor=1000, words=f"write to {ADDRESS.upper()} please")
    settle(payout_of(refund), PayoutStatus.SUCCEEDED, now=EVENING)
    for kind in ("refund.requested", "refund.approved", "refund.paid"):
        refund_tasks.tell_customer(kind=kind, facts={"refund_id": refund.pk}, now=EVENING)
    return close_wholly(customer), refund


def a_closure_before_its_last_mail() -> Closure:
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    take_steps(closure)
    prove_off(line, now=EVENING)
    while queries.next_step(closure.pk) != "last_mail":
        tasks.take_next_step(closure_id=closure.pk, now=EVENING)
    return closure
