"""Jobs of money on its way back."""

from __future__ import annotations

from datetime import datetime

from fairroam.apps.journal.models import Event
from fairroam.apps.orders import operations as orders
from fairroam.apps.payments import tasks as payments
from fairroam.apps.refunds import operations as refunds
from fairroam.worker.reacting import reaction


@reaction
def send_payout(event: Event, at: datetime) -> None:
    payments.send_payout(payout_id=event.facts["payout_id"], now=at)


@reaction
def record_arrival(event: Event, at: datetime) -> None:
    if event.facts["cause"].startswith("order-line:"):
        orders.record_paid_back(payout_id=event.facts["payout_id"], now=at)
    else:
        refunds.payout_succeeded(payout_id=event.facts["payout_id"], now=at)


@reaction
def record_failed_payout(event: Event, at: datetime) -> None:
    refunds.payout_failed(payout_id=event.facts["payout_id"], now=at)


@reaction
def tell_payout(event: Event, at: datetime) -> None:
    payments.tell_customer(payout_id=event.facts["payout_id"], kind=event.kind, now=at)


@reaction
def tell_sent_back(event: Event, at: datetime) -> None:
    payments.tell_sent_back(
        payment_id=event.facts["payment_id"],
        stray_payment_id=event.facts["stray_payment_id"],
        is_taken=event.facts["is_taken"],
        now=at,
    )
