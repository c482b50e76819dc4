"""PayPal: orders v2, refunds of captures, webhooks and transaction search, over HTTPS.

A payment is named by its order until it is captured, by its capture from then on. What a refund
was for stands in its `custom_id`: PayPal keeps a PayPal-Request-Id for some weeks only.
"""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec

from fairroam.gateways.calls import Answered, Door
from fairroam.gateways.payments import (
    AnswerMismatch,
    BadSignature,
    Capabilities,
    DailyReport,
    EventNotForUs,
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
    PayoutTooLate,
    ProviderEvent,
    StaleEvent,
    StartedPayment,
)
from fairroam.gateways.payments.paypal_words import (
    TOLD,
    Capture,
    Event,
    Order,
    Page,
    Refund,
    key_of,
    lines_of,
    receipt_of,
    text_of,
)
from fairroam.rules.money import Money

ADDRESS = "https://api-m.paypal.com"
REFUND_DAYS = 180  # https://developer.paypal.com: refunds within 180 days of the capture
# PayPal repeats a notice for three days, signed at its first sending; what comes twice counts once.
NOTICE_AGE_MAX = timedelta(days=4)
TOKEN_MARGIN_SECONDS = 60
PAGE = 500
LETTERS_MAX = 127
# Of those PayPal takes, the ones whose decimals are those of ISO 4217 there, too: not HUF and TWD
# (https://developer.paypal.com/api/rest/reference/currency-codes).
TAKEN = "AUD CAD CHF CZK DKK EUR GBP HKD ILS JPY MXN NOK NZD PHP PLN SEK SGD THB USD"
LOCALES = {"zh-Hans": "zh-CN", "zh-Hant": "zh-TW"}
SIGNED_BY = {
    "transmission_id": "paypal-transmission-id",
    "transmission_time": "paypal-transmission-time",
    "transmission_sig": "paypal-transmission-sig",
    "cert_url": "paypal-cert-url",
    "auth_algo": "paypal-auth-algo",
}

Wanted = TypeVar("Wanted", bound=msgspec.Struct)


