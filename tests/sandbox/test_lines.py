"""The network, from outside: plain HTTP, real processes, their effects."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.listener import Heard, Listener
from sandbox.processes import SandboxProcess

SECRET = {"SANDBOX_USAGE_HOOK_SECRET": "secret-of-the-usage-hook"}
ICCID = "8999900010000000013"


@pytest.fixture
def ear() -> Iterator[Listener]:
    with Listener() as ear:
        yield ear


@pytest.fixture
def network(tmp_path: Path, ear: Listener) -> Iterator[SandboxProcess]:
    with SandboxProcess.start("lines", tmp_path, hook=ear.url, variables=SECRET) as network:
        yield network


def use(network: SandboxProcess, quantity: int, **more: Any) -> dict[str, Any]:
    asked = {"iccid": ICCID, "kind": "data", "quantity": quantity, "country": "FR"} | more
    return network.ask("POST", "/network/use", json=asked)


def kinds(heard: list[Heard]) -> list[list[tuple[str, int]]]:
    return [
        [(record["kind"], record["quantity"]) for record in one.json()["records"]] for one in heard
    ]


def test_uses_are_told_in_signed_batches_with_the_attach_that_made_them_possible(network, ear):
    use(network, 250)
    ear.wait_for(1)
    use(network, 60, kind="voice")
    ear.wait_for(2)
    use(network, 1, kind="sms", country="JP", operator="Other")
    heard = ear.wait_for(3)

    assert kinds(heard) == [
        [("attach", 0), ("data", 250)],
        [("voice", 60)],
        [("attach", 0), ("sms", 1)],
    ]
    records = [record for one in heard for record in one.json()["records"]]
    assert {one.json()["source"] for one in heard} == {"sandbox"}
    assert [record["operator"] for record in records[-2:]] == ["Other", "Other"]
    assert records[0]["operator"] == "Sandbox Mobile FR"
    assert len({record["record_id"] for record in records}) == len(records)
    for one in heard:
        match = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", one.headers["sandbox-signature"])
        assert match
        secret = SECRET["SANDBOX_USAGE_HOOK_SECRET"].encode()
        digest = hmac.new(secret, f"{match[1]}.".encode() + one.body, hashlib.sha256)
        assert digest.hexdigest() == match[2]


def test_a_batch_is_repeated_until_it_is_taken_over_also_after_a_restart(tmp_path):
    def started(hook: Listener) -> SandboxProcess:
        return SandboxProcess.start("lines", tmp_path, hook=hook.url, variables=SECRET)

    with Listener(status=503) as deaf, started(deaf) as network:
        use(network, 7)
        first = deaf.wait_for(2)[0]
    with Listener() as ear, started(ear) as network:
        again = ear.wait_for(1)[0]
        assert network.ask("GET", f"/v1/lines/{ICCID}")["state"] == "active"
        assert len(network.ask("GET", "/v1/usage")["records"]) == 2

    assert again.body == first.body


def test_batches_come_twice_late_and_in_any_order_on_demand(network, ear):
    network.ask("POST", "/_settings", json={"hooks_held": True})
    use(network, 1)
    use(network, 2)
    first, second = [event["id"] for event in network.ask("GET", "/_events")["events"]]
    network.ask("POST", "/_deliveries", json={"events": [second, first, second]})

    assert kinds(ear.wait_for(3)) == [
        [("data", 2)],
        [("attach", 0), ("data", 1)],
        [("data", 2)],
    ]
    network.ask("POST", "/_settings", json={"hook_copies": 2})
    use(network, 3)
    assert kinds(ear.wait_for(5)[3:]) == [[("data", 3)], [("data", 3)]]


def test_an_act_needs_the_key_of_the_operator_and_one_of_its_own(network):
    bare = httpx.post(f"{network.url}/v1/lines/{ICCID}/end", trust_env=False)
    with pytest.raises(httpx.HTTPStatusError) as keyless:
        network.ask("POST", f"/v1/lines/{ICCID}/end")

    assert bare.status_code == 401
    assert keyless.value.response.json()["error"] == "no_idempotency_key"
    assert network.effects() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"iccid": "12"},
        {"kind": "fax"},
        {"quantity": -1},
        {"quantity": 1.5},
        {"country": "France"},
        {"started_at": "2026-11-22T11:00:00"},
        {"started_at": "2026-11-22T11:00:01Z", "ended_at": "2026-11-22T11:00:00Z"},
        {"colour": "red"},
    ],
)
def test_a_use_that_cannot_be_is_refused(network, wrong):
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        use(network, **({"quantity": 1} | wrong))

    assert network.effects() == []


def test_an_answer_to_a_key_survives_a_restart(tmp_path):
    key = {"Idempotency-Key": "one-act"}
    answers = []
    for _ in range(2):
        with SandboxProcess.start("lines", tmp_path, variables=SECRET) as network:
            answers.append(network.ask("POST", f"/v1/lines/{ICCID}/suspend", headers=key))
            effects = network.effects("suspend")

    assert answers[0] == answers[1]
    assert len(effects) == 1
