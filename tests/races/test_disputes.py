"""A dispute meets the capture, and the payout, of the same payment at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders import operations as orders
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.wallet.models import Lot
from fairroam.rules.money import Money
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.lines_given import LATER, a_ready_line, ask_and_end, prove_off
from tests.apps.test_quotes import AGREED, confirm, quote
from tests.given import NOON
from tests.races.test_money_races import a_buyer
from tests.races.together import kinds_of, together, with_one_held

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


def dispute_while_claimed() -> tuple[Payout, list[Any]]:
    """A dispute that takes all is about to settle a payout when that is claimed; how both ended."""
    line = given.a_paid_line(email=a_buyer())
    orders.give_up(order_line_id=line.pk, now=NOON)
    payout = Payout.objects.get(cause=f"order-line:{line.pk}")
    claim = partial(payments.claim_payout, payout_id=payout.pk, now=LATER)
    lost = dispute(payout.payment_id, "lost")
    settling = 'UPDATE "payments_payout"'
    ends = with_one_held(lost, claim, at=settling, others_begin_there=True)
    payout.refresh_from_db()
    return payout, ends


def test_what_a_dispute_settles_is_not_sent_any_more(committed):
    payout, (_, claimed) = dispute_while_claimed()

    assert claimed is None
    assert (payout.stage, payout.sent_at) == ("settled_by_chargeback", None)


def test_money_that_is_disputed_while_it_becomes_credit_is_not_lost(committed):
    wallets.terms()
    line = a_ready_line(email=a_buyer())
    confirm(quote(line, **AGREED), now=LATER)
    payment_id = line.order.payment_id

    with_one_held(
        partial(prove_off, line, now=LATER),
        dispute(payment_id, "lost"),
        at='INSERT INTO "refunds_refundpart"',
        others_begin_there=True,
    )

    owed = BookName("refunds_owed", "EUR", customer_id=line.order.customer_id)
    assert (Lot.objects.get().left_minor, books.balance(owed)) == (1900, 0)


def test_control_without_locks_what_was_sent_is_settled_as_well(seen_without):
    def settles_what_was_sent() -> bool:
        payout, _ = dispute_while_claimed()
        return payout.sent_at is not None and payout.stage == "settled_by_chargeback"

    assert seen_without((), (Payment, Payout), settles_what_was_sent)