class _Refused(Exception):
    """A final no; `code` is PayPal's issue."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int


class _Verified(msgspec.Struct):
    verification_status: str


def connect(
    *, client: str, secret: str, webhook: str, url: str = ADDRESS, timeout_seconds: float = 20.0
) -> PaymentGateway:
    """Return the gateway to the account of an app: its client id and secret.

    webhook: the id of our webhook there. url: where PayPal's API is, its sandbox for tests.
    timeout_seconds: for one call.
    """
    door = Door(url=url, timeout_seconds=timeout_seconds)
    return PayPalPayments(door=door, client=client, secret=secret, webhook=webhook)


class PayPalPayments:
    """See `PaymentGateway`. Safe to share between threads; keeps its access token."""

    capabilities = Capabilities(
        partial_refunds=True,
        refund_days_max=REFUND_DAYS,
        refund_parts_max=None,
        currencies=frozenset(TAKEN.split()),
    )

    def __init__(self, *, door: Door, client: str, secret: str, webhook: str) -> None:
        self._door = door
        self._basic = b64encode(f"{client}:{secret}".encode()).decode()
        self._webhook = webhook
        self._token, self._token_ends = "", 0.0
        self._lock = threading.Lock()

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
        if amount.currency not in (self.capabilities.currencies or ()):
            raise PaymentRefused("currency_not_taken")
        context = {
            "return_url": return_url,
            "cancel_url": return_url,
            "locale": LOCALES.get(language, language),
            "user_action": "PAY_NOW",
            "shipping_preference": "NO_SHIPPING",
        }
        unit = {
            "amount": text_of(amount),
            "custom_id": reference[:LETTERS_MAX],
            "description": description[:LETTERS_MAX],
        }
        asked = {
            "intent": "CAPTURE",
            "purchase_units": [unit],
            "payment_source": {"paypal": {"experience_context": context}},
        }
        try:
            order = self._post("/v2/checkout/orders", Order, key=str(key), body=asked)
        except _Refused as refused:
            raise PaymentRefused(refused.code) from refused
        found = order.purchase_units[0]
        if (found.amount.money, found.custom_id) != (amount, reference[:LETTERS_MAX]):
            raise AnswerMismatch(f"order {order.id} is not what {key} asked for")
        pages = [link.href for link in order.links if link.rel in ("payer-action", "approve")]
        if not pages:
            raise AnswerMismatch(f"order {order.id} has no page")
        return StartedPayment(order.id, pages[0])

    def look_up_payment(self, *, provider_ref: str) -> PaymentState:
        """See `PaymentGateway`. An order that its payer has approved is captured here."""
        try:
            order = self._get(f"/v2/checkout/orders/{quote(provider_ref, safe='')}", Order)
        except _Refused:
            return self._captured_state(provider_ref)
        if order.id != provider_ref:
            raise AnswerMismatch(f"order {order.id} instead of {provider_ref}")
        if order.status == "APPROVED":
            order = self._capture(order)
        captures = order.purchase_units[0].payments.captures
        asked = order.purchase_units[0].amount.money
        if order.status == "COMPLETED" and captures:
            return _state(captures[0], asked)
        is_over = order.status == "VOIDED"
        status = PaymentStatus.CANCELLED if is_over else PaymentStatus.REQUIRES_PAYMENT
        return PaymentState(status, Money(0, asked.currency))

    def pay_back(self, *, payment_ref: str, amount: Money, key: UUID) -> PayoutReceipt:
        """See `PaymentGateway`. Raises PayoutTooLate after 180 days, too."""
        known = self.look_up_payout(payment_ref=payment_ref, key=key)
        if known is not None:
            if known.amount != amount:
                raise KeyReused
            return known
        path = f"/v2/payments/captures/{quote(payment_ref, safe='')}/refund"
        asked = {"amount": text_of(amount), "custom_id": str(key)}
        try:
            refund = self._post(path, Refund, key=str(key), body=asked)
        except _Refused as refused:
            late = refused.code == "REFUND_TIME_LIMIT_EXCEEDED"
            raise (PayoutTooLate if late else PayoutRefused)(refused.code) from refused
        receipt = receipt_of(refund)
        if (receipt.amount, key_of(refund)) != (amount, key):
            raise AnswerMismatch(f"refund {refund.id} is not what {key} asked for")
        return receipt

    def look_up_payout(self, *, payment_ref: str, key: UUID) -> PayoutReceipt | None:
        """See `PaymentGateway`. PayPal lists refunds with the order that they belong to."""
        try:
            capture = self._get(f"/v2/payments/captures/{quote(payment_ref, safe='')}", Capture)
            order_id = capture.supplementary_data.related_ids.order_id
            order = self._get(f"/v2/checkout/orders/{quote(order_id, safe='')}", Order)
        except _Refused:
            return None  # Out of what is not there nothing went back.
        if capture.id != payment_ref:
            raise AnswerMismatch(f"capture {capture.id} instead of {payment_ref}")
        refunds = order.purchase_units[0].payments.refunds
        ours = [refund for refund in refunds if key_of(refund) == key]
        if len(ours) > 1:
            raise AnswerMismatch(f"{len(ours)} refunds for {key}")
        return receipt_of(ours[0]) if ours else None

    def daily_report(self, *, day: date) -> DailyReport:
        """See `PaymentGateway`. PayPal may take three hours to list what happened."""
        lines, number, pages = [], 1, 1
        while number <= pages:
            query = {
                "start_date": f"{day.isoformat()}T00:00:00Z",
                "end_date": f"{day.isoformat()}T23:59:59Z",
                "fields": "transaction_info",
                "page_size": str(PAGE),
                "page": str(number),
            }
            try:
                page = self._get("/v1/reporting/transactions", Page, **query)
            except _Refused as refused:
                raise GatewayUnreachable(refused.code) from refused
            lines += [
                line for one in page.transaction_details for line in lines_of(one.transaction_info)
            ]
            number, pages = number + 1, page.total_pages
        return DailyReport(day, tuple(lines))

    def parse_event(
        self, *, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> ProviderEvent:
        """See `PaymentGateway`. PayPal itself is asked whether it signed these bytes."""
        by_name = {name.lower(): value for name, value in headers.items()}
        signed = {ours: by_name.get(theirs, "") for ours, theirs in SIGNED_BY.items()}
        sent_at = _instant(signed["transmission_time"])
        if not all(signed.values()) or sent_at is None:
            raise BadSignature
        try:
            # First of all it must be one JSON value: it becomes part of our own question.
            msgspec.json.decode(body)
        except msgspec.DecodeError as error:
            raise BadSignature from error
        asked = {**signed, "webhook_id": self._webhook, "webhook_event": msgspec.Raw(body)}
        path = "/v1/notifications/verify-webhook-signature"
        try:
            verified = self._understood(self._call("POST", path, asked), _Verified)
        except _Refused as refused:
            raise BadSignature from refused
        if verified.verification_status != "SUCCESS":
            raise BadSignature
        if abs(now - sent_at) > NOTICE_AGE_MAX:
            raise StaleEvent
        return _event(body)

    def _captured_state(self, capture_id: str) -> PaymentState:
        try:
            capture = self._get(f"/v2/payments/captures/{quote(capture_id, safe='')}", Capture)
        except _Refused as refused:
            raise PaymentUnknown(capture_id) from refused
        if capture.id != capture_id:
            raise AnswerMismatch(f"capture {capture.id} instead of {capture_id}")
        return _state(capture, capture.amount.money)

    def _capture(self, order: Order) -> Order:
        path = f"/v2/checkout/orders/{quote(order.id, safe='')}/capture"
        try:
            return self._post(path, Order, key=f"capture-{order.id}", body={})
        except _Refused as refused:  # Taken meanwhile, or the payer must choose again.
            raise GatewayUnreachable(f"order {order.id}: {refused.code}") from refused

    # How it is asked ----------------------------------------------------------------------------

    def _get(self, path: str, wanted: type[Wanted], **query: str) -> Wanted:
        return self._understood(self._call("GET", path, None, query=query), wanted)

    def _post(self, path: str, wanted: type[Wanted], *, key: str, body: object) -> Wanted:
        return self._understood(self._call("POST", path, body, key=key), wanted)

    def _call(
        self,
        method: str,
        path: str,
        body: object,
        *,
        key: str = "",
        query: Mapping[str, str] | None = None,
    ) -> Answered:
        """A token that has ended early is taken anew, once."""
        answered = None
        for is_fresh in (False, True):
            headers = {
                "Authorization": f"Bearer {self._access(is_fresh=is_fresh)}",
                "Content-Type": "application/json",
                "Prefer": "return=representation",
            }
            if key:
                headers["PayPal-Request-Id"] = key
            content = None if body is None else msgspec.json.encode(body)
            answered = self._door.call(
                method, path, headers=headers, content=content, params=query or None
            )
            if answered.status != 401:
                break
        assert answered is not None
        return answered

    def _access(self, *, is_fresh: bool) -> str:
        with self._lock:
            if is_fresh or time.monotonic() >= self._token_ends:
                answered = self._door.call(
                    "POST",
                    "/v1/oauth2/token",
                    headers={"Authorization": f"Basic {self._basic}"},
                    data={"grant_type": "client_credentials"},
                )
                if answered.status != 200:
                    raise GatewayUnreachable(f"HTTP {answered.status} instead of a token")
                token = self._understood(answered, _Token)
                self._token = token.access_token
                self._token_ends = time.monotonic() + token.expires_in - TOKEN_MARGIN_SECONDS
            return self._token

    @staticmethod
    def _understood(answered: Answered, wanted: type[Wanted]) -> Wanted:
        """Raises _Refused for a final no, GatewayUnreachable for all that leaves it open."""
        if answered.status in (400, 404, 422):
            said = answered.json()
            details = said.get("details")
            first = details[0] if isinstance(details, list) and details else {}
            code = first.get("issue") if isinstance(first, dict) else ""
            if code == "DUPLICATE_REQUEST_ID":
                raise KeyReused
            if not isinstance(said.get("name"), str):
                raise GatewayUnreachable(f"HTTP {answered.status}: not in PayPal's words")
            raise _Refused(str(code or said["name"]))
        if answered.status not in (200, 201):
            raise GatewayUnreachable(f"HTTP {answered.status}")
        try:
            return msgspec.convert(answered.json(), wanted)
        except msgspec.ValidationError as error:
            raise GatewayUnreachable(str(error)) from error


def _state(capture: Capture, asked: Money) -> PaymentState:
    if capture.status in ("PENDING", "DECLINED", "FAILED"):
        return PaymentState(PaymentStatus.REQUIRES_PAYMENT, Money(0, asked.currency))
    if capture.amount.money != asked:
        raise AnswerMismatch(f"capture {capture.id}: {capture.amount.value} of {asked}")
    return PaymentState(PaymentStatus.SUCCEEDED, asked, capture.id)


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def _event(body: bytes) -> ProviderEvent:
    try:
        event = msgspec.json.decode(body, type=Event)
        tell = TOLD.get(event.event_type)
        if tell is None:
            raise EventNotForUs(event.event_type)
        told = tell(event.resource)
    except (msgspec.DecodeError, GatewayUnreachable) as error:
        raise EventNotUnderstood(str(error)) from error
    return ProviderEvent(event_id=event.id, occurred_at=event.create_time, **told)
