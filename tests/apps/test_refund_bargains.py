"""A person offers, the customer answers: accepted, declined, countered, expired, appealed."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from fairroam.apps.conversations.refusals import NotAssigned
from fairroam.apps.customers.refusals import FourEyes, NotAllowed
from fairroam.apps.journal.refusals import MovedMeanwhile, MoveNotAllowed, NotAmongYours
from fairroam.apps.metering.queries import usage_of
from fairroam.apps.metering.refusals import PlanCannotGrow
from fairroam.apps.notices.models import Notice
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments.models import Payment, Payout, ProviderEvent
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import refusals
from fairroam.apps.refunds.models import Case, Decision, Offer, Proposal
from fairroam.apps.refunds.operations.offering import end_offer
from fairroam.apps.refunds.operations.outside import book_outside_refund
from fairroam.apps.refunds.queries import bargains
from fairroam.apps.wallet.models import Lot, Terms
from fairroam.apps.wallet.refusals import NoWalletTerms
from fairroam.gateways.payments import EventKind, PayoutStatus
from fairroam.rules import stages
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.incidents_given import an_outage
from tests.apps.lines_given import LATER, a_ready_line, ask, ask_and_end, payout_of, use
from tests.apps.payments_given import tells
from tests.apps.refunds_given import (
    GIGABYTE,
    MONTHS_LATER,
    STAFF,
    a_case_with_nothing_due,
    balance,
    events,
    settle,
    tell,
)
from tests.apps.wallet_given import terms

pytestmark = pytest.mark.usefixtures("catalogue", "desk")
HOUR = timedelta(hours=1)
SOON = LATER + HOUR


def a_case_on_a_living_plan():
    """Used within its window, and asked for after the law's fourteen days: nothing is due."""
    line = a_ready_line()
    at = LATER + timedelta(days=20)
    use(line, 2 * GIGABYTE, at=at - HOUR)
    return line, ask(line, now=at), at


def offer(refund, kind="money", quantity=500, *, at=MONTHS_LATER, by=STAFF, hours=48) -> Offer:
    return refunds.make_offer(
        request_id=refund.pk,
        staff_user_id=by,
        kind=kind,
        quantity=quantity,
        hours=hours,
        words="We are sorry about the slow network.",
        now=at,
    )


def owner(refund) -> int:
    return refund.customer_id


@pytest.mark.promise(41)
def test_an_accepted_offer_of_money_becomes_a_decision_with_goodwill_and_is_paid():
    line, refund = a_case_with_nothing_due()
    made = offer(refund)
    refund.refresh_from_db()
    assert refund.stage == "offer_made"

    decision = refunds.accept_offer(
        offer_id=made.pk, customer_id=owner(refund), now=MONTHS_LATER + HOUR
    )

    assert (decision.goodwill_minor, decision.decided_by) == (500, f"staff:{STAFF}")
    assert decision.supersedes is not None
    assert bargains.offer(made.pk, owner(refund)).decision == decision.number
    settle(payout_of(refund), PayoutStatus.SUCCEEDED, now=MONTHS_LATER + HOUR)
    refund.refresh_from_db()
    assert refund.stage == "paid"
    assert balance("goodwill") < 0
    assert line.pk == refund.order_line_id
    assert list(find_faults()) == []


@pytest.mark.parametrize(("outside", "goodwill"), [(1600, 300), (1900, None)])
def test_an_offer_never_gives_more_than_is_left_when_it_is_accepted(outside, goodwill):
    line, refund = a_case_with_nothing_due()
    made = offer(refund)
    payment = Payment.objects.get()
    tells(payment, EventKind.REFUND_SUCCEEDED, outside, payout_ref="ref_desk")
    event = ProviderEvent.objects.get(outcome="quarantined")
    book_outside_refund(event_id=event.pk, words="Max did it", staff_user_id=STAFF, now=SOON)
    accepted = {"offer_id": made.pk, "customer_id": owner(refund), "now": MONTHS_LATER + HOUR}

    if goodwill is None:
        with pytest.raises(refusals.NothingLeft):
            refunds.accept_offer(**accepted)
        refund.refresh_from_db()
        assert refund.stage == "offer_made"
    else:
        assert refunds.accept_offer(**accepted).goodwill_minor == goodwill
        settle(payout_of(refund), PayoutStatus.SUCCEEDED, now=MONTHS_LATER + HOUR)
    assert line.pk == refund.order_line_id
    assert list(find_faults()) == []


