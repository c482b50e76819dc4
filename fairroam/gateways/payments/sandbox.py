"""The stand-in provider of `python -m sandbox.payments`: test money only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec
from msgspec import Meta

from fairroam.gateways.calls import Answered, Door
from fairroam.gateways.payments import (
    AnswerMismatch,
    Capabilities,
    DailyReport,
    EventKind,
    EventNotUnderstood,
    GatewayUnreachable,
    KeyReused,
    PaymentGateway,
    PaymentRefused,
    PaymentState,
    PaymentStatus,
    PaymentUnknown,
    PayoutReceipt,
    PayoutRefused,
    PayoutStatus,
    ProviderEvent,
    ReportKind,
    ReportLine,
    StartedPayment,
)
from fairroam.gateways.signatures import check_signature
from fairroam.rules.money import Money

# What no repetition can change. Any other refusal is about the line, not about the money.
FINAL_CODES = frozenset(
    {
        "disputed",
        "exceeds_captured",
        "invalid_request",
        "no_such_intent",
        "not_captured",
        "other_currency",
        "window_over",
    }
)
# To us, money that the provider no longer sends has failed to arrive, whoever stopped it.
PAYOUT_STATUSES = {status.value: status for status in PayoutStatus} | {
    "cancelled": PayoutStatus.FAILED
}
EVENT_KINDS = {kind.value: kind for kind in EventKind} | {
    "refund.cancelled": EventKind.REFUND_FAILED
}

Minor = Annotated[int, Meta(ge=0, le=10**15)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
RefundStatus = Literal["pending", "succeeded", "failed", "requires_action", "cancelled"]


class _Intent(msgspec.Struct):
    id: Name
    status: Literal["requires_payment", "succeeded", "cancelled"]
    amount: Minor
    captured: Minor
    currency: Currency
    reference: Name
    pay_url: Annotated[str, Meta(pattern="^https?://")]


class _Refund(msgspec.Struct):
    id: Name
    intent: Name
    status: RefundStatus
    amount: Minor
    currency: Currency
    reference: Name
    reason: str


class _Refunds(msgspec.Struct):
    refunds: list[_Refund]


class _Line(msgspec.Struct):
    kind: ReportKind
    id: Name
    intent: str
    reference: str
    amount: Minor
    currency: Currency


class _Report(msgspec.Struct):
    date: date
    lines: list[_Line]


class _EventPayload(msgspec.Struct):
    id: Name
    amount: Minor
    currency: Currency
    reference: Name
    status: str
    intent: str = ""
    reason: str = ""
    fee: Minor = 0


class _Event(msgspec.Struct):
    id: Name
    type: str
    created_at: Annotated[datetime, Meta(tz=True)]
    payload: _EventPayload


Wanted = TypeVar("Wanted", bound=msgspec.Struct)


def connect(
    *, url: str, key: str, hook_secret: str, timeout_seconds: float = 20.0
) -> PaymentGateway:
    """Return the gateway to the stand-in at `url` (its root, no path).

    key: what it was started with as SANDBOX_PAYMENTS_KEY; hook_secret: likewise
    SANDBOX_PAYMENTS_HOOK_SECRET. timeout_seconds: for one whole call.
    """
    door = Door(url=url, timeout_seconds=timeout_seconds)
    return SandboxPayments(door=door, key=key, hook_secret=hook_secret)


class SandboxPayments:
    """See `PaymentGateway`. Safe to share between threads."""

    capabilities = Capabilities(
        partial_refunds=True, refund_days_max=None, refund_parts_max=None, currencies=None
    )

    def __init__(self, *, door: Door, key: str, hook_secret: str) -> None:
        self._door = door
        self._headers = {"Authorization": f"Bearer {key}"}
        self._hook_secret = hook_secret

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
        """See `PaymentGateway`."""
        body = {
            "amount": amount.minor,
            "currency": amount.currency,
            "reference": reference,
            "description": description,
            "return_url": return_url,
            "language": language,
        }
        answered = self._post("/v1/intents", key=key, body=body)
        if code := _final_code(answered):
            raise PaymentRefused(code)
        intent = _understood(answered, _Intent)
        if (Money(intent.amount, intent.currency), intent.reference) != (amount, reference):
            raise AnswerMismatch(f"payment {intent.id} is not what {key} asked for")
        return StartedPayment(intent.id, intent.pay_url)

    def look_up_payment(self, *, provider_ref: str) -> PaymentState:
        """See `PaymentGateway`."""
        path = f"/v1/intents/{quote(provider_ref, safe='')}"
        answered = self._door.get(path, headers=self._headers)
        if _final_code(answered) == "no_such_intent":
            raise PaymentUnknown(provider_ref)
        intent = _understood(answered, _Intent)
        expected = intent.amount if intent.status == "succeeded" else 0
        if (intent.id, intent.captured) != (provider_ref, expected):
            raise AnswerMismatch(f"payment {provider_ref}: {intent.captured} of {intent.amount}")
        return PaymentState(PaymentStatus(intent.status), Money(intent.captured, intent.currency))

    def pay_back(self, *, payment_ref: str, amount: Money, key: UUID) -> PayoutReceipt:
        """See `PaymentGateway`."""
        body = {
            "intent": payment_ref,
            "amount": amount.minor,
            "currency": amount.currency,
            "reference": str(key),
        }
        answered = self._post("/v1/refunds", key=key, body=body)
        if code := _final_code(answered):
            raise PayoutRefused(code)
        refund = _understood(answered, _Refund)
        receipt = _receipt(refund)
        told = (refund.intent, receipt.amount, refund.reference)
        if told != (payment_ref, amount, str(key)):
            raise AnswerMismatch(f"refund {refund.id} is not what {key} asked for")
        return receipt

    def look_up_payout(self, *, payment_ref: str, key: UUID) -> PayoutReceipt | None:
        """See `PaymentGateway`."""
        answered = self._door.get("/v1/refunds", headers=self._headers, reference=str(key))
        refunds = _understood(answered, _Refunds).refunds
        if len(refunds) > 1 or any(
            (refund.reference, refund.intent) != (str(key), payment_ref) for refund in refunds
        ):
            raise AnswerMismatch(f"{len(refunds)} refunds for {key}")
        return _receipt(refunds[0]) if refunds else None

    def daily_report(self, *, day: date) -> DailyReport:
        """See `PaymentGateway`."""
        answered = self._door.get(f"/v1/reports/{day.isoformat()}", headers=self._headers)
        report = _understood(answered, _Report)
        if report.date != day:
            raise AnswerMismatch(f"the report of {report.date} instead of {day}")
        lines = [
            ReportLine(
                kind=line.kind,
                ref=line.id,
                amount=Money(line.amount, line.currency),
                payment_ref=line.intent,
                reference=line.reference,
            )
            for line in report.lines
        ]
        return DailyReport(day, tuple(lines))

    def parse_event(
        self, *, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> ProviderEvent:
        """See `PaymentGateway`."""
        by_name = {name.lower(): value for name, value in headers.items()}
        header = by_name.get("sandbox-signature", "")
        check_signature(header=header, body=body, secret=self._hook_secret, now=now)
        try:
            event = msgspec.json.decode(body, type=_Event)
            kind = EVENT_KINDS[event.type]
        except (msgspec.DecodeError, KeyError) as error:
            raise EventNotUnderstood(str(error)) from error
        return ProviderEvent(
            event_id=event.id,
            kind=kind,
            occurred_at=event.created_at,
            amount=Money(event.payload.amount, event.payload.currency),
            reason=event.payload.reason,
            **_whose(kind, event.payload),
        )

    def _post(self, path: str, *, key: UUID, body: Mapping[str, object]) -> Answered:
        headers = self._headers | {"Idempotency-Key": str(key)}
        return self._door.post(path, headers=headers, body=body)


def _final_code(answered: Answered) -> str:
    """Return the code of a final refusal, or "" for an answer to read. Raises for all else."""
    if answered.status in (200, 201):
        return ""
    code = answered.json().get("error")
    if code == "idempotency_mismatch":
        raise KeyReused
    if isinstance(code, str) and code in FINAL_CODES:
        return code
    raise GatewayUnreachable(f"HTTP {answered.status}: {code}")


def _understood(answered: Answered, wanted: type[Wanted]) -> Wanted:
    if code := _final_code(answered):
        raise GatewayUnreachable(f"HTTP {answered.status}: {code}")
    try:
        return msgspec.convert(answered.json(), wanted)
    except msgspec.ValidationError as error:
        raise GatewayUnreachable(str(error)) from error


def _receipt(refund: _Refund) -> PayoutReceipt:
    return PayoutReceipt(
        provider_ref=refund.id,
        status=PAYOUT_STATUSES[refund.status],
        amount=Money(refund.amount, refund.currency),
        reason=refund.reason,
    )


def _whose(kind: EventKind, payload: _EventPayload) -> dict[str, Any]:
    """Return which payment, payout or dispute an event is about."""
    if kind.startswith("payment."):
        return {"payment_ref": payload.id}
    if kind.startswith("refund."):
        return {
            "payment_ref": payload.intent,
            "payout_ref": payload.id,
            "payout_key": _uuid_or_none(payload.reference),
        }
    outcome = payload.status if kind == EventKind.DISPUTE_CLOSED else ""
    return {
        "payment_ref": payload.intent,
        "dispute_ref": payload.id,
        "outcome": outcome,
        "fee_minor": payload.fee,
    }


def _uuid_or_none(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None
