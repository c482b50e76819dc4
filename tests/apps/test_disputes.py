"""Disputes at customers' banks: held, released, settled; whatever is heard first."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest
from django.db import transaction

from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_rows
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Dispute, Payment, Payout
from fairroam.apps.payments.models import ProviderEvent as Quarantined
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.models import RefundRequest
from fairroam.gateways.payments import EventKind, ProviderEvent, ReportKind
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask, ask_and_end
from tests.apps.payments_given import PRICE, house, line, report, tells
from tests.apps.refunds_given import STAFF
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
OPENED, CLOSED = EventKind.DISPUTE_OPENED, EventKind.DISPUTE_CLOSED


def disputed(payment: Payment, outcome: str = "", *, minor: int = PRICE, ref: str = "d1") -> str:
    kind = CLOSED if outcome else OPENED
    return tells(payment, kind, minor, dispute_ref=ref, outcome=outcome)


def a_payment() -> Payment:
    given.a_paid_line()
    return Payment.objects.get()


def plan(payment: Payment, minor: int, cause: str = "order-line:1") -> Payout:
    """Owe that much of what the payment's line cost, and plan to send it."""
    return payments.plan_payout(
        payment_id=payment.pk, amount_minor=minor, cause=cause, hold=False, now=NOON
    )


def follow_up() -> None:
    """What the worker does about arrivals and failures."""
    for payout in Payout.objects.order_by("pk"):
        if payout.stage in ("succeeded", "settled_by_chargeback"):
            refunds.payout_succeeded(payout_id=payout.pk, now=LATER)
        elif payout.stage in ("failed", "returned"):
            refunds.payout_failed(payout_id=payout.pk, now=LATER)


@pytest.mark.parametrize("is_told_in_order", [True, False])
def test_a_dispute_that_was_won_is_over_in_whatever_order_we_hear_of_it(is_told_in_order):
    payment = a_payment()
    payout = plan(payment, 100)
    for outcome in ("", "won") if is_told_in_order else ("won", ""):
        assert disputed(payment, outcome) == "applied"

    payment.refresh_from_db()
    payout.refresh_from_db()
    assert (payment.is_disputed, payout.stage) == (False, "planned")
    assert (house("disputed", "sandbox"), house("clearing", "sandbox")) == (0, -PRICE)


def test_one_dispute_that_is_over_does_not_end_another():
    payment = a_payment()
    payout = plan(payment, 100)
    disputed(payment, ref="d1", minor=900)
    disputed(payment, ref="d2", minor=1000)
    disputed(payment, "won", ref="d1", minor=900)

    payout.refresh_from_db()
    assert payout.stage == "held"
    assert house("disputed", "sandbox") == -1000


@pytest.mark.parametrize("is_told_in_order", [True, False])
def test_a_refund_that_the_bank_took_by_itself_is_settled_and_nothing_is_sent(is_told_in_order):
    line = a_ready_line()
    payment = Payment.objects.get()
    refund = ask_and_end(line)
    for outcome in ("", "lost") if is_told_in_order else ("lost", ""):
        disputed(payment, outcome)
    follow_up()

    payout = Payout.objects.get()
    assert (payout.stage, payout.covered_minor, payout.sent_at) == (
        "settled_by_chargeback",
        PRICE,
        None,
    )
    assert payments.claim_payout(payout_id=payout.pk, now=LATER) is None
    refund.refresh_from_db()
    assert refund.stage == "paid"
    assert (house("loss"), house("disputed", "sandbox"), house("clearing", "sandbox")) == (0, 0, 0)
    assert order_rows.terms_of(line.pk).refunded == PRICE
    assert list(find_faults()) == []


def test_what_was_charged_back_before_anybody_asked_pays_the_refund_that_is_asked_later():
    line = a_ready_line()
    payment = Payment.objects.get()
    disputed(payment, "lost", minor=1000)
    assert house("loss") == -1000

    refund = ask_and_end(line)

    payout = Payout.objects.get()
    claimed = payments.claim_payout(payout_id=payout.pk, now=LATER)
    assert claimed.covered_minor == 1000
    assert payments.to_send(claimed) == Money(900, "EUR")
    tells(payment, EventKind.REFUND_SUCCEEDED, 900, payout_key=payout.key, payout_ref="ref_1")
    follow_up()
    refund.refresh_from_db()
    payment.refresh_from_db()
    assert (refund.stage, house("loss")) == ("paid", 0)
    assert (payment.refunded_minor, payment.charged_back_minor) == (900, 1000)
    assert list(find_faults()) == []