@pytest.mark.promise(41)
@pytest.mark.parametrize(("kind", "quantity"), [("extra_data", 3 * GIGABYTE), ("extension", 7)])
def test_data_or_days_accepted_are_really_on_the_plan_and_the_request_is_settled(kind, quantity):
    line, refund, at = a_case_on_a_living_plan()
    before = usage_of(line.pk)
    made = offer(refund, kind, quantity, at=at)

    decision = refunds.accept_offer(offer_id=made.pk, customer_id=owner(refund), now=at + HOUR)

    after = usage_of(line.pk)
    grown = after.allowances[0].granted - before.allowances[0].granted
    longer = after.ends_at - before.ends_at
    assert (grown, longer) == (
        (quantity, timedelta()) if kind == "extra_data" else (0, timedelta(days=quantity))
    )
    refund.refresh_from_db()
    assert (refund.stage, refund.is_live, decision.goodwill_minor) == ("settled", None, 0)
    paper = Paper.objects.get(pk=refund.decision_paper_id)
    assert paper.statement["reasons"][-1]["code"] == "GIFT_GRANTED"
    assert not Payout.objects.exists()
    assert list(find_faults()) == []


@pytest.mark.promise(41)
def test_credit_accepted_is_a_gift_in_the_wallet_for_as_long_as_was_said_with_the_offer():
    _line, refund = a_case_with_nothing_due()
    Terms.objects.all().delete()
    with pytest.raises(NoWalletTerms):
        offer(refund, "wallet_bonus", 500)
    terms()
    with pytest.raises(refusals.BeyondTheOffer):
        offer(refund, "wallet_bonus", 1901)
    made = offer(refund, "wallet_bonus", 500)
    tell("refund.offered", refund, offer_id=made.pk)

    taken_at = MONTHS_LATER + HOUR
    decision = refunds.accept_offer(offer_id=made.pk, customer_id=owner(refund), now=taken_at)
    tell("refund.settled", refund, offer_id=made.pk)

    lot = Lot.objects.get(customer_id=owner(refund))
    assert (lot.kind, lot.origin, lot.left_minor) == ("promo", "offer", 500)
    assert lot.expires_at == taken_at + timedelta(days=180)
    assert bargains.offer(made.pk, owner(refund)).credit_until == lot.expires_at
    refund.refresh_from_db()
    assert (refund.stage, decision.goodwill_minor) == ("settled", 0)
    paper = Paper.objects.get(pk=refund.decision_paper_id)
    assert "5.00 EUR of credit" in paper.statement["reasons"][-1]["text"]
    offered, settled = (one.text for one in Notice.objects.order_by("pk"))
    assert "€5.00 as a gift in your wallet" in offered
    assert "180 days" in offered
    assert "€5.00 is in your wallet now" in settled
    assert not Payout.objects.exists()
    assert list(find_faults()) == []


def test_credit_is_not_taken_by_half_while_money_that_became_due_awaits_its_proof():
    terms()
    _line, refund = a_case_with_nothing_due()
    made = offer(refund, "wallet_bonus", 500)
    an_outage(given.NOON, given.NOON + timedelta(days=4))  # known only later

    with pytest.raises(refusals.LineStillOn):
        refunds.accept_offer(offer_id=made.pk, customer_id=owner(refund), now=MONTHS_LATER)

    assert not Lot.objects.exists()
    assert bargains.offer(made.pk, owner(refund)).is_open
    assert list(find_faults()) == []


def test_credit_above_one_s_limit_waits_for_a_second_person_and_stays_credit():
    terms()
    given.a_limit("agent", single_minor=300)
    _line, refund = a_case_with_nothing_due()
    agent, senior = given.a_colleague(), given.a_colleague("senior", email="nora@example.com")
    with pytest.raises(refusals.AboveYourLimit):
        offer(refund, "wallet_bonus", 301, by=agent.pk)
    proposal = refunds.propose(
        request_id=refund.pk,
        staff_user_id=agent.pk,
        act="offer",
        content={"kind": "wallet_bonus", "quantity": 500, "hours": 48},
        words="Sorry.",
        now=MONTHS_LATER,
    )

    refunds.confirm(proposal_id=proposal.pk, staff_user_id=senior.pk, now=MONTHS_LATER)

    made = Offer.objects.get()
    assert (made.kind, made.quantity) == ("wallet_bonus", 500)
    assert made.confirmed_by == f"staff:{senior.pk}"
    assert list(find_faults()) == []


