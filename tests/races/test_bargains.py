"""People and a customer at one case at the same moment: it ends one way, and is paid once.

The guards: row locks of customer, order and line, moves that only lead on from the stage they
were decided in, and one open offer per request. Each control goes without them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from fairroam.apps.customers.models import Customer
from fairroam.apps.orders.models import Order, OrderLine
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.models import Case, Decision, Offer, RefundRequest
from tests import given
from tests.apps.lines_given import a_ready_line, ask, use
from tests.apps.refunds_given import GIGABYTE, MONTHS_LATER
from tests.races.test_money_races import a_buyer
from tests.races.together import kind_of, kinds_of, together, with_one_held, without_row_locks

HANDS = 24
LOCKED = (Customer, Order, OrderLine, Payment, Payout)
REFUSED = {
    "done",
    "MoveNotAllowed",
    "MovedMeanwhile",
    "OfferExpired",
    "NotAssigned",
    "DueByTheRules",
}
pytestmark = pytest.mark.usefixtures("committed")


def a_desk() -> int:
    """A colleague who may decide."""
    return given.a_colleague("operator", email=a_buyer()).pk


def a_case() -> RefundRequest:
    line = a_ready_line(email=a_buyer())
    use(line, 2 * GIGABYTE)
    return ask(line, now=MONTHS_LATER)


def an_offer(refund: RefundRequest, by: int, *, hours: int = 24) -> Offer:
    return refunds.make_offer(
        request_id=refund.pk,
        staff_user_id=by,
        kind="money",
        quantity=500,
        hours=hours,
        words="Sorry.",
        now=MONTHS_LATER,
    )


def approvals_and_rejections(refund: RefundRequest, by: int) -> list[Callable[[], Any]]:
    case = {"request_id": refund.pk, "staff_user_id": by, "now": MONTHS_LATER}
    approve = partial(refunds.approve, **case, goodwill_minor=400)
    decline = partial(refunds.decline, **case, words="It was used.")
    return [approve, decline] * (HANDS // 2)


def answers(made: Offer, *, at: datetime, other: Callable[[], Any]) -> list[Callable[[], Any]]:
    accept = partial(
        refunds.accept_offer,
        offer_id=made.pk,
        customer_id=made.request.customer_id,
        now=at,
    )
    return [accept, other] * (HANDS // 2)


def ends_of(refund: RefundRequest) -> tuple[str, int, int]:
    """(stage, decisions of people, payouts)."""
    refund.refresh_from_db()
    by_people = Decision.objects.filter(request=refund, decided_by__startswith="staff:").count()
    payouts = Payout.objects.filter(cause=f"refund:{refund.pk}").count()
    return refund.stage, by_people, payouts


def test_approve_and_reject_at_once_is_one_of_them():
    for _ in range(2):
        refund, by = a_case(), a_desk()

        ends = together(*approvals_and_rejections(refund, by))

        kinds = kinds_of(ends)
        assert (kinds["done"], set(kinds) <= REFUSED) == (1, True), kinds
        assert ends_of(refund) in (("approved", 1, 1), ("declined", 1, 0))


def test_accept_and_decline_of_an_offer_at_once_is_one_of_them():
    for _ in range(2):
        refund, by = a_case(), a_desk()
        made = an_offer(refund, by)
        decline = partial(
            refunds.decline_offer,
            offer_id=made.pk,
            customer_id=refund.customer_id,
            now=MONTHS_LATER,
        )

        kinds = kinds_of(together(*answers(made, at=MONTHS_LATER, other=decline)))

        assert (kinds["done"], set(kinds) <= REFUSED) == (1, True), kinds
        made.refresh_from_db()
        assert (made.stage, ends_of(refund)) in (
            ("accepted", ("approved", 1, 1)),
            ("declined", ("under_review", 0, 0)),
        )


def test_accept_and_expiry_at_once_is_one_of_them():
    for _ in range(2):
        refund, by = a_case(), a_desk()
        made = an_offer(refund, by)
        last = made.expires_at - timedelta(seconds=1)
        expire = partial(refunds.expire_offer, offer_id=made.pk, now=made.expires_at)

        ends = together(*answers(made, at=last, other=expire))

        made.refresh_from_db()
        paid = [end for end in ends if isinstance(end, Decision)]
        assert len(paid) == (1 if made.stage == "accepted" else 0)
        assert set(kinds_of(ends)) <= REFUSED
        assert (made.stage, ends_of(refund)) in (
            ("accepted", ("approved", 1, 1)),
            ("expired", ("under_review", 0, 0)),
        )


def test_two_colleagues_take_one_case_and_one_has_it():
    refund, hands = a_case(), [given.a_colleague(email=a_buyer()).pk for _ in range(HANDS)]

    ends = together(
        *[
            partial(refunds.take, request_id=refund.pk, staff_user_id=hand, now=MONTHS_LATER)
            for hand in hands
        ]
    )

    assert kinds_of(ends) == {"NotAssigned": HANDS - 1, "done": 1}
    assert Case.objects.get(pk=refund.pk).assigned_to_id == hands[ends.index(None)]


# Controls --------------------------------------------------------------------------------------


def test_control_without_locks_the_chain_of_decisions_still_holds():
    """One has read the state that another leads on from: the stage or a key then refuses it."""
    for turn in (1, -1):
        refund, by = a_case(), a_desk()
        first, second = approvals_and_rejections(refund, by)[:2][::turn]
        with without_row_locks(*LOCKED):
            ends = with_one_held(first, second, at='UPDATE "refunds_case"', others_begin_there=True)

        assert kind_of(ends[0]) in ("IntegrityError", "MovedMeanwhile")
        assert kind_of(ends[1]) == "done"


def test_control_without_locks_and_keys_one_case_has_two_ends(seen_without):
    guards = (
        "refunds_decision_supersedes_id_key",
        "one_open_offer_per_request",
        "never_more_back_than_was_captured",
        "never_more_back_than_the_line_cost",
        "never_more_back_than_the_tender_paid",
    )

    def has_two_ends() -> bool:
        refund, by = a_case(), a_desk()
        kinds = kinds_of(together(*approvals_and_rejections(refund, by)[:8]))
        # Two have decided on the same state; only the guarded move kept one of them from it.
        return kinds.get("MovedMeanwhile", 0) > 0 or ends_of(refund)[1] > 1

    assert seen_without(guards, LOCKED, has_two_ends)


def test_control_without_locks_many_accept_what_is_being_declined(seen_without):
    guards = ("refunds_decision_supersedes_id_key",)

    def meets() -> bool:
        refund, by = a_case(), a_desk()
        made = an_offer(refund, by)
        decline = partial(
            refunds.decline_offer,
            offer_id=made.pk,
            customer_id=refund.customer_id,
            now=MONTHS_LATER,
        )
        ends = together(*answers(made, at=MONTHS_LATER, other=decline)[:8])
        made.refresh_from_db()
        return any(
            type(end).__name__ == "MovedMeanwhile" and end.facts.get("offer_id") == made.pk
            for end in ends
            if isinstance(end, Exception) and "expected" in getattr(end, "facts", {})
        )

    assert seen_without(guards, LOCKED, meets)
