"""Flags, clocks, alarms: what sends a case to a person, and what happens when nobody acts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairroam import rules
from fairroam.apps.customers.models import SecurityChange
from fairroam.apps.esims.models import Profile
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.models import Case, Decision, Escalation, Flag, RefundRequest
from fairroam.apps.refunds.operations import escalating, flagging
from fairroam.apps.refunds.queries import completeness, queue_page
from fairroam.apps.refunds.queries.clocks import clocks
from fairroam.apps.refunds.queries.pages import ROWS, current_decision
from fairroam.gateways.payments import PayoutStatus
from fairroam.worker.books import find_faults
from fairroam.worker.refund_clocks import keep_clocks
from tests.apps.lines_given import LATER, a_ready_line, ask, ask_and_end, payout_of, use
from tests.apps.refunds_given import (
    GIGABYTE,
    MONTHS_LATER,
    STAFF,
    a_case_with_nothing_due,
    events,
    settle,
)
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue", "desk")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


# Flags -----------------------------------------------------------------------------------------


def flags_of(refund: RefundRequest) -> list[str]:
    return list(Flag.objects.filter(request=refund).order_by("code").values_list("code", flat=True))


def test_the_fourth_request_within_thirty_days_is_a_person_s():
    for _ in range(3):
        straight = ask_and_end(a_ready_line())
        assert straight.stage == "approved"

    fourth = ask_and_end(a_ready_line())

    assert (fourth.stage, flags_of(fourth)) == ("under_review", ["velocity"])
    assert events("refund.decided")[-1]["doubts"] == ["velocity"]
    assert Decision.objects.get(request=fourth).due_minor == 1900
    refunds.approve(request_id=fourth.pk, staff_user_id=STAFF, now=LATER)
    assert list(find_faults()) == []


def test_one_phone_behind_many_accounts_and_a_new_address_are_flags():
    lines = [a_ready_line(email=f"broker-{number}@example.com") for number in range(2)]
    Profile.objects.filter(line_id__in=[line.pk for line in lines]).update(eid="8904903200000001")
    SecurityChange.objects.create(
        customer_id=lines[1].order.customer_id, kind="email_changed", changed_at=LATER - HOUR
    )

    first, second = [ask_and_end(line) for line in lines]

    assert (first.stage, flags_of(first)) == ("approved", [])
    assert flags_of(second) == ["contact_changed", "same_device"]
    facts = Flag.objects.get(request=second, code="same_device").facts
    assert facts == {"customers": [lines[0].order.customer_id]}
    again = flagging.raise_flags(second, now=LATER)
    assert (again, Flag.objects.count()) == (["same_device", "contact_changed"], 2)


def test_another_account_named_within_72_hours_is_a_flag_and_a_colleague_s_is_none():
    line, other = a_ready_line(), a_ready_line(email="bo@example.com")
    for one, by in ((line, f"customer:{line.order.customer_id}"), (other, "staff:3")):
        payments.keep_account(
            customer_id=one.order.customer_id,
            holder="A",
            iban="DE89370400440532013000",
            given_by=by,
            now=LATER - HOUR,
        )

    assert flags_of(ask_and_end(line)) == ["payout_changed"]
    assert flags_of(ask_and_end(other)) == []


def test_a_flag_never_changes_an_amount():
    plain, flagged = a_ready_line(), a_ready_line(email="bo@example.com")
    for line in (plain, flagged):
        use(line, 3 * GIGABYTE)
    Profile.objects.filter(line_id=flagged.pk).update(eid="8904903200000002")
    other = a_ready_line(email="eve@example.com")
    Profile.objects.filter(line_id=other.pk).update(eid="8904903200000002")
    ask(other)

    decisions = [Decision.objects.get(request=ask_and_end(line)) for line in (plain, flagged)]

    ours = ("refund", "due", "entitled", "ground", "share", "retain", "tax", "pay_by")
    assert len({tuple(one.result[name] for name in ours) for one in decisions}) == 1
    assert Flag.objects.get().request.order_line_id == flagged.pk


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(used=st.integers(0, 10 * GIGABYTE), codes=st.sets(st.sampled_from(list(flagging.LOOKS))))
def test_whatever_flags_are_raised_the_rules_alone_say_the_amount(used, codes):
    line = a_ready_line(email=f"p{RefundRequest.objects.count()}@example.com")
    if used:
        use(line, used)
    refund = ask(line)
    for code in codes:
        Flag.objects.create(request=refund, code=code, facts={}, raised_at=LATER)
    refunds.line_is_off(order_line_id=line.pk, now=LATER)
    refunds.network_is_silent(order_line_id=line.pk, now=LATER)

    decision = current_decision(refund.pk)

    if decision is not None:
        alone = rules.decide(decision.facts, rules.compile_packs(decision.packs)).as_json()
        assert decision.due_minor == alone["due"]
        refund.refresh_from_db()
        assert not (codes and refund.stage == "approved")


# Clocks ----------------------------------------------------------------------------------------


def running(refund: RefundRequest, at: datetime) -> dict[str, tuple[datetime, int]]:
    read = ROWS.all().get(pk=refund.pk)
    found = clocks(read, Case.objects.get(pk=refund.pk), current_decision(refund.pk), now=at)
    return {clock.kind: (clock.due_at, clock.level) for clock in found}


@pytest.mark.promise(31)
@pytest.mark.promise(79)
def test_first_answer_in_a_day_and_a_decision_in_three_working_days():
    _line, refund = a_case_with_nothing_due()
    at = running(refund, MONTHS_LATER)

    assert at["answer"] == (MONTHS_LATER + DAY, 0)
    due_at, _level = at["decision"]
    assert due_at.astimezone().weekday() is not None
    assert timedelta(days=3) <= due_at - MONTHS_LATER <= timedelta(days=8)
    assert running(refund, MONTHS_LATER + 20 * HOUR)["answer"][1] == 1
    assert running(refund, MONTHS_LATER + DAY)["answer"][1] == 2
    assert running(refund, due_at)["decision"][1] == 2


@pytest.mark.promise(32)
def test_our_clock_waits_for_the_customer_and_the_payment_s_does_not():
    line = a_ready_line()
    use(line, GIGABYTE)
    refund = ask_and_end(line, wish_minor=1900, is_flagged=True)
    before = running(refund, LATER)
    refunds.ask_more(
        request_id=refund.pk, staff_user_id=STAFF, missing=[], words="Where?", now=LATER + HOUR
    )

    during = running(refund, LATER + 6 * HOUR)
    assert during["decision"][0] == before["decision"][0] + 5 * HOUR
    assert during["payment"] == before["payment"]
    assert "answer" not in during
    refunds.give_more(
        request_id=refund.pk, customer_id=refund.customer_id, words="", now=LATER + 6 * HOUR
    )
    assert running(refund, LATER + 9 * HOUR)["decision"][0] == during["decision"][0]


@pytest.mark.promise(31)
def test_deadlines_are_told_once_when_near_and_once_when_passed():
    _line, refund = a_case_with_nothing_due()

    for at in (HOUR, 20 * HOUR, 21 * HOUR, 25 * HOUR, 26 * HOUR):
        keep_clocks(now=MONTHS_LATER + at)

    told = [(one["clock"], one["level"]) for one in events("refund.escalated")]
    assert told == [("answer", 1), ("answer", 2)]
    assert Case.objects.get(pk=refund.pk).urgency == 2
    assert Escalation.objects.filter(seen_at__isnull=True).count() == 2
    escalating.see_escalations(
        request_id=refund.pk, staff_user_id=STAFF, now=MONTHS_LATER + 2 * DAY
    )
    assert not Escalation.objects.filter(seen_at__isnull=True).exists()


def test_an_urgent_case_is_at_the_top_of_the_queue():
    _line, old = a_case_with_nothing_due()
    young = ask_and_end(a_ready_line(email="cy@example.com"), is_flagged=True)
    assert queue_page(now=MONTHS_LATER, staff_user_id=STAFF).rows[0].id in (old.pk, young.pk)
    Case.objects.filter(pk=young.pk).update(urgency=2)

    assert queue_page(now=MONTHS_LATER, staff_user_id=STAFF).rows[0].id == young.pk


# The law's day ---------------------------------------------------------------------------------


@pytest.mark.promise(34)
@pytest.mark.parametrize("waiting", ["review", "offer", "question", "proposal"])
def test_what_the_law_entitles_to_is_paid_in_time_though_nobody_acts(waiting):
    line = a_ready_line()
    use(line, GIGABYTE)
    refund = ask_and_end(line, wish_minor=1900, is_flagged=True)
    by = {"request_id": refund.pk, "staff_user_id": STAFF, "now": LATER + HOUR}
    last_hour = LATER + 14 * DAY - DAY
    if waiting == "offer":
        refunds.make_offer(**by, kind="money", quantity=100, hours=14 * 24, words="x")
    elif waiting == "question":
        by["now"] = last_hour - 6 * DAY
        refunds.ask_more(**by, missing=[], words="Where?")
    elif waiting == "proposal":
        refunds.propose(**by, act="approve", content={"goodwill_minor": 50}, words="")
    keep_clocks(now=LATER + 11 * DAY)
    refund.refresh_from_db()
    assert refund.is_live
    assert not Payout.objects.exists()

    keep_clocks(now=last_hour)
    keep_clocks(now=last_hour)

    refund.refresh_from_db()
    decision = current_decision(refund.pk)
    assert (refund.stage, decision.decided_by) == ("approved", "rules")
    assert Payout.objects.get().amount_minor == decision.due_minor == 1710
    assert last_hour.date().isoformat() <= decision.result["pay_by"]
    assert not refund.offers.filter(stage="open").exists()
    assert not refund.proposals.filter(stage="waiting").exists()
    settle(payout_of(refund), PayoutStatus.SUCCEEDED, now=last_hour)
    assert list(find_faults()) == []


def test_a_statutory_right_is_paid_in_time_while_the_network_is_silent():
    refund = ask(a_ready_line())
    assert refund.stage == "waiting_for_network"

    keep_clocks(now=LATER + 13 * DAY)

    refund.refresh_from_db()
    assert refund.stage == "approved"


def test_what_only_we_promise_waits_for_its_person():
    after_the_law = NOON + 20 * DAY
    line = a_ready_line()
    refund = ask_and_end(line, now=after_the_law, is_flagged=True)

    keep_clocks(now=after_the_law + 30 * DAY)

    refund.refresh_from_db()
    assert refund.stage == "under_review"
    assert {one["clock"] for one in events("refund.escalated")} == {
        "answer",
        "decision",
        "payment",
    }


@pytest.mark.promise(32)
def test_what_is_missing_depends_on_the_matter_and_a_plain_right_needs_nothing():
    _line, refund = a_case_with_nothing_due()
    assert completeness.missing(refund.pk) == ("reason",)
    RefundRequest.objects.filter(pk=refund.pk).update(words="It was slow in Kyoto on Monday.")
    assert completeness.missing(refund.pk) == ()
    due = ask_and_end(a_ready_line(email="bo@example.com"))
    assert completeness.missing(due.pk) == ()
