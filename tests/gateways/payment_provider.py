"""A payment provider under test: our gateway to it, and what only a test can turn or see there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from fairroam.gateways.payments import (
    EventKind,
    EventNotForUs,
    EventNotUnderstood,
    PaymentGateway,
    ProviderEvent,
    StartedPayment,
    paypal,
    sandbox,
    stripe,
)
from fairroam.rules.money import Money
from sandbox.hooks import signature
from sandbox.listener import Heard, Listener
from sandbox.payments import paypal as sandbox_paypal
from sandbox.processes import HOOK_SECRET, KEY, SandboxProcess

GOOD_CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 0002"
CARD_WHOSE_REFUNDS_FAIL = "4000 0000 0000 0341"
PRICE = Money(1999, "EUR")
PART = Money(750, "EUR")


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Tongue:
    """How one provider is spoken to, and what its words for the same things are.

    connect: (address of the stand-in, key, secrets of its notices, seconds) -> our gateway.
    refusals: the stand-in's own word -> the provider's code. sign: (body, secret, instant) -> the
    headers of a notice. unknown_kind: what an event of no known kind is to us. captured_kind: its
    word for a capture. prefixes: how the numbers of things begin. rotates: whether two secrets may
    sign. age_max: how old a notice may be.
    """

    name: str
    connect: Callable[[str, str, tuple[str, ...], float], PaymentGateway]
    refusals: Mapping[str, str]
    sign: Callable[[bytes, str, datetime], Mapping[str, str]]
    unknown_kind: type[Exception]
    captured_kind: str
    prefixes: Mapping[str, str]
    tells_declined_cards: bool = False
    rotates: bool = False
    age_max: timedelta = timedelta(minutes=5)
    has_action_status: bool = True  # it says when a refund waits for the customer

    @property
    def call(self) -> str:
        """What stands before the name of a call when a fault is armed for it."""
        return f"{self.name}." if self.name != "sandbox" else ""


def _own(url: str, key: str, secrets: tuple[str, ...], seconds: float) -> PaymentGateway:
    return sandbox.connect(url=url, key=key, hook_secret=secrets[-1], timeout_seconds=seconds)


def _stripe(url: str, key: str, secrets: tuple[str, ...], seconds: float) -> PaymentGateway:
    return stripe.connect(
        url=f"{url}/stripe", key=key, hook_secrets=secrets, timeout_seconds=seconds
    )


def _paypal(url: str, key: str, secrets: tuple[str, ...], seconds: float) -> PaymentGateway:
    return paypal.connect(
        url=f"{url}/paypal",
        client="shop",
        secret=key,
        webhook=sandbox_paypal.WEBHOOK_ID,
        timeout_seconds=seconds,
    )


def _signed(header: str) -> Callable[[bytes, str, datetime], Mapping[str, str]]:
    return lambda body, secret, at: {header: signature(secret.encode(), body, int(at.timestamp()))}


SANDBOX = Tongue(
    name="sandbox",
    connect=_own,
    refusals={},
    sign=_signed("sandbox-signature"),
    unknown_kind=EventNotUnderstood,
    captured_kind="payment.captured",
    prefixes={"refund": "ref_", "dispute": "dis_"},
    tells_declined_cards=True,
)
STRIPE = Tongue(
    name="stripe",
    connect=_stripe,
    refusals={
        "disputed": "charge_disputed",
        "exceeds_captured": "charge_already_refunded",
        "no_such_intent": "resource_missing",
        "not_captured": "resource_missing",
        "invalid_request": "parameter_invalid_integer",
        "window_over": "charge_not_refundable",
    },
    sign=_signed("stripe-signature"),
    unknown_kind=EventNotForUs,
    captured_kind="checkout.session.completed",
    rotates=True,
    prefixes={"refund": "re_", "dispute": "dp_"},
)
PAYPAL = Tongue(
    name="paypal",
    connect=_paypal,
    refusals={
        "disputed": "TRANSACTION_DISPUTED",
        "exceeds_captured": "REFUND_AMOUNT_EXCEEDED",
        "other_currency": "REFUND_CAPTURE_CURRENCY_MISMATCH",
        "no_such_intent": "INVALID_RESOURCE_ID",
        "not_captured": "INVALID_RESOURCE_ID",
        "invalid_request": "CANNOT_BE_ZERO_OR_NEGATIVE",
        "window_over": "REFUND_TIME_LIMIT_EXCEEDED",
    },
    sign=lambda body, secret, at: sandbox_paypal.signed(secret, body, at=at),
    unknown_kind=EventNotForUs,
    captured_kind="PAYMENT.CAPTURE.COMPLETED",
    prefixes={"refund": "R-", "dispute": "PP-D-"},
    age_max=timedelta(days=4),
    has_action_status=False,
)
TONGUES = {tongue.name: tongue for tongue in (SANDBOX, STRIPE, PAYPAL)}


@dataclass(frozen=True)
class Provider:
    """A running stand-in, the ear that hears its events, and our gateway."""

    process: SandboxProcess
    listener: Listener
    tongue: Tongue
    gateway: PaymentGateway
    parsed: dict[bytes, ProviderEvent | None] = field(default_factory=dict)

    @classmethod
    def of(cls, process: SandboxProcess, listener: Listener, tongue: Tongue) -> Provider:
        gateway = tongue.connect(process.url, KEY, (HOOK_SECRET,), 20.0)
        return cls(process, listener, tongue, gateway)

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
        """Return the name of a payment that its customer has made, or tried to."""
        started = self.start(amount)
        self.pay(started, card)
        state = self.gateway.look_up_payment(provider_ref=started.provider_ref)
        return state.captured_ref or started.provider_ref

    def arm(self, call: str, fault: str, *, times: int | None = 1, seconds: float = 30.0) -> None:
        self.process.arm(self.tongue.call + call, fault, times=times, seconds=seconds)

    def behave(self, **how: object) -> None:
        self.process.ask("POST", "/_settings", json={"refund_seconds": None} | how)

    def code(self, word: str) -> str:
        """Return the provider's code for a refusal of the stand-in."""
        return self.tongue.refusals.get(word, word)

    def refunds(self, key: UUID) -> list[Money]:
        """Return what was really given back for `key`."""
        effects = self.process.effects("refund_accepted", reference=str(key))
        return [Money(effect["amount"], effect["currency"]) for effect in effects]

    def there(self, kind: str, ref: str) -> str:
        """Return the number in the stand-in's own books of what the provider calls `ref`."""
        own = {"payment": "pay_", "refund": "ref_", "dispute": "dis_"}[kind]
        return own + ref.replace("-", "_").rpartition("_")[2].lower()

    def dispute(self, payment: str, amount: Money = PRICE) -> str:
        """Let the customer's bank take money back; return the provider's number of it."""
        asked = {"intent": self.there("payment", payment), "amount": amount.minor}
        opened = self.process.ask("POST", "/_disputes", json=asked)["id"]
        return self.tongue.prefixes["dispute"] + self._letters(opened.partition("_")[2])

    def end_dispute(self, dispute: str, outcome: str) -> None:
        path = f"/_disputes/{self.there('dispute', dispute)}"
        self.process.ask("POST", path, json={"outcome": outcome})

    def move_refund(self, refund: str, **move: str) -> None:
        self.process.ask("POST", f"/_refunds/{self.there('refund', refund)}", json=move)

    def heard_event(self, ref: str, kind: EventKind) -> tuple[Heard, ProviderEvent]:
        """Return the request that told us `kind` of that payment, payout or dispute, and what."""
        return self._first(lambda told: told.kind == kind and ref in _names(told))

    def first(self, is_wanted: Callable[[ProviderEvent], bool]) -> ProviderEvent:
        return self._first(is_wanted)[1]

    def is_ours(self, their_number: str, own_number: str) -> bool:
        return bool(their_number) and self.there("refund", their_number) == own_number

    def altered(self, body: bytes) -> bytes:
        """Return an event with an amount that is no whole number of cents."""
        return body.replace(b"19.99", b"19.999").replace(b"1999", b"19.99")

    def _first(self, is_wanted: Callable[[ProviderEvent], bool]) -> tuple[Heard, ProviderEvent]:
        for count in range(1, 5000):
            heard = self.listener.wait_for(count)[count - 1]
            if heard.path == f"/{self.tongue.name}":
                told = self._parsed(heard)
                if told and is_wanted(told):
                    return heard, told
        raise AssertionError("it was never told")

    def heard(self, ref: str, kind: EventKind) -> Heard:
        return self.heard_event(ref, kind)[0]

    def event(self, ref: str, kind: EventKind) -> ProviderEvent:
        return self.heard_event(ref, kind)[1]

    def parse(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent:
        return self.gateway.parse_event(body=body, headers=headers, now=now())

    def resigned(
        self, body: bytes, *, secret: str = HOOK_SECRET, age: timedelta = timedelta()
    ) -> tuple[bytes, Mapping[str, str]]:
        """Return `body` as somebody who knows `secret` signed it so long ago."""
        return body, self.tongue.sign(body, secret, now() - age)

    def impatient(self, seconds_max: float) -> Provider:
        """Return the same provider, seen by a gateway that waits no longer than this."""
        gateway = self.tongue.connect(self.process.url, KEY, (HOOK_SECRET,), seconds_max)
        return replace(self, gateway=gateway)

    def _letters(self, number: str) -> str:
        return number.upper() if self.tongue.name == "paypal" else number

    def _parsed(self, heard: Heard) -> ProviderEvent | None:
        """Each is parsed once: some providers must be asked about every signature."""
        if heard.body not in self.parsed:
            try:
                self.parsed[heard.body] = self.parse(heard.body, heard.headers)
            except EventNotForUs:
                self.parsed[heard.body] = None
        return self.parsed[heard.body]


def _names(told: ProviderEvent) -> tuple[Any, ...]:
    if told.dispute_ref or told.payout_ref:
        return (told.dispute_ref, told.payout_ref)
    return (told.payment_ref, told.captured_ref)
