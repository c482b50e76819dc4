"""Money that arrives, comes back and is sent again, whichever of it is heard first."""

from __future__ import annotations

import logging

import pytest

from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_rows
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments import queries as payment_rows
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.gateways.payments import PayoutReceipt, PayoutStatus
from fairroam.rules.money import Money
from fairroam.worker import schedule
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask_and_end, payout_of
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")


def provider_tells(payout_id: int, status: PayoutStatus) -> None:
    """Only payments hear of it so far: the jobs of the others still wait in the queue."""
    payments.claim_payout(payout_id=payout_id, now=NOON)
    payout = Payout.objects.get(pk=payout_id)
    receipt = PayoutReceipt(
        provider_ref=f"po_{payout_id}",
        status=status,
        amount=Money(payout.amount_minor, payout.currency),
    )
    payments.record_payout(payout_id=payout_id, receipt=receipt, now=NOON)


def test_a_refund_whose_money_came_back_is_not_called_paid_by_an_older_message():
    line = a_ready_line()
    refund = ask_and_end(line)
    payout_id = payout_of(refund)
    provider_tells(payout_id, PayoutStatus.SUCCEEDED)
    provider_tells(payout_id, PayoutStatus.FAILED)

    refunds.payout_failed(payout_id=payout_id, now=LATER)
    refunds.payout_succeeded(payout_id=payout_id, now=LATER)

    refund.refresh_from_db()
    assert refund.stage == "payout_failed"
    assert order_rows.terms_of(line.pk).pending == 1900
    refunds.retry_payouts(request_id=refund.pk, staff_user_id=1, now=LATER)
    assert Payout.objects.count() == 2
    assert list(find_faults()) == []


@pytest.mark.parametrize("was_heard_of", [True, False])
def test_money_of_a_given_up_line_that_came_back_is_sent_again_once(was_heard_of):
    line = given.a_paid_line()
    orders.give_up(order_line_id=line.pk, now=NOON)
    payout_id = Payout.objects.get().pk
    provider_tells(payout_id, PayoutStatus.SUCCEEDED)
    if was_heard_of:
        orders.record_paid_back(payout_id=payout_id, now=NOON)
    provider_tells(payout_id, PayoutStatus.FAILED)
    orders.record_paid_back(payout_id=payout_id, now=NOON)  # the older message comes late
    assert [row.id for row in payment_rows.failed_payouts()] == [payout_id]

    again = orders.send_again(payout_id=payout_id, actor="staff:1", now=LATER)
    with pytest.raises(MoveNotAllowed):
        orders.send_again(payout_id=payout_id, actor="staff:1", now=LATER)
    assert order_rows.terms_of(line.pk).pending == 1900
    provider_tells(again.pk, PayoutStatus.SUCCEEDED)
    for _ in range(2):
        orders.record_paid_back(payout_id=again.pk, now=LATER)

    terms = order_rows.terms_of(line.pk)
    assert (terms.pending, terms.refunded) == (0, 1900)
    owed = BookName("refunds_owed", "EUR", customer_id=line.order.customer_id)
    assert (books.balance(owed), payment_rows.failed_payouts()) == (0, [])
    assert list(find_faults()) == []


def test_only_money_of_given_up_lines_is_sent_again_there():
    refund = ask_and_end(a_ready_line())

    for payout_id in (payout_of(refund), 987654321):
        with pytest.raises(NotAmongYours):
            orders.send_again(payout_id=payout_id, actor="staff:1", now=LATER)


def test_one_payout_that_cannot_be_asked_about_keeps_no_other_from_it(caplog, settings):
    settings.FAIRROAM_PAYMENTS_URL = "http://127.0.0.1:1"
    payouts = []
    for provider in ("gone", "sandbox"):
        line = given.a_paid_line(email=f"{provider}@example.com")
        orders.give_up(order_line_id=line.pk, now=NOON)
        Payment.objects.filter(pk=line.order.payment_id).update(provider=provider)
        payouts.append(Payout.objects.get(payment=line.order.payment_id).pk)
        payments.claim_payout(payout_id=payouts[-1], now=NOON)

    with caplog.at_level(logging.WARNING):
        schedule.ask_about_payouts(timestamp=0)

    assert f"payout {payouts[0]} cannot be asked about" in caplog.text
    assert f"the provider is silent about payout {payouts[1]}" in caplog.text
