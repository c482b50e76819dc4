"""Packs for resold eSIMs: bought once under their own key, booked, or paid back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.refusals import NoSuchPlan
from fairroam.apps.esims import operations as esims
from fairroam.apps.journal.models import Event
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.metering import queries as meters
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Order, OrderLine
from fairroam.apps.orders.refusals import CannotTopUp
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.suppliers import operations, queries, tasks
from fairroam.apps.suppliers.models import SupplierTopUp
from fairroam.apps.suppliers.operations.ordering import SILENT_AFTER
from fairroam.gateways.suppliers import GatewayUnreachable
from fairroam.worker import jobs
from fairroam.worker.books import find_faults
from sandbox.processes import SandboxProcess
from tests import given, suppliers_given
from tests.apps.lines_given import a_ready_line, ask
from tests.given import NOON
from tests.suppliers_given import (
    COST_MINOR,
    PACK_COST_MINOR,
    PACKS,
    PLANS,
    Resold,
    order_of,
)

pytestmark = pytest.mark.usefixtures("catalogue")
LATER = NOON + timedelta(minutes=10)
GIGABYTE = 2**30


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with suppliers_given.running(tmp_path_factory.mktemp("suppliers")) as running:
        yield running


@pytest.fixture(params=PLANS)
def resold(
    request: pytest.FixtureRequest, process: SandboxProcess, settings: Any, catalogue: None
) -> Iterator[Resold]:
    """Each supplier in turn."""
    suppliers_given.lead_to(settings, process)
    suppliers_given.an_airalo_plan()
    suppliers_given.packs()
    resold = Resold(process, request.param)
    resold.behave()
    yield resold
    assert list(find_faults()) == []


def order_pack(base: OrderLine, code: str) -> Order:
    return orders.place_order(
        plan_code=code,
        quantity=1,
        email="ada@example.com",
        residence="DE",
        language="en",
        consents=given.CONSENTS,
        key=uuid4(),
        now=NOON,
        tops_up=base.pk,
    )


def a_paid_pack(resold: Resold, base: OrderLine, *, now: Any = NOON) -> OrderLine:
    """A pack for that eSIM whose payment was told; nobody has called the supplier yet."""
    order = given.pay(order_pack(base, PACKS[resold.supplier]), now=now)
    (event,) = Event.objects.filter(kind="order.paid", facts__order_id=order.pk)
    jobs.plan_lines(event, now)
    return order.lines.select_related("order").get()


def buy(pack: OrderLine, *, now: Any = NOON) -> None:
    tasks.buy_top_up(order_line_id=pack.pk, now=now)


def sold(resold: Resold, pack: OrderLine) -> int:
    """How many packs were really sold for this line."""
    key = str(SupplierTopUp.objects.get(pk=pack.pk).key)
    return len(resold.process.effects("top_up", reference=key))


def stage(pack: OrderLine) -> tuple[str, str]:
    """(of the purchase, of the order)."""
    top_up = SupplierTopUp.objects.get(pk=pack.pk)
    return top_up.stage, Order.objects.get(pk=pack.order_id).stage


def book(kind: str, resold: Resold) -> int:
    return ledger.balance(BookName(kind, "USD", label=resold.supplier))


@pytest.mark.promise(52)
def test_a_pack_is_bought_once_booked_and_burns_on_the_same_esim(resold):
    base = resold.a_ready_line()
    pack = a_paid_pack(resold, base)
    assert stage(pack) == ("planned", "paid")

    buy(pack)
    buy(pack)

    assert stage(pack) == ("delivered", "fulfilled")
    assert sold(resold, pack) == 1
    assert book("wholesale", resold) == -(COST_MINOR + PACK_COST_MINOR)
    (row,) = queries.recoveries()
    assert row.bought.minor == COST_MINOR + PACK_COST_MINOR
    (meter,) = meters.usage_of(pack.pk).allowances
    assert (meter.granted, meter.used) == (GIGABYTE, 0)


@pytest.mark.parametrize("fault", ["error_after_effect", "time_out_after_effect", "broken_json"])
def test_a_pack_without_an_answer_is_asked_for_again_under_the_same_key(resold, fault):
    pack = a_paid_pack(resold, resold.a_ready_line())
    resold.process.arm(f"{resold.shape}_top_up", fault, seconds=0.1)

    with pytest.raises(GatewayUnreachable):
        buy(pack)
    operations.note_silent_top_ups(now=NOON + SILENT_AFTER)
    assert [row.reason for row in queries.troubles()] == ["silent"]
    tasks.resume_unfinished(now=LATER)

    assert stage(pack) == ("delivered", "fulfilled")
    assert queries.troubles() == []
    assert sold(resold, pack) == 1


def test_a_pack_that_the_esim_does_not_take_is_paid_back(resold):
    base = resold.a_ready_line()
    pack = a_paid_pack(resold, base)
    resold.act(order_of(base).iccid, "expire")

    buy(pack)

    assert stage(pack) == ("refused", "failed")
    pack.refresh_from_db()
    assert pack.pending_minor == pack.price_minor
    assert sold(resold, pack) == 0
    assert book("wholesale", resold) == -COST_MINOR


def test_a_refusal_that_may_pass_is_waited_for_and_not_for_ever(resold):
    base = resold.a_ready_line()
    pack, other = a_paid_pack(resold, base), a_paid_pack(resold, base)
    resold.credit(0)
    for one in (pack, other):
        buy(one)
    assert [row.order_line_id for row in queries.troubles()] == [pack.pk, other.pk]
    assert stage(pack) == ("sent", "paid")

    buy(other, now=NOON + timedelta(hours=1))
    resold.credit(10_000_000)
    tasks.resume_unfinished(now=NOON + timedelta(hours=1))

    assert stage(pack) == ("delivered", "fulfilled")
    assert stage(other) == ("refused", "failed")


def test_an_esim_that_is_taken_off_gets_no_pack(resold):
    base = resold.a_ready_line()
    pack = a_paid_pack(resold, base)
    esims.take_off(order_line_id=base.pk, now=LATER)

    buy(pack, now=LATER)

    assert stage(pack) == ("dropped", "failed")
    assert sold(resold, pack) == 0


def test_a_pack_that_comes_after_its_esim_was_taken_off_is_paid_back_at_our_loss(resold):
    base = resold.a_ready_line()
    pack = a_paid_pack(resold, base)
    resold.process.arm(f"{resold.shape}_top_up", "error_after_effect")
    with pytest.raises(GatewayUnreachable):
        buy(pack)
    esims.take_off(order_line_id=base.pk, now=LATER)

    buy(pack, now=LATER)

    assert stage(pack) == ("delivered", "failed")
    assert book("loss", resold) == -PACK_COST_MINOR
    pack.refresh_from_db()
    assert pack.pending_minor == pack.price_minor


def test_money_back_for_a_pack_is_a_loss_at_the_supplier_and_a_person_looks(resold):
    pack = a_paid_pack(resold, resold.a_ready_line())
    buy(pack)

    refund = ask(pack, now=LATER)

    refund.refresh_from_db()
    assert refund.stage == "waiting_for_usage"  # the supplier counts late
    refunds.usage_is_known(order_line_id=pack.pk, now=LATER + timedelta(days=2))
    refund.refresh_from_db()
    assert refund.stage == "under_review"
    (decided,) = Event.objects.filter(kind="refund.decided")
    assert decided.facts["doubts"] == ["pack_still_on"]
    colleague = given.a_colleague()
    refunds.approve(request_id=refund.pk, staff_user_id=colleague.pk, now=LATER + timedelta(days=2))
    operations.write_off_top_up(order_line_id=pack.pk, now=LATER + timedelta(days=2))
    operations.write_off_top_up(order_line_id=pack.pk, now=LATER + timedelta(days=2))

    assert book("loss", resold) == -PACK_COST_MINOR
    assert queries.recoveries()[0].lost.minor == PACK_COST_MINOR


def test_a_pack_of_a_supplier_is_sold_for_its_own_esims_alone(resold):
    base, own = resold.a_ready_line(), a_ready_line()
    foreign = next(code for name, code in PACKS.items() if name != resold.supplier)
    for line, code in (
        (own, PACKS[resold.supplier]),
        (base, foreign),
        (base, PLANS[resold.supplier]),
        (base, "japan-10gb-30d"),
    ):
        with pytest.raises(CannotTopUp):
            order_pack(line, code)
    with pytest.raises(NoSuchPlan):
        given.an_order(PACKS[resold.supplier])
    assert not {plan.code for plan in catalogue.plans()} & set(PACKS.values())
