"""What only Airalo does: tokens, signatures, looking before ordering, claims, megabytes.

Its official client from PyPI talks to our stand-in unchanged: so the stand-in speaks its language,
and our gateway, which passes against the stand-in, does too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from uuid import UUID, uuid4

import airalo as official
import httpx
import pytest
from airalo.constants.api_constants import ApiConstants
from airalo.helpers.cached import Cached
from airalo.helpers.signature import Signature
from hypothesis import given
from hypothesis import strategies as st

from fairroam.gateways.suppliers import (
    AccessRefused,
    AnswerMismatch,
    AskLater,
    BalanceTooLow,
    ClaimReason,
    EsimRecycled,
    EventKind,
    GatewayUnreachable,
    NotNow,
    OrderState,
    OutOfStock,
    SupplierGateway,
    SupplierRefused,
    TopUpRefused,
    airalo,
)
from sandbox.listener import Listener
from sandbox.processes import HOOK_SECRET, KEY, SandboxProcess
from tests.gateways.esim_supplier import GIGABYTE, MEGABYTE, PACKAGE, TOP_UP, Supplier, now

ORDER_KEY = UUID("6b718a9e-6575-48b6-b88a-306c23c78af9")
READER = airalo.connect(url="http://127.0.0.1:9", client_id=KEY, client_secret=HOOK_SECRET)
TOKEN = {"data": {"access_token": "t"}}


@pytest.fixture
def supplier(sandbox_process) -> Supplier:
    return Supplier.started(sandbox_process, "airalo")


@pytest.fixture
def client(supplier, monkeypatch, tmp_path) -> Iterator[official.Airalo]:
    """The official client; it pickles tokens and usage into its own folder unless led elsewhere."""
    monkeypatch.setattr(ApiConstants, "PRODUCTION_URL", f"{supplier.process.url}/airalo/v2/")
    monkeypatch.setattr(Cached, "_cache_path", tmp_path)
    yield official.Airalo({"client_id": KEY, "client_secret": HOOK_SECRET})
    Cached.clear_cache()


def raw(process: SandboxProcess, path: str, **body: object) -> httpx.Response:
    """Post as the documents show it: a token, no signature."""
    asked = {"client_id": KEY, "client_secret": HOOK_SECRET, "grant_type": "client_credentials"}
    token = process.ask("POST", "/airalo/v2/token", json=asked)["data"]["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return process.call("POST", f"/airalo/v2{path}", json=body, headers=headers)


def test_the_official_client_orders_looks_and_tops_up(supplier, client):
    order = client.order(PACKAGE, 1, "order/莱卡 42")["data"]
    iccid = order["sims"][0]["iccid"]
    usage = client.sim_usage(iccid)["data"]
    top_up = client.topup(TOP_UP, iccid)["data"]

    assert (order["package_id"], order["type"]) == (PACKAGE, "sim")
    assert order["sims"][0]["qrcode"].startswith("LPA:1$")
    assert (usage["remaining"], usage["total"], usage["status"]) == (1024, 1024, "NOT_ACTIVE")
    assert (top_up["package_id"], top_up["type"]) == (TOP_UP, "topup")
    assert len(supplier.process.effects("order", reference="order/莱卡 42")) == 1


def test_the_official_client_orders_in_bulk_and_asynchronously(client):
    bulk = client.order_bulk({PACKAGE: 2, "world-10gb-30days": 1}, "two kinds")
    later = client.order_async(PACKAGE, 1, "http://127.0.0.1:9/", "later")["data"]
    iccids = [sim["iccid"] for sim in bulk[PACKAGE]["data"]["sims"]]
    usage = client.sim_usage_bulk(iccids)

    assert len(bulk[PACKAGE]["data"]["sims"]) == 2
    assert len(bulk["world-10gb-30days"]["data"]["sims"]) == 1
    assert len(later["request_id"]) == 25
    assert {usage[iccid]["data"]["total"] for iccid in iccids} == {1024}


def test_what_the_official_client_orders_our_gateway_finds_and_uses(supplier, client):
    key = uuid4()
    client.order(PACKAGE, 2, str(key))

    found = supplier.gateway.look_up_order(key=key)
    same = supplier.gateway.order(key=key, package=PACKAGE, quantity=2)

    assert found == same
    assert (found.state, len(found.esims)) == (OrderState.READY, 2)
    assert supplier.acts("order", key) == 1
    assert supplier.reading(found.esims[0].ref).total_bytes == GIGABYTE


def test_the_official_client_with_a_wrong_secret_gets_no_token(supplier, client):
    with pytest.raises(official.AiraloException):
        official.Airalo({"client_id": KEY, "client_secret": "a guess"})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('ab/\\"é莱'), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.text('ab/\\"é莱'), json_values, min_size=1), st.text("k1", min_size=1))
def test_we_sign_whatever_the_official_client_would_sign(payload, secret):
    text = airalo.canonical(payload).encode()

    assert airalo.signature(secret, text) == Signature(secret).get_signature(payload)


def test_the_signed_text_is_compact_in_order_unescaped_but_for_slashes():
    assert airalo.canonical({"b": "order/莱卡 42", "a": [1, None]}) == (
        '{"b":"order\\/莱卡 42","a":[1,null]}'
    )


def tokens(supplier: Supplier) -> int:
    return len(supplier.process.effects("token"))


def test_one_token_serves_many_calls_of_many_threads_until_it_ends(supplier):
    before = tokens(supplier)
    threads = [threading.Thread(target=supplier.gateway.balance) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = tokens(supplier)

    supplier.process.ask("POST", "/_tokens_end")
    supplier.an_esim()
    supplier.gateway.balance()

    assert (first - before, tokens(supplier) - first) == (1, 1)


def test_the_fourth_token_in_a_minute_has_to_wait(supplier):
    supplier.behave(has_limits=True)

    def ask_anew() -> None:
        for _ in range(4):
            gateway = airalo.connect(
                url=f"{supplier.process.url}/airalo/v2", client_id=KEY, client_secret=HOOK_SECRET
            )
            gateway.balance()

    with pytest.raises(AskLater) as wait:
        ask_anew()

    assert 1 <= wait.value.after_seconds <= 60


def test_the_sixth_claim_in_a_minute_has_to_wait(supplier):
    esim, key = supplier.an_esim(), uuid4()
    supplier.behave(has_limits=True)

    def claim_often() -> None:
        for _ in range(6):
            supplier.gateway.claim_refund(key=key, refs=[esim.ref], reason=ClaimReason.SLOW_SPEED)

    with pytest.raises(AskLater) as wait:
        claim_often()

    assert 1 <= wait.value.after_seconds <= 60


def test_a_figure_is_repeated_for_twenty_minutes(supplier):
    supplier.behave(usage_cache_seconds=1200)
    esim = supplier.an_esim()
    early = supplier.reading(esim.ref)
    supplier.use(esim, 40 * MEGABYTE)

    cached = supplier.reading(esim.ref)
    supplier.behave()
    fresh = supplier.reading(esim.ref)

    figures = [reading.used_bytes for reading in (early, cached, fresh)]
    assert figures == [0, 0, 40 * MEGABYTE]
    assert fresh.raw == "984 of 1024 MB left, ACTIVE"


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (11, BalanceTooLow),
        (13, NotNow),
        (14, AccessRefused),
        (23, TopUpRefused),
        (33, OutOfStock),
        (34, OutOfStock),
        (43, SupplierRefused),
        (53, GatewayUnreachable),
        (73, EsimRecycled),
        (89, AccessRefused),
        (12345, SupplierRefused),
    ],
)
def test_a_code_is_a_typed_refusal(supplier, code, refusal):
    key = uuid4()
    supplier.refuse("order", str(code))

    with pytest.raises(refusal) as refused:
        supplier.gateway.order(key=key, package=PACKAGE)

    assert type(refused.value) is refusal
    assert supplier.acts("order", key) == 0


def test_a_claim_for_another_reason_needs_notes_and_a_recycled_esim_has_none(supplier):
    esim = supplier.an_esim()
    claim = {"key": uuid4(), "refs": [esim.ref]}
    with pytest.raises(AssertionError):
        supplier.gateway.claim_refund(**claim, reason=ClaimReason.OTHERS)
    supplier.act(esim, "recycle")
    supplier.an_esim()

    with pytest.raises(EsimRecycled):
        supplier.gateway.claim_refund(**claim, reason=ClaimReason.NO_COVERAGE)

    assert supplier.process.effects("claim", iccids=[esim.iccid]) == []


@pytest.mark.parametrize("reason", ClaimReason)
def test_every_reason_is_one_of_the_suppliers(supplier, reason):
    refs = [supplier.an_esim().ref]

    receipt = supplier.gateway.claim_refund(key=uuid4(), refs=refs, reason=reason, notes="Said so.")

    (effect,) = supplier.process.effects("claim", claim=int(receipt.claim_ref))
    assert effect["reason"] == reason.name


def test_an_order_is_found_by_its_whole_key_only(supplier):
    key = uuid4()
    raw(supplier.process, "/orders", quantity=1, package_id=PACKAGE, description=f"not {key}")

    assert supplier.gateway.look_up_order(key=key) is None


def test_two_orders_for_one_key_are_for_a_person(supplier):
    key = uuid4()
    for _ in range(2):
        raw(supplier.process, "/orders", quantity=1, package_id=PACKAGE, description=str(key))

    for call in (
        lambda: supplier.gateway.look_up_order(key=key),
        lambda: supplier.gateway.order(key=key, package=PACKAGE),
    ):
        with pytest.raises(AnswerMismatch):
            call()


@pytest.mark.parametrize(
    "other", [{"package": "world-10gb-30days"}, {"package": PACKAGE, "quantity": 2}]
)
def test_a_key_is_for_one_order(supplier, other):
    key = uuid4()
    supplier.gateway.order(key=key, package=PACKAGE)

    with pytest.raises(AnswerMismatch):
        supplier.gateway.order(key=key, **other)

    assert supplier.acts("order", key) == 1


def with_hook(supplier: Supplier, ear: Listener) -> SupplierGateway:
    return airalo.connect(
        url=f"{supplier.process.url}/airalo/v2",
        client_id=KEY,
        client_secret=HOOK_SECRET,
        order_hook_url=ear.url,
    )


@pytest.mark.parametrize(
    ("failing", "kind", "state"),
    [
        (False, EventKind.ORDER_CHANGED, OrderState.READY),
        (True, EventKind.ORDER_FAILED, OrderState.FAILED),
    ],
)
def test_the_end_of_an_asynchronous_order_is_told(supplier, failing, kind, state):
    supplier.behave(allocation_seconds=None)
    key, before = uuid4(), supplier.gateway.balance()
    with Listener() as ear:
        gateway = with_hook(supplier, ear)
        order = gateway.order(key=key, package=PACKAGE)
        assert gateway.look_up_order(key=key) is None
        supplier.process.ask("POST", "/_allocations", json={"failing": failing})
        (heard,) = ear.wait_for(1)

    (told,) = gateway.parse_event(body=heard.body, headers=heard.headers, now=now())

    assert (told.kind, told.order_ref, told.key) == (kind, order.order_ref, key)
    assert gateway.look_up_order(key=key).state == state
    assert (gateway.balance() == before) is failing


def test_low_data_is_told_after_opting_in(supplier):
    with Listener() as ear:
        asked = {"type": "webhook_low_data", "webhook_url": ear.url}
        assert raw(supplier.process, "/notifications/opt-in", **asked).status_code == 200
        esim = supplier.an_esim()
        supplier.use(esim, 800 * MEGABYTE)
        supplier.act(esim, "near_end")
        heard = ear.wait_for(2)

    told = [
        event
        for one in heard
        for event in READER.parse_event(body=one.body, headers=one.headers, now=now())
    ]

    assert [(event.kind, event.raw, event.iccid) for event in told] == [
        (EventKind.USAGE_LOW, "75%", esim.iccid),
        (EventKind.EXPIRES_SOON, "1days", esim.iccid),
    ]
