"""Money back to everybody whom an incident hit: as if each had been given it alone."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from fairroam.apps.customers import queries as people
from fairroam.apps.customers.models import Customer
from fairroam.apps.customers.refusals import FourEyes, NotAllowed
from fairroam.apps.incidents import operations as incidents
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.ledger.models import Transfer
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import OrderLine, Tender
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.refunds import operations as acts
from fairroam.apps.refunds import queries as refunds
from fairroam.apps.refunds import tasks
from fairroam.apps.refunds.models import (
    Decision,
    RefundPart,
    RefundRequest,
    RefundRun,
    RefundRunLine,
)
from fairroam.apps.refunds.operations import everyone
from fairroam.apps.refunds.queries import everyone as runs
from fairroam.apps.refunds.refusals import IncidentNotOver, PreviewOutdated, RunUnderWay
from fairroam.apps.wallet.models import Lot, Move, Spending
from fairroam.gateways.payments import EventKind, PayoutStatus
from fairroam.worker.books import find_faults
from tests import given
from tests.apps import wallet_given
from tests.apps.everyone_given import (
    ENDS,
    FAILS,
    LATER,
    a_confirmed_run,
    a_hit_line,
    a_preview,
    an_operator,
    carry_out,
    the_outage,
)
from tests.apps.incidents_given import DAY, STAFF, a_report, an_outage, see
from tests.apps.lines_given import a_ready_line, ask, make_ready
from tests.apps.payments_given import tells
from tests.apps.refunds_given import dispute, settle
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def max_(db):
    return an_operator("max@fairroam.example")


@pytest.fixture
def mia(db):
    return an_operator("mia@fairroam.example")


def outcomes(run: RefundRun) -> dict[int, tuple[str, str | None]]:
    rows = RefundRunLine.objects.filter(run=run).order_by("order_line_id")
    return {row.order_line_id: (row.finding, row.outcome) for row in rows}


# The way from a preview to the money ------------------------------------------------------------


@pytest.mark.promise(17)
@pytest.mark.promise(19)
def test_everybody_who_was_hit_gets_the_lost_time_back_without_asking_and_keeps_the_plan(max_, mia):
    ada, bea = a_hit_line(), a_hit_line("bea@example.com", language="zh-Hans")
    a_ready_line(email="cem@example.com")  # never there
    run = carry_out(a_confirmed_run(the_outage(), max_, mia))

    assert outcomes(run) == {ada.pk: ("owed", "given"), bea.pk: ("owed", "given")}
    assert run.stage == "finished"
    for line in (ada, bea):
        refund = RefundRequest.objects.get(order_line=line)
        assert refund.stage == "approved"
        decision = refund.decisions.get()
        assert decision.result["ground"] == "outage"
        assert decision.due_minor == 380  # 6 of 30 days of 19.00
        payout = Payout.objects.get(cause=f"refund:{refund.pk}")
        assert (payout.amount_minor, payout.stage) == (380, "planned")
        line.line.refresh_from_db()
        assert line.line.stage == "active"
    assert list(find_faults()) == []
    letter = Notice.objects.get(kind="refunds.incident", customer=ada.order.customer)
    assert letter.subject == "The network failed: you get €3.80 back for “Japan 10 GB”"
    assert letter.paper == RefundRequest.objects.get(order_line=ada).decision_paper
    chinese = Notice.objects.get(kind="refunds.incident", customer=bea.order.customer)
    assert "日本没有数据网络。" in chinese.text


@pytest.mark.promise(19)
def test_an_individual_claim_names_the_same_amount_and_counts_what_the_run_gave(max_, mia):
    line = a_hit_line()
    see(line, FAILS - timedelta(minutes=30), country="JP", quantity=9 * 10**9)  # used up
    incident = the_outage()
    alone = refunds.quote(line.pk, now=LATER)
    run = a_preview(incident, max_)

    assert alone.decision["ground"] == "outage"
    assert RefundRunLine.objects.get(run=run).due_minor == alone.due == 380
    everyone.confirm(run_id=run.pk, digest=run.digest, user_id=mia.pk, now=LATER)
    carry_out(run)
    assert refunds.quote(line.pk, now=LATER).due == 0


@pytest.mark.promise(19)
@pytest.mark.parametrize("is_restored", [False, True])
def test_a_plan_in_trouble_is_judged_on_the_same_facts_as_an_individual_claim(
    max_, mia, is_restored
):
    line = a_hit_line()
    theirs = {"order_line_id": line.pk, "customer_id": line.order.customer_id}
    acts.open_trouble(**theirs, cause="technical", now=FAILS)
    acts.record_step(**theirs, kind="restart", has_helped=is_restored, now=FAILS + DAY)
    incident = the_outage()
    alone = refunds.quote(line.pk, now=LATER)

    carry_out(a_confirmed_run(incident, max_, mia))

    decision = Decision.objects.get()
    assert (decision.facts["trouble"]["restored_at"] is not None) == is_restored
    assert decision.facts["trouble"]["steps_done"] == 1
    differs = {name for name, fact in decision.facts.items() if fact != alone.facts[name]}
    assert differs <= {"declared_at", "received_at"}
    assert list(find_faults()) == []


def test_whoever_gets_nothing_hears_why_and_whoever_asked_alone_is_left_to_that(max_, mia):
    short = a_hit_line("short@example.com", plan_code="japan-10gb-30d")
    asked = a_hit_line("asked@example.com")
    ask(asked, now=FAILS + DAY)
    early = OrderLine.objects.filter(pk=short.pk)
    early.update(packs=["eu-crd@1"])  # a plan sold without the promise
    run = carry_out(a_confirmed_run(the_outage(), max_, mia))

    assert outcomes(run) == {short.pk: ("nothing", "told"), asked.pk: ("claim_open", "told")}
    letters = Notice.objects.filter(kind="refunds.incident_nothing").order_by("pk")
    assert [letter.address for letter in letters] == ["short@example.com", "asked@example.com"]
    assert "a failure of this length gives no money back" in letters[0].text
    assert "A refund for this plan is under way already" in letters[1].text
    assert Payout.objects.count() == 0


def test_a_second_run_gives_nobody_anything_twice_and_writes_to_nobody_again(max_, mia):
    line = a_hit_line()
    incident = the_outage()
    carry_out(a_confirmed_run(incident, max_, mia))
    on_its_way = carry_out(a_confirmed_run(incident, max_, mia))
    assert outcomes(on_its_way) == {line.pk: ("claim_open", "told")}
    settle(Payout.objects.get().pk, PayoutStatus.SUCCEEDED, now=LATER)

    again = carry_out(a_confirmed_run(incident, max_, mia))

    assert outcomes(again) == {line.pk: ("given_back", "told")}
    assert Payout.objects.count() == 1
    assert Notice.objects.filter(kind="refunds.incident_nothing").count() == 1


def test_the_mail_of_the_approval_is_not_sent_beside_the_letter(max_, mia):
    a_hit_line()
    carry_out(a_confirmed_run(the_outage(), max_, mia))
    event = Event.objects.get(kind="refund.approved")

    tasks.tell_customer(kind=event.kind, facts=event.facts, now=LATER)

    assert Notice.objects.filter(kind__startswith="refunds.").count() == 1


# Figures that moved ------------------------------------------------------------------------------


def test_a_line_whose_figures_moved_after_the_preview_waits_for_a_new_one(max_, mia):
    line, other = a_hit_line(), a_hit_line("bea@example.com")
    incident = the_outage()
    run = a_confirmed_run(incident, max_, mia)
    ask(line, now=LATER)  # an individual claim came in between

    assert outcomes(carry_out(run)) == {line.pk: ("owed", "moved"), other.pk: ("owed", "given")}
    assert RefundRequest.objects.filter(order_line=line).count() == 1
    assert list(find_faults()) == []


def test_a_dispute_holds_its_part_of_what_is_given(max_, mia):
    line = a_hit_line()
    dispute(line.order.payment)
    run = a_preview(the_outage(), max_)
    (total,) = runs.run_row(run.pk).sums
    assert (total.due_minor, total.held_minor, total.sent_minor) == (380, 380, 0)
    everyone.confirm(run_id=run.pk, digest=run.digest, user_id=mia.pk, now=LATER)

    carry_out(run)

    assert Payout.objects.get().stage == "held"
    assert Event.objects.filter(kind="payout.planned").count() == 0


@pytest.mark.parametrize(
    "address", ["max@fairroam.example", "Mia+travel@fairroam.example", "mia@home.example"]
)
def test_nobody_gives_money_to_themselves_by_whichever_login(max_, mia, address):
    member = people.staff_member(mia.pk)
    given.a_colleague("agent", email="mia@home.example", person_id=member.person_id)
    line = a_hit_line(address)

    run = carry_out(a_confirmed_run(the_outage(), max_, mia))

    assert outcomes(run) == {line.pk: ("owed", "own")}
    assert Payout.objects.count() == 0


# Two persons -------------------------------------------------------------------------------------


def test_only_a_second_operator_confirms_and_only_what_was_previewed(max_, mia):
    a_hit_line()
    incident = the_outage()
    run = a_preview(incident, max_)
    with pytest.raises(FourEyes):
        everyone.confirm(run_id=run.pk, digest=run.digest, user_id=max_.pk, now=LATER)
    agent = given.a_colleague("agent", email="sam@fairroam.example")
    with pytest.raises(NotAllowed):
        everyone.confirm(run_id=run.pk, digest=run.digest, user_id=agent.pk, now=LATER)
    with pytest.raises(PreviewOutdated):
        everyone.confirm(run_id=run.pk, digest="0" * 64, user_id=mia.pk, now=LATER)
    assert everyone.give_batch(run_id=run.pk, most=9, now=LATER) == 0

    report = a_report(FAILS, ENDS - DAY)
    incidents.correct(incident.pk, report, seen_version=2, actor=STAFF, now=LATER)
    with pytest.raises(PreviewOutdated):
        everyone.confirm(run_id=run.pk, digest=run.digest, user_id=mia.pk, now=LATER)
    assert Payout.objects.count() == 0


def test_a_run_starts_from_a_confirmed_incident_that_is_over_and_one_at_a_time(max_, mia):
    a_hit_line()
    suspected = incidents.declare(a_report(FAILS, ENDS), actor=STAFF, now=LATER)
    with pytest.raises(IncidentNotOver):
        everyone.ask_for_run(incident_id=suspected.pk, user_id=max_.pk, now=LATER)
    incident = the_outage()
    first = a_preview(incident, max_)
    second = a_confirmed_run(incident, max_, mia)
    first.refresh_from_db()
    assert (first.stage, first.is_live) == ("discarded", None)
    with pytest.raises(RunUnderWay):
        everyone.ask_for_run(incident_id=incident.pk, user_id=max_.pk, now=LATER)
    with pytest.raises(MoveNotAllowed):
        everyone.confirm(run_id=second.pk, digest=second.digest, user_id=mia.pk, now=LATER)


def test_a_stopped_run_begins_no_batch_and_goes_on_where_it_was(max_, mia):
    lines = [a_hit_line(f"c{number}@example.com") for number in range(3)]
    run = a_confirmed_run(the_outage(), max_, mia)
    assert everyone.give_batch(run_id=run.pk, most=1, now=LATER) == 1
    everyone.stop(run_id=run.pk, user_id=max_.pk, now=LATER)
    assert everyone.give_batch(run_id=run.pk, most=1, now=LATER) == 0
    assert not everyone.finish(run_id=run.pk, now=LATER)
    assert runs.run_row(run.pk).percent == 33

    everyone.resume(run_id=run.pk, user_id=max_.pk, now=LATER)
    carry_out(run, most=1)

    assert Payout.objects.count() == len(lines)


# The same as one by one --------------------------------------------------------------------------


def shape_of_books() -> dict[str, list[Any]]:
    """Everything a run left, without ids, numbers, keys and signatures."""
    refund_lines = dict(RefundRequest.objects.values_list("pk", "order_line_id"))
    numbers = dict(Decision.objects.values_list("number", "request__order_line_id"))
    payouts = {pk: f"{cause}" for pk, cause in Payout.objects.values_list("pk", "cause")}

    def plain(text: str) -> str:
        for pk, line in sorted(refund_lines.items(), reverse=True):
            text = text.replace(f"refund:{pk}", f"line:{line}").replace(
                f"decided:{pk}", f"l:{line}"
            )
        return text

    def facts(told: dict[str, Any]) -> list[Any]:
        known = {
            "refund_id": lambda key: refund_lines[key],
            "decision": lambda number: numbers[number],
            "payout_id": lambda key: plain(payouts[key]),
            "cause": plain,
            "notice_id": lambda key: Notice.objects.get(pk=key).kind,
        }
        return sorted((name, str(known.get(name, str)(value))) for name, value in told.items())

    skipped = {"id", "key", "number", "recorded_at", "statement", "signed", "text"}
    keys = {"request_id", "decision_id", "payout_id", "refund_id", "paper_id"}
    keys |= {"decision_paper_id", "credit_note_id", "source_id", "target_id", "refers_to_id"}

    def rows(model: Any) -> list[Any]:
        names = [field.attname for field in model._meta.concrete_fields]
        wanted = [name for name in names if name not in skipped | keys]
        found = [
            sorted((name, plain(str(getattr(row, name)))) for name in wanted)
            for row in model.objects.order_by("pk")
        ]
        return sorted(found)

    tables = (RefundRequest, Decision, RefundPart, Payout, OrderLine, Tender, Payment, Notice)
    tables += (Lot, Move, Spending)
    shape: dict[str, list[Any]] = {model.__name__: rows(model) for model in tables}
    shape["transfers"] = sorted(
        (plain(one.key), one.minor, str(one.source), str(one.target), one.source_balance_minor)
        for one in Transfer.objects.select_related("source", "target")
    )
    shape["events"] = sorted(
        (event.kind, event.actor, event.customer_id or 0, facts(event.facts))
        for event in Event.objects.exclude(kind__startswith="profile.")
    )
    shape["papers"] = sorted(
        (paper.kind, paper.customer_id or 0, plain_statement(paper.statement))
        for paper in Paper.objects.all()
    )
    shape["letters"] = sorted(
        plain_letter(notice, numbers)
        for notice in Notice.objects.filter(kind__startswith="refunds.incident")
    )
    return shape


def plain_letter(notice: Notice, numbers: dict[str, int]) -> tuple[str, str]:
    """What a letter says, with its paper and its decision under names that stay."""
    text = notice.text.replace(notice.paper.number, "its paper") if notice.paper else notice.text
    for number, line in numbers.items():
        text = text.replace(number, f"decision on line {line}")
    return notice.subject, text


def plain_statement(statement: dict[str, Any]) -> str:
    own = ("number", "check", "decision", "refers_to")
    return str(sorted((name, value) for name, value in statement.items() if name not in own))


def a_mixed_crowd() -> None:
    """Lines of several plans, countries and currencies; one disputed, one with two tenders."""
    a_hit_line("c0@example.com")
    a_hit_line("c1@example.com", residence="JP", language="zh-Hans")
    a_hit_line("c2@example.com", plan_code="asia-day-pass-5d")  # most of it is lost: all comes back
    disputed = a_hit_line("c3@example.com")
    dispute(disputed.order.payment)
    a_hit_line("c0@example.com", residence="FR")  # a second line of the same customer


def others_whose_way_back_is_no_longer_open() -> None:
    """A part of the price went back by the bank, a method that no rail knows, and credit."""
    taken = a_hit_line("c4@example.com").order.payment
    tells(taken, EventKind.DISPUTE_CLOSED, 1000, dispute_ref="lost", outcome="lost")
    unknown = a_hit_line("c5@example.com").order.payment
    Payment.objects.filter(pk=unknown.pk).update(method="unheard-of")
    wallet_given.terms(bonus=300)
    for email, minor in (("c6@example.com", 700), ("c7@example.com", 4000)):
        buyer = given.a_customer(email)
        wallet_given.a_top_up(buyer, minor)
        see(with_credit(buyer), FAILS - timedelta(hours=1), country="JP", quantity=10**9)


def with_credit(buyer: Customer) -> OrderLine:
    """A line that the buyer's wallet paid, as far as it reaches."""
    order = wallet_given.an_order(buyer)
    if order.payment is not None:
        given.pay(order, now=NOON)
    orders.record_notice(order_id=order.pk, now=NOON)
    line = order.lines.get()
    make_ready(line)
    return line


@pytest.mark.promise(19)
def test_many_at_once_leave_the_same_rows_as_one_by_one(max_, mia):
    a_mixed_crowd()
    carry_out(a_confirmed_run(an_outage(FAILS, FAILS + DAY), max_, mia), singly=True)
    for payout in Payout.objects.filter(stage="planned").order_by("pk")[:3]:
        settle(payout.pk, PayoutStatus.SUCCEEDED, now=LATER)
    others_whose_way_back_is_no_longer_open()
    run = a_confirmed_run(the_outage(), max_, mia)
    shapes = []
    for singly in (False, True):
        with transaction.atomic():
            carry_out(run, most=3, singly=singly)
            assert list(find_faults()) == []
            shapes.append(shape_of_books())
            transaction.set_rollback(True)

    many, one_by_one = shapes
    assert len(many["Payout"]) == 11  # three of five have no refund under way, and three are new
    assert Counter(dict(row)["rerouted_why"] for row in many["Payout"]) == {"": 10, "unknown": 1}
    back = [row for row in many["Move"] if "/order-line:" in dict(row)["cause"]]
    assert len(back) == 4  # of each kind of credit, to two customers
    for name, rows in many.items():
        for one, other in zip(rows, one_by_one[name], strict=True):
            assert one == other, name
