"""Airalo's answers and webhooks, one by one: read strictly, heard only when rightly signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from uuid import UUID

import pytest

from fairroam.gateways.suppliers import (
    AccessRefused,
    AnswerMismatch,
    AskLater,
    BadSignature,
    EventKind,
    EventNotUnderstood,
    GatewayUnreachable,
    OrderState,
    OutOfStock,
    PackageUnknown,
    PlanStatus,
    SupplierGateway,
    SupplierRefused,
    airalo,
)
from fairroam.rules.money import Money
from tests.gateways.esim_supplier import MEGABYTE, PACKAGE, now
from tests.gateways.given import counterpart, saying, saying_json

SECRET = "secret-of-the-client"
ORDER_KEY = UUID("6b718a9e-6575-48b6-b88a-306c23c78af9")
READER = airalo.connect(url="http://127.0.0.1:9", client_id="c", client_secret=SECRET)
TOKEN = {"data": {"access_token": "t"}}


LOW_CREDIT = {"message": "Surpassed 80% of the credit / limit 莱", "remaining": 225.35}


def signed(text: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"Airalo-Signature": hmac.new(secret.encode(), text, hashlib.sha512).hexdigest()}


@pytest.mark.parametrize("sent", [json.dumps(LOW_CREDIT), json.dumps(LOW_CREDIT, indent=2)])
@pytest.mark.parametrize("is_canonical", [True, False])
def test_a_signature_is_over_the_bytes_or_over_what_they_mean(sent, is_canonical):
    text = airalo.canonical(LOW_CREDIT) if is_canonical else sent
    headers = signed(text.encode())

    (told,) = READER.parse_event(body=sent.encode(), headers=headers, now=now())

    assert (told.kind, told.raw) == (EventKind.BALANCE_LOW, LOW_CREDIT["message"])


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {}),
        (b"{}", {"airalo-signature": ""}),
        (b"{}", {"airalo-signature": "ä"}),
        (b"{}", signed(b"{}", "another")),
        (b'{"a": 1}', signed(b'{"a":2}')),
        (b"", signed(b"")),
        (b"[" * 100_000, signed(b"[" * 100_000)),
    ],
)
def test_what_is_not_signed_by_its_secret_is_not_heard(body, headers):
    with pytest.raises(BadSignature):
        READER.parse_event(body=body, headers=headers, now=now())


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"level":1,"iccid":"2"}', b'{"data":{"x":1}}'])
def test_a_signed_webhook_that_is_none_is_kept_for_a_person(body):
    with pytest.raises(EventNotUnderstood):
        READER.parse_event(body=body, headers=signed(body), now=now())


def an_order(**changes: object) -> dict[str, object]:
    sim = {"id": 11047, "iccid": "891000000000009125", "qrcode": "LPA:1$lpa.example.com$TEST"}
    return {
        "id": 9666,
        "package_id": PACKAGE,
        "quantity": "1",
        "description": str(ORDER_KEY),
        "currency": "USD",
        "sims": [sim],
        "status": {"name": "Completed", "slug": "completed"},
    } | changes


def after_token(*answers: object):
    """Answer the token first, then one answer after another; (status, body) or a body."""
    pairs = [one if isinstance(one, tuple) else (200, one) for one in (TOKEN, *answers)]
    left = [saying_json(body, status=status) for status, body in reversed(pairs)]
    return counterpart(lambda line: left.pop()(line))


def at(url: str) -> SupplierGateway:
    return airalo.connect(url=url, client_id="c", client_secret="s", timeout_seconds=30)


@pytest.mark.parametrize(
    ("told", "state", "cost"),
    [
        ({}, OrderState.READY, None),
        ({"status": None}, OrderState.READY, None),
        ({"status": {"slug": "failed"}, "sims": []}, OrderState.FAILED, None),
        ({"status": {"slug": "refunded"}}, OrderState.REFUNDED, None),
        ({"status": {"slug": "partially_refunded"}}, OrderState.PARTLY_REFUNDED, None),
        ({"net_price": 8.55, "quantity": 2}, OrderState.READY, Money(1710, "USD")),
        ({"total_amount_paid": "8.55"}, OrderState.READY, Money(855, "USD")),
        ({"total_amount_paid": 0.1, "net_price": 9}, OrderState.READY, Money(10, "USD")),
        ({"total_amount_paid": 12, "currency": "JPY"}, OrderState.READY, Money(12, "JPY")),
    ],
)
def test_an_order_says_its_state_and_its_exact_cost(told, state, cost):
    with after_token({"data": [an_order(**told)]}) as url:
        order = at(url).look_up_order(key=ORDER_KEY)

    assert (order.state, order.cost) == (state, cost)


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ([an_order(), an_order(id=2)], AnswerMismatch),
        ([an_order(total_amount_paid=1.001)], AnswerMismatch),
        ([an_order(id="9666")], GatewayUnreachable),
        ([an_order(sims=[{"id": 1, "iccid": "1", "qrcode": "LPA:1$a.b$C"}])], GatewayUnreachable),
        ({}, GatewayUnreachable),
    ],
)
def test_a_list_of_orders_is_read_strictly(told, outcome):
    with after_token({"data": told}) as url, pytest.raises(outcome):
        at(url).look_up_order(key=ORDER_KEY)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((422, {"data": {"package_id": "invalid"}, "meta": {}}), PackageUnknown),
        ((422, {"data": {"quantity": "none left"}, "meta": {}}), OutOfStock),
        ((422, {"data": {"type": "odd"}, "meta": {}}), SupplierRefused),
        ((422, {"data": [], "meta": {}}), SupplierRefused),
        ((200, {"data": [], "meta": {"message": "invalid"}}), SupplierRefused),
        ((403, {"code": 89, "reason": "address"}), AccessRefused),
        ((429, {"message": "Too Many Attempts."}), AskLater),
        ((503, {}), GatewayUnreachable),
        ((422, []), GatewayUnreachable),
        ({"data": an_order(description="other")}, AnswerMismatch),
    ],
)
def test_an_answer_to_an_order_is_read_strictly(answer, outcome):
    with after_token({"data": []}, answer) as url, pytest.raises(outcome) as refused:
        at(url).order(key=ORDER_KEY, package=PACKAGE)

    assert type(refused.value) is outcome


@pytest.mark.parametrize(
    ("status", "plan"),
    [
        ("NOT_ACTIVE", PlanStatus.UNUSED),
        ("ACTIVE", PlanStatus.IN_USE),
        ("FINISHED", PlanStatus.USED_UP),
        ("EXPIRED", PlanStatus.EXPIRED),
        ("RECYCLED", PlanStatus.RECYCLED),
        ("UNKNOWN", PlanStatus.UNKNOWN),
        ("ASLEEP", PlanStatus.UNKNOWN),
    ],
)
def test_a_status_becomes_our_word(status, plan):
    owner = {"data": {"id": 11047, "iccid": "891000000000009125"}}
    usage = {"data": {"remaining": 0, "total": 0, "status": status, "is_unlimited": None}}
    with after_token(owner, usage) as url:
        state = at(url).esim_status(ref="11047-891000000000009125")

    assert (state.plan, state.raw) == (plan, status)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (b"", 60),
        (b"Retry-After: 7\r\n", 7),
        (b"Retry-After: 0\r\n", 1),
        (b"Retry-After: 999999\r\n", 3600),
        (b"Retry-After: Fri, 31 Dec 2027 23:59:59 GMT\r\n", 60),
    ],
)
def test_how_long_to_wait_is_read_within_bounds(header, seconds):
    words = b"HTTP/1.1 429 Too Many\r\n" + header + b"Content-Length: 2\r\n\r\n{}"
    with counterpart(saying(words)) as url, pytest.raises(AskLater) as wait:
        at(url).balance()

    assert wait.value.after_seconds == seconds


REF = "11047-891000000000009125"
OWNER = {"id": 11047, "iccid": "891000000000009125"}
USAGE = {"remaining": 0, "total": 0, "status": "ACTIVE", "is_unlimited": False}


@pytest.mark.parametrize(
    ("owner", "usage", "figures"),
    [
        ({}, {"remaining": 767, "total": 2048}, [(1281 * MEGABYTE, 2048 * MEGABYTE)]),
        ({}, {"is_unlimited": True}, [(None, None)]),
        ({}, {}, []),
        ({"id": 2}, {"remaining": 767, "total": 2048}, []),
    ],
)
def test_a_reading_is_in_megabytes_of_two_to_the_twentieth(owner, usage, figures):
    with after_token({"data": OWNER | owner}, {"data": USAGE | usage}) as url:
        readings = at(url).usage(refs=[REF], now=now())

    assert [(reading.used_bytes, reading.total_bytes) for reading in readings] == figures
    assert all(reading.plan == PlanStatus.IN_USE for reading in readings)


@pytest.mark.parametrize(
    ("owner", "usage", "outcome"),
    [
        ({}, {"remaining": 2, "total": 1}, GatewayUnreachable),
        ({}, {"remaining": -1, "total": 1}, GatewayUnreachable),
        ({"iccid": "891000000000009126"}, {}, AnswerMismatch),
    ],
)
def test_a_reading_is_read_strictly(owner, usage, outcome):
    with (
        after_token({"data": OWNER | owner}, {"data": USAGE | usage}) as url,
        pytest.raises(outcome),
    ):
        at(url).usage(refs=[REF], now=now())
