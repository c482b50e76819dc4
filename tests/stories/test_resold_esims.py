"""Resold eSIMs end to end: pages, worker, webhooks and the suppliers' own effect log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairroam.apps.esims import queries as esims
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.suppliers.models import SupplierClaim, SupplierOrder
from tests import suppliers_given
from tests.stack import Stack
from tests.stories.traveller import stage_of
from tests.suppliers_given import PLANS, Resold


@pytest.fixture
def access(stack: Stack, settings: Any, tmp_path: Path) -> Iterator[Resold]:
    """The supplier who makes eSIMs later than it takes orders, and tells our hook."""
    hook = f"{stack.url}/hooks/suppliers/esim_access"
    with suppliers_given.running(tmp_path / "suppliers", hook) as process:
        suppliers_given.lead_to(settings, process)
        resold = Resold(process, "esim_access")
        resold.behave(allocation_seconds=0.5)
        yield resold


def test_ada_buys_a_resold_esim_changes_her_mind_and_nobody_is_out_of_pocket(
    stack, traveller, access
):
    ada = traveller(residence="DE")
    access.arm("order", "error_after_effect")
    line = ada.buy(PLANS["esim_access"])
    ada.sign_in()
    assert ada.code_of(line).startswith("LPA:1$")
    assert access.bought(line) == 1

    access.arm("cancel", "error_after_effect")
    refund = ada.ask_money_back(line)
    stack.settle(lambda: stage_of(refund) == "paid")

    assert SupplierClaim.objects.get(pk=line.pk).stage == "auto_cancelled"
    assert len(access.process.effects("cancel")) == 1
    assert [one["amount"] for one in stack.effects("payments", "refund_accepted")] == [490]
    for kind in ("wholesale", "supplier", "loss"):
        assert ledger.balance(BookName(kind, "USD", label="esim_access")) == 0


def test_what_ada_s_phone_does_reaches_her_page_through_the_supplier(stack, traveller, access):
    ada = traveller(residence="DE")
    line = ada.buy(PLANS["esim_access"])
    ada.sign_in()

    access.act(SupplierOrder.objects.get(pk=line.pk).iccid, "install")
    stack.settle(lambda: esims.facts_of(line.pk).installed_at)

    assert "LPA:1$" not in ada.read(f"/account/lines/{line.pk}/")
