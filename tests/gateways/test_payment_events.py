"""What payment providers tell of their own accord, and which of it we believe."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from fairroam.gateways.payments import (
    BadSignature,
    EventKind,
    EventNotUnderstood,
    ProviderEvent,
    StaleEvent,
)
from sandbox.hooks import signature
from sandbox.listener import Heard
from sandbox.processes import HOOK_SECRET
from tests.gateways.payment_provider import DECLINED_CARD, PART, PRICE, Provider, now


def test_events_say_what_happened_to_which_act(payments: Provider) -> None:
    payment, key = payments.paid(), uuid4()
    receipt = payments.gateway.pay_back(payment_ref=payment, amount=PART, key=key)

    captured = payments.event(payment, EventKind.PAYMENT_CAPTURED)
    pending = payments.event(receipt.provider_ref, EventKind.REFUND_PENDING)

    assert (captured.payment_ref, captured.amount, captured.payout_key) == (payment, PRICE, None)
    assert pending == ProviderEvent(
        event_id=pending.event_id,
        kind=EventKind.REFUND_PENDING,
        occurred_at=pending.occurred_at,
        payment_ref=payment,
        amount=PART,
        payout_key=key,
        payout_ref=receipt.provider_ref,
    )
    assert captured.occurred_at < pending.occurred_at <= now()


def test_a_declined_card_is_told(payments: Provider) -> None:
    payment = payments.paid(card=DECLINED_CARD)

    told = payments.event(payment, EventKind.PAYMENT_FAILED)

    assert (told.payment_ref, told.reason) == (payment, "card_declined")


def test_an_event_that_comes_before_our_answer_names_our_key(payments: Provider) -> None:
    payment, key = payments.paid(), uuid4()
    payments.process.arm("pay_back", "late_answer", seconds=2)

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(payments.gateway.pay_back, payment_ref=payment, amount=PART, key=key)
        told = None
        for count in range(1, 1000):
            heard = payments.listener.wait_for(count)[count - 1]
            if heard.json()["payload"]["reference"] == str(key):
                told = payments.gateway.parse_event(
                    body=heard.body, headers=heard.headers, now=now()
                )
                break
        is_answered_meanwhile = answer.done()

    assert not is_answered_meanwhile
    assert told is not None
    assert (told.payout_key, told.payout_ref) == (key, answer.result().provider_ref)


Forger = Callable[[Heard], tuple[bytes, dict[str, str]]]


def resigned(
    heard: Heard, *, body: bytes, secret: str = HOOK_SECRET
) -> tuple[bytes, dict[str, str]]:
    header = signature(secret.encode(), body, int(now().timestamp()))
    return body, {"sandbox-signature": header}


@pytest.mark.parametrize(
    ("forge", "error"),
    [
        (lambda heard: (heard.body.replace(b"1999", b"9999"), heard.headers), BadSignature),
        (lambda heard: (heard.body, {}), BadSignature),
        (lambda heard: (heard.body, {"sandbox-signature": "t=1,v1=" + "0" * 64}), BadSignature),
        (lambda heard: resigned(heard, body=heard.body, secret="stranger"), BadSignature),
        (lambda heard: resigned(heard, body=b"not JSON"), EventNotUnderstood),
        (
            lambda heard: resigned(heard, body=heard.body.replace(b"captured", b"befallen", 1)),
            EventNotUnderstood,
        ),
        (
            lambda heard: resigned(heard, body=heard.body.replace(b"1999", b"19.99")),
            EventNotUnderstood,
        ),
    ],
    ids=["altered", "unsigned", "zeros", "stranger", "no JSON", "unknown kind", "no whole amount"],
)
def test_only_true_events_are_heard(
    payments: Provider, forge: Forger, error: type[Exception]
) -> None:
    heard = payments.heard(payments.paid(), EventKind.PAYMENT_CAPTURED)
    body, headers = forge(heard)

    with pytest.raises(error):
        payments.gateway.parse_event(body=body, headers=headers, now=now())


def test_a_recorded_event_is_stale_after_five_minutes(payments: Provider) -> None:
    heard = payments.heard(payments.paid(), EventKind.PAYMENT_CAPTURED)
    signed_at = datetime.fromtimestamp(int(heard.headers["sandbox-signature"][2:12]), UTC)

    def parse(at: datetime) -> ProviderEvent:
        headers = {"Sandbox-Signature": heard.headers["sandbox-signature"]}
        return payments.gateway.parse_event(body=heard.body, headers=headers, now=at)

    assert parse(signed_at + timedelta(minutes=5)).kind == EventKind.PAYMENT_CAPTURED
    with pytest.raises(StaleEvent):
        parse(signed_at + timedelta(minutes=5, seconds=1))
