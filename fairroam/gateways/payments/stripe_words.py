"""What Stripe's API says, in our words. Shapes: https://docs.stripe.com/api."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    PaymentState,
    PaymentStatus,
    PayoutReceipt,
    PayoutStatus,
    ReportKind,
    ReportLine,
)
from fairroam.rules.money import Money

STATUSES = {status.value: status for status in PayoutStatus} | {"canceled": PayoutStatus.FAILED}
REFUND_KINDS = {
    PayoutStatus.PENDING: EventKind.REFUND_PENDING,
    PayoutStatus.SUCCEEDED: EventKind.REFUND_SUCCEEDED,
    PayoutStatus.FAILED: EventKind.REFUND_FAILED,
    PayoutStatus.REQUIRES_ACTION: EventKind.REFUND_REQUIRES_ACTION,
}

Minor = Annotated[int, Meta(ge=0, le=10**15)]
Signed = Annotated[int, Meta(ge=-(10**15), le=10**15)]
Currency = Annotated[str, Meta(pattern="^[a-z]{3}$")]
Name = Annotated[str, Meta(min_length=1, max_length=80)]


class Intent(msgspec.Struct):
    id: Name
    amount: Minor
    amount_received: Minor
    currency: Currency
    status: str


class Session(msgspec.Struct):
    id: Name
    amount_total: Minor
    currency: Currency
    payment_status: str
    status: str | None
    client_reference_id: str | None = None
    url: str | None = None
    payment_intent: Intent | Name | None = None


class Refund(msgspec.Struct):
    id: Name
    payment_intent: Name | None
    amount: Minor
    currency: Currency
    status: str
    metadata: dict[str, str] | None = None
    failure_reason: str | None = None


class Fee(msgspec.Struct):
    fee: Signed


class Dispute(msgspec.Struct):
    id: Name
    payment_intent: Name
    amount: Minor
    currency: Currency
    status: str
    balance_transactions: list[Fee] = []


class Source(msgspec.Struct):
    id: Name
    payment_intent: Name | None = None


class Transaction(msgspec.Struct):
    id: Name
    type: str
    amount: Signed
    fee: Signed
    currency: Currency
    source: Source | Name | None = None


class Object(msgspec.Struct):
    object: msgspec.Raw


class Event(msgspec.Struct):
    id: Name
    type: str
    created: Annotated[int, Meta(ge=0, le=10**11)]
    data: Object


def state_of(intent: Intent) -> PaymentState:
    statuses = {"succeeded": PaymentStatus.SUCCEEDED, "canceled": PaymentStatus.CANCELLED}
    status = statuses.get(intent.status, PaymentStatus.REQUIRES_PAYMENT)
    if status is not PaymentStatus.SUCCEEDED:
        return PaymentState(status, money(0, intent.currency))
    if intent.amount_received != intent.amount:
        raise AnswerMismatch(f"payment {intent.id}: {intent.amount_received} of {intent.amount}")
    return PaymentState(status, money(intent.amount_received, intent.currency), intent.id)


def receipt_of(refund: Refund) -> PayoutReceipt:
    if refund.status not in STATUSES:
        raise GatewayUnreachable(f"refund {refund.id} is {refund.status}")
    return PayoutReceipt(
        provider_ref=refund.id,
        status=STATUSES[refund.status],
        amount=money(refund.amount, refund.currency),
        reason=refund.failure_reason or "",
    )


def key_of(refund: Refund) -> UUID | None:
    try:
        return UUID((refund.metadata or {}).get("payout_key", ""))
    except ValueError:
        return None  # Made at Stripe, not by us.


def money(minor: int, currency: str) -> Money:
    return Money(minor, currency.upper())


def captured(raw: msgspec.Raw) -> dict[str, Any]:
    session = msgspec.json.decode(raw, type=Session)
    if session.payment_status != "paid":
        raise EventNotForUs("a session that is not paid")
    if not isinstance(session.payment_intent, str):
        raise EventNotForUs("a session that takes no payment")
    return {
        "kind": EventKind.PAYMENT_CAPTURED,
        "payment_ref": session.id,
        "captured_ref": session.payment_intent,
        "amount": money(session.amount_total, session.currency),
    }


def refunded(raw: msgspec.Raw) -> dict[str, Any]:
    refund = msgspec.json.decode(raw, type=Refund)
    if refund.status not in STATUSES or refund.payment_intent is None:
        raise EventNotUnderstood(f"refund {refund.id} is {refund.status}")
    return {
        "kind": REFUND_KINDS[STATUSES[refund.status]],
        "payment_ref": refund.payment_intent,
        "payout_ref": refund.id,
        "payout_key": key_of(refund),
        "amount": money(refund.amount, refund.currency),
        "reason": refund.failure_reason or "",
    }


def disputed(raw: msgspec.Raw) -> dict[str, Any]:
    """An inquiry takes no money; when it becomes a chargeback, the money's going is told."""
    dispute = msgspec.json.decode(raw, type=Dispute)
    if dispute.status.startswith("warning_"):
        raise EventNotForUs("an inquiry")
    outcome = dispute.status if dispute.status in ("won", "lost") else ""
    return {
        "kind": EventKind.DISPUTE_CLOSED if outcome else EventKind.DISPUTE_OPENED,
        "payment_ref": dispute.payment_intent,
        "dispute_ref": dispute.id,
        "amount": money(dispute.amount, dispute.currency),
        "outcome": outcome,
        "fee_minor": max(sum(each.fee for each in dispute.balance_transactions), 0),
    }


