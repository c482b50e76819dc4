"""The part of PayPal's API that a shop needs, on the books of our bank, under `/paypal`.

Orders v2, payments v2, transaction search and webhooks. Names and shapes follow
https://developer.paypal.com/api; what no shop of ours reads is left out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
from babel.numbers import get_currency_precision

from sandbox.controls import read
from sandbox.payments.asked import NewIntent, NewRefund
from sandbox.payments.bank import Bank
from sandbox.serving import Answer, Handler, Problem, Request, Service, json_answer
from sandbox.store import Store

TONGUE = "paypal"
WEBHOOK_ID = "WEBHOOKOFTHESHOP"
TOKEN_SECONDS = 32400
# Our own word for a refusal -> the status, name and issue that PayPal has for it.
REFUSALS = {
    "disputed": (422, "TRANSACTION_DISPUTED"),
    "exceeds_captured": (422, "REFUND_AMOUNT_EXCEEDED"),
    "idempotency_mismatch": (422, "DUPLICATE_REQUEST_ID"),
    "invalid_request": (422, "CANNOT_BE_ZERO_OR_NEGATIVE"),
    "no_idempotency_key": (400, "MISSING_REQUEST_ID"),
    "no_such_intent": (404, "INVALID_RESOURCE_ID"),
    "not_approved": (422, "ORDER_NOT_APPROVED"),
    "not_captured": (404, "INVALID_RESOURCE_ID"),
    "other_currency": (422, "REFUND_CAPTURE_CURRENCY_MISMATCH"),
    "window_over": (422, "REFUND_TIME_LIMIT_EXCEEDED"),
}
STATUSES = {"succeeded": "COMPLETED", "requires_action": "PENDING"}
OUTCOMES = {"won": "RESOLVED_SELLER_FAVOUR", "lost": "RESOLVED_BUYER_FAVOUR"}
EVENTS = {
    "payment.approved": "CHECKOUT.ORDER.APPROVED",
    "payment.captured": "PAYMENT.CAPTURE.COMPLETED",
    "refund.succeeded": "PAYMENT.CAPTURE.REFUNDED",
    "refund.pending": "PAYMENT.REFUND.PENDING",
    "refund.failed": "PAYMENT.REFUND.FAILED",
    "dispute.opened": "CUSTOMER.DISPUTE.CREATED",
    "dispute.closed": "CUSTOMER.DISPUTE.RESOLVED",
}
# The book's line -> (the transaction's event code, its sign).
LINES = {
    "capture": ("T0006", 1),
    "refund": ("T1107", -1),
    "refund_returned": ("T1107", 1),
    "dispute": ("T1201", -1),
    "dispute_returned": ("T1202", 1),
    "dispute_fee": ("T0106", -1),
}


class _Amount(msgspec.Struct):
    currency_code: str
    value: str


class _Unit(msgspec.Struct):
    amount: _Amount
    custom_id: str
    description: str


class _Experience(msgspec.Struct):
    return_url: str
    locale: str = "en"


class _Wallet(msgspec.Struct):
    experience_context: _Experience


class _PaymentSource(msgspec.Struct):
    paypal: _Wallet


class _NewOrder(msgspec.Struct):
    purchase_units: list[_Unit]
    payment_source: _PaymentSource


class _NewRefund(msgspec.Struct):
    amount: _Amount
    custom_id: str


class _Verification(msgspec.Struct):
    webhook_id: str
    transmission_id: str
    transmission_time: str
    transmission_sig: str
    cert_url: str
    auth_algo: str
    webhook_event: msgspec.Raw


class _Doors:
    """Routes that need a token which was given here and has not been ended since."""

    def __init__(self, service: Service, store: Store) -> None:
        self.service = service
        self.store = store
        self.tokens: set[str] = set()

    def route(self, method: str, path: str, call: str) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            def guarded(request: Request) -> Answer:
                token = request.headers.get("Authorization", "").removeprefix("Bearer ")
                if token not in self.tokens:
                    return json_answer({"error": "invalid_token"}, 401)
                return handler(request)

            name = f"paypal.{call}"
            return self.service.route(method, f"/paypal{path}", call=name, is_open=True)(guarded)

        return add

    def once(self, request: Request, work: Callable[[], dict[str, Any]]) -> Answer:
        try:
            return self.store.answer_once(
                request, lambda: _answered(work, 201), header="PayPal-Request-Id"
            )
        except Problem as problem:
            return _refused(problem)

    def now(self, work: Callable[[], dict[str, Any]]) -> Answer:
        with self.store.act():
            return _answered(work, 200)


def add_paypal(service: Service, store: Store, bank: Bank, *, key: str, hook_secret: str) -> None:
    """Add what shops call, and tell of such payments as PayPal does.

    key: the client's secret, for any client. hook_secret: takes the place of PayPal's private key.
    """
    bank.speak(TONGUE, told)
    doors = _Doors(service, store)
    _add_tokens(doors, key)
    _add_orders(doors, bank)
    _add_captures(doors, bank)
    _add_notices_and_reports(doors, bank, hook_secret)


def _add_tokens(doors: _Doors, key: str) -> None:
    @doors.service.route("POST", "/paypal/v1/oauth2/token", call="paypal.token", is_open=True)
    def give_token(request: Request) -> Answer:
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        password = base64.b64decode(given).decode().partition(":")[2]
        if not hmac.compare_digest(password.encode(), key.encode()):
            return json_answer({"error": "invalid_client"}, 401)
        token = f"A21.{uuid4().hex}"
        doors.tokens.add(token)
        return json_answer({"access_token": token, "expires_in": TOKEN_SECONDS})

    @doors.service.route("DELETE", "/_paypal_tokens", is_open=True)
    def end_tokens(request: Request) -> Answer:
        doors.tokens.clear()
        return json_answer({})


def _add_orders(doors: _Doors, bank: Bank) -> None:
    @doors.route("POST", "/v2/checkout/orders", "start_payment")
    def create_order(request: Request) -> Answer:
        return doors.once(
            request, lambda: order_of(bank.start(_asked(request), tongue=TONGUE), bank)
        )

    @doors.route("GET", "/v2/checkout/orders/{id}", "look_up_payment")
    def read_order(request: Request) -> Answer:
        return doors.now(lambda: order_of(bank.intent(_ours("O", request.parts["id"])), bank))

    @doors.route("POST", "/v2/checkout/orders/{id}/capture", "capture")
    def capture(request: Request) -> Answer:
        return doors.once(
            request, lambda: order_of(bank.capture(_ours("O", request.parts["id"])), bank)
        )


def _add_captures(doors: _Doors, bank: Bank) -> None:
    @doors.route("GET", "/v2/payments/captures/{id}", "look_up_payment")
    def read_capture(request: Request) -> Answer:
        return doors.now(lambda: capture_of(_captured(bank, request.parts["id"])))

    @doors.route("POST", "/v2/payments/captures/{id}/refund", "pay_back")
    def refund(request: Request) -> Answer:
        return doors.once(request, lambda: refund_of(bank.refund(_refund_asked(request, bank))))


def _add_notices_and_reports(doors: _Doors, bank: Bank, hook_secret: str) -> None:
    @doors.route("POST", "/v1/notifications/verify-webhook-signature", "verify")
    def verify(request: Request) -> Answer:
        asked = read(request, _Verification)
        sending = (asked.transmission_id, asked.transmission_time, asked.webhook_id)
        true = _signature(hook_secret, *sending, bytes(asked.webhook_event))
        is_true = hmac.compare_digest(true.encode(), asked.transmission_sig.encode())
        return json_answer({"verification_status": "SUCCESS" if is_true else "FAILURE"})

    @doors.route("GET", "/v1/reporting/transactions", "report")
    def transactions(request: Request) -> Answer:
        day = request.query["start_date"][:10]
        size, number = int(request.query["page_size"]), int(request.query["page"])
        with doors.store.act():
            lines = bank.report(day, tongue=TONGUE)["lines"]
        page = [_transaction(line) for line in lines[size * (number - 1) : size * number]]
        pages = -(-len(lines) // size)
        return json_answer({"transaction_details": page, "page": number, "total_pages": pages})


def signed(secret: str, body: bytes, *, at: datetime | None = None) -> Mapping[str, str]:
    """Return the headers with which a body is sent: they name the sending and sign it."""
    number, time = str(uuid4()), (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "Paypal-Transmission-Id": number,
        "Paypal-Transmission-Time": time,
        "Paypal-Transmission-Sig": _signature(secret, number, time, WEBHOOK_ID, body),
        "Paypal-Cert-Url": "https://api.paypal.com/v1/notifications/certs/CERT-1",
        "Paypal-Auth-Algo": "SHA256withRSA",
    }


def _signature(secret: str, number: str, time: str, webhook_id: str, body: bytes) -> str:
    message = f"{number}|{time}|{webhook_id}|{zlib.crc32(body)}"
    digest = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


# What things look like there --------------------------------------------------------------------


def order_of(intent: dict[str, Any], bank: Bank) -> dict[str, Any]:
    is_paid = intent["status"] == "succeeded"
    unit: dict[str, Any] = {"amount": _amount(intent), "custom_id": intent["reference"]}
    if is_paid:
        refunds = [refund_of(refund) for refund in bank.refunds_of(intent["id"])]
        unit["payments"] = {"captures": [capture_of(intent)], "refunds": refunds}
    status = "COMPLETED" if is_paid else "APPROVED" if intent["card"] else "PAYER_ACTION_REQUIRED"
    return {
        "id": _theirs("O", intent["id"]),
        "status": status,
        "purchase_units": [unit],
        "links": [{"rel": "payer-action", "href": intent["pay_url"], "method": "GET"}],
    }


def capture_of(intent: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": _theirs("C", intent["id"]),
        "status": "COMPLETED",
        "amount": _amount(intent),
        "custom_id": intent["reference"],
        "supplementary_data": {"related_ids": {"order_id": _theirs("O", intent["id"])}},
    }


def refund_of(refund: dict[str, Any]) -> dict[str, Any]:
    reason = {"status_details": {"reason": refund["reason"]}} if refund["reason"] else {}
    up = f"https://api-m.paypal.com/v2/payments/captures/{_theirs('C', refund['intent'])}"
    return {
        "id": _theirs("R", refund["id"]),
        "status": STATUSES.get(refund["status"], refund["status"].upper()),
        "amount": _amount(refund),
        "custom_id": refund["reference"],
        "links": [{"rel": "up", "href": up, "method": "GET"}],
        **reason,
    }


def dispute_of(dispute: dict[str, Any]) -> dict[str, Any]:
    return {
        "dispute_id": _theirs("PP-D", dispute["id"]),
        "disputed_transactions": [{"seller_transaction_id": _theirs("C", dispute["intent"])}],
        "dispute_amount": _amount(dispute),
        "dispute_life_cycle_stage": "CHARGEBACK",
        "dispute_outcome": {"outcome_code": OUTCOMES.get(dispute["status"], "NONE")},
    }


def told(kind: str, what: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the event by which PayPal tells that; it is silent about what is not in `EVENTS`."""
    if kind not in EVENTS:
        return None
    shapes = {"refund": refund_of, "dispute": dispute_of}
    resource = (
        {"id": _theirs("O", what["id"]), "purchase_units": [{"amount": _amount(what)}]}
        if kind == "payment.approved"
        else shapes.get(kind.partition(".")[0], capture_of)(what)
    )
    body = {
        "id": f"WH-{uuid4().hex.upper()}",
        "event_type": EVENTS[kind],
        "create_time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resource": resource,
    }
    return f"{TONGUE}:{EVENTS[kind]}", body


