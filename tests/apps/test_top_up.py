"""Packs that top an eSIM up: bought by its owner, burned on it, paid back without ending it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as lines
from fairroam.apps.esims.models import Line
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.metering import operations as metering
from fairroam.apps.metering import queries as meters
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_rows
from fairroam.apps.orders.models import Order, OrderLine
from fairroam.apps.orders.refusals import CannotTopUp
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries as refund_rows
from fairroam.worker import jobs
from fairroam.worker.books import find_faults
from tests import given
from tests.apps import lines_given
from tests.apps.lines_given import LATER
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue", "sound_books")
GIGABYTE = 10**9


@pytest.fixture
def sound_books(db):
    yield
    assert list(find_faults()) == []


def order_pack(
    base: OrderLine, plan_code: str = "japan-10gb-30d", *, email: str = "ada@example.com"
) -> Order:
    """A pack for that line, to be paid."""
    return orders.place_order(
        plan_code=plan_code,
        quantity=1,
        email=email,
        residence="DE",
        language="en",
        consents=given.CONSENTS,
        key=uuid4(),
        now=NOON,
        tops_up=base.pk,
    )


def react_to_payment(order: Order) -> None:
    (event,) = Event.objects.filter(kind="order.paid", facts__order_id=order.pk)
    jobs.plan_lines(event, NOON)


def a_pack_on(base: OrderLine) -> OrderLine:
    """A paid pack on the eSIM of that line."""
    order = given.pay(order_pack(base), now=NOON)
    orders.record_notice(order_id=order.pk, now=NOON)
    react_to_payment(order)
    return order.lines.select_related("order").get()


@pytest.mark.promise(52)
def test_a_pack_goes_on_to_the_esim_that_is_there():
    base = lines_given.a_ready_line()

    pack = a_pack_on(base)

    assert pack.tops_up_id == base.pk
    assert not Line.objects.filter(pk=pack.pk).exists()
    assert lines.line_state(pack.pk) == lines.line_state(base.pk)
    pack.order.refresh_from_db()
    assert pack.order.stage == "fulfilled"
    assert order_rows.top_ups_of(base.pk) == [pack.pk]
    assert meters.usage_of(pack.pk).allowances[0].granted == 10 * GIGABYTE
    page = lines.line_page(pack.pk, pack.order.customer_id)
    assert page.order_number == pack.order.number
    assert page.line.order_line_id == base.pk


def test_a_pack_for_a_pack_goes_on_to_the_same_esim():
    base = lines_given.a_ready_line()

    second = a_pack_on(a_pack_on(base))

    assert second.tops_up_id == base.pk


def test_only_the_owner_tops_an_esim_up_and_only_with_what_it_can_carry():
    base = lines_given.a_ready_line()
    unpaid = given.an_order(email="carl@example.com").lines.get()

    with pytest.raises(NotAmongYours):
        order_pack(base, email="bob@example.com")
    with pytest.raises(NotAmongYours):
        order_pack(unpaid, email="carl@example.com")
    with pytest.raises(CannotTopUp):
        order_pack(base, "usa-talk-30d")

    assert OrderLine.objects.filter(tops_up__isnull=False).count() == 0


def test_a_pack_for_an_esim_that_ended_meanwhile_is_paid_back_whole():
    base = lines_given.a_ready_line()
    order = given.pay(order_pack(base), now=NOON)
    esims.take_off(order_line_id=base.pk, now=NOON)
    esims.record_cancelled(order_line_id=base.pk, now=NOON)

    react_to_payment(order)

    pack = order.lines.get()
    assert pack.pending_minor == pack.price_minor
    assert Event.objects.filter(kind="order.failed", facts__order_line_id=pack.pk).exists()
    assert order_rows.top_ups_of(base.pk) == []


@pytest.mark.promise(14)
def test_an_untouched_pack_comes_back_whole_and_the_esim_goes_on():
    base = lines_given.a_ready_line()
    pack = a_pack_on(base)
    lines_given.use(base, 2 * GIGABYTE)

    refund = lines_given.ask(pack)

    refund.refresh_from_db()
    assert refund.stage == "approved"
    assert refund_rows.refund(refund.pk, refund.customer_id).decision.due_minor == pack.price_minor
    assert lines.line_state(base.pk).stage == "active"
    lines_given.use(base, GIGABYTE, at=LATER + timedelta(hours=1))
    assert meters.usage_of(pack.pk).allowances[0].used == 0
    assert meters.usage_of(base.pk).allowances[0].used == 3 * GIGABYTE


@pytest.mark.promise(16)
def test_a_pack_that_burned_comes_back_in_part_alone():
    base = lines_given.a_ready_line()
    pack = a_pack_on(base)
    lines_given.use(base, 14 * GIGABYTE)
    used = meters.usage_of(pack.pk).allowances[0].used

    refund = lines_given.ask(pack)

    due = refund_rows.refund(refund.pk, refund.customer_id).decision.due_minor
    assert used == 4 * GIGABYTE
    assert due == pack.price_minor * 6 // 10
    assert meters.stopped_at(pack.pk) == LATER


def test_a_line_that_ends_ends_its_packs_and_each_keeps_its_right():
    base = lines_given.a_ready_line()
    pack = a_pack_on(base)
    refund = lines_given.ask(base)
    lines_given.prove_off(base, now=LATER + timedelta(minutes=1))
    for event in Event.objects.filter(kind="line.off"):
        for _ in range(2):
            jobs.stop_packs(event, LATER + timedelta(minutes=1))

    refund.refresh_from_db()
    assert refund.stage == "approved"
    assert meters.stopped_at(pack.pk) == LATER + timedelta(minutes=1)
    assert OrderLine.objects.get(pk=pack.pk).pending_minor == 0
    later = lines_given.ask(pack, now=LATER + timedelta(hours=1))
    later.refresh_from_db()
    assert later.stage == "approved"


def test_the_books_hold_each_pack_apart():
    base = lines_given.a_ready_line()
    a_pack_on(base)

    (unearned,) = {
        book.minor for book in ledger.trial_balance() if book.name.kind == "unearned"
    } or {0}

    assert abs(unearned) == 2 * (base.price_minor - base.tax_minor)


def test_a_repeated_payment_notice_opens_one_pack():
    base = lines_given.a_ready_line()
    pack = a_pack_on(base)

    react_to_payment(pack.order)
    metering.open_meters(order_line_id=pack.pk, now=NOON)

    assert len(meters.usage_of(pack.pk).allowances) == 1
    refunds.line_is_off(order_line_id=pack.pk, now=NOON)  # nobody asked for anything
    assert Event.objects.filter(kind="refund.decided").count() == 0
