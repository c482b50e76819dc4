"""Suppliers who resell eSIMs to us: order, look, top up, cancel, claim money back.

One module per supplier, each with `connect(...) -> SupplierGateway`. One contract suite,
`tests/gateways/test_suppliers.py`, holds for all of them; docs/add-a-supplier.md is the guide.

An eSIM is known by (supplier, ref). ICCIDs are reused by suppliers: they describe an eSIM for a
while and name none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from fairroam.gateways.calls import AnswerMismatch, GatewayUnreachable
from fairroam.gateways.identifiers import ActivationCode
from fairroam.gateways.signatures import BadSignature
from fairroam.gateways.suppliers.refusals import (
    AccessRefused,
    AlreadyInstalled,
    AskLater,
    BalanceTooLow,
    EsimRecycled,
    EsimUnknown,
    NotCancellable,
    NotNow,
    NotOffered,
    OutOfStock,
    PackageUnknown,
    PriceChanged,
    SupplierRefused,
    TopUpRefused,
)
from fairroam.rules.money import Money

__all__ = [
    "AccessRefused",
    "AlreadyInstalled",
    "AnswerMismatch",
    "AskLater",
    "BadSignature",
    "BalanceTooLow",
    "Cancellation",
    "Capabilities",
    "ClaimReason",
    "ClaimReceipt",
    "EsimRecycled",
    "EsimState",
    "EsimUnknown",
    "EventKind",
    "EventNotUnderstood",
    "GatewayUnreachable",
    "NotCancellable",
    "NotNow",
    "NotOffered",
    "OrderState",
    "OutOfStock",
    "PackageUnknown",
    "PlanStatus",
    "PriceChanged",
    "ProfileStatus",
    "SupplierEsim",
    "SupplierEvent",
    "SupplierGateway",
    "SupplierOrder",
    "SupplierRefused",
    "TopUpReceipt",
    "TopUpRefused",
    "UsageReading",
]


class EventNotUnderstood(Exception):
    """Rightly signed, but nothing that we know: keep its bytes for a person."""


class OrderState(StrEnum):
    """How far an order is. FAILED cost nothing; after the last two money came back to us."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


class PlanStatus(StrEnum):
    """What became of the data that was bought."""

    PENDING = "pending"
    UNUSED = "unused"
    IN_USE = "in_use"
    USED_UP = "used_up"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    RECYCLED = "recycled"
    UNKNOWN = "unknown"


class ProfileStatus(StrEnum):
    """Where the profile is. RELEASED: it waits for a phone. UNKNOWN: this supplier never says."""

    RELEASED = "released"
    DOWNLOADED = "downloaded"
    INSTALLED = "installed"
    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"
    UNKNOWN = "unknown"


class ClaimReason(StrEnum):
    """Why money is claimed; a closed list of the trade. OTHERS needs notes."""

    INSTALLATION_FAILURE = "installation_failure"
    NO_COVERAGE = "no_coverage"
    APN_FAILURE = "apn_failure"
    TRIP_CANCELLATION = "trip_cancellation"
    INTERMITTENT_CONNECTION = "intermittent_connection"
    BLOCKED_NETWORK = "blocked_network"
    CHANGE_OF_PLAN = "change_of_plan"
    DELETED_ESIM = "deleted_esim"
    EARLY_EXPIRY = "early_expiry"
    HOTSPOT_NOT_WORKING = "hotspot_not_working"
    IMSI_CHANGE = "imsi_change"
    INCOMPATIBLE_DEVICE = "incompatible_device"
    LOCKED_DEVICE = "locked_device"
    NO_VOICE_TEXT_SERVICES = "no_voice_text_services"
    OVERCHARGED = "overcharged"
    SLOW_SPEED = "slow_speed"
    TOP_UP_PACKAGE_FAILURE = "top_up_package_failure"
    UNKNOWN_CHARGES = "unknown_charges"
    WRONG_PURCHASE = "wrong_purchase"
    UNABLE_TO_ACCESS_APPS = "unable_to_access_apps"
    SERVICE_DEGRADATION = "service_degradation"
    QR_ISSUE_PARTNERS = "qr_issue_partners"
    OTHERS = "others"