def _transaction(line: dict[str, Any]) -> dict[str, Any]:
    code, sign = LINES[line["kind"]]
    prefix = {"capture": "C", "refund": "R", "refund_returned": "R"}.get(line["kind"], "PP-D")
    info = {
        "transaction_id": _theirs(prefix, line["id"]),
        "paypal_reference_id": _theirs("C", line["intent"]),
        "transaction_event_code": code,
        "transaction_amount": _amount(line | {"amount": sign * line["amount"]}),
        "transaction_status": "S",
    }
    return {"transaction_info": info}


# How it is asked and answered -------------------------------------------------------------------


def _asked(request: Request) -> NewIntent:
    asked = read(request, _NewOrder)
    unit, context = asked.purchase_units[0], asked.payment_source.paypal.experience_context
    return NewIntent(
        amount=_minor(unit.amount),
        currency=unit.amount.currency_code,
        reference=unit.custom_id,
        description=unit.description,
        return_url=context.return_url,
        language={"zh-CN": "zh-Hans", "zh-TW": "zh-Hant"}.get(context.locale, context.locale),
    )


def _refund_asked(request: Request, bank: Bank) -> NewRefund:
    asked = read(request, _NewRefund)
    return NewRefund(
        intent=_captured(bank, request.parts["id"])["id"],
        amount=_minor(asked.amount),
        currency=asked.amount.currency_code,
        reference=asked.custom_id,
    )