def test_a_chargeback_of_what_was_refunded_already_is_a_loss_that_a_person_is_shown():
    ask_and_end(a_ready_line())
    payment, payout = Payment.objects.get(), Payout.objects.get()
    payments.claim_payout(payout_id=payout.pk, now=LATER)
    tells(payment, EventKind.REFUND_SUCCEEDED, payout_key=payout.key, payout_ref="ref_1")
    follow_up()
    tells(payment, CLOSED, dispute_ref="d1", outcome="lost", fee_minor=1500)

    assert house("loss") == -PRICE - 1500
    dispute = Dispute.objects.get()
    payments.take_notice(dispute_id=dispute.pk, words="card stolen", staff_user_id=STAFF, now=LATER)
    with pytest.raises(MoveNotAllowed):
        payments.take_notice(dispute_id=dispute.pk, words="", staff_user_id=STAFF, now=LATER)
    assert list(find_faults()) == []


def test_what_failed_after_the_dispute_was_lost_is_settled_too():
    refund = ask_and_end(a_ready_line())
    payment, payout = Payment.objects.get(), Payout.objects.get()
    payments.claim_payout(payout_id=payout.pk, now=LATER)
    disputed(payment, "lost")
    assert house("loss") == -PRICE  # It may still arrive at the customer, too.
    tells(payment, EventKind.REFUND_FAILED, payout_key=payout.key, payout_ref="ref_1")
    follow_up()

    payout.refresh_from_db()
    refund.refresh_from_db()
    assert (payout.stage, refund.stage, house("loss")) == ("settled_by_chargeback", "paid", 0)
    assert list(find_faults()) == []


# Whatever is heard first (I16) --------------------------------------------------------------------

History = list[Callable[[Payment, Payout], object]]


def refund_is(kind: EventKind) -> Callable[[Payment, Payout], object]:
    def say(payment: Payment, payout: Payout) -> object:
        return tells(payment, kind, payout_key=payout.key, payout_ref="ref_1")

    return say


def dispute_is(outcome: str, *, minor: int = PRICE, ref: str = "d1") -> Callable[..., object]:
    return lambda payment, payout: disputed(payment, outcome, minor=minor, ref=ref)


HISTORIES: dict[str, History] = {
    "arrived, then sent back": [
        refund_is(EventKind.REFUND_PENDING),
        refund_is(EventKind.REFUND_SUCCEEDED),
        refund_is(EventKind.REFUND_FAILED),
    ],
    "arrived, and taken by the bank as well": [
        refund_is(EventKind.REFUND_PENDING),
        refund_is(EventKind.REFUND_SUCCEEDED),
        dispute_is(""),
        dispute_is("lost"),
    ],
    "failed, and taken by the bank": [
        refund_is(EventKind.REFUND_PENDING),
        refund_is(EventKind.REFUND_FAILED),
        dispute_is(""),
        dispute_is("lost"),
    ],
    "one dispute won, one lost": [
        dispute_is("", minor=900),
        dispute_is("won", minor=900),
        dispute_is("", minor=1000, ref="d2"),
        dispute_is("lost", minor=1000, ref="d2"),
        refund_is(EventKind.REFUND_SUCCEEDED),
    ],
}


def the_end(history: History, order: list[int], refund: RefundRequest) -> str:
    """Live a history in that order, each notice twice, and undo it; all that money depends on."""
    payout = Payout.objects.get(cause=f"refund:{refund.pk}")
    payment = payout.payment
    with transaction.atomic():
        for place in [*order, *order]:
            history[place](payment, payout)
            follow_up()
        for row in (payment, payout, refund):
            row.refresh_from_db()
        terms = order_rows.terms_of(refund.order_line_id)
        end = (
            payout.stage,
            payout.covered_minor,
            refund.stage,
            (payment.refunded_minor, payment.pending_minor, payment.charged_back_minor),
            payment.is_disputed,
            (terms.refunded, terms.pending),
            (house("loss"), house("disputed", "sandbox"), house("clearing", "sandbox")),
        )
        if order == sorted(order):
            assert list(find_faults()) == []
        transaction.set_rollback(True)
    return str(end)


