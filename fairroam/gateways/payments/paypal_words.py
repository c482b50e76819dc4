"""What PayPal's API says, in our words. Shapes: https://developer.paypal.com/api.

Transaction event codes: https://developer.paypal.com/docs/transaction-search, the same day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from fairroam.gateways.payments import (
    AnswerMismatch,
    EventKind,
    EventNotForUs,
    EventNotUnderstood,
    GatewayUnreachable,
    PayoutReceipt,
    PayoutStatus,
    ReportKind,
    ReportLine,
)
from fairroam.rules.money import Money, minor_digits

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Instant = Annotated[datetime, Meta(tz=True)]
STATUSES = {
    "COMPLETED": PayoutStatus.SUCCEEDED,
    "PENDING": PayoutStatus.PENDING,
    "FAILED": PayoutStatus.FAILED,
    "CANCELLED": PayoutStatus.FAILED,
}
LOST = ("RESOLVED_BUYER_FAVOUR", "ACCEPTED")


class Amount(msgspec.Struct):
    """Whole units and decimals as text, at most as many as the currency has."""

    currency_code: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    value: Annotated[str, Meta(pattern=r"^-?[0-9]{1,13}(\.[0-9]{1,3})?$")]

    @property
    def minor(self) -> int:
        """Raises GatewayUnreachable for a part of a minor unit."""
        minor = Decimal(self.value).scaleb(minor_digits(self.currency_code))
        if minor != int(minor):
            raise GatewayUnreachable(f"{self.value} {self.currency_code} is no whole amount")
        return int(minor)

    @property
    def money(self) -> Money:
        if self.minor < 0:
            raise GatewayUnreachable(f"{self.value} {self.currency_code} is below 0")
        return Money(self.minor, self.currency_code)


class Link(msgspec.Struct):
    rel: str
    href: Annotated[str, Meta(pattern="^https?://")]


class Related(msgspec.Struct, frozen=True):
    order_id: str = ""


class Supplementary(msgspec.Struct, frozen=True):
    related_ids: Related = Related()


class Capture(msgspec.Struct):
    id: Name
    status: str
    amount: Amount
    supplementary_data: Supplementary = Supplementary()


class Details(msgspec.Struct, frozen=True):
    reason: str = ""


class Refund(msgspec.Struct):
    id: Name
    status: str
    amount: Amount
    custom_id: str = ""
    links: list[Link] = []
    status_details: Details = Details()


class Payments(msgspec.Struct, frozen=True):
    captures: list[Capture] = []
    refunds: list[Refund] = []


class Unit(msgspec.Struct):
    amount: Amount
    custom_id: str = ""
    payments: Payments = Payments()


class Order(msgspec.Struct):
    id: Name
    status: str
    purchase_units: Annotated[list[Unit], Meta(min_length=1, max_length=1)]
    links: list[Link] = []


class Disputed(msgspec.Struct):
    seller_transaction_id: Name


class Outcome(msgspec.Struct, frozen=True):
    outcome_code: str = ""


class Dispute(msgspec.Struct):
    dispute_id: Name
    disputed_transactions: Annotated[list[Disputed], Meta(min_length=1)]
    dispute_amount: Amount
    dispute_life_cycle_stage: str = ""
    dispute_outcome: Outcome = Outcome()


class Event(msgspec.Struct):
    id: Name
    event_type: str
    create_time: Instant
    resource: msgspec.Raw


class Info(msgspec.Struct):
    transaction_id: Name
    transaction_event_code: str
    transaction_amount: Amount
    paypal_reference_id: str = ""
    fee_amount: Amount | None = None


class Transaction(msgspec.Struct):
    transaction_info: Info


class Page(msgspec.Struct):
    transaction_details: list[Transaction]
    total_pages: int = 1


def text_of(money: Money) -> dict[str, str]:
    """Such as {"currency_code": "EUR", "value": "19.99"}."""
    places = minor_digits(money.currency)
    value = f"{Decimal(money.minor).scaleb(-places):.{places}f}"
    return {"currency_code": money.currency, "value": value}


def receipt_of(refund: Refund) -> PayoutReceipt:
    if refund.status not in STATUSES:
        raise GatewayUnreachable(f"refund {refund.id} is {refund.status}")
    return PayoutReceipt(
        provider_ref=refund.id,
        status=STATUSES[refund.status],
        amount=refund.amount.money,
        reason=refund.status_details.reason,
    )


def key_of(refund: Refund) -> UUID | None:
    try:
        return UUID(refund.custom_id)
    except ValueError:
        return None  # Made at PayPal, not by us.


def approved(raw: msgspec.Raw) -> dict[str, Any]:
    order = msgspec.convert(msgspec.json.decode(raw) | {"status": "APPROVED"}, Order)
    amount = order.purchase_units[0].amount.money
    return {"kind": EventKind.PAYMENT_APPROVED, "payment_ref": order.id, "amount": amount}


def captured(raw: msgspec.Raw) -> dict[str, Any]:
    capture = msgspec.json.decode(raw, type=Capture)
    return {
        "kind": EventKind.PAYMENT_CAPTURED,
        "payment_ref": capture.supplementary_data.related_ids.order_id or capture.id,
        "captured_ref": capture.id,
        "amount": capture.amount.money,
    }


def denied(raw: msgspec.Raw) -> dict[str, Any]:
    return captured(raw) | {"kind": EventKind.PAYMENT_FAILED, "reason": "denied"}


def refunded(raw: msgspec.Raw) -> dict[str, Any]:
    refund = msgspec.json.decode(raw, type=Refund)
    payments = [link.href.rpartition("/")[2] for link in refund.links if link.rel == "up"]
    if refund.status not in STATUSES or len(payments) != 1:
        raise EventNotUnderstood(f"refund {refund.id} is {refund.status} of {payments}")
    receipt = receipt_of(refund)
    kinds = {
        PayoutStatus.PENDING: EventKind.REFUND_PENDING,
        PayoutStatus.SUCCEEDED: EventKind.REFUND_SUCCEEDED,
        PayoutStatus.FAILED: EventKind.REFUND_FAILED,
    }
    return {
        "kind": kinds[receipt.status],
        "payment_ref": payments[0],
        "payout_ref": refund.id,
        "payout_key": key_of(refund),
        "amount": receipt.amount,
        "reason": receipt.reason,
    }


def disputed(raw: msgspec.Raw) -> dict[str, Any]:
    dispute = msgspec.json.decode(raw, type=Dispute)
    if dispute.dispute_life_cycle_stage == "INQUIRY":
        raise EventNotForUs("an inquiry")
    return {
        "kind": EventKind.DISPUTE_OPENED,
        "payment_ref": dispute.disputed_transactions[0].seller_transaction_id,
        "dispute_ref": dispute.dispute_id,
        "amount": dispute.dispute_amount.money,
    }


def resolved(raw: msgspec.Raw) -> dict[str, Any]:
    code = msgspec.json.decode(raw, type=Dispute).dispute_outcome.outcome_code
    outcome = "lost" if code in LOST else "won"
    return disputed(raw) | {"kind": EventKind.DISPUTE_CLOSED, "outcome": outcome}


# The events that our webhook must be registered for.
TOLD: dict[str, Callable[[msgspec.Raw], dict[str, Any]]] = {
    "CHECKOUT.ORDER.APPROVED": approved,
    "PAYMENT.CAPTURE.COMPLETED": captured,
    "PAYMENT.CAPTURE.DENIED": denied,
    "PAYMENT.CAPTURE.REFUNDED": refunded,
    "PAYMENT.REFUND.PENDING": refunded,
    "PAYMENT.REFUND.FAILED": refunded,
    "CUSTOMER.DISPUTE.CREATED": disputed,
    "CUSTOMER.DISPUTE.UPDATED": disputed,
    "CUSTOMER.DISPUTE.RESOLVED": resolved,
}
# How an event code begins -> what it is when money came, and when it left. The longest one counts.
KINDS = {
    "T00": (ReportKind.CAPTURE, None),
    "T01": (None, ReportKind.FEE),
    "T0106": (None, ReportKind.DISPUTE_FEE),
    "T04": (None, ReportKind.SETTLEMENT),
    "T1106": (None, ReportKind.DISPUTE),
    "T1107": (ReportKind.REFUND_RETURNED, ReportKind.REFUND),
    "T1110": (None, ReportKind.DISPUTE),
    "T1111": (ReportKind.DISPUTE_RETURNED, None),
    "T1201": (None, ReportKind.DISPUTE),
    "T1202": (ReportKind.DISPUTE_RETURNED, None),
}


def lines_of(info: Info) -> list[ReportLine]:
    """The movement itself, and the fee that was kept of it."""
    minor, code = info.transaction_amount.minor, info.transaction_event_code
    known = KINDS.get(code) or KINDS.get(code[:3], (None, None))
    kind = known[minor < 0]
    if kind is None:
        raise AnswerMismatch(f"{info.transaction_id}: {code} of {minor} is nothing that we know")
    currency = info.transaction_amount.currency_code
    ref = info.transaction_id
    payment_ref = ref if kind is ReportKind.CAPTURE else info.paypal_reference_id
    lines = [
        ReportLine(kind=kind, ref=ref, amount=Money(abs(minor), currency), payment_ref=payment_ref)
    ]
    if info.fee_amount is not None and info.fee_amount.minor < 0:
        fee = Money(-info.fee_amount.minor, info.fee_amount.currency_code)
        line = ReportLine(
            kind=ReportKind.FEE, ref=f"{ref}/fee", amount=fee, payment_ref=payment_ref
        )
        lines.append(line)
    return lines