def test_what_is_due_is_paid_in_money_and_a_dead_plan_gets_no_data():
    due = ask_and_end(a_ready_line(), is_flagged=True)
    with pytest.raises(refusals.DueByTheRules):
        offer(due, "extra_data", GIGABYTE, at=SOON)
    _line, refund = a_case_with_nothing_due()
    with pytest.raises(PlanCannotGrow):
        offer(refund, "extension", 3)
    assert not Offer.objects.exists()


def test_money_on_top_of_what_is_due_is_one_payout_and_never_above_the_price():
    line = a_ready_line()
    use(line, GIGABYTE)
    refund = ask_and_end(line, wish_minor=1900, is_flagged=True)
    due = Decision.objects.get(request=refund).due_minor
    with pytest.raises(refusals.BeyondTheOffer):
        offer(refund, quantity=1900 - due + 1, at=SOON)

    made = offer(refund, quantity=1900 - due, at=SOON)
    refunds.accept_offer(offer_id=made.pk, customer_id=owner(refund), now=SOON)

    assert Payout.objects.get().amount_minor == 1900
    assert list(find_faults()) == []


def test_what_was_offered_stands_when_less_is_due_by_the_time_it_is_accepted():
    bo = a_ready_line(email="bo@example.com")
    use(bo, GIGABYTE)
    theirs = ask_and_end(bo, wish_minor=1900, is_flagged=True)
    made = offer(theirs, quantity=100, at=SOON)
    use(bo, GIGABYTE, at=LATER - timedelta(minutes=10))  # the network reports late

    decision = refunds.accept_offer(offer_id=made.pk, customer_id=owner(theirs), now=SOON)

    assert decision.due_minor < made.due_minor
    assert decision.due_minor + decision.goodwill_minor == made.due_minor + 100
    assert list(find_faults()) == []


@pytest.mark.promise(41)
def test_an_offer_is_countered_twice_and_then_it_is_yes_or_no():
    _line, refund = a_case_with_nothing_due()
    for wish in (900, 800):
        made = offer(refund, quantity=300)
        with pytest.raises(refusals.WishedTooMuch):
            counter(made, refund, wish=1901)
        counter(made, refund, wish=wish)
        refund.refresh_from_db()
        assert refund.stage == "under_review"
    last = offer(refund, quantity=400)
    with pytest.raises(refusals.TooManyCounters):
        counter(last, refund, wish=700)

    refunds.decline_offer(offer_id=last.pk, customer_id=owner(refund), now=MONTHS_LATER)

    told = bargains.bargain(refund.pk)
    assert [one.stage for one in told.offers] == ["declined", "countered", "countered"]
    assert [one.counter_minor for one in told.offers] == [None, 800, 900]
    assert (told.counters_left, told.open_offer) == (0, None)
    assert list(find_faults()) == []


def counter(made: Offer, refund, *, wish: int) -> None:
    refunds.counter_offer(
        offer_id=made.pk,
        customer_id=owner(refund),
        wish_minor=wish,
        words="Half of it was lost.",
        now=MONTHS_LATER + HOUR,
    )


def test_an_offer_that_was_not_answered_expires_and_costs_the_customer_nothing():
    _line, refund = a_case_with_nothing_due()
    made = offer(refund, hours=24)
    late = MONTHS_LATER + timedelta(hours=24)
    assert not refunds.expire_offer(offer_id=made.pk, now=late - timedelta(seconds=1))
    with pytest.raises(refusals.OfferExpired):
        refunds.accept_offer(offer_id=made.pk, customer_id=owner(refund), now=late)
    assert bargains.offers_to_expire(late) == [made.pk]

    assert refunds.expire_offer(offer_id=made.pk, now=late)
    assert not refunds.expire_offer(offer_id=made.pk, now=late)

    refund.refresh_from_db()
    assert refund.stage == "under_review"
    with pytest.raises(refusals.OfferExpired):
        refunds.decline_offer(offer_id=made.pk, customer_id=owner(refund), now=late)
    again = offer(refund, at=late)
    refunds.accept_offer(offer_id=again.pk, customer_id=owner(refund), now=late)
    with pytest.raises(MovedMeanwhile):
        refunds.accept_offer(offer_id=again.pk, customer_id=owner(refund), now=late)
    assert Decision.objects.filter(request=refund, goodwill_minor=500).count() == 1


