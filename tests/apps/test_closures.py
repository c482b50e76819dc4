"""Leaving: what blocks, what ends and what is forfeited, each step once."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import IntegrityError, transaction

from fairroam.apps.closures import operations, queries, tasks
from fairroam.apps.closures.models import STEPS, Closure, ClosureStep
from fairroam.apps.closures.operations.moves import move
from fairroam.apps.closures.refusals import AlreadyClosing, StaffAccount, StillOnItsWay
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer, User
from fairroam.apps.customers.refusals import AccountClosed, AccountLeaving
from fairroam.apps.esims import tasks as esim_tasks
from fairroam.apps.esims.models import Line, Profile
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MovedMeanwhile
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders.models import Order
from fairroam.apps.papers.models import Paper
from fairroam.gateways.payments import PayoutStatus
from fairroam.worker.books import find_faults
from tests import given
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
from tests.apps.lines_given import a_ready_line, ask, ask_and_end, payout_of, prove_off, use
from tests.apps.refunds_given import settle
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")


# The checklist --------------------------------------------------------------------------------


def test_the_checklist_names_what_would_be_lost_and_what_can_still_be_taken():
    customer, line = a_customer_with_a_line()
    use(line, 4 * 10**9, at=NOON)
    give_credit(customer, "promo_credit", 250)

    listed = {item.code: dict(item.facts) for item in queries.checklist(customer.pk, EVENING).items}

    assert listed["refund_open"] == {
        "order_line_id": line.pk,
        "currency": "EUR",
        "minor": 1140,
    }
    assert listed["plan_running"] == {
        "order_line_id": line.pk,
        "days_left": 30,
        "bytes_left": 6 * 10**9,
    }
    assert listed["promo_credit_lost"] == {"currency": "EUR", "minor": 250}
    assert listed["profile_in_phone"] == {"order_line_id": line.pk}
    assert queries.checklist(customer.pk, EVENING).is_clear


def test_what_is_on_its_way_blocks_and_says_so():
    customer, line = a_customer_with_a_line()
    refund = ask(line)
    given.an_order()  # Not paid yet.
    give_credit(customer, "paid_credit", 5)

    with pytest.raises(StillOnItsWay) as refused:
        leave(customer)

    blockers = [item["code"] for item in refused.value.facts["blockers"]]
    assert blockers == ["refund_in_progress", "order_in_progress", "paid_credit_left"]
    assert refused.value.facts["blockers"][0]["facts"]["refund_id"] == refund.pk
    assert Closure.objects.count() == 0


def test_an_unlimited_plan_has_no_bytes_to_name():
    line = deliver(a_ready_line("asia-day-pass-5d"))
    checklist = queries.checklist(line.order.customer_id, EVENING)

    [plan] = [item for item in checklist.items if item.code == "plan_running"]
    assert (plan.facts["days_left"], plan.facts["bytes_left"]) == (5, None)


# Asking ---------------------------------------------------------------------------------------


def test_the_same_form_twice_is_one_closing_and_a_second_form_is_refused():
    customer, _line = a_customer_with_a_line()
    key = uuid4()
    closure = leave(customer, key=key)

    assert leave(customer, key=key).pk == closure.pk
    assert [item["code"] for item in closure.checklist] == codes(customer)
    with pytest.raises(AlreadyClosing):
        leave(customer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Closure.objects.create(customer=customer, checklist=[], requested_at=EVENING, language="en")


def test_who_works_at_the_desk_leaves_the_staff_first():
    customer, _line = a_customer_with_a_line()
    User.objects.filter(pk=customer.user_id).update(is_staff=True)

    with pytest.raises(StaffAccount):
        leave(customer)


def test_a_closed_account_is_not_closed_again():
    customer, _line = a_customer_with_a_line()
    close_wholly(customer)

    with pytest.raises(AccountClosed):
        leave(customer)


# The steps ------------------------------------------------------------------------------------


def test_a_whole_closing_waits_for_the_network_and_ends_with_a_certificate():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)

    assert take_steps(closure) == ["refunds"]
    row = queries.closure_of(customer.pk)
    assert (row.stage, row.steps[1].name, row.steps[1].waits_for) == ("closing", "lines", "lines")
    assert [waiting.id for waiting in queries.queue(EVENING)] == [closure.pk]

    prove_off(line, now=EVENING)
    tasks.resume_closings(now=EVENING)
    assert take_steps(closure) == list(STEPS[2:])

    customer.refresh_from_db()
    closure.refresh_from_db()
    assert (customer.is_open, customer.closed_at, customer.user) == (False, EVENING, None)
    assert closure.stage == "certified"
    assert (closure.sealed_address, closure.salts) == (None, None)
    assert queries.closure_of(customer.pk).certificate == closure.certificate.number
    assert all(step.done_at for step in queries.closure_of(customer.pk).steps)
    assert not queries.queue(EVENING)
    assert [book.minor for book in books.balances_of(customer.pk)] == [0]
    assert books.balance(BookName("breakage", "EUR")) == 1597
    assert list(find_faults()) == []


def test_every_step_is_safe_twice_and_each_is_done_once():
    customer, _line = a_customer_with_a_line()
    closure = close_wholly(customer)
    told = Event.objects.filter(kind="closure.step_done").count()

    for _ in range(2):
        tasks.take_next_step(closure_id=closure.pk, now=EVENING)
        tasks.send_last_mail(closure_id=closure.pk, now=EVENING)
    operations.record_last_mail(closure_id=closure.pk, is_taken=True, now=EVENING)

    assert told == len(STEPS)
    assert Event.objects.filter(kind="closure.step_done").count() == told
    assert [message.to for message in mail.outbox] == [[ADDRESS]]
    assert Paper.objects.filter(kind="certificate").count() == 1


def test_the_database_refuses_to_close_over_anything_that_lives():
    customer, _line = a_customer_with_a_line()

    with pytest.raises(IntegrityError), transaction.atomic():
        customers.close(customer_id=customer.pk, now=EVENING)

    Line.objects.filter(customer=customer).update(
        stage="terminated", is_live=None, ended_at=EVENING
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        customers.close(customer_id=customer.pk, now=EVENING)
    Profile.objects.filter(customer=customer).update(is_live=None)
    customers.close(customer_id=customer.pk, now=EVENING)
    with pytest.raises(IntegrityError), transaction.atomic():
        Line.objects.filter(customer=customer).update(stage="active", is_live=True, ended_at=None)


def open_gate(customer):
    """Let something in, as an act would that had begun a moment before the closing."""
    Customer.objects.filter(pk=customer.pk).update(leaving_at=None)


def test_nothing_new_begins_under_an_account_that_is_being_closed():
    customer, line = a_customer_with_a_line()
    leave(customer)

    with pytest.raises(AccountLeaving):
        given.an_order(now=EVENING)
    with pytest.raises(AccountLeaving):
        ask(line, now=EVENING)
    assert Order.objects.count() == 1


def test_what_begins_while_an_account_closes_is_ended_before_it_is_closed():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    take_steps(closure)
    prove_off(line, now=EVENING)
    for _ in ("lines", "notices", "sessions"):
        tasks.take_next_step(closure_id=closure.pk, now=EVENING)

    open_gate(customer)
    late_line = deliver(a_ready_line())
    esim_tasks.tell_customer(order_line_id=late_line.pk, now=EVENING)
    assert take_steps(closure) == []
    assert queries.closure_of(customer.pk).steps[4].waits_for == "lines"

    prove_off(late_line, now=EVENING)
    assert take_steps(closure)[-1] == "last_mail"
    assert Notice.objects.get().stage == "dropped"
    assert books.balance(BookName("breakage", "EUR")) == 2 * 1597
    assert list(find_faults()) == []


def test_a_request_that_is_not_decided_yet_is_awaited():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    open_gate(customer)
    refund = ask(line, now=EVENING)

    assert take_steps(closure) == []
    assert queries.closure_of(customer.pk).steps[0].waits_for == "refunds"

    prove_off(line, now=EVENING)  # It is decided, and what is due goes on without the account.
    assert take_steps(closure)[-1] == "last_mail"
    refund.refresh_from_db()
    assert (refund.stage, refund.is_live) == ("handed_over", None)
    settle(payout_of(refund), PayoutStatus.SUCCEEDED, now=EVENING)
    assert list(find_faults()) == []


def test_an_order_that_still_waits_keeps_the_account_open():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    take_steps(closure)
    prove_off(line, now=EVENING)
    open_gate(customer)
    late_order = given.an_order(now=EVENING)

    take_steps(closure)
    assert queries.closure_of(customer.pk).steps[4].waits_for == "something_lives"

    Order.objects.filter(pk=late_order.pk).update(stage="cancelled", is_live=None)
    assert take_steps(closure)[-1] == "last_mail"


def test_paid_credit_is_never_forfeited():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    give_credit(customer, "paid_credit", 700)
    give_credit(customer, "promo_credit", 250)
    take_steps(closure)
    prove_off(line, now=EVENING)

    take_steps(closure)

    assert queries.closure_of(customer.pk).stage == "certified"
    assert books.balance(BookName("settlement", "EUR")) == 700  # on its way, without the account
    assert books.balance(BookName("breakage", "EUR")) == 1597 + 250


def test_money_that_is_owed_and_on_no_way_is_awaited():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    owed = BookName("refunds_owed", "EUR", customer_id=customer.pk)
    ledger.post([Entry("owed", 5, BookName("suspense", "EUR"), owed)], now=NOON)

    assert take_steps(closure) == []
    assert queries.closure_of(customer.pk).steps[0].waits_for == "money_owed"
    assert Line.objects.get(pk=line.pk).stage == "active"


def test_every_browser_is_signed_out_and_strangers_stay():
    customer, _line = a_customer_with_a_line()
    stranger = given.a_customer("bo@example.com")
    kept = []
    for user_id in (customer.user_id, customer.user_id, stranger.user_id):
        session = SessionStore()
        session["_auth_user_id"] = str(user_id)
        session.create()
        customers.note_session(
            user_id=user_id, session_key=session.session_key, user_agent="Firefox", now=NOON
        )
        kept.append(session.session_key)

    close_wholly(customer)

    left = Session.objects.filter(session_key__in=kept).values_list("session_key", flat=True)
    assert list(left) == kept[2:]
    assert ClosureStep.objects.get(name="sessions").proof == {"sessions": 2}


def test_a_browser_that_only_bought_sees_nothing_of_a_closed_account(client):
    customer, line = a_customer_with_a_line()
    number = Order.objects.get().number
    session = client.session
    session["orders"] = [number]
    session.save()
    pages = (f"/orders/{number}/", f"/account/lines/{line.pk}/")
    before = [client.get(page).status_code for page in pages]

    close_wholly(customer)

    assert before[0] == 200
    assert client.get(pages[0]).status_code == 404


def test_a_closing_moves_only_from_the_stage_it_was_read_in():
    customer, _line = a_customer_with_a_line()
    closure = leave(customer)
    stale = Closure.objects.get(pk=closure.pk)
    move(closure, "close", closed_at=EVENING)

    with pytest.raises(MovedMeanwhile):
        move(stale, "close", closed_at=EVENING)


def test_an_order_taken_off_before_it_was_delivered_holds_nobody():
    line = a_ready_line()  # Its delivery was never recorded.
    customer = Customer.objects.get(pk=line.order.customer_id)
    refund = ask_and_end(line)
    settle(payout_of(refund), PayoutStatus.SUCCEEDED, now=EVENING)

    assert close_wholly(customer).stage == "certified"
    assert list(find_faults()) == []
