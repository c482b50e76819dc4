"""Money back: what a person decides, and what nobody may do."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Profile
from fairroam.apps.journal.refusals import (
    KeyReused,
    MovedMeanwhile,
    MoveNotAllowed,
    NotAmongYours,
)
from fairroam.apps.orders.models import OrderLine, Tender
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries, refusals
from fairroam.apps.refunds.models import Decision, RefundPart, RefundRequest
from fairroam.apps.refunds.operations.moves import move
from fairroam.apps.suppliers.models import SupplierOrder
from fairroam.gateways.payments import PayoutStatus
from fairroam.rules import stages
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.lines_given import (
    LATER,
    a_ready_line,
    ask,
    ask_and_end,
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
    settle,
)
from tests.given import NOON, a_limit

pytestmark = pytest.mark.usefixtures("catalogue", "desk")


def bought_at_a_slow_supplier(line: OrderLine) -> SupplierOrder:
    """The eSIM of that line is a supplier's, who tells three hours late what was used."""
    return SupplierOrder.objects.create(
        order_line=line,
        profile=Profile.objects.get(line_id=line.pk),
        supplier="esim_access",
        package="EX_1_7",
        key=uuid4(),
        stage="delivered",
        esim_ref="E1",
        cost_minor=0,
        currency="USD",
        usage_lag_seconds=3 * 3600,
        planned_at=NOON,
        next_call_at=NOON,
        delivered_at=NOON,
    )


# A person -------------------------------------------------------------------------------------


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


@pytest.mark.promise(24)
def test_a_wish_beyond_what_is_due_holds_nothing_back_and_is_a_persons_matter_of_its_own():
    line = a_ready_line()
    use(line, GIGABYTE)
    refund = ask_and_end(line, asked_minor=5000, words="I want my time back, too")

    assert (refund.stage, refund.asked_minor, refund.wish_minor) == ("approved", None, 5000)
    assert events("refund.decided")[0]["doubts"] == []
    assert Payout.objects.get().amount_minor == 1710
    rest = RefundRequest.objects.get(follows=refund)
    assert (rest.stage, rest.wish_minor, rest.words) == ("under_review", 3290, refund.words)
    assert (rest.declared_at, rest.received_at) == (refund.declared_at, refund.received_at)
    assert [row.id for row in queries.queue_page(now=LATER, staff_user_id=STAFF).rows] == [rest.pk]

    settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    refund.refresh_from_db()
    assert refund.stage == "paid"
    with pytest.raises(refusals.BeyondTheOffer):
        refunds.approve(request_id=rest.pk, staff_user_id=STAFF, goodwill_minor=191, now=LATER)
    refunds.approve(request_id=rest.pk, staff_user_id=STAFF, goodwill_minor=190, now=LATER)
    assert sorted(Payout.objects.values_list("amount_minor", flat=True)) == [190, 1710]
    assert list(find_faults()) == []


@pytest.mark.parametrize("outcome", ["declined", "withdrawn"])
def test_what_becomes_of_a_wish_beyond_leaves_the_due_money_alone(outcome):
    line = a_ready_line()
    use(line, GIGABYTE)
    refund = ask_and_end(line, asked_minor=1900)
    rest = RefundRequest.objects.get(follows=refund)

    if outcome == "declined":
        refunds.decline(request_id=rest.pk, staff_user_id=STAFF, words="No.", now=LATER)
        refunds.appeal(request_id=rest.pk, customer_id=rest.customer_id, words="Yes.", now=LATER)
    else:
        refunds.withdraw_request(request_id=rest.pk, customer_id=rest.customer_id, now=LATER)

    settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    refund.refresh_from_db()
    rest.refresh_from_db()
    assert refund.stage == "paid"
    assert rest.stage == ("under_review" if outcome == "declined" else "withdrawn")
    assert list(find_faults()) == []


def test_the_due_part_is_paid_though_less_is_due_by_the_end_than_was_asked():
    line = a_ready_line()
    refund = ask(line, asked_minor=1900)
    use(line, GIGABYTE, at=LATER - timedelta(minutes=10))

    prove_off(line, now=LATER + timedelta(minutes=1))

    refund.refresh_from_db()
    assert refund.stage == "approved"
    assert Decision.objects.get(request=refund).due_minor == 1710
    assert RefundRequest.objects.get(follows=refund).wish_minor == 190


def test_use_between_the_request_and_the_end_is_looked_at_by_a_person():
    line = a_ready_line()
    refund = ask(line)
    use(line, GIGABYTE, at=LATER + timedelta(minutes=2))

    prove_off(line, now=LATER + timedelta(minutes=10))

    refund.refresh_from_db()
    assert refund.stage == "under_review"
    assert events("refund.decided")[-1]["doubts"] == ["used_after_declaring"]


