"""Leaving has its time: at once, after 72 hours, at an end; it can be taken back, or looked at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from fairroam.apps.closures import operations, queries, tasks
from fairroam.apps.closures.models import ClosedMark, Closure
from fairroam.apps.closures.personal import EVERYTHING
from fairroam.apps.closures.refusals import (
    BegunAlready,
    NoSuchTime,
    WordsMissing,
)
from fairroam.apps.contacts import operations as contacts
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer, GuardedAct
from fairroam.apps.customers.queries import Proof
from fairroam.apps.customers.refusals import FourEyes, RecentContactChange, StepUpRequired
from fairroam.apps.esims.models import Line, Profile
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.metering.operations import gifts
from fairroam.apps.notices.models import Notice
from fairroam.gateways.contact_files import Card
from fairroam.rules import closure_timing
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.closures_given import (
    ADDRESS,
    EVENING,
    a_customer_with_a_line,
    close_wholly,
    give_credit,
    leave,
    take_steps,
)
from tests.apps.lines_given import a_ready_line, ask, use
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
HOUR = timedelta(hours=1)
EID = "89049032123451234512345678901235"


def everything_of(customer: Customer) -> list[object]:
    """What an undo must leave as it was."""
    customer.refresh_from_db()
    lines = Line.objects.filter(customer=customer).values_list("stage", "is_live", "ended_at")
    return [customer.is_open, customer.leaving_at, customer.user_id, *lines]


# What an undo may add to: what happened, who proved it was them, and what was written of it.
HISTORY = ("journal_event", "customers_guardedact", "closures_closure", "notices_notice")


def all_rows_of(customer: Customer) -> dict[str, list[object]]:
    """Every row of every table that is about the customer, apart from history."""
    told_of = [table for table in EVERYTHING if table.whose and table.name not in HISTORY]
    return {table.name: list(table.rows(customer.pk).values()) for table in told_of}


# When -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timing", "plan_ends", "trip_ends_on", "due"),
    [
        ("at_once", None, None, "2026-11-02T19:00"),
        ("after_rest", None, None, "2026-11-05T19:00"),
        ("plan_end", "2026-12-02T12:00", None, "2026-12-02T12:00"),
        ("plan_end", "2026-11-03T12:00", None, "2026-11-05T19:00"),  # never before the rest
        ("plan_end", None, None, None),
        ("trip_end", None, date(2026, 11, 10), "2026-11-10T23:00"),  # Berlin's midnight
        ("trip_end", None, date(2026, 11, 2), "2026-11-05T19:00"),
        ("trip_end", None, date(2026, 11, 1), None),
        ("trip_end", None, date(2027, 11, 4), None),
        ("trip_end", None, None, None),
    ],
)
def test_a_closing_begins_at_its_time(timing, plan_ends, trip_ends_on, due):
    def ask_when() -> datetime:
        return closure_timing.due_at(
            timing,
            requested_at=EVENING,
            zone="Europe/Berlin",
            plan_ends_at=plan_ends and datetime.fromisoformat(plan_ends).replace(tzinfo=UTC),
            trip_ends_on=trip_ends_on,
        )

    if due is None:
        with pytest.raises(closure_timing.NotATime):
            ask_when()
        return
    assert ask_when() == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.promise(71)
def test_a_person_has_looked_within_fifteen_working_days():
    asked = datetime(2026, 12, 21, 12, tzinfo=UTC)  # before Christmas and New Year in Germany

    by = closure_timing.review_by(asked, zone="Europe/Berlin", residence="DE")

    assert by == datetime(2027, 1, 13, 23, tzinfo=UTC)


def test_until_it_begins_everything_works_and_then_it_goes_to_the_end():
    customer, line = a_customer_with_a_line()
    before = everything_of(customer)
    closure = leave(customer, timing="after_rest")

    tasks.resume_closings(now=EVENING + 71 * HOUR)
    assert everything_of(customer) == before
    assert ask(line, now=EVENING + HOUR).stage != "withdrawn"  # rights are taken as ever

    closure.refresh_from_db()
    assert (closure.stage, closure.due_at) == ("requested", EVENING + 72 * HOUR)
    tasks.resume_closings(now=EVENING + 72 * HOUR)
    closure.refresh_from_db()
    assert (closure.stage, closure.held_by) == ("requested", ["refund_in_progress"])
    assert Event.objects.filter(kind="closure.held").count() == 1


def test_a_day_pack_that_was_made_longer_is_waited_for():
    customer, line = a_customer_with_a_line()
    use(line, 10**9, at=EVENING)
    ends_at = queries.plans_end_at(customer.pk)
    closure = leave(customer, timing="plan_end")
    assert closure.due_at == ends_at

    gifts.extend_period(order_line_id=line.pk, days=2, now=EVENING)
    tasks.resume_closings(now=ends_at)

    closure.refresh_from_db()
    assert (closure.stage, closure.due_at) == ("requested", ends_at + timedelta(days=2))


def test_there_must_be_such_a_time():
    customer, _line = a_customer_with_a_line()  # its plan has not begun: no end is known

    with pytest.raises(NoSuchTime):
        leave(customer, timing="plan_end")
    with pytest.raises(NoSuchTime):
        leave(customer, timing="trip_end", trip_ends_on=EVENING.date() - timedelta(days=1))
    assert not GuardedAct.objects.exists()


# Undo -----------------------------------------------------------------------------------------


@pytest.mark.promise(77)
def test_undo_in_hour_71_restores_everything():
    customer, _line = a_customer_with_a_line()
    give_credit(customer, "promo_credit", 300)
    contacts.add_contact(
        customer_id=customer.pk, card=Card(name="Bo", phones=("+4915735987654",)), now=NOON
    )
    browser = Client()
    browser.force_login(customer.user)
    browser.get("/account/")
    before, rows = everything_of(customer), all_rows_of(customer)
    assert sum(map(bool, rows.values())) >= 15
    closure = leave(customer, timing="after_rest")
    tasks.resume_closings(now=EVENING + 70 * HOUR)
    later = EVENING + 71 * HOUR

    operations.undo_closure(closure_id=closure.pk, now=later, actor="customer")
    operations.undo_closure(closure_id=closure.pk, now=later, actor="customer")
    tasks.resume_closings(now=EVENING + 100 * HOUR)

    assert everything_of(customer) == before
    assert all_rows_of(customer) == rows
    assert queries.closure_of(customer.pk) is None
    assert Event.objects.filter(kind="closure.undone").count() == 1
    assert not Event.objects.filter(kind__in=["closure.started", "line.taken_off"]).exists()
    assert leave(customer, timing="after_rest", now=later).pk != closure.pk
    assert list(find_faults()) == []


def test_what_has_begun_is_not_taken_back():
    customer, _line = a_customer_with_a_line()
    closure = leave(customer)

    with pytest.raises(BegunAlready):
        operations.undo_closure(closure_id=closure.pk, now=EVENING, actor="customer")
    with pytest.raises(IntegrityError), transaction.atomic():
        Closure.objects.filter(pk=closure.pk).update(stage="reversed")
    with pytest.raises(IntegrityError), transaction.atomic():
        Closure.objects.filter(pk=closure.pk).update(due_at=EVENING + HOUR)


# Who asks -------------------------------------------------------------------------------------


@pytest.mark.promise(77)
def test_it_takes_a_fresh_proof_and_an_account_that_does_not_rest():
    customer, _line = a_customer_with_a_line()

    def ask_with(proof: Proof | None) -> None:
        operations.request_closure(
            customer_id=customer.pk,
            key=uuid4(),
            wish=operations.Wish(timing="after_rest"),
            proof=proof,
            now=EVENING,
            actor="customer",
        )

    for stale in (None, Proof("passkey", EVENING - timedelta(minutes=11))):
        with pytest.raises(StepUpRequired):
            ask_with(stale)
    customers.record_security_change(
        customer_id=customer.pk, kind="email_changed", now=EVENING - 71 * HOUR
    )
    with pytest.raises(RecentContactChange):
        ask_with(Proof("passkey", EVENING))
    assert Closure.objects.count() == 0


def test_a_change_of_address_after_the_request_holds_the_beginning():
    customer, _line = a_customer_with_a_line()
    closure = leave(customer, timing="after_rest")
    customers.record_security_change(
        customer_id=customer.pk, kind="email_changed", now=EVENING + 48 * HOUR
    )

    tasks.resume_closings(now=EVENING + 72 * HOUR)
    closure.refresh_from_db()
    assert (closure.stage, closure.held_by) == ("requested", ["recent_contact_change"])
    tasks.resume_closings(now=EVENING + 120 * HOUR)
    closure.refresh_from_db()
    assert (closure.stage, closure.held_by) == ("closing", [])


# A person looks -------------------------------------------------------------------------------


def a_doubtful_customer() -> Customer:
    """Somebody on whose phone three other accounts had an eSIM."""
    customer, _line = a_customer_with_a_line()
    for number in range(3):
        a_ready_line(email=f"friend{number}@example.com")
    Profile.objects.update(eid=EID)
    return customer


@pytest.mark.promise(71)
def test_what_is_not_clear_waits_for_a_person_who_asks_and_approves():
    customer = a_doubtful_customer()
    staff = given.a_colleague()
    closure = leave(customer)
    assert (closure.stage, closure.doubts) == ("review", ["phone_of_many"])
    assert [row.id for row in queries.reviews()] == [closure.pk]
    tasks.resume_closings(now=EVENING + 200 * HOUR)
    customer.refresh_from_db()
    assert customer.leaving_at is None

    def act(name: str, words: str = "") -> None:
        operations.review_closure(
            closure_id=closure.pk, act=name, words=words, staff_user_id=staff.pk, now=EVENING
        )

    with pytest.raises(WordsMissing):
        act("ask")
    act("ask", "Is it you?")
    with pytest.raises(MoveNotAllowed):
        act("approve")
    operations.answer_review(closure_id=closure.pk, words="Yes, my brother's phone.", now=EVENING)
    act("approve")

    closure.refresh_from_db()
    assert (closure.stage, closure.reviewed_by[:6]) == ("closing", "staff:")
    assert "closures.asked" in {tasks.MAILS[event.kind] for event in told(closure)}


def told(closure: Closure) -> list[Event]:
    return list(Event.objects.filter(kind__in=tasks.MAILS, facts__closure_id=closure.pk))


def test_a_no_says_why_and_the_account_goes_on():
    customer = a_doubtful_customer()
    staff = given.a_colleague()
    closure = leave(customer)

    operations.review_closure(
        closure_id=closure.pk,
        act="reject",
        words="Somebody else closes accounts on this phone. Call us.",
        staff_user_id=staff.pk,
        now=EVENING,
    )
    for event in told(closure):
        tasks.tell_customer(kind=event.kind, closure_id=closure.pk, event_id=event.pk, now=EVENING)

    rejected = queries.rejected_of(customer.pk)
    assert rejected is not None
    assert "Call us" in rejected.reject_words
    assert "Call us" in Notice.objects.get(kind="closures.rejected").text
    assert queries.closure_of(customer.pk) is None
    assert leave(customer).stage == "review"


def test_nobody_looks_at_the_closing_of_their_own_account():
    customer = a_doubtful_customer()
    closure = leave(customer)
    own = given.a_colleague(email=customer.user.email.replace("@", "+desk@"))

    with pytest.raises(FourEyes):
        operations.review_closure(
            closure_id=closure.pk,
            act="approve",
            words="",
            staff_user_id=own.pk,
            now=EVENING,
        )


# Afterwards -----------------------------------------------------------------------------------


def test_who_comes_back_is_known_by_a_hash_until_its_end():
    customer, _line = a_customer_with_a_line()
    closure = close_wholly(customer)

    assert queries.closed_on(ADDRESS.upper(), EVENING) == closure.closed_at
    assert queries.closed_on("bo@example.com", EVENING) is None
    assert ADDRESS not in str(ClosedMark.objects.values())
    operations.forget_marks(now=EVENING + timedelta(days=399))
    assert ClosedMark.objects.count() == 1
    assert queries.closed_on(ADDRESS, EVENING + timedelta(days=400)) is None
    operations.forget_marks(now=EVENING + timedelta(days=400))
    assert ClosedMark.objects.count() == 0


@pytest.mark.promise(80)
def test_the_day_after_a_trip_one_mail_says_what_to_do_now():
    customer, _line = a_customer_with_a_line()
    for hours in (24, 25, 26):
        tasks.remind_after_trip(
            customer_id=customer.pk, ended_at=EVENING, now=EVENING + hours * HOUR
        )

    [notice] = Notice.objects.filter(kind="closures.trip_ended")
    assert "/account/leave/" in notice.text
    leave(customer)
    tasks.remind_after_trip(
        customer_id=customer.pk, ended_at=EVENING + 48 * HOUR, now=EVENING + 72 * HOUR
    )
    assert Notice.objects.filter(kind="closures.trip_ended").count() == 1


@pytest.mark.promise(73)
def test_each_step_is_told_with_its_time_and_the_way_back():
    customer, _line = a_customer_with_a_line()
    closure = leave(customer, timing="after_rest")
    for event in told(closure):
        tasks.tell_customer(kind=event.kind, closure_id=closure.pk, event_id=event.pk, now=EVENING)

    [notice] = Notice.objects.filter(customer=customer)
    assert notice.subject == "Your account closes on Thu 5 November 2026, 20:00, Berlin time"
    seal = queries.seal_of(closure)
    assert f"/account/leave/{seal}/" in notice.text
    assert queries.closure_by_seal(seal, EVENING).id == closure.pk
    assert mail.outbox == []
    assert take_steps(closure) == []
