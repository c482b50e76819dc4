"""A wish in the place of money: the plan goes on until a person gives it, or money is wanted."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from fairroam.apps.esims.models import LineAct
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders import queries as orders
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments.models import Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries, tasks
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.refunds.operations import Choice
from fairroam.gateways.lines import Capabilities
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, prove_off, use
from tests.apps.refunds_given import GIGABYTE, events

pytestmark = pytest.mark.usefixtures("catalogue")
ABLE = Capabilities(suspends=True, steers=True)


def wish(line, kind: str) -> RefundRequest:
    """The customer wishes for something in the place of money."""
    owner = line.order.customer_id
    made = refunds.make_quote(
        order_line_id=line.pk, customer_id=owner, key=uuid4(), choice=Choice(wish=kind), now=LATER
    )
    return refunds.confirm_quote(
        quote_key=made.key, customer_id=owner, actor=f"customer:{owner}", now=LATER
    )


def give(refund: RefundRequest) -> Decision:
    return refunds.give_replacement(
        request_id=refund.pk,
        staff_user_id=given.a_colleague().pk,
        words="Sorry for the trouble.",
        capabilities=ABLE,
        now=LATER + timedelta(hours=1),
    )


def test_a_replacement_settles_the_request_and_no_money_moves():
    line = a_ready_line()
    use(line, GIGABYTE)
    refund = wish(line, "replacement")

    decision = give(refund)

    refund.refresh_from_db()
    assert refund.stage == "settled"
    act = LineAct.objects.get()
    assert (act.kind, act.line_id) == ("change_phone", line.pk)
    assert decision.due_minor == 1710, "the right to it stays what it was"
    reasons = Paper.objects.get(number=refund.decision_paper.number).statement["reasons"]
    assert reasons[-1]["code"] == "GIFT_GRANTED"
    assert not Payout.objects.exists()
    (settled,) = events("refund.settled")
    tasks.tell_customer(kind="refund.settled", facts=settled, now=LATER)
    assert "new eSIM" in Notice.objects.get(kind="refunds.settled").text
    assert list(find_faults()) == []


def test_a_replacement_is_given_to_who_wished_for_it_alone():
    line = a_ready_line()
    refund = wish(line, "credit")

    with pytest.raises(MoveNotAllowed):
        give(refund)

    assert not LineAct.objects.exists()


@pytest.mark.parametrize("kind", ["replacement", "credit"])
def test_the_money_can_be_had_instead_and_counts_from_the_first_asking(kind):
    line = a_ready_line()
    use(line, GIGABYTE)
    refund = wish(line, kind)
    assert events("line.taken_off") == []

    refunds.take_money_instead(
        request_id=refund.pk, customer_id=refund.customer_id, now=LATER + timedelta(days=1)
    )
    assert len(events("line.taken_off")) == 1
    prove_off(line, now=LATER + timedelta(days=1, minutes=1))

    refund.refresh_from_db()
    assert (refund.stage, refund.declared_at) == ("approved", LATER)
    assert Payout.objects.get().amount_minor == 1710
    with pytest.raises(MoveNotAllowed):
        refunds.take_money_instead(
            request_id=refund.pk, customer_id=refund.customer_id, now=LATER + timedelta(days=2)
        )
    assert list(find_faults()) == []


def test_nobody_takes_another_s_money_instead():
    refund = wish(a_ready_line(), "replacement")
    other = a_ready_line(email="bo@example.com")

    with pytest.raises(NotAmongYours):
        refunds.take_money_instead(
            request_id=refund.pk, customer_id=other.order.customer_id, now=LATER
        )


@pytest.mark.promise(24)
def test_money_goes_the_way_it_came_until_that_way_is_closed():
    line = a_ready_line()
    terms = orders.terms_of(line.pk)
    assert queries.destinations(terms, now=LATER) == ("original", "wallet")

    a_card_takes_no_more = LATER + timedelta(days=366)
    assert queries.destinations(terms, now=a_card_takes_no_more) == ("transfer", "wallet")
