"""The contract of text message gateways, against the stand-in as a real process."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from fairroam.gateways.sms import (
    AnswerMismatch,
    GatewayUnreachable,
    KeyReused,
    SmsGateway,
    SmsRefused,
)
from fairroam.gateways.sms.sandbox import connect
from sandbox.processes import KEY, SandboxProcess
from tests.gateways.given import counterpart, saying_json

TO = "+819012345678"


@pytest.fixture
def provider(tmp_path) -> Iterator[SandboxProcess]:
    with SandboxProcess.start("sms", tmp_path) as process:
        yield process


@pytest.fixture
def gateway(provider) -> SmsGateway:
    return connect(url=provider.url, key=KEY, timeout_seconds=30)


def test_a_message_is_sent_once_however_often_it_is_asked_for(provider, gateway):
    key = uuid4()
    provider.arm("send_message", "error_after_effect")

    with pytest.raises(GatewayUnreachable):
        gateway.send(key=key, to=TO, text="Your account closes.")
    first = gateway.send(key=key, to=TO, text="Your account closes.")
    second = gateway.send(key=key, to=TO, text="Your account closes.")

    assert first == second
    [sent] = provider.effects("message_sent")
    assert (sent["to"], sent["text"]) == (TO, "Your account closes.")
    with pytest.raises(KeyReused):
        gateway.send(key=key, to=TO, text="Something else.")


def test_a_number_that_nobody_has_is_refused_for_good(provider, gateway):
    with pytest.raises(SmsRefused):
        gateway.send(key=uuid4(), to="+819012340000", text="Hello")
    assert provider.effects("message_sent") == []


def test_an_answer_about_another_message_is_not_believed():
    with (
        counterpart(saying_json({"id": "sms_1", "reference": str(uuid4())}, status=201)) as url,
        pytest.raises(AnswerMismatch),
    ):
        connect(url=url, key=KEY, timeout_seconds=30).send(key=uuid4(), to=TO, text="Hello")
