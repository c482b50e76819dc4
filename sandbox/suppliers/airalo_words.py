"""How Airalo words its answers: orders, eSIMs, refusals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.serving import Answer, json_answer
from sandbox.suppliers.limits import TooMany
from sandbox.suppliers.market import Refused, Row

SMDP_ADDRESS = "lpa.airalo.sandbox.example"
NOTIFICATIONS = ("async_orders", "webhook_low_data", "webhook_credit_limit")
BUSINESS_CODES = {
    "no_credit": 11,
    "checksum": 14,
    "no_top_up": 23,
    "no_stock": 33,
    "no_package": 34,
    "state": 43,
    "recycled": 73,
}
ADDRESS_NOT_ALLOWED = 89
PLANS = {
    "unused": "NOT_ACTIVE",
    "in_use": "ACTIVE",
    "used_up": "FINISHED",
    "expired": "EXPIRED",
    "suspended": "UNKNOWN",
    "recycled": "RECYCLED",
}
CLAIM_REASONS = frozenset(
    [
        "INSTALLATION_FAILURE",
        "NO_COVERAGE",
        "APN_FAILURE",
        "TRIP_CANCELLATION",
        "INTERMITTENT_CONNECTION",
        "BLOCKED_NETWORK",
        "CHANGE_OF_PLAN",
        "DELETED_ESIM",
        "EARLY_EXPIRY",
        "HOTSPOT_NOT_WORKING",
        "IMSI_CHANGE",
        "INCOMPATIBLE_DEVICE",
        "LOCKED_DEVICE",
        "NO_VOICE_TEXT_SERVICES",
        "OVERCHARGED",
        "SLOW_SPEED",
        "TOP_UP_PACKAGE_FAILURE",
        "UNKNOWN_CHARGES",
        "WRONG_PURCHASE",
        "UNABLE_TO_ACCESS_APPS",
        "SERVICE_DEGRADATION",
        "QR_ISSUE_PARTNERS",
        "OTHERS",
    ]
)

Said = dict[str, Any] | list[dict[str, Any]]


class Invalid(Exception):
    """Fields that are not valid, each with a sentence."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields)
        self.fields = fields


def said(data: Said) -> Row:
    """Wrap what is said when all is well."""
    return {"data": data, "meta": {"message": "success"}}


def answer_of(error: Exception | int) -> Answer:
    """Return the answer to a refusal; an integer is a business code."""
    if isinstance(error, TooMany):
        answer = json_answer({"message": "Too Many Attempts."}, 429)
        limits = {"Retry-After": str(error.seconds), "X-RateLimit-Remaining": "0"}
        return Answer(429, answer.body, {**answer.headers, **limits})
    if isinstance(error, Invalid):
        told = {"data": error.fields, "meta": {"message": "the parameter is invalid"}}
        return json_answer(told, 422)
    if isinstance(error, Refused) and error.why == "no_esim":
        return json_answer({"data": [], "meta": {"message": "messages.resource_not_found"}}, 404)
    code = BUSINESS_CODES[error.why] if isinstance(error, Refused) else error
    status = 403 if code == ADDRESS_NOT_ALLOWED else 422
    return json_answer({"code": code, "reason": "As the supplier decides."}, status)


def order_words(order: Row, esims: list[Row]) -> Row:
    """Return an order as this supplier shows it."""
    return {
        "id": order["id"],
        "code": f"{written(order['created_at'])[:10].replace('-', '')}-{order['id']:06d}",
        "description": order["reference"],
        "type": order["kind"],
        "package_id": order["package"],
        "quantity": str(order["quantity"]),
        "esim_type": "Prepaid",
        "price": order["price"] * 2 / 10_000,
        "pricing_model": "discount_pricing",
        "unit_paid_price": order["price"] / order["quantity"] / 10_000,
        "total_amount_paid": order["price"] / 10_000,
        "currency": "USD",
        "created_at": written(order["created_at"]),
        "sims": [sim_words(esim) for esim in esims],
        "status": {"name": order["status"].title(), "slug": order["status"]},
    }


def sim_words(esim: Row) -> Row:
    """Return an eSIM as this supplier shows it."""
    matching_id = f"{esim['id']:016X}"
    qrcode = f"LPA:1${SMDP_ADDRESS}${matching_id}"
    return {
        "id": esim["id"],
        "iccid": esim["iccid"],
        "lpa": SMDP_ADDRESS,
        "matching_id": matching_id,
        "qrcode": qrcode,
        "direct_apple_installation_url": (
            f"https://esimsetup.apple.com/esim_qrcode_provisioning?carddata={qrcode}"
        ),
        "confirmation_code": None,
        "is_roaming": True,
    }


def written(at: float) -> str:
    """Return an instant as this supplier writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
