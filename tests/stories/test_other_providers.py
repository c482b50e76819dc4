"""Bought by Stripe or PayPal and paid back there: the provider's effect log is the judge."""

from __future__ import annotations

from uuid import uuid4

import pytest

from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Order
from fairroam.apps.orders.tasks import ask_about_payment
from fairroam.apps.payments.models import Payment, Payout, ProviderEvent
from fairroam.clock import now
from tests import given
from tests.stories.traveller import stage_of


def place(traveller, provider: str) -> Order:
    return orders.place_order(
        plan_code="japan-10gb-30d",
        quantity=1,
        email=traveller.email,
        residence="DE",
        language="en",
        consents=given.CONSENTS,
        key=uuid4(),
        provider=provider,
        now=now(),
    )


@pytest.mark.parametrize(
    ("provider", "captured", "refunded"), [("stripe", "pi_", "re_"), ("paypal", "C-", "R-")]
)
def test_what_was_paid_there_goes_back_there(stack, traveller, provider, captured, refunded):
    ada = traveller(residence="DE")
    order = place(ada, provider)
    stack.settle(lambda: Payment.objects.get(pk=order.payment_id).pay_url)
    ada.pay(order)
    line = ada.await_delivery(order)
    ada.sign_in()

    refund = ada.ask_money_back(line)
    stack.settle(lambda: stage_of(refund) == "paid")
    stack.rest()

    payment, payout = Payment.objects.get(pk=order.payment_id), Payout.objects.get()
    assert (payment.provider, payment.captured_minor, payment.refunded_minor) == (
        provider,
        1900,
        1900,
    )
    assert (payment.provider_ref or "").startswith(captured)
    assert payout.provider_ref.startswith(refunded)
    (accepted,) = stack.effects("payments", "refund_accepted")
    assert (accepted["amount"], accepted["reference"]) == (1900, str(payout.key))
    heard = ProviderEvent.objects.filter(provider=provider)
    assert heard.exists()
    assert set(heard.values_list("outcome", flat=True)) == {"applied"}


def test_a_capture_whose_notice_was_lost_is_found_by_asking(stack, traveller):
    ada = traveller(residence="DE")
    order = place(ada, "stripe")
    stack.settle(lambda: Payment.objects.get(pk=order.payment_id).pay_url)
    stack.hold("payments")
    ada.pay_page(Order.objects.get(pk=order.pk))

    ask_about_payment(payment_id=order.payment_id, now=now())

    payment = Payment.objects.get(pk=order.payment_id)
    assert (payment.stage, (payment.provider_ref or "")[:3]) == ("captured", "pi_")
    held = [one["id"] for one in stack["payments"].ask("GET", "/_events")["events"]]
    newest = [one for one in held if one.startswith("evt_")][-1:]
    assert stack["payments"].ask("POST", "/_deliveries", json={"events": newest})["statuses"] == [
        200
    ]
    event = ProviderEvent.objects.get(provider="stripe")
    assert event.outcome == "applied"  # It names the payment as it was before its capture.
    stack.rest()