def _captured(bank: Bank, capture_id: str) -> dict[str, Any]:
    intent = bank.intent(_ours("C", capture_id))
    if intent["status"] != "succeeded":
        raise Problem(404, "not_captured")
    return intent


def _answered(work: Callable[[], dict[str, Any]], status: int) -> Answer:
    try:
        return json_answer(work(), status)
    except Problem as problem:
        return _refused(problem)


def _refused(problem: Problem) -> Answer:
    status, issue = REFUSALS[str(problem.facts["error"])]
    names = {400: "INVALID_REQUEST", 404: "RESOURCE_NOT_FOUND", 422: "UNPROCESSABLE_ENTITY"}
    return json_answer({"name": names[status], "details": [{"issue": issue}]}, status)


def _minor(amount: _Amount) -> int:
    minor = Decimal(amount.value).scaleb(get_currency_precision(amount.currency_code))
    if minor <= 0 or minor != int(minor):
        raise Problem(422, "invalid_request")
    return int(minor)


def _amount(what: dict[str, Any]) -> dict[str, str]:
    places = get_currency_precision(what["currency"])
    value = f"{Decimal(what['amount']).scaleb(-places):.{places}f}"
    return {"currency_code": what["currency"], "value": value}


def _theirs(prefix: str, our_id: str) -> str:
    return f"{prefix}-{our_id.rpartition('_')[2].upper()}"


def _ours(prefix: str, their_id: str) -> str:
    if not their_id.startswith(f"{prefix}-"):
        raise Problem(404, "no_such_intent")
    return f"pay_{their_id.rpartition('-')[2].lower()}"