@pytest.mark.parametrize("name", HISTORIES)
def test_every_history_ends_alike_in_whatever_order_it_is_told(name):
    refund = ask_and_end(a_ready_line())
    payments.claim_payout(payout_id=Payout.objects.get().pk, now=LATER)
    history = HISTORIES[name]
    told = list(permutations(range(len(history))))
    chosen = [told[0], *random.Random(name).sample(told, min(len(told), 20))]

    ends = {the_end(history, list(order), refund) for order in chosen}

    assert len(ends) == 1


def test_a_dispute_that_opened_keeps_a_request_of_one_line_out_of_the_bank():
    line = a_ready_line()
    disputed(Payment.objects.get())

    refund = ask(line)

    assert RefundRequest.objects.get() == refund
    assert not Payout.objects.exclude(stage="held").exists()


def amounts(payment: Payment, *history: tuple[int, int, str]) -> list[str]:
    """The provider tells (hours after noon, amount, outcome) of one dispute, in this order."""
    return [
        orders.hear_provider(
            provider="sandbox",
            told=ProviderEvent(
                event_id=f"dispute:{number}",
                kind=CLOSED if outcome else OPENED,
                occurred_at=NOON + timedelta(hours=hours),
                payment_ref=payment.provider_ref or "",
                amount=Money(minor, "EUR"),
                dispute_ref="d1",
                outcome=outcome,
            ),
            now=LATER,
        )
        for number, (hours, minor, outcome) in enumerate(history)
    ]


@pytest.mark.parametrize(
    ("history", "taken", "lost"),
    [
        ([(0, 1900, ""), (1, 500, "")], 500, 0),
        ([(0, 500, ""), (1, 1900, "")], 1900, 0),
        ([(1, 500, ""), (0, 1900, "")], 500, 0),  # What was said first is heard last.
        ([(0, 1900, ""), (1, 600, "lost")], 600, 600),  # The bank gave a part back at the end.
        ([(1, 600, "lost"), (0, 1900, "")], 600, 600),
        ([(0, 500, ""), (1, 900, ""), (2, 700, ""), (3, 700, "won")], 0, 0),
        ([(0, 900, ""), (1, 500, "won")], 0, 0),
    ],
)
def test_of_two_amounts_of_a_dispute_the_later_counts(history, taken, lost):
    payment = a_payment()

    assert set(amounts(payment, *history)) == {"applied"}

    assert -house("loss") == lost
    assert -house("clearing", "sandbox") == PRICE - taken
    assert house("disputed", "sandbox") == (0 if history[-1][2] or lost else -taken)
    told = [line(ReportKind.CAPTURE, payment.provider_ref or "")]
    before = 0
    for _, minor, outcome in sorted(history):
        kind = ReportKind.DISPUTE if minor > before else ReportKind.DISPUTE_RETURNED
        told += [line(kind, "d1", abs(minor - before))] if minor != before else []
        told += [line(ReportKind.DISPUTE_RETURNED, "d1", minor)] if outcome == "won" else []
        before = minor
    if history == sorted(history):  # Else we never knew of the amount in between.
        day = report(*told, at=LATER)
        assert payments.reconcile(provider="sandbox", report=day, now=LATER) == 0
    assert list(find_faults()) == []


def test_an_amount_that_is_told_after_the_end_waits_for_a_person():
    payment = a_payment()

    heard = amounts(payment, (0, 1900, "lost"), (1, 600, "lost"), (1, 1900, "lost"), (2, 0, ""))

    assert heard == ["applied", "quarantined", "applied", "quarantined"]
    waiting = Quarantined.objects.filter(outcome="quarantined")
    assert {event.reason for event in waiting} == {"dispute-amount-differs"}
    assert -house("loss") == 1900


def test_a_dispute_that_grew_pays_what_is_owed_by_all_that_it_took():
    paid = given.a_paid_line()
    orders.give_up(order_line_id=paid.pk, now=NOON)

    heard = amounts(paid.order.payment, (0, 500, ""), (1, 1900, ""), (2, 1900, "lost"))

    payout = Payout.objects.get()
    assert heard == ["applied"] * 3
    assert (payout.stage, payout.covered_minor) == ("settled_by_chargeback", PRICE)
