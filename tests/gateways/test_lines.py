"""The contract of line gateways, against the stand-in as a real process.

The judge of what happened is the stand-in's own log of effects.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import httpx
import pytest

from fairroam.gateways.lines import (
    AnswerMismatch,
    BadSignature,
    GatewayUnreachable,
    KeyReused,
    LineGateway,
    LineRefused,
    LineStatus,
    RecordKind,
    StaleEvent,
    UsageNotUnderstood,
)
from fairroam.gateways.lines.sandbox import connect
from sandbox.processes import KEY, SandboxProcess
from tests.gateways.given import counterpart, saying_json

SECRET = "secret-of-the-usage-hook"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SERIALS = count(1)
ACTS = ("suspend", "resume", "end")


@pytest.fixture
def network(sandbox_process) -> Iterator[SandboxProcess]:
    network = sandbox_process("lines", variables={"SANDBOX_USAGE_HOOK_SECRET": SECRET})
    yield network
    network.disarm()


@pytest.fixture
def gateway(network) -> LineGateway:
    return connect(url=network.url, key=KEY, hook_secret=SECRET, timeout_seconds=30)


@pytest.fixture
def iccid() -> str:
    """A line that no other test uses."""
    return f"8999900{next(SERIALS):012d}"


def act(gateway: LineGateway, name: str, iccid: str, key=None) -> LineStatus:
    state = getattr(gateway, f"{name}_line")(iccid=iccid, key=key or uuid4())
    assert state.iccid == iccid
    return state.status


def attach(network: SandboxProcess, iccid: str, **more: str) -> None:
    network.ask("POST", "/network/attach", json={"iccid": iccid, "country": "FR", **more})


def acts_on(network: SandboxProcess, iccid: str) -> list[str]:
    return [one["effect"] for one in network.effects(iccid=iccid) if one["effect"] in ACTS]


@pytest.mark.parametrize(
    ("before", "name", "status", "effects"),
    [
        ([], "suspend", LineStatus.SUSPENDED, ["suspend"]),
        ([], "resume", LineStatus.UNKNOWN, []),
        ([], "end", LineStatus.ENDED, ["end"]),
        (["attach"], "suspend", LineStatus.SUSPENDED, ["suspend"]),
        (["attach"], "resume", LineStatus.ACTIVE, []),
        (["attach"], "end", LineStatus.ENDED, ["end"]),
        (["suspend"], "suspend", LineStatus.SUSPENDED, ["suspend"]),
        (["suspend"], "resume", LineStatus.UNKNOWN, ["suspend", "resume"]),
        (["attach", "suspend"], "resume", LineStatus.ACTIVE, ["suspend", "resume"]),
        (["attach", "suspend"], "end", LineStatus.ENDED, ["suspend", "end"]),
        (["end"], "end", LineStatus.ENDED, ["end"]),
        (["end"], "suspend", None, ["end"]),
        (["end"], "resume", None, ["end"]),
    ],
)
def test_an_act_leads_to_its_state_and_the_end_is_final(
    network, gateway, iccid, before, name, status, effects
):
    for step in before:
        attach(network, iccid) if step == "attach" else act(gateway, step, iccid)

    if status is None:
        with pytest.raises(LineRefused, match="line_ended"):
            act(gateway, name, iccid)
        status = LineStatus.ENDED
    else:
        assert act(gateway, name, iccid) == status

    assert gateway.look_up_line(iccid=iccid).status == status
    assert acts_on(network, iccid) == effects


def test_the_first_attach_is_remembered(network, gateway, iccid):
    assert gateway.look_up_line(iccid=iccid).first_attach_at is None

    attach(network, iccid, at=NOON.isoformat())
    attach(network, iccid, at=(NOON + timedelta(days=1)).isoformat())

    assert gateway.look_up_line(iccid=iccid).first_attach_at == NOON


@pytest.mark.parametrize("stop", ["suspend", "end"])
def test_a_stopped_line_finds_no_network(network, gateway, iccid, stop):
    attach(network, iccid)
    act(gateway, stop, iccid)
    use = {"iccid": iccid, "kind": "data", "quantity": 1, "country": "FR"}

    for path, asked in [("attach", {"iccid": iccid, "country": "FR"}), ("use", use)]:
        with pytest.raises(httpx.HTTPStatusError, match="403"):
            network.ask("POST", f"/network/{path}", json=asked)

    assert len(network.effects(iccid=iccid)) == 2  # the first attach, and the stop


@pytest.mark.parametrize("fault", ["time_out_after_effect", "error_after_effect", "broken_json"])
@pytest.mark.parametrize("name", ACTS)
def test_no_answer_after_the_effect_then_the_same_key_is_one_effect(
    network, gateway, iccid, name, fault
):
    attach(network, iccid)
    if name == "resume":
        act(gateway, "suspend", iccid)
    key = uuid4()
    network.arm(f"{name}_line", fault, seconds=0.1)

    with pytest.raises(GatewayUnreachable):
        act(gateway, name, iccid, key)
    states = {act(gateway, name, iccid, key) for _ in range(2)}

    assert len(states) == 1
    assert acts_on(network, iccid).count(name) == 1


def test_a_key_is_for_one_act_on_one_line(network, gateway, iccid):
    key = uuid4()
    act(gateway, "suspend", iccid, key)

    for other in (
        lambda: act(gateway, "end", iccid, key),
        lambda: act(gateway, "suspend", iccid[:-1], key),
    ):
        with pytest.raises(KeyReused):
            other()

    assert acts_on(network, iccid) == ["suspend"]


def test_a_line_uses_the_operator_that_was_chosen_for_the_country(network, gateway, iccid):
    def operators() -> list[str]:
        use = {"iccid": iccid, "kind": "data", "quantity": 1, "country": "JP"}
        network.ask("POST", "/network/use", json=use)
        records = gateway.list_usage(since="").records
        while page := gateway.list_usage(since=str(len(records))).records:
            records += page
        return [record.operator for record in records if record.iccid == iccid]

    assert gateway.capabilities.steers
    for _ in range(2):
        gateway.prefer_operator(iccid=iccid, country="JP", operator="Second", key=uuid4())
    chosen = operators()[-1]
    gateway.prefer_operator(iccid=iccid, country="JP", operator="", key=uuid4())

    assert chosen == "Second"
    assert operators()[-1] != "Second"
    assert [one["operator"] for one in network.effects("prefer", iccid=iccid)] == ["Second", ""]


def test_an_ended_line_is_steered_nowhere(gateway, iccid):
    act(gateway, "end", iccid)

    with pytest.raises(LineRefused, match="line_ended"):
        gateway.prefer_operator(iccid=iccid, country="JP", operator="Second", key=uuid4())


def port_out(network: SandboxProcess, iccid: str, code: str) -> httpx.Response:
    return network.call("POST", "/network/port_out", json={"iccid": iccid, "code": code})


@pytest.mark.parametrize("name", ["sms_out", "data_session", "purchase"])
def test_an_act_that_keeps_a_number_is_done_once_per_key(network, gateway, iccid, name):
    assert name in gateway.capabilities.keeps_alive
    key = uuid4()
    network.arm("keep_alive", "error_after_effect")
    with pytest.raises(GatewayUnreachable):
        gateway.keep_alive(iccid=iccid, act=name, key=key)

    kept, again = (gateway.keep_alive(iccid=iccid, act=name, key=key) for _ in range(2))

    assert kept == again
    assert (kept.act, bool(kept.ref), kept.happened_at.tzinfo) == (name, True, UTC)
    assert [one["act"] for one in network.effects("keep_alive", iccid=iccid)] == [name]


def test_no_act_keeps_a_line_that_is_stopped_or_over(network, gateway, iccid):
    with pytest.raises(LineRefused, match="act_not_offered"):
        gateway.keep_alive(iccid=iccid, act="sms_in", key=uuid4())
    act(gateway, "suspend", iccid)
    with pytest.raises(LineRefused, match="line_suspended"):
        gateway.keep_alive(iccid=iccid, act="sms_out", key=uuid4())
    act(gateway, "end", iccid)
    with pytest.raises(LineRefused, match="line_ended"):
        gateway.keep_alive(iccid=iccid, act="sms_out", key=uuid4())

    assert network.effects("keep_alive", iccid=iccid) == []


@pytest.mark.promise(51)
def test_a_number_moves_with_its_code_and_with_no_other(network, gateway, iccid):
    assert gateway.capabilities.ports_out
    first, again = (gateway.port_out_code(iccid=iccid, key=uuid4()) for _ in range(2))
    assert first == again
    assert first.code not in repr(first)
    days = (first.expires_at - datetime.now(UTC)) / timedelta(days=1)
    assert 29 < days <= 30
    wrong = port_out(network, iccid, "EXM" + str((int(first.code[3:]) + 1) % 10**6))
    assert gateway.look_up_line(iccid=iccid).ported_out_at is None

    right = port_out(network, iccid, first.code)

    state = gateway.look_up_line(iccid=iccid)
    assert (wrong.status_code, right.status_code) == (403, 200)
    assert (state.status, state.ported_out_at is not None) == (LineStatus.ENDED, True)
    assert port_out(network, iccid, first.code).status_code == 403
    with pytest.raises(LineRefused, match="line_ended"):
        gateway.port_out_code(iccid=iccid, key=uuid4())


def test_an_act_told_of_another_line_is_a_mismatch(iccid):
    told = {"iccid": "8999900000000000999", "act": "sms_out", "at": NOON.isoformat(), "id": "act_1"}

    with counterpart(saying_json(told)) as url:
        gateway = connect(url=url, key=KEY, hook_secret=SECRET, timeout_seconds=30)
        with pytest.raises(AnswerMismatch):
            gateway.keep_alive(iccid=iccid, act="sms_out", key=uuid4())
        with pytest.raises(AnswerMismatch):
            gateway.keep_alive(iccid=told["iccid"], act="purchase", key=uuid4())


def test_only_the_operator_may_act(network, iccid):
    stranger = connect(url=network.url, key="guess", hook_secret=SECRET, timeout_seconds=30)

    with pytest.raises(GatewayUnreachable):
        act(stranger, "end", iccid)
    with pytest.raises(GatewayUnreachable):
        stranger.list_usage()

    assert acts_on(network, iccid) == []


def test_what_is_no_line_is_refused(gateway):
    for no_line in ("12", "a/b", "8999900000000000000000"):
        with pytest.raises(LineRefused, match="no_such_line"):
            gateway.look_up_line(iccid=no_line)


def test_polling_tells_each_record_once_in_order(network, gateway, iccid):
    start = gateway.list_usage()
    while start.records:
        start = gateway.list_usage(since=start.cursor)
    for quantity in (10, 20, 30):
        use = {"iccid": iccid, "kind": "data", "quantity": quantity, "country": "JP"}
        network.ask("POST", "/network/use", json=use)

    page = gateway.list_usage(since=start.cursor)
    after = gateway.list_usage(since=page.cursor)

    assert [(record.kind, record.quantity) for record in page.records] == [
        (RecordKind.ATTACH, 0),
        (RecordKind.DATA, 10),
        (RecordKind.DATA, 20),
        (RecordKind.DATA, 30),
    ]
    assert {(record.iccid, record.country) for record in page.records} == {(iccid, "JP")}
    assert len({record.record_id for record in page.records}) == 4
    assert (after.records, after.cursor) == ([], page.cursor)


@pytest.mark.parametrize(
    ("answer", "status", "outcome"),
    [
        ({"iccid": "8999900000000000002", "state": "ended"}, 200, GatewayUnreachable),
        ({"iccid": "2", "state": "ended", "first_attach_at": None}, 200, AnswerMismatch),
        ({"iccid": "1", "state": "asleep", "first_attach_at": None}, 200, GatewayUnreachable),
        ({"iccid": "1", "state": "active", "first_attach_at": "noon"}, 200, GatewayUnreachable),
        ({"error": "internal"}, 500, GatewayUnreachable),
        ({"error": "line_ended"}, 409, LineRefused),
        ({"error": "idempotency_mismatch"}, 409, KeyReused),
    ],
)
def test_an_answer_to_an_act_is_read_strictly(answer, status, outcome):
    with counterpart(saying_json(answer, status=status)) as url:
        gateway = connect(url=url, key="k", hook_secret=SECRET, timeout_seconds=30)
        with pytest.raises(outcome):
            gateway.end_line(iccid="1", key=uuid4())


@pytest.mark.parametrize("answer", [{}, {"source": "sandbox", "records": {"record_id": "r"}}])
def test_a_page_of_usage_is_read_strictly(answer):
    with counterpart(saying_json(answer)) as url:
        gateway = connect(url=url, key="k", hook_secret=SECRET, timeout_seconds=30)
        with pytest.raises(GatewayUnreachable):
            gateway.list_usage()


RECORD = {
    "record_id": "r-1",
    "iccid": "8999900000000000017",
    "kind": "data",
    "quantity": 5,
    "started_at": "2026-11-22T10:00:00+09:00",
    "ended_at": "2026-11-22T10:05:00+09:00",
    "country": "JP",
    "operator": "440-10",
}
BAD_RECORDS = [
    {"record_id": "bad"},
    RECORD | {"record_id": "bad", "quantity": -1},
    RECORD | {"record_id": "bad", "iccid": "12"},
    RECORD | {"record_id": "bad", "ended_at": "2026-11-22T09:00:00+09:00"},
    RECORD | {"record_id": "bad", "started_at": "0001-01-01T00:00:00+09:00"},
    RECORD | {"record_id": "bad", "operator": "\ud800"},
    ["bad"],
]


def test_a_record_that_nobody_can_read_keeps_no_other_of_its_page_back():
    answer = {"source": "sandbox", "records": [*BAD_RECORDS, RECORD], "next": "8"}
    with counterpart(saying_json(answer)) as url:
        gateway = connect(url=url, key="k", hook_secret=SECRET, timeout_seconds=30)
        page = gateway.list_usage()

    assert ([one.record_id for one in page.records], page.cursor) == (["r-1"], "8")
    assert [one.record_id for one in page.unread] == ["bad"] * 6 + [""]
    assert all(one.reason and "bad" in one.content for one in page.unread)


READER = connect(url="http://127.0.0.1:9", key="k", hook_secret=SECRET)


def record(**changes: object) -> dict[str, object]:
    return {
        "record_id": "rec_1",
        "iccid": "8999900000000000001",
        "kind": "data",
        "quantity": 250_000_000,
        "started_at": "2026-11-22T11:00:00+00:00",
        "ended_at": "2026-11-22T11:30:00+00:00",
        "country": "FR",
        "operator": "Sandbox Mobile FR",
    } | changes


def batch(*records: dict[str, object]) -> bytes:
    return json.dumps({"source": "sandbox", "records": records or [record()]}).encode()


def signed(body: bytes, *, at: datetime = NOON, secret: str = SECRET) -> dict[str, str]:
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Sandbox-Signature": f"t={seconds},v1={digest}"}


def test_a_signed_batch_is_read():
    body = batch(
        record(), record(record_id="rec_2", kind="voice", quantity=61, iccid="8999900000000000001F")
    )

    data, voice = READER.parse_usage(body=body, headers=signed(body), now=NOON)

    assert (data.source, data.record_id, data.kind, data.quantity) == (
        "sandbox",
        "rec_1",
        "data",
        250_000_000,
    )
    assert (data.started_at, data.ended_at) == (
        NOON - timedelta(hours=1),
        NOON - timedelta(minutes=30),
    )
    assert (voice.iccid, voice.kind, voice.quantity) == (data.iccid, "voice", 61)


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, BadSignature),
        ({"Sandbox-Signature": ""}, BadSignature),
        ({"Sandbox-Signature": "t=1,v1=zz"}, BadSignature),
        (signed(batch(record(quantity=1))), BadSignature),
        (signed(batch(), secret="another"), BadSignature),
        (signed(batch(), at=NOON - timedelta(days=1), secret="another"), BadSignature),
        (signed(batch(), at=NOON - timedelta(minutes=5, seconds=1)), StaleEvent),
        (signed(batch(), at=NOON + timedelta(minutes=5, seconds=1)), StaleEvent),
    ],
)
def test_who_did_not_sign_now_is_not_heard(headers, error):
    with pytest.raises(error):
        READER.parse_usage(body=batch(), headers=headers, now=NOON)


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_five_minutes_are_near_enough_and_header_names_have_no_case(minutes):
    headers = signed(batch(), at=NOON + timedelta(minutes=minutes))
    headers = {name.upper(): value for name, value in headers.items()}

    assert len(READER.parse_usage(body=batch(), headers=headers, now=NOON)) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        batch(record(quantity=-1)),
        batch(record(quantity=1.5)),
        batch(record(quantity="1")),
        batch(record(kind="fax")),
        batch(record(iccid="12")),
        batch(record(record_id="")),
        batch(record(country="fr")),
        batch(record(started_at="2026-11-22T11:00:00")),
        batch(record(started_at="2026-11-22T11:30:01+00:00")),
        batch(record(), record(ended_at=None)),
    ],
)
def test_usage_that_is_not_as_agreed_is_kept_for_a_person(body):
    with pytest.raises(UsageNotUnderstood):
        READER.parse_usage(body=body, headers=signed(body), now=NOON)
