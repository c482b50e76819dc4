"""Money back: asked for, decided once the line is off, paid by the way it came, to the cent."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as lines
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import (
    KeyReused,
    MovedMeanwhile,
    MoveNotAllowed,
    NotAmongYours,
)
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders.models import Order
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries, refusals, tasks
from fairroam.apps.refunds.models import Decision, RefundPart, RefundRequest
from fairroam.apps.refunds.operations.moves import move
from fairroam.gateways.payments import PayoutReceipt, PayoutStatus
from fairroam.rules import stages
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests import given
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
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
GIGABYTE = 10**9
STAFF = 4711
MONTHS_LATER = NOON + timedelta(days=200)


def settle(payout_id: int, status: PayoutStatus, *, now=LATER, reason: str = "") -> None:
    """The provider tells how a payout went, and refunds hear of it."""
    payments.claim_payout(payout_id=payout_id, now=now)
    payout = Payout.objects.get(pk=payout_id)
    amount = Money(payout.amount_minor, payout.currency)
    receipt = PayoutReceipt(
        provider_ref=f"po_{payout_id}", status=status, amount=amount, reason=reason
    )
    payments.record_payout(payout_id=payout_id, receipt=receipt, now=now)
    if status == PayoutStatus.SUCCEEDED:
        refunds.payout_succeeded(payout_id=payout_id, now=now)
    else:
        refunds.payout_failed(payout_id=payout_id, now=now)


def tell(kind: str, refund: RefundRequest, **facts: object) -> None:
    tasks.tell_customer(kind=kind, facts={"refund_id": refund.pk, **facts}, now=LATER)


def balance(kind: str, line=None, **words: object) -> int:
    customer = {"customer_id": line.order.customer_id} if line else {}
    return books.balance(BookName(kind, "EUR", **customer, **words))


def events(kind: str) -> list[dict]:
    return list(Event.objects.filter(kind=kind).order_by("pk").values_list("facts", flat=True))


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
    waiting = queries.queue(now=MONTHS_LATER)
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
    assert queries.open_refunds_of(customer_id) == []


def test_our_target_is_three_working_days_where_the_customer_lives():
    thursday = NOON + timedelta(days=44)  # 2026-12-16 is a Wednesday, 24 hours later in Berlin
    line = a_ready_line()
    ask(line, now=thursday)
    row = queries.refund_of_line(line.pk, line.order.customer_id)
    # Thursday, Friday, and after the weekend Monday: over when Monday is, Berlin time.
    assert row.decide_by.isoformat() == "2026-12-21T23:00:00+00:00"


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
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
        assert ("退" in notice.subject) is (language == "zh-Hans")
        assert "{" not in notice.text
    for notice in (decided, stalled, paid):
        assert row.decision.number in notice.text
    assert all(shown.text in decided.text for shown in row.decision.lines(language))
    assert f"/verify/{row.decision_paper}/" in decided.text
    assert [notice.paper and notice.paper.number for notice in (received, decided, paid)] == [
        None,
        row.decision_paper,
        row.credit_note,
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


# A person -------------------------------------------------------------------------------------


def a_case_with_nothing_due():
    line = a_ready_line()
    use(line, 2 * GIGABYTE)
    return line, ask(line, now=MONTHS_LATER)


def test_goodwill_up_to_the_offer_is_paid_by_a_person_with_its_tax():
    _line, refund = a_case_with_nothing_due()

    decision = refunds.approve(
        request_id=refund.pk, staff_user_id=STAFF, goodwill_minor=950, now=MONTHS_LATER
    )

    assert (decision.decided_by, decision.goodwill_minor) == (f"staff:{STAFF}", 950)
    assert decision.supersedes is not None
    assert decision.supersedes.decided_by == "rules"
    assert balance("goodwill") == -798
    assert balance("tax", label="DE 0.19") == 303 - 152
    settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    case = queries.case(refund.pk)
    assert [row.decided_by for row in case.decisions] == [f"staff:{STAFF}", "rules"]
    assert [row.kind for row in case.history][-1] == "refund.paid"
    assert list(find_faults()) == []


def test_goodwill_is_offered_once_for_a_line_however_often_it_is_asked():
    _line, refund = a_case_with_nothing_due()
    refunds.approve(request_id=refund.pk, staff_user_id=STAFF, goodwill_minor=900, now=MONTHS_LATER)
    settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    again = ask(refund.order_line, now=MONTHS_LATER)

    with pytest.raises(refusals.BeyondTheOffer) as refused:
        refunds.approve(
            request_id=again.pk, staff_user_id=STAFF, goodwill_minor=51, now=MONTHS_LATER
        )

    assert refused.value.facts["offer"] == 50


def test_a_no_is_a_person_s_with_a_reason_and_a_paper():
    line, refund = a_case_with_nothing_due()

    refunds.decline(
        request_id=refund.pk,
        staff_user_id=STAFF,
        words="The plan was used within its window.",
        now=MONTHS_LATER,
    )

    row = queries.refund(refund.pk, line.order.customer_id)
    assert (row.stage, row.is_open) == ("declined", False)
    assert row.answer_words == "The plan was used within its window."
    assert Paper.objects.get(number=row.decision_paper).statement["total"]["minor"] == 0
    assert list(find_faults()) == []


def test_a_wish_beyond_what_is_due_waits_for_a_person_and_blocks_nothing():
    line = a_ready_line()
    refund = ask_and_end(line, asked_minor=5000, words="I want my time back, too")

    assert (refund.stage, refund.asked_minor, refund.wish_minor) == ("under_review", None, 5000)
    assert events("refund.decided")[-1]["doubts"] == ["wish"]

    refunds.approve(request_id=refund.pk, staff_user_id=STAFF, now=LATER)
    assert Payout.objects.get().amount_minor == 1900


def test_less_due_by_the_end_than_was_asked_goes_to_a_person():
    line = a_ready_line()
    refund = ask(line, asked_minor=1900)
    use(line, GIGABYTE, at=LATER - timedelta(minutes=10))

    prove_off(line, now=LATER + timedelta(minutes=1))

    refund.refresh_from_db()
    assert refund.stage == "under_review"
    assert Decision.objects.get().due_minor == 1710
    assert events("refund.decided")[-1]["doubts"] == ["wish"]


def test_use_between_the_request_and_the_end_is_looked_at_by_a_person():
    line = a_ready_line()
    refund = ask(line)
    use(line, GIGABYTE, at=LATER + timedelta(minutes=2))

    prove_off(line, now=LATER + timedelta(minutes=10))

    refund.refresh_from_db()
    assert refund.stage == "under_review"
    assert events("refund.decided")[-1]["doubts"] == ["used_after_declaring"]


def test_an_amount_above_the_limit_needs_a_person(settings):
    settings.FAIRROAM_REFUND_AUTO_LIMIT = 1899
    refund = ask_and_end(a_ready_line())

    assert refund.stage == "under_review"
    assert events("refund.decided")[-1]["doubts"] == ["above_limit"]


def test_a_disputed_payment_is_held_and_goes_out_when_the_dispute_is_over():
    line = a_ready_line()
    payment = Payment.objects.get()
    payments.record_dispute(payment_id=payment.pk, is_open=True, now=NOON)
    refund = ask_and_end(line)
    assert events("refund.decided")[-1]["doubts"] == ["dispute_open"]

    refunds.approve(request_id=refund.pk, staff_user_id=STAFF, now=LATER)
    assert Payout.objects.get().stage == "held"
    payments.record_dispute(payment_id=payment.pk, is_open=False, now=LATER)
    settle(payout_of(refund), PayoutStatus.SUCCEEDED)

    refund.refresh_from_db()
    assert refund.stage == "paid"
    assert list(find_faults()) == []


def test_a_silent_network_leaves_the_case_to_a_person_who_may_pay_what_the_law_asks():
    line = a_ready_line()
    refund = ask(line)

    refunds.network_is_silent(order_line_id=line.pk, now=LATER + timedelta(hours=1))

    refund.refresh_from_db()
    assert refund.stage == "under_review"
    assert events("refund.decided")[-1]["doubts"] == ["line_still_on"]
    assert Decision.objects.get().result["pack"] == "eu-crd@1"
    refunds.approve(request_id=refund.pk, staff_user_id=STAFF, now=LATER + timedelta(hours=2))
    assert Payout.objects.get().amount_minor == 1900


def test_our_own_promise_is_not_paid_before_the_line_is_proven_off():
    line = a_ready_line()
    after_the_law = NOON + timedelta(days=20)
    refund = ask(line, now=after_the_law)
    refunds.network_is_silent(order_line_id=line.pk, now=after_the_law + timedelta(hours=1))

    with pytest.raises(refusals.LineStillOn):
        refunds.approve(request_id=refund.pk, staff_user_id=STAFF, now=after_the_law)

    prove_off(line, now=after_the_law + timedelta(hours=3))
    refund.refresh_from_db()
    assert refund.stage == "approved", "the proof settles what only waited for it"
    assert Decision.objects.count() == 2


def test_new_facts_are_looked_at_before_anything_is_approved(settings):
    settings.FAIRROAM_REFUND_AUTO_LIMIT = 0
    line = a_ready_line()
    refund = ask_and_end(line)
    use(line, GIGABYTE, at=LATER - timedelta(minutes=10))  # The network reports late.

    with pytest.raises(refusals.FiguresMoved) as refused:
        refunds.approve(request_id=refund.pk, staff_user_id=STAFF, now=LATER)

    assert (refused.value.facts["seen"], refused.value.facts["due"]) == (1900, 1710)
    decision = refunds.decide_again(request_id=refund.pk, actor=f"staff:{STAFF}", now=LATER)
    assert (decision.due_minor, decision.supersedes.due_minor) == (1710, 1900)
    refunds.approve(request_id=refund.pk, staff_user_id=STAFF, now=LATER)
    assert Payout.objects.get().amount_minor == 1710


# Refusals -------------------------------------------------------------------------------------


def test_the_same_form_twice_is_one_request_and_other_content_is_refused():
    line, key = a_ready_line(), uuid4()
    first = ask(line, key=key)

    assert ask(line, key=key).pk == first.pk
    with pytest.raises(KeyReused):
        ask(line, key=key, asked_minor=5)
    assert RefundRequest.objects.count() == 1


def test_one_line_has_one_open_request():
    line = a_ready_line()
    ask(line)

    with pytest.raises(refusals.AlreadyAsked):
        ask(line)
    with pytest.raises(IntegrityError), transaction.atomic():
        RefundRequest.objects.create(
            order_line=line,
            customer_id=line.order.customer_id,
            declared_at=LATER,
            received_at=LATER,
        )


def test_nobody_asks_for_another_s_money():
    line = a_ready_line()
    stranger = given.a_customer("eve@example.com")

    for order_line_id in (line.pk, line.pk + 1000):
        with pytest.raises(NotAmongYours):
            refunds.request_refund(
                order_line_id=order_line_id,
                customer_id=stranger.pk,
                key=uuid4(),
                asked_minor=None,
                wish_minor=None,
                words="",
                declared_at=LATER,
                now=LATER,
                actor=f"customer:{stranger.pk}",
            )
    refund = ask(line)
    with pytest.raises(NotAmongYours):
        queries.refund(refund.pk, stranger.pk)
    with pytest.raises(NotAmongYours):
        queries.case(refund.pk + 1)
    assert queries.refund_of_line(line.pk, stranger.pk) is None


def test_nothing_comes_back_before_anything_was_paid():
    line = given.an_order().lines.select_related("order").get()

    with pytest.raises(refusals.NothingPaid):
        ask(line)


def test_a_quote_says_what_is_due_when_more_is_asked():
    line = a_ready_line()

    with pytest.raises(refusals.AskedTooMuch) as refused:
        queries.quote(line.pk, now=LATER, asked=1901)

    assert refused.value.facts["due"] == 1900
    assert queries.quote(line.pk, now=LATER, asked=1).due == 1


def test_staff_cannot_offer_too_much_pay_nothing_decline_a_right_or_decide_for_themselves():
    line, refund = a_case_with_nothing_due()
    own = Customer.objects.get(pk=line.order.customer_id).user_id
    case = {"request_id": refund.pk, "now": MONTHS_LATER}

    with pytest.raises(refusals.BeyondTheOffer):
        refunds.approve(**case, staff_user_id=STAFF, goodwill_minor=951)
    with pytest.raises(refusals.NothingToPay):
        refunds.approve(**case, staff_user_id=STAFF)
    with pytest.raises(refusals.NotYourOwnCase):
        refunds.approve(**case, staff_user_id=own, goodwill_minor=1)
    with pytest.raises(refusals.NotYourOwnCase):
        refunds.decline(**case, staff_user_id=own, words="no")
    with pytest.raises(NotAmongYours):
        refunds.approve(request_id=refund.pk + 1, staff_user_id=STAFF, now=LATER)
    assert RefundPart.objects.count() == 0


def test_what_is_due_cannot_be_declined(settings):
    settings.FAIRROAM_REFUND_AUTO_LIMIT = 0
    refund = ask_and_end(a_ready_line())

    with pytest.raises(refusals.DueByTheRules):
        refunds.decline(request_id=refund.pk, staff_user_id=STAFF, words="no", now=LATER)


def test_nothing_is_approved_twice_or_before_it_waits_for_a_person():
    line = a_ready_line()
    refund = ask(line)
    for act in (refunds.approve, refunds.decide_again):
        words = {"staff_user_id": STAFF} if act is refunds.approve else {"actor": "staff:1"}
        with pytest.raises(MoveNotAllowed):
            act(request_id=refund.pk, now=LATER, **words)
    prove_off(line, now=LATER)
    with pytest.raises(MoveNotAllowed):
        refunds.approve(request_id=refund.pk, staff_user_id=STAFF, now=LATER)


def test_a_request_is_taken_back_only_while_nobody_decided():
    line, refund = a_case_with_nothing_due()
    owner = line.order.customer_id
    with pytest.raises(NotAmongYours):
        refunds.withdraw_request(request_id=refund.pk, customer_id=owner + 1, now=LATER)

    refunds.withdraw_request(request_id=refund.pk, customer_id=owner, now=LATER)

    assert queries.refund(refund.pk, owner).stage == "withdrawn"
    with pytest.raises(MoveNotAllowed):
        refunds.withdraw_request(request_id=refund.pk, customer_id=owner, now=LATER)


def test_a_request_moves_only_as_the_table_says():
    refund = ask(a_ready_line())
    ended = ("declined", "paid", "withdrawn")
    steps = {step for _, step in stages.REFUND}
    for stage, step in product(stages.stages(stages.REFUND), steps):
        is_live = None if stage in ended else True
        RefundRequest.objects.filter(pk=refund.pk).update(stage=stage, is_live=is_live)
        refund, late = (RefundRequest.objects.get(pk=refund.pk) for _ in range(2))
        if (stage, step) not in stages.REFUND:
            with pytest.raises(MoveNotAllowed):
                move(refund, step, now=LATER)
            continue
        move(refund, step, now=LATER)
        refund.refresh_from_db()
        assert refund.stage == stages.REFUND[stage, step]
        assert refund.is_live is (None if refund.stage in ended else True)
        with pytest.raises(MovedMeanwhile):
            move(late, step, now=LATER)


# Payouts --------------------------------------------------------------------------------------


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
    assert [row.stage for row in queries.queue(now=LATER)] == ["payout_failed"]

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
