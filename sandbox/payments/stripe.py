"""The part of Stripe's API that a shop with hosted checkout needs, on the books of our bank.

Sessions, payment intents, refunds and balance transactions under `/stripe/v1`, and its events.
Names and shapes follow https://docs.stripe.com/api; what no shop of ours reads is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sandbox.hooks import signature
from sandbox.payments.asked import NewIntent, NewRefund
from sandbox.payments.bank import Bank
from sandbox.serving import Answer, Problem, Request, Service, json_answer
from sandbox.store import Store

TONGUE = "stripe"
PAGE_MAX = 100
# Our own word for a refusal -> the status and code that Stripe has for it.
REFUSALS = {
    "disputed": (400, "charge_disputed"),
    "exceeds_captured": (400, "charge_already_refunded"),
    "idempotency_mismatch": (400, ""),
    "invalid_request": (400, "parameter_invalid_integer"),
    "no_idempotency_key": (400, "parameter_missing"),
    "no_such_intent": (404, "resource_missing"),
    "not_captured": (400, "payment_intent_unexpected_state"),
    "window_over": (400, "charge_not_refundable"),
}
STATUSES = {"cancelled": "canceled"}
DISPUTE_STATUSES = {"open": "needs_response"}
# The book's line -> (the balance transaction's type, the number of its source, its sign).
LINES = {
    "capture": ("charge", "ch", 1),
    "refund": ("refund", "re", -1),
    "refund_returned": ("refund_failure", "re", 1),
    "dispute": ("adjustment", "dp", -1),
    "dispute_returned": ("adjustment", "dp", 1),
    "dispute_fee": ("adjustment", "dp", -1),
}


def add_stripe(service: Service, store: Store, bank: Bank) -> None:
    """Add what shops call, and tell of such payments as Stripe does."""
    bank.speak(TONGUE, told)

    @service.route("POST", "/stripe/v1/checkout/sessions", call="stripe.start_payment")
    def create_session(request: Request) -> Answer:
        return _once(store, request, lambda: session_of(bank.start(_asked(request), tongue=TONGUE)))

    @service.route("GET", "/stripe/v1/checkout/sessions/{id}", call="stripe.look_up_payment")
    def read_session(request: Request) -> Answer:
        return _now(store, lambda: session_of(bank.intent(_ours("cs_test", request.parts["id"]))))

    @service.route("GET", "/stripe/v1/payment_intents/{id}", call="stripe.look_up_payment")
    def read_intent(request: Request) -> Answer:
        return _now(store, lambda: intent_of(bank.intent(_ours("pi", request.parts["id"]))))

    @service.route("POST", "/stripe/v1/refunds", call="stripe.pay_back")
    def create_refund(request: Request) -> Answer:
        return _once(store, request, lambda: refund_of(bank.refund(_refund_asked(request, bank))))

    @service.route("GET", "/stripe/v1/refunds", call="stripe.look_up_payout")
    def list_refunds(request: Request) -> Answer:
        intent_id = request.query.get("payment_intent", "")
        return _now(
            store,
            lambda: _paged(
                [refund_of(row) for row in bank.refunds_of(_ours("pi", intent_id))][::-1], request
            ),
        )

    @service.route("GET", "/stripe/v1/balance_transactions", call="stripe.report")
    def list_balance_transactions(request: Request) -> Answer:
        day = datetime.fromtimestamp(int(request.query["created[gte]"]), UTC).date().isoformat()
        return _now(
            store,
            lambda: _paged(
                [
                    _transaction(line, position)
                    for position, line in enumerate(bank.report(day, tongue=TONGUE)["lines"])
                ][::-1],
                request,
            ),
        )


def signed(secret: str) -> Callable[[bytes], Mapping[str, str]]:
    """Return how Stripe signs the body of an event."""
    return lambda body: {
        "Stripe-Signature": signature(secret.encode(), body, int(datetime.now(UTC).timestamp()))
    }


# What things look like there --------------------------------------------------------------------


def session_of(intent: dict[str, Any]) -> dict[str, Any]:
    """A checkout session; it names its payment intent from the payment on."""
    is_paid = intent["status"] == "succeeded"
    return {
        "id": _theirs("cs_test", intent["id"]),
        "object": "checkout.session",
        "mode": "payment",
        "amount_total": intent["amount"],
        "currency": intent["currency"].lower(),
        "client_reference_id": intent["reference"],
        "payment_status": "paid" if is_paid else "unpaid",
        "status": "complete" if is_paid else "open",
        "payment_intent": intent_of(intent) if is_paid else None,
        "url": intent["pay_url"],
    }


def intent_of(intent: dict[str, Any]) -> dict[str, Any]:
    is_paid = intent["status"] == "succeeded"
    return {
        "id": _theirs("pi", intent["id"]),
        "object": "payment_intent",
        "amount": intent["amount"],
        "amount_received": intent["captured"],
        "currency": intent["currency"].lower(),
        "status": "succeeded" if is_paid else "requires_payment_method",
    }


def refund_of(refund: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": _theirs("re", refund["id"]),
        "object": "refund",
        "payment_intent": _theirs("pi", refund["intent"]),
        "amount": refund["amount"],
        "currency": refund["currency"].lower(),
        "status": STATUSES.get(refund["status"], refund["status"]),
        "metadata": {"payout_key": refund["reference"]},
        "failure_reason": refund["reason"] or None,
    }


def dispute_of(dispute: dict[str, Any]) -> dict[str, Any]:
    fee = {"object": "balance_transaction", "fee": dispute["fee"]}
    return {
        "id": _theirs("dp", dispute["id"]),
        "object": "dispute",
        "payment_intent": _theirs("pi", dispute["intent"]),
        "amount": dispute["amount"],
        "currency": dispute["currency"].lower(),
        "status": DISPUTE_STATUSES.get(dispute["status"], dispute["status"]),
        "balance_transactions": [fee],
    }


def told(kind: str, what: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the event by which Stripe tells that; declined cards are said on its page alone."""
    if kind == "payment.captured":
        session = session_of(what)
        return _event("checkout.session.completed", session | {"payment_intent": _pi(what)})
    if kind.startswith("refund."):
        type = {"refund.failed": "refund.failed", "refund.pending": "refund.created"}
        return _event(type.get(kind, "refund.updated"), refund_of(what))
    if kind.startswith("dispute."):
        return _event(f"charge.{kind}".replace("opened", "created"), dispute_of(what))
    return None


