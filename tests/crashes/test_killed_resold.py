"""A worker dies while it buys, tops up or gives back an eSIM of a supplier: each is done once.

The call of the dead one may still be on its way, so nobody repeats it before its pause is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from fairroam.apps.esims import queries as esims
from fairroam.apps.esims.models import Profile
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Order, OrderLine
from fairroam.apps.suppliers import tasks
from fairroam.apps.suppliers.models import SupplierClaim, SupplierOrder, SupplierTopUp
from fairroam.clock import now
from fairroam.project.database import Cluster
from fairroam.worker.books import find_faults
from tests import given, suppliers_given
from tests.apps.lines_given import ask
from tests.crashes.test_killed_workers import die_at
from tests.stack import Stack
from tests.suppliers_given import COST_MINOR, PACK_COST_MINOR, PACKS, PLANS, Resold


@pytest.fixture
def access(stack: Stack, settings: Any, tmp_path: Path) -> Iterator[Resold]:
    """The supplier who recognises our keys, makes eSIMs at once and tells nothing."""
    with suppliers_given.running(tmp_path / "suppliers") as process:
        suppliers_given.lead_to(settings, process)
        suppliers_given.packs()
        resold = Resold(process, "esim_access")
        resold.behave()
        yield resold


class Buyer:
    """Buys, tops up and asks for money back; a worker dies at `point` in the act it belongs to."""

    def __init__(self, stack: Stack, cluster: Cluster, folder: Path, point: str, settings: Any):
        self.stack, self.cluster, self.folder, self.point = stack, cluster, folder, point
        self.more = {
            name: str(getattr(settings, name))
            for name in ("FAIRROAM_SUPPLIERS_ACCESS_URL", "FAIRROAM_SUPPLIERS_ACCESS_KEY")
        }

    def buy(self, plan: str, *, dies: bool, tops_up: int | None = None) -> OrderLine:
        order = orders.place_order(
            plan_code=plan,
            quantity=1,
            email="ada@example.com",
            residence="DE",
            language="en",
            consents=given.CONSENTS,
            key=uuid4(),
            now=now(),
            tops_up=tops_up,
        )
        self.stack.settle(lambda: Order.objects.get(pk=order.pk).payment.pay_url)
        self.stack.pay(Order.objects.get(pk=order.pk).payment.pay_url)
        self.go_on(lambda: Order.objects.get(pk=order.pk).stage == "fulfilled", dies=dies)
        return order.lines.select_related("order").get()

    def give_back(self, line: OrderLine, *, dies: bool) -> None:
        refund = ask(line, now=now())
        self.go_on(lambda: type(refund).objects.get(pk=refund.pk).stage == "paid", dies=dies)

    def go_on(self, is_done: Any, *, dies: bool) -> None:
        if dies:
            die_at(self.point, self.stack, self.cluster, self.folder, self.more)
            for rows in (SupplierOrder, SupplierTopUp, SupplierClaim):
                rows.objects.update(next_call_at=now())  # The pause is over.
            tasks.resume_unfinished(now=now())
        self.stack.settle(is_done)
        self.stack.rest()


def test_a_worker_killed_at_a_supplier_leaves_no_trace(
    supplier_point, stack, access, cluster, tmp_path, settings
):
    buyer = Buyer(stack, cluster, tmp_path, supplier_point, settings)
    is_pack, is_end = "pack" in supplier_point, supplier_point.endswith(("ending", "cancelled"))

    line = buyer.buy(PLANS["esim_access"], dies=not (is_pack or is_end))
    if is_pack:
        pack = buyer.buy(PACKS["esim_access"], dies=True, tops_up=line.pk)
        assert SupplierTopUp.objects.get(pk=pack.pk).stage == "delivered"
    if is_end:
        buyer.give_back(line, dies=True)

    assert SupplierOrder.objects.get(pk=line.pk).stage == "delivered"
    assert Profile.objects.filter(line_id=line.pk).count() == 1
    assert access.bought(line) == 1
    assert len(access.process.effects("top_up")) == is_pack
    assert len(access.process.effects("cancel")) == is_end
    assert esims.line_state(line.pk).stage == ("terminated" if is_end else "active")
    spent = (0 if is_end else COST_MINOR) + (PACK_COST_MINOR if is_pack else 0)
    assert ledger.balance(BookName("wholesale", "USD", label="esim_access")) == -spent
    assert list(find_faults()) == []
