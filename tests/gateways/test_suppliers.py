"""The contract of supplier gateways, against the stand-in as a real process.

The judge of what happened is the stand-in's own log of effects. Whoever adds a supplier adds its
name to SUPPLIERS, a way to connect, and the words for its switches in `esim_supplier.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from fairroam.gateways.suppliers import (
    AccessRefused,
    AlreadyInstalled,
    AskLater,
    BalanceTooLow,
    ClaimReason,
    EsimRecycled,
    EsimUnknown,
    GatewayUnreachable,
    NotCancellable,
    NotOffered,
    OrderState,
    OutOfStock,
    PackageUnknown,
    PlanStatus,
    ProfileStatus,
    SupplierRefused,
    TopUpRefused,
)
from fairroam.rules.money import Money
from tests.gateways.esim_supplier import (
    CLOSED_PACKAGE,
    GIGABYTE,
    MEGABYTE,
    PACKAGE,
    PRICE_MINOR,
    SUPPLIERS,
    TOP_UP,
    UNLIMITED_PACKAGE,
    Supplier,
    connected,
    now,
)

BEFORE = ("error_before_effect", "time_out_before_effect", "redirect")
AFTER = ("error_after_effect", "time_out_after_effect", "broken_json")
Do = Callable[[UUID], object]


@pytest.fixture(params=SUPPLIERS)
def supplier(request, sandbox_process) -> Supplier:
    return Supplier.started(sandbox_process, request.param)


@pytest.fixture
def gateway(supplier):
    return supplier.gateway


@pytest.fixture
def capabilities(supplier):
    return supplier.gateway.capabilities


def spent(supplier: Supplier, before: Money) -> int:
    return (before - supplier.gateway.balance()).minor


def test_an_order_gives_as_many_different_esims_with_their_codes(supplier, gateway):
    before = gateway.balance()
    key = uuid4()

    order = gateway.order(key=key, package=PACKAGE, quantity=3)
    ready = supplier.ready(key, order.order_ref)

    assert ready.state == OrderState.READY
    assert len({esim.ref for esim in ready.esims}) == 3
    assert len({esim.iccid for esim in ready.esims}) == 3
    assert len({esim.activation.lpa for esim in ready.esims}) == 3
    assert ready.cost in (None, Money(3 * PRICE_MINOR, "USD"))
    assert spent(supplier, before) == 3 * PRICE_MINOR
    assert supplier.acts("order", key) == 1


def test_the_same_key_is_the_same_order(supplier, gateway):
    key = uuid4()
    first = gateway.order(key=key, package=PACKAGE)
    esims = supplier.ready(key, first.order_ref).esims

    again = gateway.order(key=key, package=PACKAGE)

    assert supplier.ready(key, again.order_ref).esims == esims
    assert supplier.acts("order", key) == 1


@pytest.mark.parametrize("fault", AFTER)
def test_an_order_without_an_answer_is_repeated_and_stays_one(supplier, gateway, fault):
    key = uuid4()
    supplier.process.arm(supplier.call("order"), fault, seconds=0.1)

    with pytest.raises(GatewayUnreachable):
        gateway.order(key=key, package=PACKAGE)
    orders = [gateway.order(key=key, package=PACKAGE) for _ in range(2)]

    assert orders[0] == orders[1]
    assert len(supplier.ready(key, orders[0].order_ref).esims) == 1
    assert supplier.acts("order", key) == 1


@pytest.mark.parametrize("fault", BEFORE)
def test_an_order_that_never_arrived_is_placed_by_the_repeat(supplier, gateway, fault):
    key = uuid4()
    supplier.process.arm(supplier.call("order"), fault, seconds=0.1)

    with pytest.raises(GatewayUnreachable):
        gateway.order(key=key, package=PACKAGE)
    assert gateway.look_up_order(key=key) is None
    assert supplier.acts("order", key) == 0
    gateway.order(key=key, package=PACKAGE)

    assert supplier.acts("order", key) == 1


def test_a_slow_order_is_unknown_and_then_found(supplier, gateway):
    key = uuid4()
    supplier.process.arm(supplier.call("order"), "late_answer", seconds=60)

    with pytest.raises(GatewayUnreachable):
        supplier.impatient().order(key=key, package=PACKAGE)
    again = gateway.order(key=key, package=PACKAGE)

    assert supplier.ready(key, again.order_ref).state == OrderState.READY
    assert supplier.acts("order", key) == 1


def test_too_many_calls_are_a_wait_and_no_order(supplier, gateway):
    key = uuid4()
    supplier.process.arm(supplier.call("order"), "too_many_requests")

    with pytest.raises(AskLater) as wait:
        gateway.order(key=key, package=PACKAGE)

    assert wait.value.after_seconds == 1
    assert supplier.acts("order", key) == 0


@pytest.mark.parametrize(
    ("package", "quantity", "credit", "refusal"),
    [
        ("no-such-package", 1, 10**7, (PackageUnknown, OutOfStock)),
        (TOP_UP, 1, 10**7, (PackageUnknown, OutOfStock)),
        ("world-last-one", 2, 10**7, OutOfStock),
        (PACKAGE, 1, 14_999, BalanceTooLow),
    ],
)
def test_a_refused_order_changes_nothing(supplier, gateway, package, quantity, credit, refusal):
    supplier.credit(credit)
    before, key = gateway.balance(), uuid4()

    with pytest.raises(refusal):
        gateway.order(key=key, package=package, quantity=quantity)

    assert spent(supplier, before) == 0
    assert supplier.acts("order", key) == 0
    assert gateway.look_up_order(key=key) is None


def test_an_esim_is_known_by_its_ref_from_sale_to_end(supplier, gateway, capabilities):
    esim = supplier.an_esim()
    fresh = gateway.esim_status(ref=esim.ref)
    supplier.use(esim, MEGABYTE)
    used = gateway.esim_status(ref=esim.ref)
    supplier.use(esim, GIGABYTE)
    used_up = gateway.esim_status(ref=esim.ref)
    supplier.act(esim, "expire")
    over = gateway.esim_status(ref=esim.ref)

    assert [state.plan for state in (fresh, used, used_up, over)] == [
        PlanStatus.UNUSED,
        PlanStatus.IN_USE,
        PlanStatus.USED_UP,
        PlanStatus.EXPIRED,
    ]
    says_profile = capabilities.cancel_unreleased
    assert fresh.profile == (ProfileStatus.RELEASED if says_profile else ProfileStatus.UNKNOWN)
    assert all(state.raw for state in (fresh, used, used_up, over))


def test_usage_is_in_bytes_with_its_time_source_and_raw_value(supplier, gateway, capabilities):
    one, other = supplier.bought(quantity=2)
    supplier.use(one, 300 * MEGABYTE)

    readings = {
        reading.ref: reading for reading in gateway.usage(refs=[one.ref, other.ref], now=now())
    }

    assert readings[one.ref].used_bytes == 300 * MEGABYTE
    assert readings[other.ref].used_bytes == 0
    for reading in readings.values():
        assert reading.total_bytes == GIGABYTE
        assert reading.source == gateway.supplier
        assert reading.lag_seconds == capabilities.usage_lag_seconds > 0
        assert reading.raw


def test_usage_of_many_is_asked_in_as_many_calls_as_needed(supplier, gateway):
    esims = supplier.bought(quantity=12)

    readings = gateway.usage(refs=[esim.ref for esim in esims], now=now())

    assert sorted(reading.ref for reading in readings) == sorted(esim.ref for esim in esims)


def test_a_top_up_is_bought_once_also_without_an_answer(supplier, gateway):
    esim, before, key = supplier.an_esim(), gateway.balance(), uuid4()
    supplier.use(esim, GIGABYTE)
    supplier.process.arm(supplier.call("top_up"), "time_out_after_effect", seconds=0.1)

    with pytest.raises(GatewayUnreachable):
        gateway.top_up(key=key, ref=esim.ref, package=TOP_UP)
    receipts = [gateway.top_up(key=key, ref=esim.ref, package=TOP_UP) for _ in range(2)]

    assert receipts[0] == receipts[1]
    assert supplier.acts("top_up", key) == 1
    assert spent(supplier, before) == 130
    assert supplier.reading(esim.ref).total_bytes == 2 * GIGABYTE
    assert gateway.esim_status(ref=esim.ref).plan == PlanStatus.IN_USE


@pytest.mark.parametrize(
    ("package", "acts"), [(CLOSED_PACKAGE, []), (PACKAGE, ["expire"]), (PACKAGE, ["recycle"])]
)
def test_what_takes_no_top_up_costs_nothing(supplier, gateway, package, acts):
    esim, key = supplier.an_esim(package), uuid4()
    supplier.act(esim, *acts)
    before = gateway.balance()

    with pytest.raises((TopUpRefused, EsimRecycled, SupplierRefused)):
        gateway.top_up(key=key, ref=esim.ref, package=TOP_UP)

    assert spent(supplier, before) == 0
    assert supplier.acts("top_up", key) == 0


def test_a_recycled_iccid_is_another_esim(supplier, gateway):
    sold = supplier.an_esim()
    supplier.use(sold, 5 * MEGABYTE)
    supplier.act(sold, "recycle")

    sold_again = supplier.an_esim()
    supplier.use(sold_again, 100 * MEGABYTE)

    assert sold_again.iccid == sold.iccid
    assert sold_again.ref != sold.ref
    assert supplier.reading(sold_again.ref).used_bytes == 100 * MEGABYTE
    readings = gateway.usage(refs=[sold.ref], now=now())
    assert all(reading.used_bytes == 5 * MEGABYTE for reading in readings)
    assert gateway.esim_status(ref=sold.ref).plan in (PlanStatus.RECYCLED, PlanStatus.EXPIRED)
    assert gateway.esim_status(ref=sold_again.ref).plan == PlanStatus.IN_USE
    with pytest.raises((EsimRecycled, TopUpRefused)):
        gateway.top_up(key=uuid4(), ref=sold.ref, package=TOP_UP)


@pytest.mark.parametrize("fault", [None, *AFTER])
def test_service_stops_and_goes_on_once_each_or_that_is_not_offered(
    supplier, gateway, capabilities, fault
):
    esim = supplier.an_esim()
    supplier.use(esim, MEGABYTE)
    if not capabilities.suspends:
        for act in (gateway.suspend, gateway.resume):
            with pytest.raises(NotOffered):
                act(ref=esim.ref)
        return
    for call, act, plan in (
        ("suspend", gateway.suspend, PlanStatus.SUSPENDED),
        ("unsuspend", gateway.resume, PlanStatus.IN_USE),
    ):
        if fault:
            supplier.process.arm(supplier.call(call), fault, seconds=0.1)
            with pytest.raises(GatewayUnreachable):
                act(ref=esim.ref)

        assert {act(ref=esim.ref).plan for _ in range(2)} == {plan}

    for effect in ("suspend", "resume"):
        assert len(supplier.process.effects(effect, esim=int(esim.ref))) == 1


def test_what_is_over_is_not_suspended(supplier, gateway, capabilities):
    esim = supplier.an_esim()
    supplier.act(esim, "expire")

    with pytest.raises(SupplierRefused):
        gateway.suspend(ref=esim.ref)

    assert gateway.esim_status(ref=esim.ref).plan == PlanStatus.EXPIRED


@pytest.mark.parametrize("fault", [None, *AFTER])
def test_cancelling_gives_the_price_back_once_or_is_not_offered(
    supplier, gateway, capabilities, fault
):
    before, esim = gateway.balance(), supplier.an_esim()
    if not capabilities.cancel_unreleased:
        with pytest.raises(NotOffered):
            gateway.cancel(ref=esim.ref)
        return
    if fault:
        supplier.process.arm(supplier.call("cancel"), fault, seconds=0.1)
        with pytest.raises(GatewayUnreachable):
            gateway.cancel(ref=esim.ref)

    cancellations = [gateway.cancel(ref=esim.ref) for _ in range(2)]

    assert cancellations[0] == cancellations[1]
    assert spent(supplier, before) == 0
    assert gateway.esim_status(ref=esim.ref).plan == PlanStatus.CANCELLED
    assert len(supplier.process.effects("cancel", esim=int(esim.ref))) == 1


@pytest.mark.parametrize(
    ("acts", "refusal"),
    [
        (["download"], AlreadyInstalled),
        (["download", "install"], AlreadyInstalled),
        (["download", "install", "enable", "delete"], AlreadyInstalled),
        (["expire"], NotCancellable),
    ],
)
def test_what_a_phone_has_is_not_cancelled(supplier, gateway, capabilities, acts, refusal):
    esim = supplier.an_esim()
    supplier.act(esim, *acts)
    before = gateway.balance()

    with pytest.raises(refusal if capabilities.cancel_unreleased else NotOffered):
        gateway.cancel(ref=esim.ref)

    assert spent(supplier, before) == 0
    assert gateway.esim_status(ref=esim.ref).plan in (PlanStatus.UNUSED, PlanStatus.EXPIRED)


def test_revoking_ends_an_esim_on_a_phone_without_money_or_is_not_offered(
    supplier, gateway, capabilities
):
    esim = supplier.an_esim()
    supplier.act(esim, "download", "install")
    before = gateway.balance()
    if not capabilities.revoke:
        with pytest.raises(NotOffered):
            gateway.revoke(ref=esim.ref)
        return

    states = [gateway.revoke(ref=esim.ref) for _ in range(2)]

    assert {state.plan for state in states} == {PlanStatus.REVOKED}
    assert spent(supplier, before) == 0
    assert len(supplier.process.effects("revoke", esim=int(esim.ref))) == 1


def test_a_claim_is_received_and_bears_our_key_or_is_not_offered(supplier, gateway, capabilities):
    refs, key = [esim.ref for esim in supplier.bought(quantity=2)], uuid4()
    before = gateway.balance()
    claim = {"key": key, "refs": refs, "reason": ClaimReason.NO_COVERAGE, "notes": "In the Alps."}
    if not capabilities.refund_is_claim:
        with pytest.raises(NotOffered):
            gateway.claim_refund(**claim)
        return

    receipt = gateway.claim_refund(**claim)

    (effect,) = supplier.process.effects("claim", claim=int(receipt.claim_ref))
    assert effect["reason"] == "NO_COVERAGE"
    assert len(effect["iccids"]) == 2
    assert str(key) in effect["notes"]
    assert abs(receipt.received_at - now()) < timedelta(minutes=5)
    assert spent(supplier, before) == 0


def test_an_esim_that_was_never_sold_is_unknown(supplier, gateway):
    strange = "999999" if supplier.shape == "access" else "999999-8999900999999999999"

    with pytest.raises(EsimUnknown):
        gateway.esim_status(ref=strange)
    assert gateway.usage(refs=[strange], now=now()) == []


def test_an_unlimited_plan_has_no_total(supplier):
    esim = supplier.an_esim(UNLIMITED_PACKAGE)
    supplier.use(esim, MEGABYTE)

    reading = supplier.reading(esim.ref)

    assert reading.total_bytes is None
    assert reading.used_bytes in (None, MEGABYTE)


def test_a_stranger_gets_nothing(supplier):
    stranger = connected(supplier.name, supplier.process.url, secret="a guess")
    key = uuid4()

    for call in (
        lambda: stranger.order(key=key, package=PACKAGE),
        stranger.balance,
    ):
        with pytest.raises(AccessRefused):
            call()

    assert supplier.acts("order", key) == 0


@pytest.mark.parametrize("fault", ["down", "error_before_effect", "slow", "broken_json"])
def test_a_question_without_an_answer_is_no_answer(supplier, gateway, fault):
    supplier.process.arm(supplier.call("balance"), fault, seconds=30)

    with pytest.raises(GatewayUnreachable):
        supplier.impatient().balance()

    assert gateway.balance().minor > 0
