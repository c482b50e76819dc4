"""Payment providers: take a payment on a hosted page, give money back, understand their events.

One module per provider, each with `connect(...) -> PaymentGateway`. One contract suite,
`tests/gateways/test_payments.py`, holds for all of them; `docs/connect-a-payment-provider.md`
tells how to connect one, and how to add another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from fairroam.gateways.calls import GatewayUnreachable
from fairroam.gateways.signatures import BadSignature, StaleEvent
from fairroam.rules.money import Money

__all__ = [
    "AnswerMismatch",
    "BadSignature",
    "Capabilities",
    "DailyReport",
    "EventKind",
    "EventNotForUs",
    "EventNotUnderstood",
    "GatewayUnreachable",
    "KeyReused",
    "PaymentGateway",
    "PaymentRefused",
    "PaymentState",
    "PaymentStatus",
    "PaymentUnknown",
    "PayoutReceipt",
    "PayoutRefused",
    "PayoutStatus",
    "PayoutTooLate",
    "ProviderEvent",
    "ReportKind",
    "ReportLine",
    "StaleEvent",
    "StartedPayment",
]


class PaymentRefused(Exception):
    """The provider does not start this payment; final for its key. `code` is the provider's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PayoutRefused(Exception):
    """No money goes back by this key, ever. `code` is the provider's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PayoutTooLate(PayoutRefused):
    """The provider no longer gives this payment back: it goes another way."""


class PaymentUnknown(Exception):
    """The provider has never heard of this payment."""


class KeyReused(Exception):
    """The key was used before with another request: a bug of ours. Nothing happened now."""


class AnswerMismatch(Exception):
    """The provider answered about another amount, currency or payment than asked.

    The call may have had an effect: book nothing, do not repeat, let a person look.
    """


class EventNotForUs(Exception):
    """Rightly signed, and about something that we do not keep: nothing follows from it."""


class EventNotUnderstood(Exception):
    """Rightly signed, but not an event that we know: keep its bytes for a person."""


class PaymentStatus(StrEnum):
    """How far a payment is."""

    REQUIRES_PAYMENT = "requires_payment"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


class PayoutStatus(StrEnum):
    """How far money on its way back is. `SUCCEEDED` can still become `FAILED`, weeks later."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REQUIRES_ACTION = "requires_action"