def test_nobody_answers_another_s_offer():
    _line, refund = a_case_with_nothing_due()
    made = offer(refund)
    stranger = given.a_customer("eve@example.com").pk

    for answer in (refunds.accept_offer, refunds.decline_offer):
        with pytest.raises(NotAmongYours):
            answer(offer_id=made.pk, customer_id=stranger, now=MONTHS_LATER)
    with pytest.raises(NotAmongYours):
        bargains.offer(made.pk, stranger)
    assert bargains.open_offers_of(stranger) == []
    assert [one.id for one, _request in bargains.open_offers_of(owner(refund))] == [made.pk]


def test_taking_the_request_back_overtakes_the_offer():
    _line, refund = a_case_with_nothing_due()
    made = offer(refund)

    refunds.withdraw_request(
        request_id=refund.pk, customer_id=owner(refund), now=MONTHS_LATER + HOUR
    )

    made.refresh_from_db()
    assert (made.stage, made.ended_at) == ("overtaken", MONTHS_LATER + HOUR)


def test_an_offer_moves_only_as_the_table_says():
    _line, refund = a_case_with_nothing_due()
    made = offer(refund)
    for stage, step in product(stages.terminal(stages.OFFER), {step for _, step in stages.OFFER}):
        made.stage = stage
        with pytest.raises(MoveNotAllowed):
            end_offer(made, step, now=MONTHS_LATER)


# Asking for more -------------------------------------------------------------------------------


@pytest.mark.promise(32)
def test_waiting_for_the_customer_stops_our_clock_and_not_the_laws():
    line = a_ready_line()
    use(line, GIGABYTE)
    refund = ask_and_end(line, wish_minor=1900, is_flagged=True)
    law = Decision.objects.get(request=refund).result["pay_by"]

    refunds.ask_more(
        request_id=refund.pk,
        staff_user_id=STAFF,
        missing=["evidence"],
        words="Please send a picture.",
        now=SOON,
    )
    refund.refresh_from_db()
    assert refund.stage == "waiting_for_customer"
    refunds.give_more(
        request_id=refund.pk,
        customer_id=owner(refund),
        words="Here it is.",
        now=SOON + timedelta(hours=30),
    )

    case = Case.objects.get(pk=refund.pk)
    assert (case.paused_seconds, case.paused_at) == (30 * 3600, None)
    assert (case.first_answered_at, case.added_words, case.missing) == (SOON, "Here it is.", [])
    assert Decision.objects.get(request=refund).result["pay_by"] == law
    refund.refresh_from_db()
    assert refund.stage == "under_review"


def test_without_an_answer_the_case_goes_on_after_a_week():
    _line, refund = a_case_with_nothing_due()
    asked = {"request_id": refund.pk, "staff_user_id": STAFF, "missing": [], "words": "Where?"}
    refunds.ask_more(**asked, now=MONTHS_LATER)
    week = MONTHS_LATER + timedelta(days=7)

    assert not refunds.stop_waiting(request_id=refund.pk, now=week - HOUR)
    assert refunds.stop_waiting(request_id=refund.pk, now=week)
    assert not refunds.stop_waiting(request_id=refund.pk, now=week)

    with pytest.raises(MoveNotAllowed):
        refunds.give_more(
            request_id=refund.pk, customer_id=owner(refund), words="Late", now=week + HOUR
        )


# Appeals ---------------------------------------------------------------------------------------


def declined(refund, *, by=STAFF, at=MONTHS_LATER) -> None:
    refunds.decline(request_id=refund.pk, staff_user_id=by, words="It was used.", now=at)


@pytest.mark.promise(46)
def test_an_appeal_is_decided_by_another_person_whatever_their_login():
    _line, refund = a_case_with_nothing_due()
    max_ = given.a_colleague("senior")
    person_id = max_.staff_member.person_id
    max_again = given.a_colleague("senior", email="max-two@example.com", person_id=person_id)
    declined(refund, by=max_.pk)

    refunds.appeal(
        request_id=refund.pk,
        customer_id=owner(refund),
        words="Nobody read it.",
        now=MONTHS_LATER + HOUR,
    )

    for same in (max_, max_again):
        with pytest.raises(refusals.SamePersonAsBefore):
            refunds.take(request_id=refund.pk, staff_user_id=same.pk, now=MONTHS_LATER + HOUR)
        with pytest.raises(refusals.SamePersonAsBefore):
            declined(refund, by=same.pk, at=MONTHS_LATER + HOUR)
    refunds.approve(
        request_id=refund.pk,
        staff_user_id=STAFF,
        goodwill_minor=200,
        now=MONTHS_LATER + 2 * HOUR,
    )
    assert [one.decided_by for one in Decision.objects.order_by("pk")] == [
        "rules",
        f"staff:{max_.pk}",
        f"staff:{STAFF}",
    ]
    assert list(find_faults()) == []


