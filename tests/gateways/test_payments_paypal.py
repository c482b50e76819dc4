"""What only PayPal does: tokens that end, orders that we capture, notices that it checks itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fairroam.gateways.payments import (
    BadSignature,
    EventKind,
    GatewayUnreachable,
    PaymentStatus,
)
from sandbox.processes import SandboxProcess
from tests.gateways.payment_provider import GOOD_CARD, PAYPAL, PRICE, Provider


@pytest.fixture
def paypal(sandbox_process: Callable[..., SandboxProcess], payment_provider: Provider) -> Provider:
    if payment_provider.tongue is not PAYPAL:
        pytest.skip("of PayPal alone")
    payment_provider.process.disarm()
    payment_provider.behave()
    return payment_provider


def test_a_token_is_asked_for_once_and_again_when_it_has_ended(paypal: Provider) -> None:
    paypal.start()
    paypal.process.arm("paypal.token", "error_before_effect")

    paypal.start()  # The token is kept: nobody asks for another one.
    paypal.process.ask("DELETE", "/_paypal_tokens")
    with pytest.raises(GatewayUnreachable, match="instead of a token"):
        paypal.start()

    assert paypal.start().provider_ref


def test_what_the_payer_approved_is_taken_when_we_ask(paypal: Provider) -> None:
    started = paypal.start()
    paypal.pay(started, GOOD_CARD)
    own = paypal.there("payment", started.provider_ref)

    told = paypal.event(started.provider_ref, EventKind.PAYMENT_APPROVED)
    before = paypal.process.effects("payment_captured", id=own)
    states = {paypal.gateway.look_up_payment(provider_ref=started.provider_ref) for _ in range(2)}

    assert (told.amount, before) == (PRICE, [])
    assert {state.status for state in states} == {PaymentStatus.SUCCEEDED}
    assert len(paypal.process.effects("payment_captured", id=own)) == 1


def test_a_capture_without_an_answer_is_made_once(paypal: Provider) -> None:
    started = paypal.start()
    paypal.pay(started, GOOD_CARD)
    paypal.process.arm("paypal.capture", "error_after_effect")

    with pytest.raises(GatewayUnreachable):
        paypal.gateway.look_up_payment(provider_ref=started.provider_ref)
    state = paypal.gateway.look_up_payment(provider_ref=started.provider_ref)

    own = paypal.there("payment", started.provider_ref)
    assert state.captured == PRICE
    assert len(paypal.process.effects("payment_captured", id=own)) == 1


def test_nobody_smuggles_words_into_our_question_about_a_notice(paypal: Provider) -> None:
    heard = paypal.heard(paypal.paid(), EventKind.PAYMENT_CAPTURED)
    forged = heard.body + b', "webhook_id": "ANOTHERSHOP"'

    with pytest.raises(BadSignature):
        paypal.parse(*paypal.resigned(forged))


def test_while_paypal_is_silent_a_notice_is_neither_true_nor_false(paypal: Provider) -> None:
    heard = paypal.heard(paypal.paid(), EventKind.PAYMENT_CAPTURED)
    paypal.process.arm("paypal.verify", "error_before_effect")

    with pytest.raises(GatewayUnreachable):
        paypal.parse(heard.body, heard.headers)

    assert paypal.parse(heard.body, heard.headers).amount == PRICE
