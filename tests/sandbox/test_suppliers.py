"""The two suppliers, from outside: plain HTTP, a real process, their effects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.listener import Listener
from sandbox.processes import HOOK_SECRET, KEY, SandboxProcess

ACCESS = {"RT-AccessCode": KEY}
PACKAGE = "world-1gb-7days"
CREDENTIALS = {
    "client_id": KEY,
    "client_secret": HOOK_SECRET,
    "grant_type": "client_credentials",
}
SETTINGS = {"allocation_seconds": 0, "has_limits": False}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess.start("suppliers", tmp_path_factory.mktemp("suppliers")) as process:
        yield process


@pytest.fixture
def suppliers(process: SandboxProcess) -> SandboxProcess:
    process.ask("POST", "/_settings", json=SETTINGS)
    return process


@pytest.fixture
def token(suppliers: SandboxProcess) -> dict[str, str]:
    return bearer(suppliers)


def bearer(suppliers: SandboxProcess) -> dict[str, str]:
    told = suppliers.ask("POST", "/airalo/v2/token", data=CREDENTIALS)
    return {"Authorization": f"Bearer {told['data']['access_token']}"}


def access(suppliers: SandboxProcess, path: str, **body: Any) -> dict[str, Any]:
    address = f"/access/api/v1/open/{path}"
    told = suppliers.ask("POST", address, json=body, headers=ACCESS)
    return told["obj"] if told["success"] else {"code": told["errorCode"]}


def an_access_order(suppliers: SandboxProcess, key: str, **more: Any) -> dict[str, Any]:
    line = {"packageCode": PACKAGE, "count": 1} | more
    return access(suppliers, "esim/order", transactionId=key, packageInfoList=[line])


def the_esim(suppliers: SandboxProcess, order_no: str) -> dict[str, Any]:
    pager = {"pageNum": 1, "pageSize": 50}
    (esim,) = access(suppliers, "esim/query", orderNo=order_no, pager=pager)["esimList"]
    return esim


def test_the_balance_pays_orders_and_gets_back_what_is_cancelled(suppliers):
    before = access(suppliers, "balance/query")["balance"]
    order = an_access_order(suppliers, "pays")
    same = an_access_order(suppliers, "pays")
    esim = the_esim(suppliers, order["orderNo"])
    paid = access(suppliers, "balance/query")["balance"]

    cancelled = access(suppliers, "esim/cancel", esimTranNo=esim["esimTranNo"])
    again = access(suppliers, "esim/cancel", esimTranNo=esim["esimTranNo"])

    assert order == same
    assert (before - paid, cancelled, again) == (15_000, {}, {"code": "200002"})
    assert access(suppliers, "balance/query")["balance"] == before
    assert the_esim(suppliers, order["orderNo"])["esimStatus"] == "CANCEL"
    assert len(suppliers.effects("order", reference="pays")) == 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"packageCode": "nothing"}, "310241"),
        ({"packageCode": "world-last-one", "count": 2}, "200011"),
        ({"price": 1}, "200005"),
        ({"count": 0}, "104104"),
    ],
)
def test_an_order_that_cannot_be_has_its_code(suppliers, line, code):
    assert an_access_order(suppliers, f"refused {code}", **line) == {"code": code}
    assert suppliers.effects(reference=f"refused {code}") == []


def test_until_it_is_allocated_an_order_has_no_esims(suppliers):
    suppliers.ask("POST", "/_settings", json=SETTINGS | {"allocation_seconds": None})
    order = an_access_order(suppliers, "waits")
    pager = {"pageNum": 1, "pageSize": 50}
    waiting = access(suppliers, "esim/query", orderNo=order["orderNo"], pager=pager)
    suppliers.ask("POST", "/_allocations", json={})

    assert waiting == {"code": "200010"}
    assert the_esim(suppliers, order["orderNo"])["ac"].startswith("LPA:1$")


def test_a_phone_that_has_it_keeps_it(suppliers):
    esim = the_esim(suppliers, an_access_order(suppliers, "kept")["orderNo"])
    act = {"shape": "access", "iccid": esim["iccid"], "act": "download"}
    suppliers.ask("POST", "/_acts", json=act)

    assert access(suppliers, "esim/cancel", esimTranNo=esim["esimTranNo"]) == {"code": "200002"}
    assert suppliers.effects("cancel", esim=int(esim["esimTranNo"])) == []


def test_nothing_is_said_to_strangers(suppliers):
    told = suppliers.ask("POST", "/access/api/v1/open/balance/query", json={})
    bare = suppliers.call("GET", "/airalo/v2/balance")
    wrong = suppliers.call("POST", "/airalo/v2/token", data=CREDENTIALS | {"client_id": "x"})

    assert (told["success"], told["errorCode"]) == (False, "101003")
    assert (bare.status_code, wrong.status_code) == (401, 422)


@pytest.mark.parametrize("written", ["json", "data", "files"])
def test_an_order_may_be_json_a_form_or_multipart(suppliers, token, written):
    fields = {"quantity": "2", "package_id": PACKAGE, "type": "sim", "description": written}
    if written == "files":
        fields = {name: (None, value) for name, value in fields.items()}

    told = suppliers.ask("POST", "/airalo/v2/orders", headers=token, **{written: fields})

    assert [sim["qrcode"][:6] for sim in told["data"]["sims"]] == ["LPA:1$"] * 2
    assert len(suppliers.effects("order", reference=written, quantity=2)) == 1


def test_a_claim_may_come_as_a_form_with_a_list(suppliers, token):
    order = {"quantity": 2, "package_id": PACKAGE}
    bought = suppliers.ask("POST", "/airalo/v2/orders", headers=token, json=order)["data"]
    iccids = [sim["iccid"] for sim in bought["sims"]]
    parts = [("iccids[]", (None, iccid)) for iccid in iccids] + [("reason", (None, "QR_ISSUE"))]

    wrong = suppliers.call("POST", "/airalo/v2/refund", headers=token, files=parts)
    parts[-1] = ("reason", (None, "NO_COVERAGE"))
    right = suppliers.call("POST", "/airalo/v2/refund", headers=token, files=parts)

    assert (wrong.status_code, right.status_code) == (422, 202)
    assert suppliers.effects("claim")[-1]["iccids"] == iccids


def test_who_signs_must_sign_rightly(suppliers, token):
    order = {"quantity": 1, "package_id": PACKAGE, "description": "badly signed"}
    headers = token | {"airalo-signature": "0" * 128}

    answer = suppliers.call("POST", "/airalo/v2/orders", headers=headers, json=order)

    assert (answer.status_code, answer.json()["code"]) == (422, 14)
    assert suppliers.effects(reference="badly signed") == []


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"package_id": "nothing"}, 34),
        ({"package_id": "world-last-one", "quantity": 2}, 33),
        ({"quantity": 51}, None),
        ({"quantity": "many"}, None),
        ({"package_id": ""}, None),
    ],
)
def test_an_order_that_cannot_be_is_refused(suppliers, token, order, code):
    wanted = {"quantity": 1, "package_id": PACKAGE, "description": "impossible"} | order

    answer = suppliers.call("POST", "/airalo/v2/orders", headers=token, json=wanted)

    assert (answer.status_code, answer.json().get("code")) == (422, code)
    assert suppliers.effects(reference="impossible") == []


def test_a_recycled_iccid_goes_to_the_next_buyer(suppliers, token):
    order = {"quantity": 1, "package_id": PACKAGE}
    first = suppliers.ask("POST", "/airalo/v2/orders", headers=token, json=order)["data"]["sims"][0]
    act = {"shape": "airalo", "iccid": first["iccid"], "act": "recycle"}
    suppliers.ask("POST", "/_acts", json=act)
    usage = f"/airalo/v2/sims/{first['iccid']}/usage"
    gone = suppliers.ask("GET", usage, headers=token)["data"]
    top_up = {"package_id": "topup-1gb-7days", "iccid": first["iccid"]}
    refused = suppliers.call("POST", "/airalo/v2/orders/topups", headers=token, json=top_up)

    second = suppliers.ask("POST", "/airalo/v2/orders", headers=token, json=order)["data"]["sims"]

    assert (gone["status"], gone["total"]) == ("RECYCLED", 0)
    assert refused.json()["code"] == 73
    assert (second[0]["iccid"], second[0]["id"] == first["id"]) == (first["iccid"], False)


def test_too_many_calls_are_told_when_to_come_again(suppliers):
    suppliers.ask("POST", "/_settings", json=SETTINGS | {"has_limits": True})

    answers = [suppliers.call("POST", "/airalo/v2/token", data=CREDENTIALS) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60


def test_an_address_is_registered_only_if_it_answers_head(suppliers, token):
    with Listener() as ear:
        asked = {"type": "webhook_low_data", "webhook_url": ear.url}
        good = suppliers.call("POST", "/airalo/v2/notifications/opt-in", headers=token, json=asked)
    asked = {"type": "webhook_low_data", "webhook_url": "http://127.0.0.1:9/"}
    bad = suppliers.call("POST", "/airalo/v2/notifications/opt-in", headers=token, json=asked)

    assert (good.status_code, bad.status_code) == (200, 422)


def test_webhooks_come_again_until_taken_over_twice_and_in_any_order_on_demand(suppliers):
    held = SETTINGS | {"hooks_held": True}
    with Listener() as ear:
        ear.refusals = [204, 500]  # What Airalo takes for a failure too.
        access(suppliers, "webhook/save", webhook=ear.url)
        ear.wait_for(3)
        suppliers.ask("POST", "/_settings", json=held)
        for key in ("held 1", "held 2"):
            an_access_order(suppliers, key)
        events = [event["id"] for event in suppliers.ask("GET", "/_events")["events"]][-2:]
        suppliers.ask("POST", "/_deliveries", json={"events": [events[1], *events]})
        heard = [one.json() for one in ear.wait_for(6)]
    access(suppliers, "webhook/save", webhook="http://127.0.0.1:9/")

    assert [one["notifyType"] for one in heard] == ["CHECK_HEALTH"] * 3 + ["ORDER_STATUS"] * 3
    assert heard[0] == heard[1] == heard[2]
    assert heard[3] == heard[5] != heard[4]


def test_what_was_sold_survives_a_restart(tmp_path: Path):
    found = []
    for _ in range(2):
        with SandboxProcess.start("suppliers", tmp_path) as suppliers:
            suppliers.ask("POST", "/_settings", json=SETTINGS)
            order = an_access_order(suppliers, "before the restart")
            found.append(the_esim(suppliers, order["orderNo"]))
            effects = suppliers.effects("order")

    assert found[0] == found[1]
    assert len(effects) == 1


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/_acts", {"shape": "access", "iccid": "1", "act": "download"}, 404),
        ("/_acts", {"shape": "nobody", "iccid": "1", "act": "download"}, 422),
        ("/_use", {"shape": "airalo", "iccid": "1", "bytes": -1}, 422),
        ("/_settings", {"speed": 1}, 422),
        ("/_refusals", {"call": "airalo_order"}, 422),
    ],
)
def test_a_switch_that_is_none_is_refused(suppliers, path, asked, status):
    with pytest.raises(httpx.HTTPStatusError, match=str(status)):
        suppliers.ask("POST", path, json=asked)


def test_an_ended_esim_gives_no_data_and_an_odd_act_is_refused(suppliers):
    esim = the_esim(suppliers, an_access_order(suppliers, "ended")["orderNo"])
    what = {"shape": "access", "iccid": esim["iccid"]}
    suppliers.ask("POST", "/_acts", json=what | {"act": "expire"})

    used = suppliers.call("POST", "/_use", json=what | {"bytes": 1})
    odd = suppliers.call("POST", "/_acts", json=what | {"act": "fly"})

    assert (used.status_code, odd.status_code) == (409, 422)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_none_is_refused_by_both(suppliers, token, body):
    json_kind = {"Content-Type": "application/json"}
    access_answer = suppliers.call(
        "POST", "/access/api/v1/open/esim/order", content=body, headers=ACCESS | json_kind
    )
    airalo_answer = suppliers.call(
        "POST", "/airalo/v2/orders", content=body, headers=token | json_kind
    )

    assert json.loads(access_answer.content)["errorCode"] == "104104"
    assert airalo_answer.status_code == 422
