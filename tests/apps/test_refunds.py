"""Money back: asked for, decided once the line is off, paid by the way it came, to the cent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fairroam.apps.customers import operations as customers
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as lines
from fairroam.apps.journal.refusals import (
    MoveNotAllowed,
    NotAmongYours,
)
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders.models import Order
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.wallet import operations as wallet
from fairroam.gateways.payments import PayoutStatus
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.closures_given import a_closed_account
from tests.apps.lines_given import (
    LATER,
    a_ready_line,
    ask,
    ask_and_end,
    begin_line,
    payout_of,
    prove_off,
    use,
)
from tests.apps.refunds_given import (
    GIGABYTE,
    MONTHS_LATER,
    STAFF,
    a_case_with_nothing_due,
    balance,
    dispute,
    events,
    payout_of_cash,
    settle,
    tell,
)
from tests.apps.wallet_given import a_top_up
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue", "desk")


# The way from asking to arrived ---------------------------------------------------------------


@pytest.mark.promise(13)
@pytest.mark.promise(14)
def test_an_unused_plan_is_paid_back_whole_without_a_reason_once_the_line_is_off():
    line = a_ready_line()

    refund = ask(line)
    assert refund.stage == "waiting_for_network"
    assert Decision.objects.count() == 0, "nothing is decided before the line is proven off"

    prove_off(line, now=LATER + timedelta(minutes=1))
    refund.refresh_from_db()
    decision = Decision.objects.get()
    assert refund.stage == "approved"
    assert (decision.due_minor, decision.decided_by) == (1900, "rules")
    assert decision.facts["declared_at"] == "2026-11-02T15:00:00+00:00"
    assert orders.terms_of(line.pk).pending == 1900
    assert balance("refunds_owed", line) == 1900
    assert balance("unearned", line, order_line_id=line.pk) == 0
    assert balance("tax", label="DE 0.19") == 0

    settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    refund.refresh_from_db()
    assert (refund.stage, refund.is_live, refund.ended_at) == ("paid", None, LATER)
    assert (orders.terms_of(line.pk).refunded, orders.terms_of(line.pk).pending) == (1900, 0)
    assert balance("refunds_owed", line) == 0
    assert balance("clearing", label="sandbox") == 0
    assert list(find_faults()) == []


@pytest.mark.promise(16)
@pytest.mark.promise(37)
def test_what_was_used_is_kept_by_the_published_weights_and_the_rest_comes_back():
    line = a_ready_line("usa-talk-30d")
    use(line, 3_200_000_000)
    use(line, 1_500, kind="voice", at=NOON + timedelta(minutes=5))
    use(line, 5, kind="sms", at=NOON + timedelta(minutes=9))

    refund = ask_and_end(line)

    decision = queries.refund(refund.pk, line.order.customer_id).decision
    assert decision.result["share"] == "71/250"  # 0.7 * 8/25 + 0.2 * 1/4 + 0.1 * 1/10
    assert (decision.result["retain"], decision.due_minor) == (852, 2148)
    deducted = [row.amount for row in decision.lines("en") if row.code == "USED_IN_BUNDLE"]
    assert deducted == [-672, -150, -30]
    assert sum(row.amount or 0 for row in decision.lines("en")) == 2148
    settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    assert list(find_faults()) == []


@pytest.mark.promise(15)
def test_first_use_changes_the_answer_and_says_why():
    line = a_ready_line()
    before = queries.quote(line.pk, now=MONTHS_LATER - timedelta(days=30))
    use(line, 2 * GIGABYTE, at=MONTHS_LATER - timedelta(days=40))

    after = queries.quote(line.pk, now=MONTHS_LATER - timedelta(days=30))

    assert (before.due, before.decision["ground"]) == (1900, "unactivated")
    assert (after.due, after.decision["ground"]) == (0, None)
    reasons = {reason["code"] for reason in after.decision["reasons"]}
    assert reasons != {reason["code"] for reason in before.decision["reasons"]}


@pytest.mark.promise(40)
def test_after_the_windows_the_rules_give_nothing_and_a_person_looks_with_the_line_alive():
    line = a_ready_line()
    use(line, 2 * GIGABYTE)

    refund = ask(line, now=MONTHS_LATER)

    assert refund.stage == "under_review"
    decision = Decision.objects.get()
    assert (decision.due_minor, decision.result["deadline"] is not None) == (0, True)
    assert decision.result["offer_cap"] == 950
    assert lines.line_state(line.pk).stage == "active", "nobody loses a line for a no"
    waiting = queries.queue_page(now=MONTHS_LATER, staff_user_id=STAFF).rows
    assert [(row.id, row.doubts, row.offer_cap) for row in waiting] == [
        (refund.pk, ("nothing_due",), 950)
    ]


def test_a_part_can_be_asked_for_and_the_rest_later():
    line = a_ready_line()
    first = ask_and_end(line, asked_minor=700)
    settle(payout_of(first), PayoutStatus.SUCCEEDED)

    second = ask(line, now=LATER + timedelta(hours=1))  # The line is off already.

    assert second.stage == "approved"
    assert [decision.due_minor for decision in Decision.objects.order_by("pk")] == [700, 1200]
    settle(payout_of(second), PayoutStatus.SUCCEEDED)
    taxes = [note.statement["tax"]["minor"] for note in Paper.objects.filter(kind="credit_note")]
    assert sum(taxes) == 303, "the parts' tax closes to the invoice's"
    assert balance("tax", label="DE 0.19") == 0
    assert list(find_faults()) == []


def test_earned_money_is_taken_back_when_the_rules_give_more_than_is_unearned():
    order = given.pay(given.an_order(), now=NOON)  # The notice of withdrawal never left.
    line = order.lines.select_related("order").get()
    profile = begin_line(line)
    esims.reserve(profile_id=profile.pk, iccid="8999900010000099999")
    esims.record_order(profile_id=profile.pk)
    esims.record_release(
        profile_id=profile.pk, matching_id="CODE-1", smdp_address="rsp.example", now=NOON
    )
    use(line, 5 * GIGABYTE)
    assert balance("earned") == 798

    refund = ask_and_end(line)

    assert Decision.objects.get().due_minor == 1900
    assert balance("earned") == 0
    settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    assert list(find_faults()) == []


def test_a_line_that_nobody_began_is_decided_at_once():
    line = given.a_paid_line()

    assert ask(line).stage == "approved"


def test_the_papers_name_the_invoice_and_hold_all_that_is_needed_to_compute_it_again():
    line = a_ready_line()
    refund = ask_and_end(line)

    row = queries.refund(refund.pk, line.order.customer_id)
    decision_paper = Paper.objects.get(number=row.decision_paper)
    credit_note = Paper.objects.get(number=row.credit_note)
    decision = Decision.objects.get()
    assert decision_paper.statement["decision"] == decision.number
    assert decision_paper.statement["facts"] == decision.facts
    assert decision_paper.statement["result"] == decision.result
    assert credit_note.refers_to == Order.objects.get(pk=line.order_id).invoice
    assert credit_note.statement["total"]["minor"] == 1900
    assert credit_note.statement["tax"]["minor"] == 303


def test_the_timeline_fills_from_asked_to_arrived():
    line = a_ready_line()
    refund = ask(line)
    customer_id = line.order.customer_id
    waiting = queries.refund(refund.pk, customer_id)
    assert [step.code for step in waiting.timeline if step.at] == ["asked"]
    assert (waiting.expected_minor, waiting.pay_by.isoformat()) == (1900, "2026-11-16")

    prove_off(line, now=LATER + timedelta(minutes=1))
    settle(payout_of(refund), PayoutStatus.SUCCEEDED, now=LATER + timedelta(minutes=2))

    steps = {step.code: step.at for step in queries.refund(refund.pk, customer_id).timeline}
    assert steps == {
        "asked": LATER,
        "line_off": LATER + timedelta(minutes=1),
        "decided": LATER + timedelta(minutes=1),
        "sent": LATER + timedelta(minutes=2),
        "arrived": LATER + timedelta(minutes=2),
    }
    assert queries.undecided_refunds_of(customer_id) == []


def test_our_target_is_three_working_days_where_the_customer_lives():
    thursday = NOON + timedelta(days=44)  # 2026-12-16 is a Wednesday, 24 hours later in Berlin
    line = a_ready_line()
    ask(line, now=thursday)
    row = queries.refund_of_line(line.pk, line.order.customer_id)
    # Thursday, Friday, and after the weekend Monday: over when Monday is, Berlin time.
    assert row.decide_by.isoformat() == "2026-12-21T23:00:00+00:00"


@pytest.mark.promise(3)
@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
def test_every_mail_says_the_amount_and_the_decision_in_the_customer_s_language(language):
    line = a_ready_line("usa-talk-30d")
    customer_id = line.order.customer_id
    customers.choose_language(customer_id=customer_id, language=language)
    use(line, 3_200_000_000)
    refund = ask(line, words="I don't need it & <them>")
    tell("refund.requested", refund)
    prove_off(line, now=LATER + timedelta(minutes=1))
    tell("refund.approved", refund)
    settle(payout_of(refund), PayoutStatus.FAILED, reason="expired_card")
    tell("refund.stalled", refund, payout_id=payout_of(refund))
    refunds.retry_payouts(request_id=refund.pk, staff_user_id=STAFF, now=LATER)
    settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    for _ in range(2):
        tell("refund.paid", refund)

    row = queries.refund(refund.pk, customer_id)
    received, decided, stalled, paid = Notice.objects.order_by("pk")
    assert "I don't need it & <them>" in received.text
    assert f"/account/refunds/{refund.pk}/" in received.text
    for notice in (received, decided, stalled, paid):
        assert "€23.28" in notice.text
        assert notice.subject != ""
        assert ("退" in notice.subject) is (language != "en")
        assert not {"zh-Hans": set("訂單這"), "zh-Hant": set("订单这")}.get(language, set()) & set(
            notice.text + notice.subject
        )
        assert "{" not in notice.text
    for notice in (decided, stalled, paid):
        assert row.decision.number in notice.text
    assert all(shown.text in decided.text for shown in row.decision.lines(language))
    assert f"/verify/{row.decision_paper}/" in decided.text
    assert [notice.paper and notice.paper.number for notice in (received, decided, paid)] == [
        None,
        row.decision_paper,
        row.receipt,
    ]


def test_a_no_is_told_with_the_person_s_words_and_the_rules_reasons():
    line, refund = a_case_with_nothing_due()
    tell("refund.requested", refund)
    refunds.decline(
        request_id=refund.pk, staff_user_id=STAFF, words="Used within its window.", now=LATER
    )
    tell("refund.declined", refund)

    row = queries.refund(refund.pk, line.order.customer_id)
    received, declined = Notice.objects.order_by("pk")
    assert "A person looks at it all the same" in received.text
    assert "Used within its window." in declined.text
    assert all(shown.text in declined.text for shown in row.decision.lines("en"))


# Payouts --------------------------------------------------------------------------------------


def test_promotional_credit_comes_back_as_promotional_credit_and_never_as_cash():
    ada = given.a_customer()
    wallet.give(
        customer_id=ada.pk,
        currency="EUR",
        minor=400,
        origin="offer",
        cause="offer:1",
        days=30,
        now=NOON,
    )
    line = a_ready_line(wallet_of=ada.pk)

    refund = ask_and_end(line)

    assert Payout.objects.get().amount_minor == 1500
    assert balance("promo_credit", line) == 400
    assert balance("refunds_owed", line) == 1500
    assert refund.stage == "approved"
    settle(payout_of_cash(refund), PayoutStatus.SUCCEEDED)
    refund.refresh_from_db()
    assert refund.stage == "paid"
    assert list(find_faults()) == []


def test_a_line_paid_by_credit_alone_is_paid_back_with_the_decision():
    ada = given.a_customer()
    a_top_up(ada, 1900)
    line = a_ready_line(wallet_of=ada.pk)

    refund = ask_and_end(line)

    assert (refund.stage, Payout.objects.count()) == ("paid", 0)
    assert balance("paid_credit", line) == 1900
    assert list(find_faults()) == []


def test_a_payout_rests_when_a_dispute_was_opened_since_somebody_looked():
    a_ready_line()
    payment = Payment.objects.get()
    dispute(payment)

    payout = payments.plan_payout(
        payment_id=payment.pk, amount_minor=1, cause="refund:1", hold=False, now=NOON
    )

    assert payout.stage == "held"
    assert events("payout.planned") == []


def test_every_message_may_come_twice():
    line = a_ready_line()
    refund = ask(line)
    for _ in range(2):
        prove_off(line, now=LATER)
        refunds.usage_is_known(order_line_id=line.pk, now=LATER)
        refunds.network_is_silent(order_line_id=line.pk, now=LATER)
    assert Decision.objects.count() == 1
    for _ in range(2):
        settle(payout_of(refund), PayoutStatus.SUCCEEDED)

    assert orders.terms_of(line.pk).refunded == 1900
    assert len(events("refund.paid")) == 1
    assert list(find_faults()) == []


def test_a_payout_that_fails_stays_owed_and_a_person_sends_it_again():
    line = a_ready_line()
    refund = ask_and_end(line)
    settle(payout_of(refund), PayoutStatus.FAILED, reason="expired_card")
    refund.refresh_from_db()
    assert refund.stage == "payout_failed"
    assert events("refund.stalled")[-1]["reason"] == "expired_card"
    assert balance("refunds_owed", line) == 1900
    assert [row.stage for row in queries.queue_page(now=LATER, staff_user_id=STAFF).rows] == [
        "payout_failed"
    ]

    refunds.retry_payouts(request_id=refund.pk, staff_user_id=STAFF, now=LATER)
    assert Payout.objects.count() == 2
    settle(payout_of(refund), PayoutStatus.SUCCEEDED)

    refund.refresh_from_db()
    assert refund.stage == "paid"
    assert balance("refunds_owed", line) == 0
    assert list(find_faults()) == []


def test_money_that_comes_back_from_a_closed_card_is_owed_again():
    line = a_ready_line()
    refund = ask_and_end(line)
    settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    settle(payout_of(refund), PayoutStatus.FAILED, reason="closed_card")

    refund.refresh_from_db()
    assert (refund.stage, refund.is_live) == ("payout_failed", True)
    assert orders.terms_of(line.pk).pending == 1900
    assert balance("refunds_owed", line) == 1900
    with pytest.raises(MoveNotAllowed):
        refunds.approve(request_id=refund.pk, staff_user_id=STAFF, now=LATER)
    refunds.retry_payouts(request_id=refund.pk, staff_user_id=STAFF, now=LATER)
    settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    assert list(find_faults()) == []


def test_a_retry_needs_a_failed_payout():
    refund = ask_and_end(a_ready_line())

    with pytest.raises(MoveNotAllowed):
        refunds.retry_payouts(request_id=refund.pk, staff_user_id=STAFF, now=LATER)
    assert Payout.objects.count() == 1


def test_a_payout_of_somebody_else_is_passed_over():
    line = a_ready_line()
    payout = payments.plan_payout(
        payment_id=Payment.objects.get().pk,
        amount_minor=1,
        cause=f"order-line:{line.pk}",
        hold=False,
        now=LATER,
    )
    refunds.payout_succeeded(payout_id=payout.pk, now=LATER)
    refunds.payout_failed(payout_id=payout.pk, now=LATER)

    assert RefundRequest.objects.count() == 0


def test_a_stranger_learns_nothing_of_a_request_under_a_closed_account():
    _closure, refund = a_closed_account()

    with pytest.raises(NotAmongYours):
        refunds.withdraw_request(request_id=refund.pk, customer_id=987654321, now=LATER)