class EventKind(StrEnum):
    """What a provider tells of its own accord."""

    PAYMENT_APPROVED = "payment.approved"  # The customer agreed; ask about it, and it is taken.
    PAYMENT_CAPTURED = "payment.captured"
    PAYMENT_FAILED = "payment.failed"
    REFUND_PENDING = "refund.pending"
    REFUND_SUCCEEDED = "refund.succeeded"
    REFUND_FAILED = "refund.failed"
    REFUND_REQUIRES_ACTION = "refund.requires_action"
    DISPUTE_OPENED = "dispute.opened"
    DISPUTE_CLOSED = "dispute.closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do; pages hide the rest.

    refund_days_max: days after the capture in which money can go back by the same way; None =
    no limit known. refund_parts_max: refunds per payment; None = any number.
    currencies: those it takes; None = any of ISO 4217. is_by_hand: there is nobody to call: people
    say what arrived and send what goes back.
    """

    partial_refunds: bool
    refund_days_max: int | None
    refund_parts_max: int | None
    currencies: frozenset[str] | None
    is_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class StartedPayment:
    """A payment that waits for its customer at `pay_url`."""

    provider_ref: str
    pay_url: str


@dataclass(frozen=True, slots=True)
class PaymentState:
    """How far a payment is, and what was taken for it so far (before anything went back).

    captured_ref: what the provider calls the payment from its capture on, where that is another
    name than before: all that follows, refunds and disputes, is about that one.
    """

    status: PaymentStatus
    captured: Money
    captured_ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutReceipt:
    """Money on its way back to where a payment came from; `reason` says why it failed."""

    provider_ref: str
    status: PayoutStatus
    amount: Money
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """One thing that happened at the provider. It may come twice, late and in any order.

    event_id: the same in every copy. payout_key: the key given to `pay_back`; None for events of
    payments and disputes, and for refunds that somebody made at the provider without us.
    amount: what was captured, goes back, or is disputed. reason: why a payment or refund failed.
    outcome: how a closed dispute ended, "won" or "lost" by us. fee_minor: what the provider takes
    for it, in the same currency. captured_ref: of a capture, as in `PaymentState`.
    """

    event_id: str
    kind: EventKind
    occurred_at: datetime
    payment_ref: str
    amount: Money
    payout_key: UUID | None = None
    payout_ref: str = ""
    dispute_ref: str = ""
    reason: str = ""
    outcome: str = ""
    fee_minor: int = 0
    captured_ref: str = ""


class ReportKind(StrEnum):
    """What a line of a daily report is about."""

    CAPTURE = "capture"
    REFUND = "refund"
    REFUND_RETURNED = "refund_returned"
    DISPUTE = "dispute"  # taken by a customer's bank
    DISPUTE_RETURNED = "dispute_returned"  # and given back to us
    DISPUTE_FEE = "dispute_fee"
    FEE = "fee"
    SETTLEMENT = "settlement"  # paid out to our own bank


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """One movement of our money at the provider; `amount` is never below 0, the kind says where to.

    ref: the provider's number of the payment, refund, dispute, fee or settlement. reference: ours
    where it has one.
    """

    kind: ReportKind
    ref: str
    amount: Money
    payment_ref: str = ""
    reference: str = ""

    @property
    def minor(self) -> int:
        """Signed: below 0 is what left the provider."""
        comes_in = self.kind in (
            ReportKind.CAPTURE,
            ReportKind.REFUND_RETURNED,
            ReportKind.DISPUTE_RETURNED,
        )
        return self.amount.minor if comes_in else -self.amount.minor


@dataclass(frozen=True, slots=True)
class DailyReport:
    """All that moved at the provider on one day (UTC), as it says."""

    day: date
    lines: tuple[ReportLine, ...]


class PaymentGateway(Protocol):
    """One payment provider. Every call that moves money has a key: the UUID of the act.

    The same key with the same request gives the same answer, however often it is called; with
    another request it raises KeyReused. GatewayUnreachable means that the outcome is unknown:
    repeat with the same key, never with a new one. AnswerMismatch means: quarantine.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this provider can do."""

    def start_payment(
        self,
        *,
        key: UUID,
        amount: Money,
        reference: str,
        description: str,
        return_url: str,
        language: str,
    ) -> StartedPayment:
        """Ask for a payment of `amount` (above 0); the customer pays at the answer's `pay_url`.

        reference: our number of the order, at most 200 characters, shown to staff at the provider.
        description: what is bought, in `language` (a tag of BCP 47), shown to the customer.
        return_url: where the browser goes afterwards; coming back there proves nothing.
        Raises PaymentRefused, KeyReused, AnswerMismatch, GatewayUnreachable.
        """

    def look_up_payment(self, *, provider_ref: str) -> PaymentState:
        """Return how far a payment is; what its customer has agreed to is taken first.

        provider_ref: its name there, before or since its capture.
        Raises PaymentUnknown, AnswerMismatch, GatewayUnreachable.
        """

    def pay_back(self, *, payment_ref: str, amount: Money, key: UUID) -> PayoutReceipt:
        """Send `amount` (above 0) of a captured payment back to where it came from.

        payment_ref: its name there since its capture.
        Raises PayoutRefused, KeyReused, AnswerMismatch, GatewayUnreachable.
        """

    def look_up_payout(self, *, payment_ref: str, key: UUID) -> PayoutReceipt | None:
        """Return the payout of `key` as it is now, or None when none has arrived there so far.

        payment_ref: as it was given to `pay_back`.
        None is no proof: a call without an answer may still be on its way. Repeat `pay_back`.
        Raises AnswerMismatch, GatewayUnreachable.
        """

    def daily_report(self, *, day: date) -> DailyReport:
        """Return what moved on a day (UTC) that is over.

        Raises AnswerMismatch (about another day), GatewayUnreachable.
        """

    def parse_event(
        self, *, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> ProviderEvent:
        """Return what the provider tells in a request to our hook.

        Raises BadSignature, StaleEvent (signed too long ago: five minutes, where the provider
        signs each sending anew), EventNotForUs, EventNotUnderstood; GatewayUnreachable where the
        provider has to be asked and does not answer.
        """
