"""The contract of identity gateways, against the stand-in as a real process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from fairroam.gateways.identity import (
    AnswerMismatch,
    BadSignature,
    CheckNotUnderstood,
    CheckStatus,
    CheckUnknown,
    GatewayUnreachable,
    IdentityGateway,
    KeyReused,
    StaleEvent,
    StartedCheck,
)
from fairroam.gateways.identity.sandbox import connect
from sandbox.hooks import signature
from sandbox.listener import Listener
from sandbox.processes import HOOK_SECRET, KEY, SandboxProcess
from tests.gateways.given import counterpart, saying, saying_json

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BACK = "http://127.0.0.1/account/numbers/"


@pytest.fixture
def ear() -> Iterator[Listener]:
    with Listener() as heard:
        yield heard


@pytest.fixture
def provider(tmp_path, ear) -> Iterator[SandboxProcess]:
    with SandboxProcess.start("identity", tmp_path, hook=ear.url) as process:
        yield process


@pytest.fixture
def gateway(provider) -> IdentityGateway:
    return connect(url=provider.url, key=KEY, hook_secret=HOOK_SECRET, timeout_seconds=30)


def start(gateway: IdentityGateway, key: UUID | None = None, language: str = "en") -> StartedCheck:
    return gateway.start_check(key=key or uuid4(), return_url=BACK, language=language)


def answer(page_url: str, status: str, person: str = "Vera Example") -> httpx.Response:
    return httpx.post(page_url, data={"status": status, "person": person}, trust_env=False)


def signed(body: bytes, *, at: datetime = NOON, secret: str = HOOK_SECRET) -> dict[str, str]:
    return {"Sandbox-Signature": signature(secret.encode(), body, int(at.timestamp()))}


@pytest.mark.parametrize("status", ["verified", "refused", "unsure"])
def test_a_check_ends_on_the_providers_page_and_is_told(provider, gateway, ear, status):
    key = uuid4()
    started = start(gateway, key)
    pending = gateway.look_up(check_ref=started.check_ref)

    came_back = answer(started.page_url, status)

    ended = gateway.look_up(check_ref=started.check_ref)
    assert (pending.status, pending.person_ref) == (CheckStatus.PENDING, "")
    assert (came_back.status_code, came_back.headers["Location"]) == (303, BACK)
    assert (ended.status, ended.key) == (CheckStatus(status), key)
    assert bool(ended.person_ref) == (status == "verified")
    (heard,) = ear.wait_for(1)
    told = gateway.parse_event(body=heard.body, headers=heard.headers, now=datetime.now(UTC))
    assert told.state == ended
    assert started.page_url not in repr(started)
    assert "person_ref" not in repr(ended)


def test_one_key_begins_one_check_also_when_its_answer_was_lost(provider, gateway):
    key = uuid4()
    provider.arm("start_check", "error_after_effect")
    with pytest.raises(GatewayUnreachable):
        start(gateway, key)

    assert start(gateway, key) == start(gateway, key)
    with pytest.raises(KeyReused):
        start(gateway, key, language="zh-Hans")
    assert len(provider.effects("check_started")) == 1


def test_a_person_is_the_same_in_two_checks_and_another_one_is_not(gateway):
    def person(name: str) -> str:
        started = start(gateway)
        answer(started.page_url, "verified", name)
        return gateway.look_up(check_ref=started.check_ref).person_ref

    assert person("Vera  Example") == person("vera example") != person("Otto Example")


def test_an_ended_check_stays(gateway):
    started = start(gateway)
    answer(started.page_url, "refused")

    answer(started.page_url, "verified")

    assert gateway.look_up(check_ref=started.check_ref).status == CheckStatus.REFUSED
    assert "over" in httpx.get(started.page_url, trust_env=False).text


def test_the_page_speaks_the_language_that_was_asked_for(gateway):
    page = httpx.get(start(gateway, language="zh-Hans").page_url, trust_env=False).text

    assert 'lang="zh-Hans"' in page
    assert "核验身份" in page


def test_an_unknown_check_and_a_stranger_are_refused(provider, gateway):
    with pytest.raises(CheckUnknown):
        gateway.look_up(check_ref="chk_0")
    stranger = connect(url=provider.url, key="guess", hook_secret=HOOK_SECRET, timeout_seconds=30)
    with pytest.raises(GatewayUnreachable):
        start(stranger)
    assert provider.effects() == []


def test_answers_about_another_check_and_nonsense_are_not_built_on():
    check = {"id": "chk_1", "reference": str(uuid4()), "status": "pending", "page_url": BACK}
    for said, refused in (
        (saying_json(check), AnswerMismatch),
        (saying_json({"id": "chk_1"}), GatewayUnreachable),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"), GatewayUnreachable),
    ):
        with counterpart(said) as url:
            gateway = connect(url=url, key=KEY, hook_secret=HOOK_SECRET, timeout_seconds=30)
            with pytest.raises(refused):
                start(gateway)
            with pytest.raises(refused):
                gateway.look_up(check_ref="chk_2")


def test_only_signed_fresh_and_sound_events_are_read():
    gateway = connect(url="http://127.0.0.1:9", key=KEY, hook_secret=HOOK_SECRET)
    check = {"id": "chk_1", "reference": str(uuid4()), "status": "verified", "page_url": BACK}
    body = json.dumps({"id": "evt_1", "payload": check | {"person": "p1"}}).encode()

    told = gateway.parse_event(body=body, headers=signed(body), now=NOON)

    assert (told.event_id, told.state.person_ref) == ("evt_1", "p1")
    with pytest.raises(BadSignature):
        gateway.parse_event(body=body, headers=signed(body, secret="guess"), now=NOON)
    with pytest.raises(BadSignature):
        gateway.parse_event(body=body + b" ", headers=signed(body), now=NOON)
    with pytest.raises(StaleEvent):
        gateway.parse_event(body=body, headers=signed(body), now=NOON + timedelta(minutes=6))
    odd = body.replace(b"verified", b"approved")
    with pytest.raises(CheckNotUnderstood):
        gateway.parse_event(body=odd, headers=signed(odd), now=NOON)
