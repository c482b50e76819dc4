"""What only eSIM Access does: late allocation and figures, status pairs, codes, unsigned events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from fairroam.gateways.suppliers import (
    AccessRefused,
    AlreadyInstalled,
    AnswerMismatch,
    AskLater,
    BalanceTooLow,
    EsimUnknown,
    EventKind,
    EventNotUnderstood,
    GatewayUnreachable,
    NotCancellable,
    OrderState,
    OutOfStock,
    PackageUnknown,
    PlanStatus,
    PriceChanged,
    ProfileStatus,
    SupplierRefused,
    esim_access,
)
from fairroam.rules.money import Money
from sandbox.listener import Listener
from sandbox.processes import KEY
from tests.gateways.esim_supplier import MEGABYTE, PACKAGE, Supplier, now
from tests.gateways.given import counterpart, saying_json

READER = esim_access.connect(url="http://127.0.0.1:9", access_code="k")
ORDER_KEY = UUID("6b718a9e-6575-48b6-b88a-306c23c78af9")


@pytest.fixture
def supplier(sandbox_process) -> Supplier:
    return Supplier.started(sandbox_process, "esim_access")


def asking(answer: object, *, status: int = 200):
    """Give our gateway to somebody who always answers the same."""
    return counterpart(saying_json(answer, status=status))


def well(obj: object) -> dict[str, object]:
    return {"success": True, "errorCode": None, "errorMsg": None, "obj": obj}


def an_answered_esim(**changes: object) -> dict[str, object]:
    return {
        "esimTranNo": "1",
        "orderNo": "B1",
        "transactionId": str(ORDER_KEY),
        "iccid": "89852245280000942210",
        "ac": "LPA:1$rsp.example.com$ABCD-1234",
        "esimStatus": "GOT_RESOURCE",
        "smdpStatus": "RELEASED",
    } | changes


def test_esims_come_some_time_after_the_order(supplier):
    supplier.behave(allocation_seconds=None)
    key = uuid4()

    order = supplier.gateway.order(key=key, package=PACKAGE, quantity=2)
    waiting = supplier.gateway.look_up_order(key=key, order_ref=order.order_ref)
    supplier.process.ask("POST", "/_allocations", json={})
    ready = supplier.gateway.look_up_order(key=key, order_ref=order.order_ref)

    assert (order.state, waiting.state, waiting.esims) == (OrderState.PENDING,) * 2 + ((),)
    assert (ready.state, len(ready.esims)) == (OrderState.READY, 2)


def test_an_order_at_another_price_than_ours_is_refused(supplier):
    key = uuid4()

    with pytest.raises(PriceChanged):
        supplier.gateway.order(key=key, package=PACKAGE, quantity=2, unit_cost=Money(149, "USD"))
    assert supplier.acts("order", key) == 0
    supplier.gateway.order(key=key, package=PACKAGE, quantity=2, unit_cost=Money(150, "USD"))

    (effect,) = supplier.process.effects("order", reference=str(key))
    assert (effect["amount"], effect["quantity"]) == (30_000, 2)


def test_use_is_not_in_the_figure_before_its_lag_has_passed(supplier):
    supplier.behave(usage_lag_seconds=3 * 3600)
    esim = supplier.an_esim()
    supplier.use(esim, 40 * MEGABYTE, seconds_ago=4 * 3600)
    supplier.use(esim, 2 * MEGABYTE)

    late = supplier.reading(esim.ref)
    supplier.behave(usage_lag_seconds=0)
    fresh = supplier.reading(esim.ref)

    assert (late.used_bytes, fresh.used_bytes) == (40 * MEGABYTE, 42 * MEGABYTE)
    assert (fresh.as_of - late.as_of).total_seconds() == pytest.approx(3 * 3600, abs=60)


def test_nine_calls_in_a_second_are_one_too_many(supplier):
    supplier.behave(has_limits=True)

    def ask_often() -> None:
        for _ in range(30):
            supplier.gateway.balance()

    with pytest.raises(AskLater) as wait:
        ask_often()

    assert wait.value.after_seconds == 1


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("000001", GatewayUnreachable),
        ("000101", AccessRefused),
        ("101003", AccessRefused),
        ("200002", SupplierRefused),
        ("200005", PriceChanged),
        ("200007", BalanceTooLow),
        ("200011", OutOfStock),
        ("310241", PackageUnknown),
        ("310243", PackageUnknown),
        ("310403", EsimUnknown),
        ("900001", GatewayUnreachable),
        ("123456", SupplierRefused),
    ],
)
def test_a_code_is_a_typed_refusal(supplier, code, refusal):
    key = uuid4()
    supplier.refuse("order", code)

    with pytest.raises(refusal) as refused:
        supplier.gateway.order(key=key, package=PACKAGE)

    assert type(refused.value) is refusal
    assert supplier.acts("order", key) == 0


@pytest.mark.parametrize(
    ("esim_status", "smdp_status", "plan", "profile"),
    [
        ("CREATE", "", PlanStatus.PENDING, ProfileStatus.UNKNOWN),
        ("GOT_RESOURCE", "RELEASED", PlanStatus.UNUSED, ProfileStatus.RELEASED),
        ("GOT_RESOURCE", "DOWNLOAD", PlanStatus.UNUSED, ProfileStatus.DOWNLOADED),
        ("GOT_RESOURCE", "INSTALLATION", PlanStatus.UNUSED, ProfileStatus.INSTALLED),
        ("IN_USE", "ENABLED", PlanStatus.IN_USE, ProfileStatus.ENABLED),
        ("USED_UP", "DISABLED", PlanStatus.USED_UP, ProfileStatus.DISABLED),
        ("USED_EXPIRED", "DELETED", PlanStatus.EXPIRED, ProfileStatus.DELETED),
        ("UNUSED_EXPIRED", "RELEASED", PlanStatus.EXPIRED, ProfileStatus.RELEASED),
        ("CANCEL", "RELEASED", PlanStatus.CANCELLED, ProfileStatus.RELEASED),
        ("SUSPENDED", "ENABLED", PlanStatus.SUSPENDED, ProfileStatus.ENABLED),
        ("REVOKED", "DELETED", PlanStatus.REVOKED, ProfileStatus.DELETED),
        ("ASLEEP", "SOMEWHERE", PlanStatus.UNKNOWN, ProfileStatus.UNKNOWN),
    ],
)
def test_a_pair_of_statuses_becomes_a_pair_of_our_words(esim_status, smdp_status, plan, profile):
    esim = an_answered_esim(esimStatus=esim_status, smdpStatus=smdp_status)
    with asking(well({"esimList": [esim]})) as url:
        state = esim_access.connect(url=url, access_code="k").esim_status(ref="1")

    assert (state.plan, state.profile) == (plan, profile)
    assert state.raw == f"{esim_status} {smdp_status}"


@pytest.mark.parametrize(
    ("plan", "profile", "outcome"),
    [
        ("GOT_RESOURCE", "DOWNLOAD", AlreadyInstalled),
        ("GOT_RESOURCE", "DELETED", AlreadyInstalled),
        ("IN_USE", "ENABLED", AlreadyInstalled),
        ("IN_USE", "RELEASED", AlreadyInstalled),  # Its profile server's word may come late.
        ("REVOKED", "RELEASED", NotCancellable),
        ("GOT_RESOURCE", "RELEASED", NotCancellable),
    ],
)
def test_a_refused_cancellation_says_why(plan, profile, outcome):
    esim = an_answered_esim(esimStatus=plan, smdpStatus=profile)
    refused = {"success": False, "errorCode": "200002", "errorMsg": "", "obj": None}
    answers = [saying_json(well({"esimList": [esim]})), saying_json(refused)]

    with (
        counterpart(lambda connected: answers.pop()(connected)) as url,
        pytest.raises(outcome),
    ):
        esim_access.connect(url=url, access_code="k").cancel(ref="1")


@pytest.mark.parametrize(
    ("currency", "balance", "money"),
    [
        ("USD", 0, Money(0, "USD")),
        ("USD", 10_000, Money(100, "USD")),
        ("USD", 12_345, Money(123, "USD")),
        ("USD", 10**17 + 99, Money(10**15, "USD")),
        ("JPY", 12_345_678, Money(1234, "JPY")),
        ("KWD", 12_345, Money(1234, "KWD")),
        ("USD", -50, Money(-1, "USD")),
    ],
)
def test_the_balance_is_exact_and_never_more_than_there_is(currency, balance, money):
    with asking(well({"balance": balance})) as url:
        gateway = esim_access.connect(url=url, access_code="k", currency=currency)
        assert gateway.balance() == money


@pytest.mark.parametrize(
    ("answer", "status", "outcome"),
    [
        (well({"esimList": [an_answered_esim(orderNo="B2")]}), 200, AnswerMismatch),
        (well({"esimList": [an_answered_esim(transactionId="other")]}), 200, AnswerMismatch),
        (well({"esimList": [an_answered_esim(ac="nothing")]}), 200, GatewayUnreachable),
        (well({"esimList": [an_answered_esim(iccid="12")]}), 200, GatewayUnreachable),
        (well({"esimList": [{"esimTranNo": 1}]}), 200, GatewayUnreachable),
        (well([]), 200, GatewayUnreachable),
        ({"success": False, "errorCode": None}, 200, GatewayUnreachable),
        ({"esimList": []}, 200, GatewayUnreachable),
        (well({}), 500, GatewayUnreachable),
        ({}, 403, AccessRefused),
    ],
)
def test_an_answer_about_an_order_is_read_strictly(answer, status, outcome):
    with asking(answer, status=status) as url, pytest.raises(outcome):
        esim_access.connect(url=url, access_code="k").look_up_order(key=ORDER_KEY, order_ref="B1")


@pytest.mark.parametrize(
    ("esims", "state", "count"),
    [
        ([], OrderState.PENDING, 0),
        ([an_answered_esim(), an_answered_esim(iccid=None, ac=None)], OrderState.PENDING, 1),
        ([an_answered_esim(transactionId=f"{ORDER_KEY}-1")], OrderState.READY, 1),
        ([an_answered_esim(transactionId=None)], OrderState.READY, 1),
    ],
)
def test_an_order_is_ready_when_every_esim_has_its_code(esims, state, count):
    with asking({"success": "true", "obj": {"esimList": esims}}) as url:
        gateway = esim_access.connect(url=url, access_code="k")
        order = gateway.look_up_order(key=ORDER_KEY, order_ref="B1")

    assert (order.state, len(order.esims)) == (state, count)


@pytest.mark.parametrize(
    ("usage", "outcome"),
    [
        ({"esimTranNo": "2"}, AnswerMismatch),
        ({"dataUsage": -1}, GatewayUnreachable),
        ({"dataUsage": 1.5}, GatewayUnreachable),
        ({"lastUpdateTime": "yesterday"}, GatewayUnreachable),
    ],
)
def test_a_reading_is_read_strictly(usage, outcome):
    good = {
        "esimTranNo": "1",
        "dataUsage": 1453344832,
        "totalData": 5368709120,
        "lastUpdateTime": "2025-03-19T18:00:00+0000",
    }
    with asking(well({"esimUsageList": [good]})) as url:
        (reading,) = esim_access.connect(url=url, access_code="k").usage(refs=["1"], now=now())
    with asking(well({"esimUsageList": [good | usage]})) as url, pytest.raises(outcome):
        esim_access.connect(url=url, access_code="k").usage(refs=["1"], now=now())

    assert (reading.used_bytes, reading.total_bytes) == (1453344832, 5368709120)
    assert reading.as_of == datetime(2025, 3, 19, 18, tzinfo=UTC)


@pytest.mark.parametrize("nothing", [{"obj": None}, {"obj": {}}, {}])
def test_an_end_without_any_words_is_an_end(nothing):
    with asking({"success": True} | nothing) as url:
        gateway = esim_access.connect(url=url, access_code="k")
        assert gateway.cancel(ref="1").ref == "1"


def test_a_top_up_of_another_key_is_not_ours():
    with asking(well({"transactionId": "other"})) as url:
        gateway = esim_access.connect(url=url, access_code="k")
        with pytest.raises(AnswerMismatch):
            gateway.top_up(key=ORDER_KEY, ref="1", package="p")


def test_its_webhooks_are_hints_to_look(supplier):
    with Listener() as ear:
        headers = {"RT-AccessCode": KEY}
        path = "/access/api/v1/open/webhook/save"
        supplier.process.ask("POST", path, json={"webhook": ear.url}, headers=headers)
        key = uuid4()
        order = supplier.gateway.order(key=key, package=PACKAGE)
        (esim,) = supplier.ready(key, order.order_ref).esims
        supplier.act(esim, "download", "near_end")
        supplier.use(esim, 600 * MEGABYTE)
        heard = ear.wait_for(7)
        supplier.process.ask("POST", path, json={"webhook": "http://127.0.0.1:9"}, headers=headers)

    told = [
        event
        for one in heard
        for event in READER.parse_event(body=one.body, headers=one.headers, now=now())
    ]

    assert [event.kind for event in told] == [
        EventKind.ORDER_CHANGED,
        EventKind.ESIM_CHANGED,
        EventKind.EXPIRES_SOON,
        EventKind.ESIM_CHANGED,
        EventKind.ESIM_CHANGED,
        EventKind.USAGE_LOW,
    ]
    assert {event.order_ref for event in told} == {order.order_ref}
    assert [event.raw for event in told[:2]] == [
        "ORDER_STATUS GOT_RESOURCE",
        "SMDP_EVENT GOT_RESOURCE DOWNLOAD",
    ]
    assert {(event.ref, event.iccid, event.key) for event in told[1:]} == {
        (esim.ref, esim.iccid, key)
    }
    assert len({event.event_id for event in told}) == len(told)


def event(**changes: object) -> bytes:
    return json.dumps(
        {"notifyType": "ORDER_STATUS", "content": {"orderNo": "B1"}} | changes
    ).encode()


def test_an_event_without_an_id_has_one_by_its_bytes():
    ids = {
        READER.parse_event(body=body, headers={}, now=now())[0].event_id
        for body in (event(), event(), event(notifyType="ESIM_STATUS"))
    }

    assert len(ids) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        b"[" * 100_000,
        event(notifyType="OTHER"),
        event(content=None),
        event(content={"orderNo": 7}),
    ],
)
def test_a_webhook_that_is_none_is_kept_for_a_person(body):
    with pytest.raises(EventNotUnderstood):
        READER.parse_event(body=body, headers={}, now=now())


def test_a_refusal_by_a_longer_name_than_our_records_hold_is_cut():
    said = {"success": False, "errorCode": "x\0" * 50, "errorMsg": "", "obj": None}

    with asking(said) as url, pytest.raises(SupplierRefused) as refused:
        esim_access.connect(url=url, access_code="k").order(key=uuid4(), package=PACKAGE)

    assert refused.value.code == "x" * 40