@pytest.mark.promise(46)
def test_a_no_names_the_appeal_and_help_outside_and_a_second_no_ends_it():
    _line, refund = a_case_with_nothing_due()
    declined(refund)
    tell("refund.declined", refund)
    refunds.appeal(request_id=refund.pk, customer_id=owner(refund), words="No.", now=MONTHS_LATER)
    other = given.a_colleague("agent")
    declined(refund, by=other.pk, at=MONTHS_LATER + HOUR)
    tell("refund.declined", refund)
    tell("refund.declined", refund)

    first, second = Notice.objects.order_by("pk")
    assert f"/account/refunds/{refund.pk}/appeal/" in first.text
    assert f"/account/refunds/{refund.pk}/appeal/" not in second.text
    for mail in (first, second):
        assert "bundesnetzagentur.de" in mail.text
        assert "eccnet.eu" in mail.text
    with pytest.raises(refusals.AppealUsed):
        refunds.appeal(
            request_id=refund.pk, customer_id=owner(refund), words="", now=MONTHS_LATER + HOUR
        )


def test_only_a_no_of_ones_own_can_be_appealed_and_not_beside_another_request():
    line, refund = a_case_with_nothing_due()
    stranger = given.a_customer("eve@example.com").pk
    with pytest.raises(NotAmongYours):
        refunds.appeal(request_id=refund.pk, customer_id=stranger, words="", now=MONTHS_LATER)
    with pytest.raises(MoveNotAllowed):
        refunds.appeal(request_id=refund.pk, customer_id=owner(refund), words="", now=MONTHS_LATER)
    declined(refund)
    ask(line, now=MONTHS_LATER)
    with pytest.raises(refusals.AlreadyAsked):
        refunds.appeal(request_id=refund.pk, customer_id=owner(refund), words="", now=MONTHS_LATER)


# Whose case, and how much ----------------------------------------------------------------------


def test_a_case_is_one_person_s_until_it_is_handed_over():
    _line, refund = a_case_with_nothing_due()
    agent, other = given.a_colleague(), given.a_colleague(email="moritz@example.com")
    refunds.take(request_id=refund.pk, staff_user_id=agent.pk, now=MONTHS_LATER)
    with pytest.raises(NotAssigned):
        declined(refund, by=other.pk)
    with pytest.raises(NotAssigned):
        refunds.take(request_id=refund.pk, staff_user_id=other.pk, now=MONTHS_LATER)

    refunds.hand_over(
        request_id=refund.pk, staff_user_id=agent.pk, to_user_id=other.pk, now=MONTHS_LATER
    )

    with pytest.raises(NotAssigned):
        declined(refund, by=agent.pk)
    with pytest.raises(NotAssigned):
        refunds.hand_over(
            request_id=refund.pk, staff_user_id=agent.pk, to_user_id=agent.pk, now=MONTHS_LATER
        )
    with pytest.raises(NotAllowed):
        refunds.take(request_id=refund.pk, staff_user_id=owner(refund) + 999, now=MONTHS_LATER)
    declined(refund, by=other.pk)
    assert [one["assigned_to"] for one in events("refund.assigned")] == [agent.pk, other.pk]


def test_what_is_above_one_s_limit_waits_for_a_second_different_person():
    given.a_limit("agent", single_minor=300)
    _line, refund = a_case_with_nothing_due()
    agent = given.a_colleague()
    person_id = agent.staff_member.person_id
    agent_again = given.a_colleague("senior", email="max-two@example.com", person_id=person_id)
    with pytest.raises(refusals.AboveYourLimit):
        offer(refund, quantity=301, by=agent.pk)

    proposal = refunds.propose(
        request_id=refund.pk,
        staff_user_id=agent.pk,
        act="offer",
        content={"quantity": 500, "hours": 48},
        words="Sorry.",
        now=MONTHS_LATER,
    )

    for same in (agent, agent_again):
        with pytest.raises(FourEyes):
            refunds.confirm(proposal_id=proposal.pk, staff_user_id=same.pk, now=MONTHS_LATER)
    other = given.a_colleague(email="moritz@example.com")
    with pytest.raises(NotAllowed):
        refunds.confirm(proposal_id=proposal.pk, staff_user_id=other.pk, now=MONTHS_LATER)
    assert not Offer.objects.exists()
    refunds.confirm(proposal_id=proposal.pk, staff_user_id=STAFF, now=MONTHS_LATER)
    made = Offer.objects.get()
    assert (made.made_by, made.confirmed_by) == (f"staff:{agent.pk}", f"staff:{STAFF}")
    decision = refunds.accept_offer(offer_id=made.pk, customer_id=owner(refund), now=MONTHS_LATER)
    assert decision.confirmed_by == f"staff:{STAFF}"
    assert list(find_faults()) == []


