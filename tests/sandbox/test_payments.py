"""The payment stand-in by itself: answers that repeat, events that arrive, a page that pays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sandbox.listener import Heard, Listener
from sandbox.payments.bank import REFUND_MOVES
from sandbox.payments.pay_page import TEXTS, pay_page, texts_for
from sandbox.processes import KEY, SandboxProcess

GOOD_CARD = "4242 4242 4242 4242"
INTENT: dict[str, object] = {
    "amount": 2148,
    "currency": "EUR",
    "reference": "order 17",
    "description": "Japan, 10 GB for 30 days",
    "return_url": "http://127.0.0.1:9/orders/17",
    "language": "en",
}


def post(payments: SandboxProcess, path: str, body: object, key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key or str(uuid4())}
    return payments.call("POST", path, headers=headers, json=body)


def pay(payments: SandboxProcess, intent: dict[str, Any], card: str) -> httpx.Response:
    return payments.call("POST", intent["pay_url"], data={"card": card})


def paid(payments: SandboxProcess, **changes: object) -> dict[str, Any]:
    intent = post(payments, "/v1/intents", INTENT | changes).json()
    pay(payments, intent, GOOD_CARD)
    found: dict[str, Any] = payments.ask("GET", f"/v1/intents/{intent['id']}")
    return found


def refund_of(intent: dict[str, Any], amount: int = 500) -> dict[str, object]:
    return {
        "intent": intent["id"],
        "amount": amount,
        "currency": intent["currency"],
        "reference": str(uuid4()),
    }


def types(heard: list[Heard]) -> list[str]:
    return [one.json()["type"] for one in heard]


def test_the_first_answer_is_repeated_byte_for_byte_even_after_a_restart(tmp_path: Path) -> None:
    key, other_key = str(uuid4()), str(uuid4())
    with SandboxProcess.start("payments", tmp_path) as payments:
        intent = paid(payments)
        refund, too_much = refund_of(intent), refund_of(intent, amount=9999)
        first = post(payments, "/v1/refunds", refund, key)
        refused = post(payments, "/v1/refunds", too_much, other_key)

    with SandboxProcess.start("payments", tmp_path) as payments:
        again = post(payments, "/v1/refunds", refund, key)
        refused_again = post(payments, "/v1/refunds", too_much, other_key)
        other = post(payments, "/v1/refunds", refund | {"amount": 501}, key)
        effects = payments.effects("refund_accepted")

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert (refused.status_code, refused.json()) == (409, {"error": "exceeds_captured"})
    assert refused_again.content == refused.content
    assert (other.status_code, other.json()) == (409, {"error": "idempotency_mismatch"})
    assert [effect["amount"] for effect in effects] == [500]


def test_it_ends_in_peace_when_asked(tmp_path: Path) -> None:
    assert SandboxProcess.start("payments", tmp_path).stop() == 0


def test_it_does_not_start_without_its_secrets(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="SANDBOX_PAYMENTS_KEY is not set"):
        SandboxProcess.start("payments", tmp_path, variables={"SANDBOX_PAYMENTS_KEY": ""})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/intents"),
        ("GET", "/v1/intents/x"),
        ("POST", "/v1/refunds"),
        ("GET", "/v1/refunds?reference=x"),
        ("GET", "/v1/reports/2026-01-01"),
    ],
)
def test_nothing_of_the_api_is_open_without_the_key(
    payments: SandboxProcess, method: str, path: str
) -> None:
    for authorization in ("", "Bearer wrong", KEY):
        answer = payments.call(method, path, headers={"Authorization": authorization})

        assert (answer.status_code, answer.json()) == (401, {"error": "wrong_key"})


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 0},
        {"amount": -5},
        {"amount": 10.5},
        {"amount": "500"},
        {"amount": True},
        {"currency": "eur"},
        {"return_url": "javascript:alert(1)"},
        {"reference": ""},
        {"surprise": 1},
    ],
)
def test_a_payment_that_makes_no_sense_is_refused(
    payments: SandboxProcess, change: dict[str, object]
) -> None:
    answer = post(payments, "/v1/intents", INTENT | change)

    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")


def test_a_call_that_moves_money_needs_a_key_of_its_own(payments: SandboxProcess) -> None:
    answer = payments.call("POST", "/v1/intents", json=INTENT)

    assert (answer.status_code, answer.json()) == (400, {"error": "no_idempotency_key"})


def test_events_are_repeated_until_somebody_accepts_them(
    tmp_path: Path, listener: Listener
) -> None:
    listener.refusals = [500, 404]
    with SandboxProcess.start("payments", tmp_path, hook=listener.url) as payments:
        paid(payments)
        heard = listener.wait_for(3)

    assert types(heard) == ["payment.captured"] * 3
    assert len({one.body for one in heard}) == 1


def test_an_event_that_nobody_heard_is_told_after_a_restart(
    tmp_path: Path, listener: Listener
) -> None:
    with SandboxProcess.start("payments", tmp_path, hook="http://127.0.0.1:9/") as payments:
        intent = paid(payments)

    with SandboxProcess.start("payments", tmp_path, hook=listener.url):
        heard = listener.wait_for(1)

    assert heard[0].json()["payload"]["id"] == intent["id"]


def test_events_come_twice_or_in_another_order_on_demand(
    tmp_path: Path, listener: Listener
) -> None:
    with SandboxProcess.start("payments", tmp_path, hook=listener.url) as payments:
        payments.ask("POST", "/_settings", json={"hook_copies": 2, "refund_seconds": None})
        intent = paid(payments)
        twice = listener.wait_for(2)
        payments.ask("POST", "/_settings", json={"hooks_held": True, "refund_seconds": 0})
        post(payments, "/v1/refunds", refund_of(intent))
        post(payments, "/v1/refunds", refund_of(intent))
        events = payments.ask("GET", "/_events")["events"]
        held = [event["id"] for event in events if event["type"] == "refund.pending"]
        delivery = payments.ask("POST", "/_deliveries", json={"events": held[::-1]})
        heard = listener.wait_for(4)

    assert types(twice) == ["payment.captured"] * 2
    assert delivery == {"statuses": [200, 200]}
    assert [one.json()["id"] for one in heard[2:]] == held[::-1]


@pytest.mark.parametrize(
    "before", ["pending", "requires_action", "succeeded", "failed", "cancelled"]
)
def test_a_refund_moves_only_where_the_table_lets_it(payments: SandboxProcess, before: str) -> None:
    intent = paid(payments, amount=10_000)
    payments.ask("POST", "/_settings", json={"refund_answer": before, "refund_seconds": None})
    for after in ("pending", "requires_action", "succeeded", "failed", "cancelled"):
        refund = post(payments, "/v1/refunds", refund_of(intent)).json()
        answer = post(payments, f"/_refunds/{refund['id']}", {"status": after})

        is_allowed = after in REFUND_MOVES.get(before, set())
        assert answer.status_code == (200 if is_allowed else 409)
        now = payments.ask("GET", f"/v1/refunds/{refund['id']}")
        assert now["status"] == (after if is_allowed else before)


def test_the_daily_report_adds_up_per_currency(tmp_path: Path) -> None:
    with SandboxProcess.start("payments", tmp_path) as payments:
        payments.ask("POST", "/_settings", json={"refund_answer": "succeeded"})
        euro, yen = paid(payments), paid(payments, currency="JPY", amount=900)
        returned = post(payments, "/v1/refunds", refund_of(euro, 700)).json()
        post(payments, "/v1/refunds", refund_of(euro, 300))
        post(payments, f"/_refunds/{returned['id']}", {"status": "failed"})
        asked = {"intent": yen["id"], "amount": 900}
        dispute = payments.ask("POST", "/_disputes", json=asked)
        payments.ask("POST", f"/_disputes/{dispute['id']}", json={"outcome": "won"})
        report = payments.ask("GET", f"/v1/reports/{euro['created_at'][:10]}")
        empty = payments.ask("GET", "/v1/reports/1999-01-01")

    assert report["currencies"] == {
        "EUR": {"fees": 0, "capture": 2148, "refund": 1000, "refund_returned": 700},
        "JPY": {"fees": 0, "capture": 900, "dispute": 900, "dispute_returned": 900},
    }
    assert len(report["lines"]) == 7
    assert empty == {"date": "1999-01-01", "currencies": {}, "lines": []}


def test_one_tap_pays_and_leads_back(payments: SandboxProcess) -> None:
    intent = post(payments, "/v1/intents", INTENT).json()

    page = payments.call("GET", intent["pay_url"])
    declined = pay(payments, intent, "4000000000000002")
    unknown = pay(payments, intent, "1234")
    answer = pay(payments, intent, GOOD_CARD)
    afterwards = payments.call("GET", intent["pay_url"])

    assert f'value="{GOOD_CARD}" checked' in page.text
    assert "Pay €21.48</button>" in page.text
    assert (declined.status_code, unknown.status_code) == (422, 422)
    assert TEXTS["en"]["card_declined"] in declined.text
    assert TEXTS["en"]["unknown_card"] in unknown.text
    assert (answer.status_code, answer.headers["location"]) == (303, INTENT["return_url"])
    assert TEXTS["en"]["paid"] in afterwards.text
    assert "<form" not in afterwards.text
    assert payments.call("GET", "/pay/nobody").status_code == 404


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("zh-Hans", "zh-Hans"),
        ("zh-Hans-CN", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-Hant-TW", "zh-Hant"),
        ("fi", "en"),
        ("", "en"),
    ],
)
def test_the_page_speaks_the_nearest_language(asked: str, spoken: str) -> None:
    assert texts_for(asked) == (spoken, TEXTS[spoken])


def test_every_language_has_every_text_of_the_page() -> None:
    assert {frozenset(texts) for texts in TEXTS.values()} == {frozenset(TEXTS["en"])}


def test_what_a_shop_writes_stays_text() -> None:
    mischief = {"description": "<script>alert(1)</script>", "return_url": 'http://x/"><b>'}

    html = pay_page(json.loads(json.dumps(INTENT | mischief | {"status": "requires_payment"})))

    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html


def test_faults_that_do_not_exist_are_refused(payments: SandboxProcess) -> None:
    for asked in (
        {"call": "pay_back", "fault": "sunshine"},
        {"call": "sunshine", "fault": "slow"},
        {"call": "pay_back", "fault": "slow", "times": 0},
        {"call": "pay_back"},
    ):
        answer = post(payments, "/_faults", asked)

        assert (answer.status_code, answer.json()["error"]) == (422, "unknown_fault")
    assert payments.ask("GET", "/_faults") == {"faults": []}


def test_a_fault_lasts_as_often_as_it_was_armed(payments: SandboxProcess) -> None:
    payments.arm("start_payment", "error_before_effect", times=2)

    statuses = [post(payments, "/v1/intents", INTENT).status_code for _ in range(3)]

    assert statuses == [500, 500, 201]


def test_wrong_addresses_and_methods_are_told_apart(payments: SandboxProcess) -> None:
    assert post(payments, "/v1/nothing", {}).status_code == 404
    assert post(payments, "/v1/reports/2026-01-01", {}).status_code == 405
