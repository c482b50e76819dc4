"""Stripe: hosted checkout for cards, refunds, disputes and balance transactions, by its own SDK.

A payment is named by its checkout session until it is captured, by its payment intent from then
on. What a call was for stands in the metadata of what it made, since Stripe forgets its
idempotency keys after 24 hours (https://docs.stripe.com/api/idempotent_requests).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import msgspec

from fairroam.gateways.calls import Door
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
    ProviderEvent,
    StaleEvent,
    StartedPayment,
)
from fairroam.gateways.payments.stripe_words import (
    TOLD,
    Event,
    Intent,
    Refund,
    Session,
    Transaction,
    key_of,
    lines_of,
    money,
    receipt_of,
    state_of,
)
from fairroam.rules.money import Money

if TYPE_CHECKING:  # Importing the SDK takes about a second: only who calls Stripe pays it.
    import stripe as sdk

ADDRESS = "https://api.stripe.com"
AGE_SECONDS_MAX = 300
PAGE = 100
# Whatever else comes, such as redirects, 401, 429 and 5xx, says nothing about the outcome.
SPOKEN = {200, 400, 402, 404}
# Those whose minor unit is the one of ISO 4217 there, too. Not: ISK and UGX, which Stripe counts
# in hundredths, and those of three decimals, whose last digit must be 0
# (https://docs.stripe.com/currencies).
TAKEN = (
    "AED AUD BGN BRL CAD CHF CLP CNY CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NOK NZD"
    " PHP PLN RON SAR SEK SGD THB TRY TWD USD VND ZAR"
)
CURRENCIES = frozenset(TAKEN.split())
# A tag of BCP 47 -> the language of Stripe's page; others follow the browser.
LOCALES = {"zh-Hans": "zh", "zh-Hant": "zh-TW"} | {
    tag: tag for tag in ("de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "sv", "th")
}
Wanted = TypeVar("Wanted", bound=msgspec.Struct)


def connect(
    *, key: str, hook_secrets: Sequence[str], url: str = ADDRESS, timeout_seconds: float = 20.0
) -> PaymentGateway:
    """Return the gateway to the account of `key` (a secret or restricted key).

    hook_secrets: those of our webhook endpoint that count now; two while they are rotated.
    url: where Stripe's API is, for tests. timeout_seconds: for one whole call.
    """
    return StripePayments(
        client=_client(key=key, url=url, door=Door(url=url, timeout_seconds=timeout_seconds)),
        hook_secrets=hook_secrets,
    )


class StripePayments:
    """See `PaymentGateway`. Safe to share between threads."""

    # Card networks and issuers have limits of their own: those stand in the card's rail.
    capabilities = Capabilities(
        partial_refunds=True, refund_days_max=None, refund_parts_max=None, currencies=CURRENCIES
    )

    def __init__(self, *, client: sdk.StripeClient, hook_secrets: Sequence[str]) -> None:
        self._api = client.v1
        self._hook_secrets = tuple(hook_secrets)

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
        if amount.currency not in CURRENCIES:
            raise PaymentRefused("currency_not_taken")
        price = {
            "currency": amount.currency.lower(),
            "unit_amount": amount.minor,
            "product_data": {"name": description},
        }
        asked: Any = {
            "mode": "payment",
            "payment_method_types": ["card"],
            "line_items": [{"quantity": 1, "price_data": price}],
            "client_reference_id": reference,
            "success_url": return_url,
            "cancel_url": return_url,
            "locale": LOCALES.get(language, "auto"),
            "payment_intent_data": {"metadata": {"payment_key": str(key)}},
        }
        with _asking(PaymentRefused):
            answer = self._api.checkout.sessions.create(asked, {"idempotency_key": str(key)})
        session = _understood(answer, Session)
        if (money(session.amount_total, session.currency), session.client_reference_id) != (
            amount,
            reference,
        ):
            raise AnswerMismatch(f"session {session.id} is not what {key} asked for")
        if not session.url:
            raise AnswerMismatch(f"session {session.id} has no page")
        return StartedPayment(session.id, session.url)

    def look_up_payment(self, *, provider_ref: str) -> PaymentState:
        """See `PaymentGateway`."""
        if not provider_ref.startswith("cs_"):
            return state_of(self._intent(provider_ref, PaymentUnknown))
        with _asking(PaymentUnknown):
            answer = self._api.checkout.sessions.retrieve(
                provider_ref, {"expand": ["payment_intent"]}
            )
        session = _understood(answer, Session)
        intent = session.payment_intent
        if isinstance(intent, Intent) and session.payment_status == "paid":
            state = state_of(intent)
            if state.captured != money(session.amount_total, session.currency):
                raise AnswerMismatch(f"session {session.id} and its payment say two amounts")
            return state
        over = session.status == "expired"
        status = PaymentStatus.CANCELLED if over else PaymentStatus.REQUIRES_PAYMENT
        return PaymentState(status, money(0, session.currency))

    def pay_back(self, *, payment_ref: str, amount: Money, key: UUID) -> PayoutReceipt:
        """See `PaymentGateway`.

        Stripe refunds in the payment's own currency, whatever we believe it is: we look first.
        """
        intent = self._intent(payment_ref, PayoutRefused)
        if intent.currency.upper() != amount.currency:
            raise PayoutRefused("other_currency")
        known = self.look_up_payout(payment_ref=payment_ref, key=key)
        if known is not None:
            if known.amount != amount:
                raise KeyReused
            return known
        with _asking(PayoutRefused):
            answer = self._api.refunds.create(
                {
                    "payment_intent": payment_ref,
                    "amount": amount.minor,
                    "metadata": {"payout_key": str(key)},
                },
                {"idempotency_key": str(key)},
            )
        refund = _understood(answer, Refund)
        receipt = receipt_of(refund)
        told = (refund.payment_intent, receipt.amount, key_of(refund))
        if told != (payment_ref, amount, key):
            raise AnswerMismatch(f"refund {refund.id} is not what {key} asked for")
        return receipt

    def look_up_payout(self, *, payment_ref: str, key: UUID) -> PayoutReceipt | None:
        """See `PaymentGateway`."""
        try:
            with _asking(PaymentUnknown):
                page = self._api.refunds.list({"payment_intent": payment_ref, "limit": PAGE})
                refunds = [_understood(one, Refund) for one in page.auto_paging_iter()]
        except PaymentUnknown:
            return None  # Out of what is not there nothing went back.
        ours = [refund for refund in refunds if key_of(refund) == key]
        if len(ours) > 1 or any(refund.payment_intent != payment_ref for refund in ours):
            raise AnswerMismatch(f"{len(ours)} refunds for {key}")
        return receipt_of(ours[0]) if ours else None

    def daily_report(self, *, day: date) -> DailyReport:
        """See `PaymentGateway`. The balance's own currency: sell in those you settle in."""
        start = datetime.combine(day, time.min, UTC)
        end = start + timedelta(days=1)
        hours = {"gte": int(start.timestamp()), "lt": int(end.timestamp())}
        asked: Any = {"created": hours, "limit": PAGE, "expand": ["data.source"]}
        with _asking(GatewayUnreachable):
            page = self._api.balance_transactions.list(asked)
            found = [_understood(one, Transaction) for one in page.auto_paging_iter()]
        lines = [line for one in reversed(found) for line in lines_of(one)]
        return DailyReport(day, tuple(lines))

    def parse_event(
        self, *, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> ProviderEvent:
        """See `PaymentGateway`. The SDK looks at the real clock, not at `now`."""
        by_name = {name.lower(): value for name, value in headers.items()}
        self._check_signature(body, by_name.get("stripe-signature", ""))
        try:
            event = msgspec.json.decode(body, type=Event)
            tell = TOLD.get(event.type)
            if tell is None:
                raise EventNotForUs(event.type)
            told = tell(event.data.object)
        except msgspec.DecodeError as error:
            raise EventNotUnderstood(str(error)) from error
        at = datetime.fromtimestamp(event.created, UTC)
        return ProviderEvent(event_id=event.id, occurred_at=at, **told)

    def _check_signature(self, body: bytes, header: str) -> None:
        import stripe as sdk

        for secret in self._hook_secrets:
            try:
                sdk.WebhookSignature.verify_header(body, header, secret)
            except (sdk.SignatureVerificationError, UnicodeDecodeError):
                continue
            try:
                sdk.WebhookSignature.verify_header(body, header, secret, AGE_SECONDS_MAX)
            except sdk.SignatureVerificationError as error:
                raise StaleEvent from error
            return
        raise BadSignature

    def _intent(self, intent_id: str, missing: Callable[[str], Exception]) -> Intent:
        with _asking(missing):
            answer = self._api.payment_intents.retrieve(intent_id)
        intent = _understood(answer, Intent)
        if intent.id != intent_id:
            raise AnswerMismatch(f"payment {intent.id} instead of {intent_id}")
        return intent


# How it is asked --------------------------------------------------------------------------------


def _client(*, key: str, url: str, door: Door) -> sdk.StripeClient:
    import stripe as sdk

    no_answer: Callable[[str], Exception] = sdk.APIConnectionError

    class DoorClient(sdk.HTTPClient):
        """Carries the SDK's calls: one deadline for all of it, no redirect, no repetition."""

        name = "door"

        def request(
            self,
            method: str,
            url: str,
            headers: Mapping[str, str] | None,
            post_data: Any = None,
            *,
            _usage: list[str] | None = None,
        ) -> tuple[str, int, Mapping[str, str]]:
            try:
                answered = door.call(method.upper(), url, headers=headers or {}, content=post_data)
                is_spoken = answered.status in SPOKEN and (
                    answered.status == 200 or isinstance(answered.json().get("error"), dict)
                )
            except GatewayUnreachable as error:
                raise no_answer(str(error)) from error
            if not is_spoken:  # Perhaps not by Stripe at all.
                raise no_answer(f"HTTP {answered.status}")
            return answered.body.decode(errors="replace"), answered.status, answered.headers

        def close(self) -> None:
            """Every call has a connection of its own: nothing is left open."""

    return sdk.StripeClient(
        key,
        base_addresses={"api": url},
        http_client=DoorClient(),
        max_network_retries=0,  # The queue repeats, with the same key.
    )


@contextmanager
def _asking(refused: Callable[[str], Exception]) -> Iterator[None]:
    """Say in our words what the SDK raises; `refused` is for a final no, with Stripe's code."""
    import stripe as sdk

    try:
        yield
    except sdk.IdempotencyError as error:
        raise KeyReused from error
    except (sdk.CardError, sdk.InvalidRequestError) as error:
        raise refused(error.code or "invalid_request") from error
    except sdk.StripeError as error:
        raise GatewayUnreachable(f"{type(error).__name__} {error}") from error


def _understood(answer: Any, wanted: type[Wanted]) -> Wanted:
    try:
        return msgspec.convert(answer.to_dict(), wanted)
    except msgspec.ValidationError as error:
        raise GatewayUnreachable(str(error)) from error