def _event(type: str, what: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    body = {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": type,
        "created": int(datetime.now(UTC).timestamp()),
        "livemode": False,
        "data": {"object": what},
    }
    return f"{TONGUE}:{type}", body


def _transaction(line: dict[str, Any], position: int) -> dict[str, Any]:
    type, prefix, sign = LINES[line["kind"]]
    is_fee = line["kind"] == "dispute_fee"
    source = {"id": _theirs(prefix, line["id"]), "object": {"ch": "charge"}.get(prefix, prefix)}
    return {
        "id": f"txn_{line['at']}_{position}",
        "object": "balance_transaction",
        "type": type,
        "amount": 0 if is_fee else sign * line["amount"],
        "fee": line["amount"] if is_fee else 0,
        "currency": line["currency"].lower(),
        "source": source | {"payment_intent": _theirs("pi", line["intent"])},
    }


# How it is asked and answered -------------------------------------------------------------------


def _asked(request: Request) -> NewIntent:
    form = request.form()
    item = "line_items[0][price_data]"
    amount = _whole(form.get(f"{item}[unit_amount]", ""))
    return NewIntent(
        amount=amount,
        currency=form[f"{item}[currency]"].upper(),
        reference=form["client_reference_id"],
        description=form[f"{item}[product_data][name]"],
        return_url=form["success_url"],
        language={"zh": "zh-Hans", "zh-TW": "zh-Hant"}.get(form["locale"], form["locale"]),
    )


def _refund_asked(request: Request, bank: Bank) -> NewRefund:
    form = request.form()
    intent = bank.intent(_ours("pi", form["payment_intent"]))
    return NewRefund(
        intent=intent["id"],
        amount=_whole(form["amount"]),
        currency=intent["currency"],
        reference=form.get("metadata[payout_key]", "none"),
    )


def _whole(amount: str) -> int:
    if not amount.isdecimal() or int(amount) == 0:
        raise Problem(400, "invalid_request")
    return int(amount)


def _once(store: Store, request: Request, work: Callable[[], dict[str, Any]]) -> Answer:
    try:
        return store.answer_once(request, lambda: _answered(work))
    except Problem as problem:
        return _refused(problem)


def _now(store: Store, work: Callable[[], dict[str, Any]]) -> Answer:
    with store.act():
        return _answered(work)


def _answered(work: Callable[[], dict[str, Any]]) -> Answer:
    try:
        return json_answer(work())
    except Problem as problem:
        return _refused(problem)


def _refused(problem: Problem) -> Answer:
    word = str(problem.facts["error"])
    status, code = REFUSALS[word]
    type = "idempotency_error" if word == "idempotency_mismatch" else "invalid_request_error"
    error = {"type": type, "message": f"The stand-in refuses: {word}."}
    return json_answer({"error": error | ({"code": code} if code else {})}, status)


def _paged(rows: list[dict[str, Any]], request: Request) -> dict[str, Any]:
    """Newest first, from the one after `starting_after` on."""
    ids = [row["id"] for row in rows]
    after = request.query.get("starting_after", "")
    start = ids.index(after) + 1 if after else 0
    limit = min(int(request.query.get("limit", "10")), PAGE_MAX)
    page = rows[start : start + limit]
    has_more = len(rows) > start + limit
    url = request.path.removeprefix("/stripe")
    return {"object": "list", "data": page, "has_more": has_more, "url": url}


def _pi(intent: dict[str, Any]) -> str:
    return _theirs("pi", intent["id"])


def _theirs(prefix: str, our_id: str) -> str:
    return f"{prefix}_{our_id.rpartition('_')[2]}"


def _ours(prefix: str, their_id: str) -> str:
    if not their_id.startswith(f"{prefix}_"):
        raise Problem(404, "no_such_intent")
    return f"pay_{their_id.rpartition('_')[2]}"
