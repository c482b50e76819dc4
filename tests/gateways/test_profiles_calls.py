"""The log of our calls to the carrier: each under the id that the carrier's own log has.

The judge is the stand-in's log of effects.
"""

from __future__ import annotations

import pytest

from fairroam.apps.esims import operations, queries, tasks
from fairroam.apps.esims.models import CarrierCall, Profile
from fairroam.apps.esims.tasks.calls import logged_call
from fairroam.gateways.calls import AnswerMismatch, GatewayUnreachable
from tests import given
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def profile() -> Profile:
    """The profile of a paid order line, before anything was asked of the carrier."""
    line = given.a_paid_line()
    operations.plan_line(
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        profile_type=line.plan_copy["profile_type"],
        now=NOON,
    )
    return Profile.objects.get(line_id=line.pk)


def told(profile: Profile) -> list[tuple[str, str | None]]:
    return [(call.function, call.outcome) for call in calls(profile)]


def calls(profile: Profile) -> list[queries.CallRow]:
    return queries.carrier_calls_of(profile.line_id)


def take_off(profile: Profile) -> None:
    operations.take_off(order_line_id=profile.line_id, now=NOON)
    tasks.take_off(line_id=profile.line_id, now=NOON)


def test_both_sides_know_a_call_by_the_same_id(carrier, profile):
    tasks.provision(profile_id=profile.pk, now=NOON)
    take_off(profile)
    profile.refresh_from_db()

    ours = [(call.function, str(call.call_id), call.iccid, call.sent_at) for call in calls(profile)]
    functions = {"order": "order_profile", "confirm": "confirm_order", "cancel": "cancel_order"}
    theirs = [
        (functions[effect["effect"]], effect["call_id"], effect["iccid"], NOON)
        for effect in carrier.effects(iccid=profile.iccid)
    ]
    assert ours == theirs
    assert {call.outcome for call in calls(profile)} == {"done"}


@pytest.mark.parametrize("fault", ["error_before_effect", "error_after_effect", "down"])
def test_a_call_without_an_answer_is_unknown_and_its_repeat_has_an_id_of_its_own(
    carrier, profile, fault
):
    carrier.arm("downloadOrder", fault)
    with pytest.raises(GatewayUnreachable):
        tasks.provision(profile_id=profile.pk, now=NOON)
    tasks.provision(profile_id=profile.pk, now=NOON)
    profile.refresh_from_db()

    assert told(profile) == [
        ("order_profile", "unknown"),
        ("order_profile", "done"),
        ("confirm_order", "done"),
    ]
    lost, repeated, _confirmed = [str(call.call_id) for call in calls(profile)]
    (order,) = carrier.effects("order", iccid=profile.iccid)
    assert order["call_id"] == (lost if fault == "error_after_effect" else repeated)


def test_a_refusal_is_kept_in_our_word_for_it(carrier, profile):
    refusal = {"call": "confirmOrder", "subject_code": "8.8.5", "reason_code": "4.10"}
    carrier.ask("POST", "/_refusals", json=refusal)

    tasks.provision(profile_id=profile.pk, now=NOON)

    assert told(profile) == [
        ("order_profile", "done"),
        ("confirm_order", "order-expired"),
        ("cancel_order", "done"),
    ]


@pytest.mark.parametrize(
    ("end", "outcome"),
    [(AnswerMismatch, "answer-mismatch"), (GatewayUnreachable, "unknown"), (SystemExit, None)],
)
def test_a_call_that_breaks_off_with_us_has_no_outcome(profile, end, outcome):
    with (
        pytest.raises(end),
        logged_call("order_profile", profile_id=profile.pk, iccid="1", now=NOON),
    ):
        raise end

    assert told(profile) == [("order_profile", outcome)]
    assert CarrierCall.objects.filter(outcome="sent").count() == 1
