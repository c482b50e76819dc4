"""What payment providers tell of their own accord, and which of it we believe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import uuid4

import pytest

from fairroam.gateways.payments import (
    BadSignature,
    EventKind,
    EventNotUnderstood,
    GatewayUnreachable,
    ProviderEvent,
    StaleEvent,
)
from fairroam.rules.money import Money
from sandbox.listener import Heard
from sandbox.processes import HOOK_SECRET, KEY
from tests.gateways.payment_provider import DECLINED_CARD, PART, PRICE, Provider, now


def test_events_say_what_happened_to_which_act(payments: Provider) -> None:
    payment, key = payments.paid(), uuid4()
    receipt = payments.gateway.pay_back(payment_ref=payment, amount=PART, key=key)

    captured = payments.event(payment, EventKind.PAYMENT_CAPTURED)
    pending = payments.event(receipt.provider_ref, EventKind.REFUND_PENDING)

    assert (captured.amount, captured.payout_key) == (PRICE, None)
    assert payment in (captured.payment_ref, captured.captured_ref)
    assert pending == ProviderEvent(
        event_id=pending.event_id,
        kind=EventKind.REFUND_PENDING,
        occurred_at=pending.occurred_at,
        payment_ref=payment,
        amount=PART,
        payout_key=key,
        payout_ref=receipt.provider_ref,
    )
    assert captured.occurred_at <= pending.occurred_at <= now()


def test_a_declined_card_is_told_where_the_provider_does_not_say_it_itself(
    payments: Provider,
) -> None:
    if not payments.tongue.tells_declined_cards:
        assert payments.gateway.look_up_payment(
            provider_ref=payments.paid(card=DECLINED_CARD)
        ).captured == Money(0, "EUR")
        return
    payment = payments.paid(card=DECLINED_CARD)

    told = payments.event(payment, EventKind.PAYMENT_FAILED)

    assert (told.payment_ref, told.reason) == (payment, "card_declined")


def test_an_event_that_comes_before_our_answer_names_our_key(payments: Provider) -> None:
    payment, key = payments.paid(), uuid4()
    payments.arm("pay_back", "time_out_after_effect", seconds=0.1)
    with pytest.raises(GatewayUnreachable):
        payments.gateway.pay_back(payment_ref=payment, amount=PART, key=key)

    told = payments.first(lambda told: told.payout_key == key)

    answer = payments.gateway.pay_back(payment_ref=payment, amount=PART, key=key)
    assert (told.payout_key, told.payout_ref) == (key, answer.provider_ref)


def test_a_refund_that_somebody_made_there_names_no_key_of_ours(payments: Provider) -> None:
    payment = payments.paid()
    asked = {"intent": payments.there("payment", payment), "amount": 300, "currency": "EUR"}
    made = payments.process.ask(
        "POST",
        "/v1/refunds",
        json=asked | {"reference": "by hand"},
        headers={"Idempotency-Key": str(uuid4())},
    )

    told = payments.first(lambda told: payments.is_ours(told.payout_ref, made["id"]))

    assert (told.payout_key, told.amount, told.payment_ref) == (None, Money(300, "EUR"), payment)


Forged = tuple[bytes, Mapping[str, str]]
Forger = Callable[[Provider, Heard], Forged]


@pytest.mark.parametrize(
    ("forge", "error"),
    [
        (lambda at, heard: (heard.body.replace(b"1999", b"9999"), heard.headers), BadSignature),
        (lambda at, heard: (heard.body.replace(b"19.99", b"99.99"), heard.headers), BadSignature),
        (lambda at, heard: (heard.body, {}), BadSignature),
        (lambda at, heard: (heard.body, dict.fromkeys(heard.headers, "t=1,v1=0")), BadSignature),
        (lambda at, heard: at.resigned(heard.body, secret="stranger"), BadSignature),
        (lambda at, heard: at.resigned(b'{"id": "evt_1"}'), EventNotUnderstood),
        (lambda at, heard: at.resigned(at.altered(heard.body)), EventNotUnderstood),
    ],
    ids=["altered", "altered text", "unsigned", "zeros", "stranger", "empty", "no whole amount"],
)
def test_only_true_events_are_heard(
    payments: Provider, forge: Forger, error: type[Exception]
) -> None:
    heard = payments.heard(payments.paid(), EventKind.PAYMENT_CAPTURED)
    body, headers = forge(payments, heard)
    if body == heard.body and headers == heard.headers:
        return  # This provider writes amounts the other way.

    with pytest.raises(error):
        payments.parse(body, headers)


def test_an_event_of_an_unknown_kind_books_nothing(payments: Provider) -> None:
    heard = payments.heard(payments.paid(), EventKind.PAYMENT_CAPTURED)
    kind = payments.tongue.captured_kind.encode()

    with pytest.raises(payments.tongue.unknown_kind):
        payments.parse(*payments.resigned(heard.body.replace(kind, kind + b".or.so")))


def test_a_recorded_event_grows_stale(payments: Provider) -> None:
    heard = payments.heard(payments.paid(), EventKind.PAYMENT_CAPTURED)
    limit, second = payments.tongue.age_max, timedelta(seconds=10)

    fresh = payments.parse(*payments.resigned(heard.body, age=limit - second))

    assert fresh.kind == EventKind.PAYMENT_CAPTURED
    with pytest.raises(StaleEvent):
        payments.parse(*payments.resigned(heard.body, age=limit + second))


def test_what_comes_twice_is_the_same_event(payments: Provider) -> None:
    heard, told = payments.heard_event(payments.paid(), EventKind.PAYMENT_CAPTURED)

    assert payments.parse(*payments.resigned(heard.body)) == told


def test_two_secrets_count_while_they_are_rotated(payments: Provider) -> None:
    if not payments.tongue.rotates:
        pytest.skip("this provider's notices are not signed with a secret of ours")
    heard = payments.heard(payments.paid(), EventKind.PAYMENT_CAPTURED)
    both = payments.tongue.connect(payments.process.url, KEY, ("new-secret", HOOK_SECRET), 20.0)

    for secret in ("new-secret", HOOK_SECRET):
        body, headers = payments.resigned(heard.body, secret=secret)
        told = both.parse_event(body=body, headers=headers, now=now())
        assert told.kind == EventKind.PAYMENT_CAPTURED
    body, headers = payments.resigned(heard.body, secret="an-older-one")
    with pytest.raises(BadSignature):
        both.parse_event(body=body, headers=headers, now=now())
