"""A wallet with money in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from fairroam.apps.customers.models import Customer
from fairroam.apps.customers.queries import Proof
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Order
from fairroam.apps.payments import operations as payments
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet.models import TopUp
from fairroam.rules.money import Money
from tests import given
from tests.given import NOON

PLAN = "japan-10gb-30d"


def terms(
    burn: str = "promo_first", *, currency: str = "EUR", bonus: int = 0, now: datetime = NOON
) -> None:
    """What a top-up gives: `bonus` minor units on top of each, from the day before `now`."""
    wallet.set_terms(
        currency=currency,
        burn=burn,
        least_minor=1,
        most_minor=50000,
        bonus_steps=[[1, bonus]] if bonus else [],
        promo_days=180,
        transfer_day_minor=20000,
        now=now - timedelta(days=1),
    )


def a_top_up(
    customer: Customer, minor: int, *, currency: str = "EUR", now: datetime = NOON
) -> TopUp:
    """A top-up that the provider has told to be paid."""
    found = wallet.top_up(
        customer_id=customer.pk, amount=Money(minor, currency), key=uuid4(), now=now
    )
    reference = f"pay_topup_{found.pk}"
    payments.record_started(
        payment_id=found.payment_id, provider_ref=reference, pay_url="http://127.0.0.1/", now=now
    )
    wallet.confirm_top_up(
        payment_id=found.payment_id,
        amount=Money(minor, currency),
        provider_ref=reference,
        now=now,
    )
    found.refresh_from_db()
    return found


def an_order(customer: Customer, *, quantity: int = 1, now: datetime = NOON) -> Order:
    """An order that the wallet pays, as far as it reaches."""
    assert customer.user is not None
    return orders.place_order(
        plan_code=PLAN,
        quantity=quantity,
        email=customer.user.email,
        residence="DE",
        language="en",
        consents=given.CONSENTS,
        key=uuid4(),
        now=now,
        wallet_of=customer.pk,
    )


def proof(now: datetime = NOON) -> Proof:
    """A fresh code from the mail."""
    return Proof("mail_code", now)
