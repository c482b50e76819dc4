"""eSIM Access, partner interface v1: every call is a POST, answered with 200 also when refused.

Orders are asynchronous and recognised by our own transaction id; amounts are whole ten-thousandths;
usage is in bytes and two to three hours late. It has no test system and signs no webhooks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from fairroam.gateways.calls import Door
from fairroam.gateways.suppliers import (
    AccessRefused,
    AlreadyInstalled,
    AnswerMismatch,
    Cancellation,
    Capabilities,
    ClaimReason,
    ClaimReceipt,
    EsimState,
    EsimUnknown,
    EventNotUnderstood,
    GatewayUnreachable,
    NotCancellable,
    NotOffered,
    OrderState,
    PlanStatus,
    ProfileStatus,
    SupplierEvent,
    SupplierGateway,
    SupplierOrder,
    SupplierRefused,
    TopUpReceipt,
    TopUpRefused,
    UsageReading,
)
from fairroam.gateways.suppliers.esim_access_answers import (
    EVENT_KINDS,
    NO_OUTCOME,
    NO_SUCH_ORDER,
    NOT_ALLOCATED,
    NOT_IN_THIS_STATE,
    PLANS,
    PROFILES,
    REFUSALS,
    UNTOUCHED,
    Balance,
    Envelope,
    Esim,
    Esims,
    Event,
    Nothing,
    Ordered,
    ToppedUp,
    Usage,
    Usages,
)
from fairroam.gateways.suppliers.reading import (
    decoded,
    esim,
    floor_money,
    instant,
    known_iccid,
    known_key,
)
from fairroam.rules.money import Money, minor_digits

ROOT = "/api/v1/open"
PRICE_DIGITS = 4  # Amounts are written in ten-thousandths, whatever the currency.
USAGE_LAG_SECONDS = 3 * 3600
USAGE_REFS_MAX = 10
PAGE = {"pageNum": 1, "pageSize": 50}
Wanted = TypeVar("Wanted", bound=msgspec.Struct)


def connect(
    *, url: str, access_code: str, currency: str = "USD", timeout_seconds: float = 20.0
) -> SupplierGateway:
    """Return the gateway to `url` (its root, no path of the interface).

    currency: in which the account is held; answers never say it. timeout_seconds: for one call.
    """
    door = Door(url=url, timeout_seconds=timeout_seconds)
    return EsimAccess(door=door, access_code=access_code, currency=currency)


class EsimAccess:
    """See `SupplierGateway`; `ref` is its esimTranNo. Safe to share between threads."""

    supplier = "esim_access"
    capabilities = Capabilities(
        idempotent_orders=True,
        repeat_after_seconds=0,
        orders_are_asynchronous=True,
        order_quantity_max=30,
        cancel_unreleased=True,
        revoke=True,
        top_up=True,
        suspends=True,
        refund_is_claim=False,
        claim_refs_max=0,
        usage_lag_seconds=USAGE_LAG_SECONDS,
        webhooks=True,
        signed_webhooks=False,
        calls_per_second=8,
    )

    def __init__(self, *, door: Door, access_code: str, currency: str) -> None:
        self._door = door
        self._headers = {"RT-AccessCode": access_code}
        self._currency = currency

    def order(
        self, *, key: UUID, package: str, quantity: int = 1, unit_cost: Money | None = None
    ) -> SupplierOrder:
        """See `SupplierGateway`."""
        assert 1 <= quantity <= self.capabilities.order_quantity_max
        line: dict[str, object] = {"packageCode": package, "count": quantity}
        body: dict[str, object] = {"transactionId": str(key), "packageInfoList": [line]}
        if unit_cost:
            line["price"] = self._written(unit_cost)
            body["amount"] = quantity * self._written(unit_cost)
        ordered = self._call("esim/order", body, Ordered)
        return SupplierOrder(order_ref=ordered.order_no, state=OrderState.PENDING)

    def look_up_order(self, *, key: UUID, order_ref: str = "") -> SupplierOrder | None:
        """See `SupplierGateway`."""
        if not order_ref:
            return None  # It cannot be asked by our key; the same order again names it.
        try:
            found = self._query(orderNo=order_ref)
        except SupplierRefused as refused:
            if refused.code == NO_SUCH_ORDER:
                return None
            if refused.code == NOT_ALLOCATED:
                return SupplierOrder(order_ref=order_ref, state=OrderState.PENDING)
            raise
        for one in found:
            told = one.transaction_id or str(key)
            if one.order_no != order_ref or not told.startswith(str(key)):
                raise AnswerMismatch(f"asked for {key} ({order_ref}), got {told} ({one.order_no})")
        allocated = tuple(
            esim(ref=one.esim_tran_no, iccid=one.iccid, activation_code=one.ac)
            for one in found
            if one.iccid and one.ac
        )
        is_ready = allocated and len(allocated) == len(found)
        state = OrderState.READY if is_ready else OrderState.PENDING
        return SupplierOrder(order_ref=order_ref, state=state, esims=allocated)

    def esim_status(self, *, ref: str) -> EsimState:
        """See `SupplierGateway`."""
        return self._look(ref)[0]

    def usage(self, *, refs: Sequence[str], now: datetime) -> list[UsageReading]:
        """See `SupplierGateway`."""
        readings = []
        for first in range(0, len(refs), USAGE_REFS_MAX):
            asked = refs[first : first + USAGE_REFS_MAX]
            told = self._call("esim/usage/query", {"esimTranNoList": list(asked)}, Usages)
            readings += [_reading(usage, asked) for usage in told.esim_usage_list]
        return readings

    def top_up(self, *, key: UUID, ref: str, package: str) -> TopUpReceipt:
        """See `SupplierGateway`."""
        body = {"transactionId": str(key), "esimTranNo": ref, "packageCode": package}
        try:
            told = self._call("esim/topup", body, ToppedUp)
        except SupplierRefused as refused:
            if refused.code == NOT_IN_THIS_STATE:
                raise TopUpRefused(refused.code) from refused
            raise
        if told.transaction_id != str(key):
            raise AnswerMismatch(f"top-up {told.transaction_id} is not what {key} asked for")
        return TopUpReceipt(top_up_ref=told.transaction_id)

    def cancel(self, *, ref: str) -> Cancellation:
        """See `SupplierGateway`."""
        state = self._end("esim/cancel", ref)
        if state is None or state.plan == PlanStatus.CANCELLED:
            return Cancellation(ref=ref)
        if state.profile in UNTOUCHED and state.plan != PlanStatus.IN_USE:
            raise NotCancellable(state.raw)
        raise AlreadyInstalled(state.raw)

    def revoke(self, *, ref: str) -> EsimState:
        """See `SupplierGateway`."""
        state = self._end("esim/revoke", ref) or self.esim_status(ref=ref)
        if state.plan not in (PlanStatus.REVOKED, PlanStatus.CANCELLED):
            raise SupplierRefused(state.raw)
        return state

    def suspend(self, *, ref: str) -> EsimState:
        """See `SupplierGateway`."""
        return self._switch("esim/suspend", ref, is_suspended=True)

    def resume(self, *, ref: str) -> EsimState:
        """See `SupplierGateway`."""
        return self._switch("esim/unsuspend", ref, is_suspended=False)

    def claim_refund(
        self, *, key: UUID, refs: Sequence[str], reason: ClaimReason, notes: str = ""
    ) -> ClaimReceipt:
        """See `SupplierGateway`: here money comes back by `cancel` or not at all."""
        raise NotOffered("claim_refund")

    def balance(self) -> Money:
        """See `SupplierGateway`."""
        told = self._call("balance/query", {}, Balance)
        return floor_money(Decimal(told.balance).scaleb(-PRICE_DIGITS), self._currency)

    def parse_event(
        self, *, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> list[SupplierEvent]:
        """See `SupplierGateway`. Nothing is signed: see `Capabilities.signed_webhooks`."""
        try:
            event = msgspec.json.decode(body, type=Event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise EventNotUnderstood(str(error)) from error
        if event.notify_type == "CHECK_HEALTH":
            return []
        if event.notify_type not in EVENT_KINDS:
            raise EventNotUnderstood(event.notify_type)
        content = event.content
        words = (event.notify_type, content.order_status, content.esim_status, content.smdp_status)
        return [
            SupplierEvent(
                event_id=event.notify_id or hashlib.sha256(body).hexdigest(),
                kind=EVENT_KINDS[event.notify_type],
                order_ref=content.order_no,
                ref=content.esim_tran_no,
                iccid=known_iccid(content.iccid),
                key=known_key(content.transaction_id),
                raw=" ".join(word for word in words if word),
            )
        ]

    def _look(self, ref: str) -> tuple[EsimState, str]:
        """(an eSIM as it is now, its ICCID of now)."""
        if not (found := self._query(esimTranNo=ref)):
            raise EsimUnknown("not_found")
        if [one.esim_tran_no for one in found] != [ref]:
            raise AnswerMismatch(f"asked about {ref}, answered about another eSIM")
        state = EsimState(
            ref=ref,
            plan=PLANS.get(found[0].esim_status, PlanStatus.UNKNOWN),
            profile=PROFILES.get(found[0].smdp_status, ProfileStatus.UNKNOWN),
            raw=f"{found[0].esim_status} {found[0].smdp_status}",
        )
        return state, found[0].iccid or ""

    def _query(self, **what: str) -> list[Esim]:
        return self._call("esim/query", what | {"pager": PAGE}, Esims).esim_list

    def _switch(self, path: str, ref: str, *, is_suspended: bool) -> EsimState:
        """Switch service. These two calls know ICCIDs only, so it is asked whose that is first."""
        state, iccid = self._look(ref)
        if (state.plan == PlanStatus.SUSPENDED) is is_suspended:
            return state
        self._call(path, {"iccid": iccid}, Nothing)
        return self.esim_status(ref=ref)

    def _end(self, path: str, ref: str) -> EsimState | None:
        """End an eSIM and return None, or the state in which this was not to be done."""
        try:
            self._call(path, {"esimTranNo": ref}, Nothing)
        except SupplierRefused as refused:
            if refused.code != NOT_IN_THIS_STATE:
                raise
            return self.esim_status(ref=ref)
        return None

    def _written(self, amount: Money) -> int:
        assert amount.currency == self._currency
        return int(amount.minor * 10 ** (PRICE_DIGITS - minor_digits(amount.currency)))

    def _call(self, path: str, body: Mapping[str, Any], wanted: type[Wanted]) -> Wanted:
        answered = self._door.post(f"{ROOT}/{path}", headers=self._headers, body=body)
        if answered.status in (401, 403):
            raise AccessRefused(str(answered.status))
        envelope = decoded(answered, Envelope)
        if answered.status != 200:
            raise GatewayUnreachable(f"{path}: HTTP {answered.status}")
        if envelope.success not in (True, "true"):
            raise _refusal(envelope.error_code or "")
        try:
            told = bytes(envelope.obj)
            return msgspec.json.decode(b"{}" if told == b"null" else told, type=wanted)
        except msgspec.DecodeError as error:
            raise GatewayUnreachable(f"{path}: {error}") from error


def _refusal(code: str) -> Exception:
    if not code or code in NO_OUTCOME:
        return GatewayUnreachable(f"error {code}")
    return REFUSALS.get(code, SupplierRefused)(code)


def _reading(usage: Usage, asked: Sequence[str]) -> UsageReading:
    if usage.esim_tran_no not in asked:
        raise AnswerMismatch(f"usage of {usage.esim_tran_no}, which nobody asked for")
    if usage.data_usage < 0 or usage.total_data < 0:
        raise GatewayUnreachable(f"{usage.esim_tran_no}: less than nothing was used")
    return UsageReading(
        ref=usage.esim_tran_no,
        used_bytes=usage.data_usage,
        total_bytes=usage.total_data or None,
        as_of=instant(usage.last_update_time),
        lag_seconds=USAGE_LAG_SECONDS,
        source=EsimAccess.supplier,
        raw=f"{usage.data_usage} of {usage.total_data} bytes at {usage.last_update_time}",
    )
