"""Reads of payments and payouts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from fairroam.apps.payments.models import Payment, Payout, ProviderEvent


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """One part of money on its way back, for a timeline."""

    id: int
    cause: str
    method: str
    currency: str
    amount_minor: int
    stage: str
    reason: str
    planned_at: datetime
    sent_at: datetime | None
    arrived_at: datetime | None


def payout_row(payout: Payout) -> PayoutRow:
    return PayoutRow(
        id=payout.pk,
        cause=payout.cause,
        method=payout.payment.method,
        currency=payout.currency,
        amount_minor=payout.amount_minor,
        stage=payout.stage,
        reason=payout.reason,
        planned_at=payout.planned_at,
        sent_at=payout.sent_at,
        arrived_at=payout.arrived_at,
    )


def payouts_for(cause: str) -> list[PayoutRow]:
    """The payouts that one act asked for."""
    rows = Payout.objects.select_related("payment").filter(cause=cause).order_by("id")
    return [payout_row(payout) for payout in rows]


def failed_payouts() -> list[PayoutRow]:
    """Payouts that the provider refused and that were not sent again, oldest first."""
    rows = Payout.objects.select_related("payment").filter(stage__in=["failed", "returned"])
    return [payout_row(payout) for payout in rows.order_by("id") if not sent_again(payout)]


def sent_again(payout: Payout) -> bool:
    """Whether a later try of the same act exists."""
    act = payout.cause.partition("/try-")[0]
    later = Payout.objects.filter(payment_id=payout.payment_id, pk__gt=payout.pk)
    return later.filter(cause__startswith=f"{act}/try-").exists()


def has_open_payouts(customer_id: int) -> bool:
    """Whether money is still on its way to this customer."""
    return Payout.objects.filter(customer_id=customer_id, is_live=True).exists()


def payments_of(customer_id: int) -> list[Payment]:
    """The customer's charges, newest first."""
    return list(Payment.objects.filter(customer_id=customer_id).order_by("-id"))


def unsettled_payouts(*, sent_before: datetime) -> list[int]:
    """Payouts whose outcome is still open: a notice may have been lost, so we ask."""
    open_stages = ["sent", "pending", "requires_action"]
    rows = Payout.objects.filter(stage__in=open_stages, sent_at__lt=sent_before)
    return list(rows.order_by("id").values_list("pk", flat=True)[:100])


def unpaid_payments(*, prepared_before: datetime, prepared_after: datetime) -> list[int]:
    """Charges that customers may have paid without our hearing of it."""
    rows = Payment.objects.filter(
        stage="started", prepared_at__lt=prepared_before, prepared_at__gt=prepared_after
    )
    return list(rows.order_by("id").values_list("pk", flat=True)[:100])


FAULTS = {
    # I5: the counters are what the payouts say.
    "payment {} has counters that its payouts do not add up to": """
        SELECT p.id FROM payments_payment p LEFT JOIN payments_payout o ON o.payment_id = p.id
        GROUP BY p.id
        HAVING p.pending_minor <> coalesce(sum(o.amount_minor) FILTER (WHERE o.stage IN
                 ('planned', 'held', 'sent', 'pending', 'requires_action')), 0)
            OR p.refunded_minor <> coalesce(sum(o.amount_minor)
                 FILTER (WHERE o.stage = 'succeeded'), 0)""",
    # I13/I15: what arrived is booked, once, and nothing else is.
    "payout {} arrived and the books do not say so": """
        SELECT o.id FROM payments_payout o WHERE o.stage = 'succeeded' AND NOT EXISTS (
            SELECT 1 FROM ledger_transfer t
            WHERE t.key = 'payout:' || o.key AND t.minor = o.amount_minor)""",
    "payout {} goes through a payment of another currency": """
        SELECT o.id FROM payments_payout o JOIN payments_payment p ON p.id = o.payment_id
        WHERE o.currency <> p.currency OR o.customer_id <> p.customer_id""",
}


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
    for event in ProviderEvent.objects.filter(outcome="quarantined"):
        yield f"provider event {event.pk} waits for a person: {event.reason}"
