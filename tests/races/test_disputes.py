"""A dispute meets the capture, and the payout, of the same payment at the same moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders import operations as orders
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout
from fairroam.rules.money import Money
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask_and_end
from tests.given import NOON
from tests.races.together import kinds_of, together

PRICE = Money(1900, "EUR")


def dispute(payment_id: int, outcome: str):
    return partial(
        payments.hear_dispute,
        payment_id=payment_id,
        dispute_ref=f"dis_{payment_id}",
        amount=PRICE,
        outcome=outcome,
        now=LATER,
    )


def clearing() -> int:
    return books.balance(BookName("clearing", "EUR", label="sandbox"))


def test_a_capture_and_its_dispute_at_once_are_both_booked_once(committed):
    order = given.an_order()
    ref = f"pay_{order.number}"
    payments.record_started(
        payment_id=order.payment_id, provider_ref=ref, pay_url="http://a/", now=NOON
    )
    capture = partial(
        orders.confirm_payment,
        payment_id=order.payment_id,
        amount=PRICE,
        provider_ref=ref,
        now=NOON,
    )

    lost = dispute(order.payment_id, "lost")
    ends = together(*[capture] * 4, *[dispute(order.payment_id, "")] * 4, *[lost] * 4)

    assert kinds_of(ends) == {"done": 12}
    assert clearing() == 0
    assert Payment.objects.get().is_disputed is False


def a_planned_payout(number: int) -> Payout:
    refund = ask_and_end(a_ready_line(email=f"buyer-{number}@example.com"))
    return Payout.objects.get(cause=f"refund:{refund.pk}")


def losses(payout: Payout) -> list[Callable[[], object]]:
    """Many disputes over parts of one payment are lost while its payout is about to leave."""
    lost = [
        partial(
            payments.hear_dispute,
            payment_id=payout.payment_id,
            dispute_ref=f"dis_{payout.pk}_{number}",
            amount=Money(300, "EUR"),
            outcome="lost",
            now=LATER,
        )
        for number in range(6)
    ]
    return [*lost, partial(payments.claim_payout, payout_id=payout.pk, now=LATER)]


def test_a_payout_and_lost_disputes_at_once_pay_each_cent_once(committed):
    for number in range(3):
        payout = a_planned_payout(number)

        ends = together(*losses(payout))

        assert kinds_of(ends) == {"done": 7}
        payout.refresh_from_db()
        payment = Payment.objects.get(pk=payout.payment_id)
        assert payout.covered_minor == payment.charged_back_minor
        assert payment.pending_minor == 1900 - payout.covered_minor
        assert payout.stage == "sent"  # 100 cents at least were still ours to send.


def claim_after(seconds: float, payout_id: int) -> Payout | None:
    """Claim a little later, so that some claims fall into the middle of a settlement."""
    time.sleep(seconds)
    return payments.claim_payout(payout_id=payout_id, now=LATER)


def given_up_payouts(numbers: Iterator[int], how_many: int) -> list[Payout]:
    lines = [given.a_paid_line(email=f"buyer-{next(numbers)}@example.com") for _ in range(how_many)]
    for line in lines:
        orders.give_up(order_line_id=line.pk, now=NOON)
    return [Payout.objects.get(cause=f"order-line:{line.pk}") for line in lines]


def test_control_without_locks_what_was_sent_is_settled_as_well(seen_without):
    numbers = count(100)

    def settles_what_was_sent() -> bool:
        payouts = given_up_payouts(numbers, 6)
        pairs = [
            (partial(claim_after, 0.02 * place, payout.pk), dispute(payout.payment_id, "lost"))
            for place, payout in enumerate(payouts)
        ]
        together(*[act for pair in pairs for act in pair])
        for payout in payouts:
            payout.refresh_from_db()
        return any(payout.sent_at and payout.stage != "sent" for payout in payouts)

    assert seen_without((), (Payment, Payout), settles_what_was_sent)
