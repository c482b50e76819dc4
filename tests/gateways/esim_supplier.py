"""A supplier under test: our gateway to it, and what only a test can turn or see there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from fairroam.gateways.suppliers import (
    OrderState,
    SupplierEsim,
    SupplierGateway,
    SupplierOrder,
    UsageReading,
    airalo,
    esim_access,
)
from sandbox.processes import HOOK_SECRET, KEY, SandboxProcess

PACKAGE = "world-1gb-7days"
CLOSED_PACKAGE = "world-1gb-7days-closed"
UNLIMITED_PACKAGE = "world-unlimited-7days"
TOP_UP = "topup-1gb-7days"
PRICE_MINOR = 150
GIGABYTE = 2**30
MEGABYTE = 2**20
NOWHERE = "http://127.0.0.1:9/"
SECONDS_MAX = 60.0
USUAL = {
    "allocation_seconds": 0,
    "usage_lag_seconds": 0,
    "usage_cache_seconds": 0,
    "has_limits": False,
}
SUPPLIERS = ("esim_access", "airalo", "airalo_async")


def now() -> datetime:
    return datetime.now(UTC)


def connected(name: str, url: str, *, secret: str = "", seconds: float = 30.0) -> SupplierGateway:
    """Return our gateway to one of SUPPLIERS at the stand-in `url`; `secret` is what it proves."""
    if name == "esim_access":
        return esim_access.connect(
            url=f"{url}/access", access_code=secret or KEY, timeout_seconds=seconds
        )
    return airalo.connect(
        url=f"{url}/airalo/v2",
        client_id=KEY,
        client_secret=secret or HOOK_SECRET,
        order_hook_url=NOWHERE if name == "airalo_async" else "",
        timeout_seconds=seconds,
    )


@dataclass(frozen=True)
class Supplier:
    """The running stand-in, which of its shapes is spoken, and our gateway."""

    process: SandboxProcess
    name: str
    gateway: SupplierGateway

    @classmethod
    def started(cls, start: Callable[..., SandboxProcess], name: str) -> Supplier:
        """Return the supplier without faults, which allocates at once and counts at once."""
        process = start("suppliers")
        process.disarm()
        supplier = cls(process, name, connected(name, process.url))
        supplier.behave()
        supplier.credit(10_000_000)
        return supplier

    @property
    def shape(self) -> str:
        return "access" if self.name == "esim_access" else "airalo"

    def call(self, act: str) -> str:
        """Return the name by which the stand-in knows an act of ours."""
        if act == "order" and self.name == "airalo_async":
            return "airalo_order_async"
        return f"{self.shape}_{act}"

    def behave(self, **how: object) -> None:
        self.process.ask("POST", "/_settings", json=USUAL | how)

    def credit(self, amount: int) -> None:
        self.process.ask("POST", "/_balance", json={"shape": self.shape, "amount": amount})

    def refuse(self, act: str, code: str) -> None:
        asked = {"call": self.call(act), "code": code}
        self.process.ask("POST", "/_refusals", json=asked)

    def act(self, esim: SupplierEsim, *acts: str) -> None:
        for act in acts:
            asked = {"shape": self.shape, "iccid": esim.iccid, "act": act}
            self.process.ask("POST", "/_acts", json=asked)

    def use(self, esim: SupplierEsim, bytes: int, **when: float) -> None:
        asked = {"shape": self.shape, "iccid": esim.iccid, "bytes": bytes}
        self.process.ask("POST", "/_use", json=asked | when)

    def ready(self, key: UUID, order_ref: str) -> SupplierOrder:
        """Return the order once its eSIMs are there."""
        patience_ends = time.monotonic() + SECONDS_MAX
        while time.monotonic() < patience_ends:
            order = self.gateway.look_up_order(key=key, order_ref=order_ref)
            if order and order.state != OrderState.PENDING:
                return order
            time.sleep(0.05)
        raise AssertionError(f"{order_ref} was never allocated")

    def bought(self, package: str = PACKAGE, quantity: int = 1) -> list[SupplierEsim]:
        key = uuid4()
        order = self.gateway.order(key=key, package=package, quantity=quantity)
        return list(self.ready(key, order.order_ref).esims)

    def an_esim(self, package: str = PACKAGE) -> SupplierEsim:
        (esim,) = self.bought(package)
        return esim

    def reading(self, ref: str) -> UsageReading:
        (reading,) = self.gateway.usage(refs=[ref], now=now())
        return reading

    def acts(self, effect: str, key: UUID) -> int:
        """Count what was really done for `key`."""
        return len(self.process.effects(effect, reference=str(key)))

    def impatient(self) -> SupplierGateway:
        """Return a gateway that does not wait for slow answers."""
        return connected(self.name, self.process.url, seconds=0.3)