# The events that our endpoint must be registered for.
TOLD: dict[str, Callable[[msgspec.Raw], dict[str, Any]]] = {
    "checkout.session.completed": captured,
    "checkout.session.async_payment_succeeded": captured,
    "refund.created": refunded,
    "refund.updated": refunded,
    "refund.failed": refunded,
    "charge.dispute.created": disputed,
    "charge.dispute.updated": disputed,
    "charge.dispute.funds_withdrawn": disputed,
    "charge.dispute.closed": disputed,
}
# A balance transaction's type -> what it is when money came, and when it left.
KINDS = {
    "charge": (ReportKind.CAPTURE, None),
    "payment": (ReportKind.CAPTURE, None),
    "refund": (None, ReportKind.REFUND),
    "payment_refund": (None, ReportKind.REFUND),
    "refund_failure": (ReportKind.REFUND_RETURNED, None),
    "payment_failure_refund": (ReportKind.REFUND_RETURNED, None),
    "adjustment": (ReportKind.DISPUTE_RETURNED, ReportKind.DISPUTE),
    "payout": (None, ReportKind.SETTLEMENT),
    "stripe_fee": (None, ReportKind.FEE),
}


def lines_of(one: Transaction) -> Iterator[ReportLine]:
    """The movement itself, and the fee that was kept of it."""
    source = one.source if isinstance(one.source, Source) else None
    ref = source.id if source else one.source if isinstance(one.source, str) else one.id
    payment_ref = (source.payment_intent or "") if source else ""
    if one.amount:
        kind = KINDS.get(one.type, (None, None))[one.amount < 0]
        if kind is None:
            raise AnswerMismatch(f"{one.id}: {one.type} of {one.amount} is nothing that we know")
        yield ReportLine(
            kind=kind,
            ref=payment_ref if kind is ReportKind.CAPTURE else ref,
            amount=money(abs(one.amount), one.currency),
            payment_ref=payment_ref,
        )
    if one.fee > 0:
        is_dispute = one.type == "adjustment"
        yield ReportLine(
            kind=ReportKind.DISPUTE_FEE if is_dispute else ReportKind.FEE,
            ref=ref if is_dispute else one.id,
            amount=money(one.fee, one.currency),
            payment_ref=payment_ref,
        )
