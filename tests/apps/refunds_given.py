"""What happens to a request for money back: payouts told, mails queued, books read."""

from __future__ import annotations

from datetime import timedelta

from fairroam.apps.journal.models import Event
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import tasks
from fairroam.apps.refunds.models import RefundPart, RefundRequest
from fairroam.gateways.payments import PayoutReceipt, PayoutStatus
from fairroam.rules.money import Money
from tests.apps.lines_given import (
    LATER,
    a_ready_line,
    ask,
    use,
)
from tests.given import NOON

GIGABYTE = 10**9
STAFF = 4711
MONTHS_LATER = NOON + timedelta(days=200)


def settle(payout_id: int, status: PayoutStatus, *, now=LATER, reason: str = "") -> None:
    """The provider tells how a payout went, and refunds hear of it."""
    payments.claim_payout(payout_id=payout_id, now=now)
    payout = Payout.objects.get(pk=payout_id)
    amount = Money(payout.amount_minor, payout.currency)
    receipt = PayoutReceipt(
        provider_ref=f"po_{payout_id}", status=status, amount=amount, reason=reason
    )
    payments.record_payout(payout_id=payout_id, receipt=receipt, now=now)
    if status == PayoutStatus.SUCCEEDED:
        refunds.payout_succeeded(payout_id=payout_id, now=now)
    else:
        refunds.payout_failed(payout_id=payout_id, now=now)


def dispute(payment: Payment, outcome: str = "", *, now=LATER) -> None:
    """The provider tells of the one dispute about all of a payment."""
    amount = Money(payment.amount_minor, payment.currency)
    payments.hear_dispute(
        payment_id=payment.pk, dispute_ref="dis_1", amount=amount, outcome=outcome, now=now
    )


def tell(kind: str, refund: RefundRequest, **facts: object) -> None:
    tasks.tell_customer(kind=kind, facts={"refund_id": refund.pk, **facts}, now=LATER)


def balance(kind: str, line=None, **words: object) -> int:
    customer = {"customer_id": line.order.customer_id} if line else {}
    return books.balance(BookName(kind, "EUR", **customer, **words))


def events(kind: str) -> list[dict]:
    return list(Event.objects.filter(kind=kind).order_by("pk").values_list("facts", flat=True))


def a_case_with_nothing_due():
    line = a_ready_line()
    use(line, 2 * GIGABYTE)
    return line, ask(line, now=MONTHS_LATER)


def payout_of_cash(refund: RefundRequest) -> int:
    return RefundPart.objects.get(request=refund, tender__kind="cash").payout_id
