"""What the outside does to a refund that no repeating heals: told, kept apart, waited for.

F11 money that arrived comes back; F12 an answer about other money; F14 the carrier is silent; F15 a
mail that nobody takes; F16 a history of notices in every order.
"""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction

from fairroam.apps.ledger.models import Transfer
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders.models import Order
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout, ProviderEvent
from fairroam.apps.refunds.models import RefundRequest
from fairroam.clock import now
from fairroam.gateways.payments import EventKind
from fairroam.worker.books import find_faults
from tests.apps.lines_given import LATER, a_ready_line, ask_and_end
from tests.apps.payments_given import tells
from tests.apps.refunds_given import STAFF
from tests.crashes.journeys import Journey, fingerprint
from tests.stack import Stack

PRICE = 1900


@pytest.fixture
def journey(stack: Stack) -> Journey:
    """An eSIM that is bought, paid and ready."""
    made = Journey(stack, is_installed=False)
    for act in ("order", "pay"):
        made.begin(act)
        stack.settle(lambda act=act: made.has_ended(act))
    return made


def accepted(stack: Stack) -> list[int]:
    """The amounts that the provider really gave back."""
    return [one["amount"] for one in stack.effects("payments", "refund_accepted")]


def test_f11_money_that_had_arrived_comes_back_and_stays_owed(stack, journey):
    journey.begin("ask")
    stack.settle(lambda: journey.has_ended("ask"))
    payout = Payout.objects.get()

    failed = {"status": "failed", "reason": "account_closed"}
    stack["payments"].ask("POST", f"/_refunds/{payout.provider_ref}", json=failed)
    stack.settle(lambda: RefundRequest.objects.get().stage == "payout_failed")
    stack.rest()

    payout.refresh_from_db()
    payment = Payment.objects.get()
    assert (payout.stage, payment.refunded_minor) == ("returned", 0)
    assert payment.pending_minor + payment.refunded_minor <= payment.captured_minor
    assert accepted(stack) == [PRICE]
    assert Notice.objects.filter(kind="refunds.stalled").count() == 1


@pytest.mark.parametrize("lie", ["wrong_amount", "wrong_currency"])
def test_f12_an_answer_about_other_money_is_kept_apart_and_never_booked(lie, stack, journey):
    stack["payments"].arm("pay_back", lie)
    journey.begin("ask")
    stack.settle(lambda: journey.has_ended("ask"))  # by the provider's true notice

    kept = ProviderEvent.objects.get(outcome="quarantined")
    assert (kept.reason, accepted(stack)) == ("answer-differs", [PRICE])
    payout = Payout.objects.get()
    booked = Transfer.objects.filter(key=f"payout:{payout.key}").values_list("minor", flat=True)
    assert list(booked) == [PRICE]
    payments.dismiss_event(event_id=kept.pk, words="a lie", staff_user_id=STAFF, now=now())


def test_f14_while_the_carrier_is_silent_nothing_leaves(stack, journey):
    stack["profiles"].arm("cancelOrder", "down", times=None)
    journey.begin("ask")
    stack.settle(lambda: RefundRequest.objects.get().stage == "waiting_for_network")
    for _ in range(3):
        stack.settle(lambda: True)
    assert (Payout.objects.count(), accepted(stack)) == (0, [])

    stack["profiles"].disarm()
    stack.settle(lambda: journey.has_ended("ask"))

    assert accepted(stack) == [PRICE]
    assert len(stack.effects("profiles", "cancelled")) <= 1


def test_f15_a_mail_that_nobody_takes_moves_no_money(stack, journey):
    stack["mail"].arm("receive_mail", "refuse_for_good", times=20)
    journey.begin("ask")
    stack.settle(lambda: RefundRequest.objects.get().stage == "paid")

    assert accepted(stack) == [PRICE]
    assert Order.objects.get().lines.get().refunded_minor == PRICE


@pytest.mark.usefixtures("catalogue")
def test_f16_every_order_of_a_history_ends_in_the_same_state(night):
    """A payout is pending, wants its owner, is pending again and arrives; each told twice."""
    refund = ask_and_end(a_ready_line())
    payment, payout = Payment.objects.get(), Payout.objects.get(cause=f"refund:{refund.pk}")
    payments.claim_payout(payout_id=payout.pk, now=LATER)
    told: dict[str, Any] = {"payout_key": payout.key, "payout_ref": "ref_1"}
    kinds = (
        EventKind.REFUND_PENDING,
        EventKind.REFUND_REQUIRES_ACTION,
        EventKind.REFUND_SUCCEEDED,
        EventKind.DISPUTE_OPENED,
        EventKind.DISPUTE_CLOSED,
    )
    orders = list(permutations(kinds))
    ends = []
    for order in orders if night else random.Random(0).sample(orders, 20):
        with transaction.atomic():
            for kind in (*order, *reversed(order)):
                of_bank = {"dispute_ref": "d1", "outcome": "won" * (kind == kinds[4])}
                tells(payment, kind, **(of_bank if kind in kinds[3:] else told))
            assert list(find_faults()) == []
            ends.append(fingerprint())
            transaction.set_rollback(True)

    assert all(end == ends[0] for end in ends)
    assert ends[0]["payouts"] == [f"('succeeded', None, {PRICE})"]