def test_an_amount_above_the_limit_needs_a_person():
    a_limit("rules", single_minor=1899)
    refund = ask_and_end(a_ready_line())

    assert refund.stage == "under_review"
    assert events("refund.decided")[-1]["doubts"] == ["above_limit"]


def test_a_disputed_payment_is_held_and_goes_out_when_the_dispute_is_over():
    line = a_ready_line()
    payment = Payment.objects.get()
    dispute(payment)
    refund = ask_and_end(line)
    assert events("refund.decided")[-1]["doubts"] == ["dispute_open"]

    refunds.approve(request_id=refund.pk, staff_user_id=STAFF, now=LATER)
    assert Payout.objects.get().stage == "held"
    dispute(payment, "won")
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


def test_a_resold_line_under_review_waits_for_its_last_usage_before_anybody_pays():
    line = a_ready_line("world-1gb-7d")
    order = bought_at_a_slow_supplier(line)
    after_the_law = NOON + timedelta(days=20)
    refund = ask(line, now=after_the_law)
    refunds.network_is_silent(order_line_id=line.pk, now=after_the_law + timedelta(hours=1))
    off_at = after_the_law + timedelta(hours=2)
    esims.record_ended(order_line_id=line.pk, now=off_at)

    with pytest.raises(refusals.UsageNotTold):
        refunds.approve(request_id=refund.pk, staff_user_id=STAFF, now=off_at)
    refunds.decide_again(request_id=refund.pk, actor=f"staff:{STAFF}", now=off_at)
    refunds.line_is_off(order_line_id=line.pk, now=off_at)
    refund.refresh_from_db()
    assert refund.stage == "waiting_for_usage", "a look in between does not stand for the last use"

    use(line, GIGABYTE // 2, at=after_the_law - timedelta(minutes=10))
    told_at = off_at + timedelta(seconds=order.usage_lag_seconds)
    SupplierOrder.objects.filter(pk=line.pk).update(polled_at=told_at)
    refunds.usage_is_known(order_line_id=line.pk, now=told_at)

    decision = Decision.objects.filter(request=refund).latest("pk")
    (data,) = decision.facts["allowances"]
    assert data["used"] == GIGABYTE // 2
    assert decision.due_minor < Decision.objects.filter(request=refund).earliest("pk").due_minor


def test_new_facts_are_looked_at_before_anything_is_approved():
    a_limit("rules", single_minor=0)
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


def test_what_is_due_cannot_be_declined():
    a_limit("rules", single_minor=0)
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
    ended = ("declined", "handed_over", "paid", "settled", "withdrawn")
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


def test_a_decision_that_does_not_come_out_again_is_found():
    refund = ask_and_end(a_ready_line())
    decision = Decision.objects.get()
    false = {**decision.result, "due": 1899}
    Decision.objects.create(
        number="RD-FALSE",
        request=refund,
        supersedes=decision,
        facts=decision.facts,
        packs=decision.packs,
        result=false,
        currency="EUR",
        due_minor=1899,
        decided_by="rules",
        decided_at=LATER,
    )
    Tender.objects.update(pending_minor=0)

    found = " / ".join(queries.find_faults())
    assert "decision RD-FALSE comes out otherwise" in found
    assert "counters that its refunded parts do not add up to" in found
    assert "parts do not add up to its decision" in found


def test_the_end_of_a_line_that_nobody_asked_for_changes_nothing():
    line = a_ready_line()
    esims.take_off(order_line_id=line.pk, now=LATER)
    prove_off(line, now=LATER)
    refunds.usage_is_known(order_line_id=line.pk, now=LATER)
    refunds.network_is_silent(order_line_id=line.pk, now=LATER)

    assert (RefundRequest.objects.count(), Decision.objects.count()) == (0, 0)


def test_goodwill_is_never_more_than_what_is_left_of_the_price():
    line = a_ready_line()
    use(line, GIGABYTE // 2)
    first = ask_and_end(line, asked_minor=1700)
    settle(payout_of(first), PayoutStatus.SUCCEEDED)
    again = ask(line, now=MONTHS_LATER)
    left = 1900 - 1700
    assert queries.case(again.pk).refund.decision.offer_cap > left

    with pytest.raises(refusals.BeyondTheOffer) as refused:
        refunds.approve(
            request_id=again.pk, staff_user_id=STAFF, goodwill_minor=left + 1, now=MONTHS_LATER
        )

    assert refused.value.facts["offer"] == left
    refunds.approve(request_id=again.pk, staff_user_id=STAFF, goodwill_minor=left, now=MONTHS_LATER)
    assert list(find_faults()) == []
