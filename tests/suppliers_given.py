"""The suppliers' stand-in as a process, the settings that lead to it, and resold lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fairroam.apps.catalogue import operations as catalogue
from fairroam.apps.esims.models import Profile
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.suppliers import tasks
from fairroam.apps.suppliers.models import SupplierOrder
from fairroam.gateways.suppliers import GatewayUnreachable
from sandbox.processes import HOOK_SECRET, KEY, SandboxProcess
from tests import given
from tests.apps.lines_given import begin_line
from tests.given import NOON

PLANS = {"esim_access": "world-1gb-7d", "airalo": "world-1gb-7d-airalo"}
SHAPES = {"esim_access": "access", "airalo": "airalo"}
PACKS = {"esim_access": "world-more-1gb", "airalo": "world-more-1gb-airalo"}
COST_MINOR, PACK_COST_MINOR = 150, 130
USUAL = {
    "allocation_seconds": 0,
    "usage_lag_seconds": 0,
    "usage_cache_seconds": 0,
    "has_limits": False,
}


@contextmanager
def running(folder: Path, hook: str = "") -> Iterator[SandboxProcess]:
    """Both suppliers in one process."""
    process = SandboxProcess.start("suppliers", folder, hook=hook)
    try:
        yield process
    finally:
        process.stop()


def lead_to(settings: Any, process: SandboxProcess) -> None:
    """Let the program call these two, with patience for a loaded machine."""
    settings.FAIRROAM_SUPPLIERS_ACCESS_URL = f"{process.url}/access"
    settings.FAIRROAM_SUPPLIERS_ACCESS_KEY = KEY
    settings.FAIRROAM_SUPPLIERS_AIRALO_URL = f"{process.url}/airalo/v2"
    settings.FAIRROAM_SUPPLIERS_AIRALO_CLIENT = KEY
    settings.FAIRROAM_SUPPLIERS_AIRALO_SECRET = HOOK_SECRET
    settings.FAIRROAM_SUPPLIERS_AIRALO_ORDERS = "waited"
    settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS = 30


def an_airalo_plan() -> None:
    """The demo's resold plan once more, bought from the other supplier."""
    catalogue.offer_plan(
        code=PLANS["airalo"],
        names={"en": "World 1 GB", "zh-Hans": "全球 1 GB"},
        countries=["JP"],
        validity_days=7,
        currency="EUR",
        price_minor=490,
        list_price_minor=490,
        profile_type="resold",
        supplier="airalo",
        supplier_package="world-1gb-7days",
        wholesale_minor=COST_MINOR,
        wholesale_currency="USD",
        allowances=[{"kind": "data", "granted": 2**30}],
    )


def an_unlimited_plan() -> None:
    """A plan of which its supplier counts no use."""
    catalogue.offer_plan(
        code="world-unlimited-7d-airalo",
        names={"en": "World, unlimited", "zh-Hans": "全球无限量"},
        countries=["JP"],
        validity_days=7,
        currency="EUR",
        price_minor=1990,
        list_price_minor=1990,
        profile_type="resold",
        supplier="airalo",
        supplier_package="world-unlimited-7days",
        wholesale_minor=1200,
        wholesale_currency="USD",
        allowances=[{"kind": "data", "granted": None}],
    )


@dataclass
class Resold:
    """A shop that resells eSIMs of one supplier, and what only a test can turn there."""

    process: SandboxProcess
    supplier: str

    @property
    def shape(self) -> str:
        return SHAPES[self.supplier]

    def behave(self, **how: object) -> None:
        """No faults, ample credit; eSIMs and figures come at once, unless `how` says other."""
        self.process.disarm()
        self.process.ask("POST", "/_settings", json=USUAL | how)
        self.credit(10_000_000)

    def credit(self, amount: int) -> None:
        self.process.ask("POST", "/_balance", json={"shape": self.shape, "amount": amount})

    def arm(self, act: str, fault: str) -> None:
        self.process.arm(f"{self.shape}_{act}", fault)

    def refuse(self, act: str, code: str) -> None:
        asked = {"call": f"{self.shape}_{act}", "code": code}
        self.process.ask("POST", "/_refusals", json=asked)

    def act(self, iccid: str, act: str) -> None:
        asked = {"shape": self.shape, "iccid": iccid, "act": act}
        self.process.ask("POST", "/_acts", json=asked)

    def use(self, iccid: str, quantity: int) -> None:
        asked = {"shape": self.shape, "iccid": iccid, "bytes": quantity}
        self.process.ask("POST", "/_use", json=asked)

    def bought(self, line: OrderLine) -> int:
        """How many eSIMs were really sold for this line."""
        key = str(SupplierOrder.objects.get(pk=line.pk).key)
        return len(self.process.effects("order", reference=key))

    def a_paid_line(self) -> OrderLine:
        """A paid line whose eSIM is to be bought."""
        line = given.a_paid_line(PLANS[self.supplier])
        begin_line(line)
        return line

    def a_ready_line(self) -> OrderLine:
        """A line whose eSIM was bought at NOON."""
        line = self.a_paid_line()
        order(line)
        return line


def order(line: OrderLine, *, now: datetime = NOON) -> None:
    """What follows `profile.planned`."""
    profile = Profile.objects.get(line_id=line.pk)
    tasks.plan_and_order(order_line_id=line.pk, profile_id=profile.pk, now=now)


def order_in_vain(line: OrderLine, *, now: datetime = NOON) -> None:
    """Order, and hear no answer."""
    try:
        order(line, now=now)
    except GatewayUnreachable:
        return
    raise AssertionError("there was an answer")


def order_of(line: OrderLine) -> SupplierOrder:
    return SupplierOrder.objects.get(pk=line.pk)


def packs() -> None:
    """A further gigabyte of each supplier, for eSIMs that were bought there."""
    for supplier, code in PACKS.items():
        catalogue.offer_plan(
            code=code,
            names={"en": "World, 1 GB more", "zh-Hans": "全球，加 1 GB"},
            countries=["JP"],
            validity_days=7,
            currency="EUR",
            price_minor=390,
            list_price_minor=390,
            profile_type="resold",
            supplier=supplier,
            supplier_package="topup-1gb-7days",
            wholesale_minor=PACK_COST_MINOR,
            wholesale_currency="USD",
            is_top_up=True,
            allowances=[{"kind": "data", "granted": 2**30}],
        )