def test_an_approval_above_the_limit_is_confirmed_on_the_figures_that_were_seen():
    given.a_limit("agent", single_minor=1000)
    line = a_ready_line()
    use(line, GIGABYTE)
    refund = ask_and_end(line, wish_minor=1900, is_flagged=True)
    agent, senior = given.a_colleague(), given.a_colleague("senior", email="nora@example.com")
    with pytest.raises(refusals.AboveYourLimit):
        refunds.approve(request_id=refund.pk, staff_user_id=agent.pk, now=SOON)
    asked = {"request_id": refund.pk, "staff_user_id": agent.pk, "act": "approve"}
    first = refunds.propose(**asked, content={"goodwill_minor": 0}, words="", now=SOON)
    with pytest.raises(MovedMeanwhile):
        refunds.propose(**asked, content={"goodwill_minor": 1}, words="", now=SOON)

    refunds.refuse_proposal(proposal_id=first.pk, staff_user_id=senior.pk, now=SOON)
    second = refunds.propose(**asked, content={"goodwill_minor": 0}, words="", now=SOON)
    use(line, GIGABYTE, at=LATER - timedelta(minutes=10))
    refunds.decide_again(request_id=refund.pk, actor=f"staff:{agent.pk}", now=SOON)
    with pytest.raises(refusals.FiguresMoved):
        refunds.confirm(proposal_id=second.pk, staff_user_id=senior.pk, now=SOON)
    refunds.refuse_proposal(proposal_id=second.pk, staff_user_id=agent.pk, now=SOON)
    third = refunds.propose(**asked, content={"goodwill_minor": 0}, words="", now=SOON)
    refunds.confirm(proposal_id=third.pk, staff_user_id=senior.pk, now=SOON)

    assert [one.stage for one in Proposal.objects.order_by("pk")] == [
        "refused",
        "refused",
        "confirmed",
    ]
    assert Decision.objects.latest("pk").confirmed_by == f"staff:{senior.pk}"
    with pytest.raises(MovedMeanwhile):
        refunds.confirm(proposal_id=third.pk, staff_user_id=senior.pk, now=SOON)
    assert list(find_faults()) == []


# Mails -----------------------------------------------------------------------------------------


@pytest.mark.promise(33)
def test_every_state_is_told_once_with_amount_reason_and_next_step():
    _line, refund = a_case_with_nothing_due()
    made = offer(refund)
    for _repeat in range(2):
        tell("refund.offered", refund, offer_id=made.pk)
    refunds.expire_offer(offer_id=made.pk, now=MONTHS_LATER + timedelta(days=2))
    tell("refund.offer_expired", refund, offer_id=made.pk)
    refunds.ask_more(
        request_id=refund.pk,
        staff_user_id=STAFF,
        missing=["evidence"],
        words="Which place was it?",
        now=MONTHS_LATER,
    )
    tell("refund.more_asked", refund, asked_at="then")
    refunds.withdraw_request(request_id=refund.pk, customer_id=owner(refund), now=MONTHS_LATER)
    tell("refund.withdrawn", refund)

    offered, expired, asked, withdrawn = (one.text for one in Notice.objects.order_by("pk"))
    assert "€5.00" in offered
    assert f"/account/offers/{made.pk}/" in offered
    assert "looks at it again" in expired
    assert "Which place was it?" in asked
    assert "picture" in asked
    assert "ask again" in withdrawn


def test_a_right_that_waits_for_a_person_is_told_with_its_amount_and_dates():
    line = a_ready_line()
    use(line, GIGABYTE)
    refund = ask_and_end(line, wish_minor=1900, is_flagged=True)

    tell("refund.decided", refund, due_minor=1710, doubts=["contact_changed"])
    tell("refund.decided", refund, due_minor=1710, doubts=[])
    tell("refund.decided", refund, due_minor=0, doubts=["nothing_due"])

    (mail,) = Notice.objects.filter(kind="refunds.with_a_person")
    assert "€17.10" in mail.text
    assert "at the latest" in mail.text
