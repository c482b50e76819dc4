"""A payment provider under test: our gateway to it, and what only a test can turn or see there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from fairroam.gateways.payments import (
    EventKind,
    PaymentGateway,
    ProviderEvent,
    StartedPayment,
    sandbox,
)
from fairroam.rules.money import Money
from sandbox.listener import Heard, Listener
from sandbox.processes import HOOK_SECRET, KEY, SandboxProcess

GOOD_CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 0002"
CARD_WHOSE_REFUNDS_FAIL = "4000 0000 0000 0341"
PRICE = Money(1999, "EUR")
PART = Money(750, "EUR")


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Provider:
    """A running stand-in, the ear that hears its events, and our gateway."""

    process: SandboxProcess
    listener: Listener
    gateway: PaymentGateway

    def start(self, amount: Money = PRICE, key: UUID | None = None) -> StartedPayment:
        return self.gateway.start_payment(
            key=key or uuid4(),
            amount=amount,
            reference="order 17",
            description="Japan, 10 GB for 30 days",
            return_url="http://127.0.0.1:9/orders/17",
            language="en",
        )

    def pay(self, started: StartedPayment, card: str) -> None:
        """Do what the customer does on the pay page."""
        self.process.call("POST", started.pay_url, data={"card": card})

    def paid(self, amount: Money = PRICE, card: str = GOOD_CARD) -> str:
        """Return the reference of a payment that its customer has made."""
        started = self.start(amount)
        self.pay(started, card)
        return started.provider_ref

    def behave(self, **how: object) -> None:
        self.process.ask("POST", "/_settings", json={"refund_seconds": None} | how)

    def refunds(self, key: UUID) -> list[Money]:
        """Return what was really given back for `key`."""
        effects = self.process.effects("refund_accepted", reference=str(key))
        return [Money(effect["amount"], effect["currency"]) for effect in effects]

    def heard(self, ref: str, kind: EventKind) -> Heard:
        """Return the request that told us `kind` of the payment or payout `ref`."""
        for count in range(1, 1000):
            heard = self.listener.wait_for(count)[count - 1]
            if (heard.json()["type"], heard.json()["payload"]["id"]) == (kind, ref):
                return heard
        raise AssertionError(f"{kind} of {ref} was never told")

    def event(self, ref: str, kind: EventKind) -> ProviderEvent:
        heard = self.heard(ref, kind)
        return self.gateway.parse_event(body=heard.body, headers=heard.headers, now=now())

    def impatient(self, seconds_max: float) -> Provider:
        """Return the same provider, seen by a gateway that waits no longer than this."""
        gateway = sandbox.connect(
            url=self.process.url, key=KEY, hook_secret=HOOK_SECRET, timeout_seconds=seconds_max
        )
        return replace(self, gateway=gateway)
