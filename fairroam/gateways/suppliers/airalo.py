"""Airalo, partner interface v2: bearer tokens, signed requests and webhooks, no idempotency.

Our key travels in the order's description, and we look for it there before every order. Usage is
in whole megabytes of 2**20 bytes and up to 20 minutes old. Money comes back only by asking.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from fairroam.gateways.calls import Answered, Door
from fairroam.gateways.suppliers import (
    AccessRefused,
    AnswerMismatch,
    BadSignature,
    Cancellation,
    Capabilities,
    ClaimReason,
    ClaimReceipt,
    EsimRecycled,
    EsimState,
    EsimUnknown,
    EventNotUnderstood,
    GatewayUnreachable,
    NotOffered,
    OrderState,
    PlanStatus,
    ProfileStatus,
    SupplierEvent,
    SupplierGateway,
    SupplierOrder,
    SupplierRefused,
    TopUpReceipt,
    UsageReading,
)
from fairroam.gateways.suppliers.airalo_answers import (
    PLANS,
    SUPPLIER,
    USAGE_LAG_SECONDS,
    Accepted,
    Balance,
    Claim,
    Envelope,
    Order,
    Owner,
    Token,
    Usage,
    checked_order,
    event_in,
    order_in,
    reading,
    refusal,
)
from fairroam.gateways.suppliers.reading import decoded, floor_money, instant, known_iccid
from fairroam.rules.money import Money

REPEAT_AFTER_SECONDS = 5 * 60
NOTES_LENGTH_MAX = 200  # Of its 255; our key needs the rest.
SIGNATURE_HEADER = "airalo-signature"

Wanted = TypeVar("Wanted")


def connect(
    *,
    url: str,
    client_id: str,
    client_secret: str,
    order_hook_url: str = "",
    timeout_seconds: float = 20.0,
) -> SupplierGateway:
    """Return the gateway to `url`, which ends in `/v2`.

    order_hook_url: when set, orders are asynchronous and told there; else they are waited for.
    timeout_seconds: for one whole call.
    """
    door = Door(url=url, timeout_seconds=timeout_seconds)
    return Airalo(
        door=door, client_id=client_id, client_secret=client_secret, order_hook_url=order_hook_url
    )


def canonical(parsed: object) -> str:
    """Return the text that is signed: compact, in key order, non-ASCII as it is, `/` as `\\/`.

    Source: found by trying the partner's own clients, which send other bytes than they sign.
    """
    written = json.dumps(parsed, separators=(",", ":"), ensure_ascii=False)
    return written.replace("/", "\\/")


def signature(secret: str, text: bytes) -> str:
    """Return the value of `airalo-signature` for `text`."""
    assert secret, "without a secret anybody could sign"
    return hmac.new(secret.encode(), text, hashlib.sha512).hexdigest()


class Airalo:
    """See `SupplierGateway`. `ref` is `<its id of the sale>-<ICCID>`, since it recycles ICCIDs.

    Safe to share between threads, which then share one token.
    """

    supplier = SUPPLIER

    def __init__(
        self, *, door: Door, client_id: str, client_secret: str, order_hook_url: str
    ) -> None:
        self._door = door
        self._client_id = client_id
        self._secret = client_secret
        self._order_hook_url = order_hook_url
        self._token = ""
        self._token_lock = threading.Lock()
        self.capabilities = Capabilities(
            idempotent_orders=False,
            repeat_after_seconds=REPEAT_AFTER_SECONDS,
            orders_are_asynchronous=bool(order_hook_url),
            order_quantity_max=50,
            cancel_unreleased=False,
            revoke=False,
            top_up=True,
            suspends=False,
            refund_is_claim=True,
            claim_refs_max=5,
            usage_lag_seconds=USAGE_LAG_SECONDS,
            webhooks=True,
            signed_webhooks=True,
            calls_per_second=5,
        )

    def order(
        self, *, key: UUID, package: str, quantity: int = 1, unit_cost: Money | None = None
    ) -> SupplierOrder:
        """See `SupplierGateway`; a price cannot be named here, so it is not compared."""
        assert 1 <= quantity <= self.capabilities.order_quantity_max
        body = {
            "quantity": quantity,
            "package_id": package,
            "type": "sim",
            "description": str(key),
        }
        if known := self._find(key):
            return checked_order(known, body)
        if self._order_hook_url:
            wanted = body | {"webhook_url": self._order_hook_url}
            accepted = self._read(self._post("/orders-async", wanted), Accepted)
            return SupplierOrder(order_ref=accepted.request_id, state=OrderState.PENDING)
        return checked_order(self._read(self._post("/orders", body), Order), body)

    def look_up_order(self, *, key: UUID, order_ref: str = "") -> SupplierOrder | None:
        """See `SupplierGateway`; here the key alone is asked for."""
        known = self._find(key)
        return order_in(known) if known else None

    def esim_status(self, *, ref: str) -> EsimState:
        """See `SupplierGateway`."""
        try:
            status = self._usage(ref).status
        except EsimRecycled:
            status = "RECYCLED"
        plan = PLANS.get(status, PlanStatus.UNKNOWN)
        return EsimState(ref=ref, plan=plan, profile=ProfileStatus.UNKNOWN, raw=status)

    def usage(self, *, refs: Sequence[str], now: datetime) -> list[UsageReading]:
        """See `SupplierGateway`. Two calls for each eSIM."""
        readings = []
        for ref in refs:
            try:
                usage = self._usage(ref)
            except (EsimRecycled, EsimUnknown):
                continue
            if usage.total or usage.is_unlimited:
                readings.append(reading(ref, usage, now))
        return readings

    def top_up(self, *, key: UUID, ref: str, package: str) -> TopUpReceipt:
        """See `SupplierGateway`."""
        body = {"package_id": package, "iccid": self._own_iccid(ref), "description": str(key)}
        bought = self._find(key) or self._read(self._post("/orders/topups", body), Order)
        order = checked_order(bought, body | {"quantity": 1})
        return TopUpReceipt(top_up_ref=order.order_ref, cost=order.cost)

    def cancel(self, *, ref: str) -> Cancellation:
        """See `SupplierGateway`: here money comes back only by `claim_refund`."""
        raise NotOffered("cancel")

    def revoke(self, *, ref: str) -> EsimState:
        """See `SupplierGateway`."""
        raise NotOffered("revoke")

    def suspend(self, *, ref: str) -> EsimState:
        """See `SupplierGateway`."""
        raise NotOffered("suspend")

    def resume(self, *, ref: str) -> EsimState:
        """See `SupplierGateway`."""
        raise NotOffered("resume")

    def claim_refund(
        self, *, key: UUID, refs: Sequence[str], reason: ClaimReason, notes: str = ""
    ) -> ClaimReceipt:
        """See `SupplierGateway`. `notes`: at most 200 characters."""
        assert 1 <= len(refs) <= self.capabilities.claim_refs_max
        assert len(notes) <= NOTES_LENGTH_MAX
        assert notes or reason != ClaimReason.OTHERS
        body = {
            "iccids": [self._own_iccid(ref) for ref in refs],
            "reason": reason.value.upper(),
            "notes": f"{notes} [{key}]".strip(),
        }
        claim = self._read(self._post("/refund", body), Claim)
        return ClaimReceipt(claim_ref=str(claim.refund_id), received_at=instant(claim.created_at))

    def balance(self) -> Money:
        """See `SupplierGateway`."""
        available = self._read(self._get("/balance"), Balance).balances.available_balance
        return floor_money(available.amount, available.currency)

    def parse_event(
        self, *, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> list[SupplierEvent]:
        """See `SupplierGateway`. Its hook must also answer HEAD with 200, and POST below 204."""
        by_name = {name.lower(): value for name, value in headers.items()}
        told = self._proven(body, by_name.get(SIGNATURE_HEADER, ""))
        return [event_in(told, hashlib.sha256(body).hexdigest())]

    def _proven(self, body: bytes, claimed: str) -> dict[str, Any]:
        """Return what the body says, once its sender has shown to know the secret."""
        try:
            told = json.loads(body)
            texts = (body, canonical(told).encode())
        except (ValueError, RecursionError) as error:
            raise BadSignature from error
        # The documents sign the bytes, the partner's clients what the bytes mean.
        given = claimed.encode()
        if not any(
            hmac.compare_digest(signature(self._secret, text).encode(), given) for text in texts
        ):
            raise BadSignature
        if not isinstance(told, dict):
            raise EventNotUnderstood("not a JSON object")
        return told

    def _find(self, key: UUID) -> Order | None:
        """Return what was bought under `key`; the search there also finds parts of words."""
        query = {"include": "sims,status", "filter[description]": str(key), "limit": "50"}
        listed = self._read(self._get("/orders", **query), list[Order])
        known = [order for order in listed if order.description == str(key)]
        if len(known) > 1:
            raise AnswerMismatch(f"{len(known)} orders for {key}")
        return known[0] if known else None

    def _own_iccid(self, ref: str) -> str:
        """Return the ICCID of `ref`, after making sure that it still belongs to this sale."""
        sale, _, iccid = ref.partition("-")
        owner = self._read(self._get(f"/sims/{iccid}"), Owner)
        if known_iccid(owner.iccid) != iccid:
            raise AnswerMismatch(f"asked about {iccid}, answered about {owner.iccid}")
        if str(owner.id) != sale:
            raise EsimRecycled(f"now of sale {owner.id}")
        return iccid

    def _usage(self, ref: str) -> Usage:
        return self._read(self._get(f"/sims/{self._own_iccid(ref)}/usage"), Usage)

    def _get(self, path: str, **query: str) -> Answered:
        return self._with_token(lambda headers: self._door.get(path, headers=headers, **query))

    def _post(self, path: str, body: Mapping[str, object]) -> Answered:
        signed = {SIGNATURE_HEADER: signature(self._secret, canonical(body).encode())}
        return self._with_token(
            lambda headers: self._door.post(path, headers=headers | signed, body=body)
        )

    def _with_token(self, call: Callable[[dict[str, str]], Answered]) -> Answered:
        """Call; a token that is no longer good is renewed once, since nothing happened then."""
        token = self._good_token(instead_of="")
        answered = call({"Authorization": f"Bearer {token}"})
        if answered.status == 401:
            token = self._good_token(instead_of=token)
            answered = call({"Authorization": f"Bearer {token}"})
        return answered

    def _good_token(self, *, instead_of: str) -> str:
        with self._token_lock:  # Three new tokens a minute are allowed, so nobody asks twice.
            if self._token == instead_of:
                body = {
                    "client_id": self._client_id,
                    "client_secret": self._secret,
                    "grant_type": "client_credentials",
                }
                signed = {SIGNATURE_HEADER: signature(self._secret, canonical(body).encode())}
                answered = self._door.post("/token", headers=signed, body=body)
                if answered.status == 422:
                    raise AccessRefused("token")
                self._token = self._read(answered, Token).access_token
            return self._token

    def _read(self, answered: Answered, wanted: type[Wanted]) -> Wanted:
        if answered.status not in (200, 202):
            raise refusal(answered)
        data = bytes(decoded(answered, Envelope).data)
        try:
            return msgspec.json.decode(data, type=wanted)
        except msgspec.DecodeError as error:
            if data == b"[]":  # Some refusals come with the status of success.
                raise SupplierRefused("empty") from error
            raise GatewayUnreachable(str(error)) from error