class EventKind(StrEnum):
    """What a supplier tells of its own accord. ORDER_FAILED: no eSIM will come, nothing is due."""

    ORDER_CHANGED = "order.changed"
    ORDER_FAILED = "order.failed"
    ESIM_CHANGED = "esim.changed"
    USAGE_LOW = "usage.low"
    EXPIRES_SOON = "esim.expires_soon"
    BALANCE_LOW = "balance.low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a supplier can do; pages hide the rest.

    idempotent_orders: it recognises our key itself. Otherwise we look before we repeat, and wait
    `repeat_after_seconds` after an order or top-up without an answer, which may be on its way.
    suspends: it stops service for a while and gives it again. cancel_unreleased: full price back at
    once while no phone has the profile. refund_is_claim: credit comes back only by asking people.
    signed_webhooks: else an event is a mere rumour.
    """

    idempotent_orders: bool
    repeat_after_seconds: int
    orders_are_asynchronous: bool
    order_quantity_max: int
    cancel_unreleased: bool
    revoke: bool
    top_up: bool
    suspends: bool
    refund_is_claim: bool
    claim_refs_max: int
    usage_lag_seconds: int
    webhooks: bool
    signed_webhooks: bool
    calls_per_second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierEsim:
    """One eSIM as it was handed over. `ref` names it in every later call.

    iccid: 18 to 20 digits; suppliers' check digits are often wrong.
    """

    ref: str
    iccid: str
    activation: ActivationCode


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierOrder:
    """One order. While PENDING, `order_ref` may be a mere receipt and change later.

    esims: those allocated so far. cost: what was taken from our balance; None = it does not say.
    """

    order_ref: str
    state: OrderState
    esims: tuple[SupplierEsim, ...] = ()
    cost: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EsimState:
    """An eSIM as the supplier sees it now. `raw` is its own words, for people."""

    ref: str
    plan: PlanStatus
    profile: ProfileStatus
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReading:
    """What a supplier says was used since the eSIM was bought, top-ups included.

    used_bytes, total_bytes: None where the supplier does not count or limit. as_of: the instant of
    the figure, which is `lag_seconds` late. raw: the figure before we made bytes of it.
    plan: what it says of the plan beside the figure; all that tells of one that it does not count.
    """

    ref: str
    used_bytes: int | None
    total_bytes: int | None
    as_of: datetime
    lag_seconds: int
    source: str
    raw: str
    plan: PlanStatus = PlanStatus.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpReceipt:
    """A top-up that was bought. cost: as in `SupplierOrder`."""

    top_up_ref: str
    cost: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """The eSIM is off for good, its price (None: the figure is not said) back on our balance."""

    ref: str
    money_back: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimReceipt:
    """A claim was received, no more: it may be granted, refused or forgotten."""

    claim_ref: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierEvent:
    """A hint that something changed: ask the supplier before acting on it.

    event_id: the same in every copy. order_ref, ref, iccid, key: whatever it names.
    """

    event_id: str
    kind: EventKind
    order_ref: str = ""
    ref: str = ""
    iccid: str = ""
    key: UUID | None = None
    raw: str = ""


class SupplierGateway(Protocol):
    """One supplier. Acts have a key: the UUID of the act, stored before the call.

    Every call may raise GatewayUnreachable (outcome unknown: the same call again, same key; mind
    `repeat_after_seconds`), AskLater, AccessRefused, or AnswerMismatch (the answer is about
    something else: build nothing on it, a person must look).
    """

    @property
    def supplier(self) -> str:
        """Its name in our keys, e.g. `esim_access`."""

    @property
    def capabilities(self) -> Capabilities:
        """What this supplier can do."""

    def order(
        self, *, key: UUID, package: str, quantity: int = 1, unit_cost: Money | None = None
    ) -> SupplierOrder:
        """Buy eSIMs from our balance. The same key gives the same order, however often.

        quantity: 1 to `order_quantity_max`. unit_cost: what one costs by our catalogue; a
        supplier who can compare refuses any other price.
        Raises PackageUnknown, OutOfStock, BalanceTooLow, PriceChanged, NotNow, SupplierRefused.
        """

    def look_up_order(self, *, key: UUID, order_ref: str = "") -> SupplierOrder | None:
        """Return the order of `key` as it is now; `order_ref` as far as an answer named one.

        None is no proof: a call without an answer may still be on its way. Repeat `order`.
        """

    def esim_status(self, *, ref: str) -> EsimState:
        """Return an eSIM as it is now. Raises EsimUnknown."""

    def usage(self, *, refs: Sequence[str], now: datetime) -> list[UsageReading]:
        """Return readings for as many of `refs` as the supplier knows figures of."""

    def top_up(self, *, key: UUID, ref: str, package: str) -> TopUpReceipt:
        """Buy more data for an eSIM. The same key gives the same top-up, however often.

        Raises TopUpRefused, EsimRecycled, EsimUnknown, and as `order` does.
        """

    def cancel(self, *, ref: str) -> Cancellation:
        """Take an eSIM back before any phone has it; one that is already cancelled is no error.

        Raises AlreadyInstalled, NotCancellable, EsimUnknown, NotOffered.
        """

    def revoke(self, *, ref: str) -> EsimState:
        """End an eSIM wherever it is, without money back; already ended is no error.

        Raises EsimUnknown, NotOffered, SupplierRefused.
        """

    def suspend(self, *, ref: str) -> EsimState:
        """Stop service until `resume`; already suspended is no error.

        Raises EsimUnknown, NotOffered, SupplierRefused.
        """

    def resume(self, *, ref: str) -> EsimState:
        """Give service again; an eSIM that has service is no error. Raises as `suspend` does."""

    def claim_refund(
        self, *, key: UUID, refs: Sequence[str], reason: ClaimReason, notes: str = ""
    ) -> ClaimReceipt:
        """Ask for money back. A repeat is a second claim that bears the same key in its notes.

        refs: 1 to `claim_refs_max`. Raises EsimUnknown, EsimRecycled, NotOffered, SupplierRefused.
        """

    def balance(self) -> Money:
        """Return our credit there; a part of a minor unit is left out."""

    def parse_event(
        self, *, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> list[SupplierEvent]:
        """Read what came to our hook. Raises BadSignature, EventNotUnderstood.

        Ask the supplier before acting: no signature has a time in it, and some sign nothing.
        """
