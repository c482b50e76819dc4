"""What Airalo answers and tells, and what it means in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from fairroam.gateways.calls import Answered
from fairroam.gateways.suppliers import (
    AccessRefused,
    AnswerMismatch,
    BalanceTooLow,
    EsimRecycled,
    EsimUnknown,
    EventKind,
    EventNotUnderstood,
    GatewayUnreachable,
    NotNow,
    OrderState,
    OutOfStock,
    PackageUnknown,
    PlanStatus,
    SupplierEvent,
    SupplierOrder,
    SupplierRefused,
    TopUpRefused,
    UsageReading,
)
from fairroam.gateways.suppliers.reading import (
    decoded,
    esim,
    exact_money,
    known_iccid,
    known_key,
)
from fairroam.rules.money import Money

MEGABYTE = 2**20  # It sells "1 GB" as 1024 of them.
USAGE_LAG_SECONDS = 20 * 60
SUPPLIER = "airalo"
REFUSALS: dict[int, type[SupplierRefused]] = {
    11: BalanceTooLow,
    13: NotNow,
    14: AccessRefused,
    23: TopUpRefused,
    33: OutOfStock,
    34: OutOfStock,
    73: EsimRecycled,
    89: AccessRefused,
}
NO_OUTCOME = 53  # "Something unexpected happened"
# What it complains of when a field is not valid -> what that means.
INVALID_FIELDS: dict[str, type[SupplierRefused]] = {
    "package_id": PackageUnknown,
    "quantity": OutOfStock,
    "iccid": EsimUnknown,
}
ORDER_STATES = {
    "failed": OrderState.FAILED,
    "refunded": OrderState.REFUNDED,
    "partially_refunded": OrderState.PARTLY_REFUNDED,
}
PLANS = {
    "NOT_ACTIVE": PlanStatus.UNUSED,
    "ACTIVE": PlanStatus.IN_USE,
    "FINISHED": PlanStatus.USED_UP,
    "EXPIRED": PlanStatus.EXPIRED,
    "RECYCLED": PlanStatus.RECYCLED,
}


class Envelope(msgspec.Struct):
    data: msgspec.Raw


class Refused(msgspec.Struct):
    code: int | None = None
    data: dict[str, Any] | list[Any] = []


class Token(msgspec.Struct):
    access_token: str


class Sim(msgspec.Struct):
    id: int
    iccid: str
    qrcode: str


class Status(msgspec.Struct):
    slug: str


class Order(msgspec.Struct):
    id: int
    package_id: str
    quantity: int | str
    description: str | None = None
    currency: str = "USD"
    sims: list[Sim] = []
    status: Status | None = None
    net_price: Decimal | None = None
    total_amount_paid: Decimal | None = None


class Accepted(msgspec.Struct):
    request_id: str


class Owner(msgspec.Struct):
    id: int
    iccid: str


class Usage(msgspec.Struct):
    remaining: int
    total: int
    status: str
    is_unlimited: bool | None = None


class Claim(msgspec.Struct):
    refund_id: int | str
    created_at: str


class Amount(msgspec.Struct):
    amount: Decimal
    currency: str


class Balances(msgspec.Struct, rename="camel"):
    available_balance: Amount


class Balance(msgspec.Struct):
    balances: Balances


class LowData(msgspec.Struct):
    level: str
    iccid: str


class LowCredit(msgspec.Struct):
    message: str
    remaining: Decimal


class AsyncOrder(msgspec.Struct):
    request_id: str
    description: str | None = None
    sims: list[Sim] = []
    reason: str = ""


def refusal(answered: Answered) -> Exception:
    if answered.status == 401:
        return AccessRefused("401")
    if answered.status not in (403, 404, 422, 429):
        return GatewayUnreachable(f"HTTP {answered.status}")
    told = decoded(answered, Refused)
    if told.code == NO_OUTCOME:
        return GatewayUnreachable(f"error {NO_OUTCOME}")
    if told.code is not None:
        return REFUSALS.get(told.code, SupplierRefused)(str(told.code))
    for field in told.data if isinstance(told.data, dict) else ():
        return INVALID_FIELDS.get(field, SupplierRefused)(f"invalid {field}")
    by_status = {403: AccessRefused, 404: EsimUnknown}
    return by_status.get(answered.status, SupplierRefused)(str(answered.status))


def checked_order(told: Order, asked: Mapping[str, object]) -> SupplierOrder:
    """Return the order after comparing it with what its key was given for."""
    if int(told.quantity) != asked["quantity"] or any(
        getattr(told, name) != asked[name] for name in ("package_id", "description")
    ):
        raise AnswerMismatch(f"order {told.id} is not what {asked['description']} asked for")
    return order_in(told)


def order_in(told: Order) -> SupplierOrder:
    slug = told.status.slug if told.status else "completed"
    return SupplierOrder(
        order_ref=str(told.id),
        state=ORDER_STATES.get(slug, OrderState.READY),
        esims=tuple(
            esim(
                ref=f"{sim.id}-{known_iccid(sim.iccid)}",
                iccid=sim.iccid,
                activation_code=sim.qrcode,
            )
            for sim in told.sims
        ),
        cost=_cost(told),
    )


def _cost(told: Order) -> Money | None:
    if told.total_amount_paid is not None:
        return exact_money(told.total_amount_paid, told.currency)
    if told.net_price is not None:
        return exact_money(told.net_price * int(told.quantity), told.currency)
    return None


def reading(ref: str, usage: Usage, now: datetime) -> UsageReading:
    if not 0 <= usage.remaining <= usage.total:
        raise GatewayUnreachable(f"{ref}: more is left than there was")
    used = (usage.total - usage.remaining) * MEGABYTE
    return UsageReading(
        ref=ref,
        used_bytes=None if usage.is_unlimited else used,
        total_bytes=None if usage.is_unlimited else usage.total * MEGABYTE,
        as_of=now,
        lag_seconds=USAGE_LAG_SECONDS,
        source=SUPPLIER,
        raw=f"{usage.remaining} of {usage.total} MB left, {usage.status}",
        plan=PLANS.get(usage.status, PlanStatus.UNKNOWN),
    )


def _ordered(event: AsyncOrder, event_id: str) -> SupplierEvent:
    return SupplierEvent(
        event_id=event_id,
        kind=EventKind.ORDER_CHANGED if event.sims else EventKind.ORDER_FAILED,
        order_ref=event.request_id,
        key=known_key(event.description or ""),
        raw=event.reason,
    )


def _ran_low(event: LowData, event_id: str) -> SupplierEvent:
    return SupplierEvent(
        event_id=event_id,
        kind=EventKind.USAGE_LOW if event.level.endswith("%") else EventKind.EXPIRES_SOON,
        iccid=known_iccid(event.iccid),
        raw=event.level,
    )


def _credit_ran_low(event: LowCredit, event_id: str) -> SupplierEvent:
    return SupplierEvent(event_id=event_id, kind=EventKind.BALANCE_LOW, raw=event.message)


EVENT_READERS: dict[Any, Callable[[Any, str], SupplierEvent]] = {
    AsyncOrder: _ordered,
    LowData: _ran_low,
    LowCredit: _credit_ran_low,
}


def event_in(told: dict[str, Any], event_id: str) -> SupplierEvent:
    """Return what a proven webhook tells. Raises EventNotUnderstood."""
    inner = told.get("data")
    flat = told | inner if isinstance(inner, dict) else told
    for kind, read in EVENT_READERS.items():
        try:
            return read(msgspec.convert(flat, kind, strict=False), event_id)
        except msgspec.ValidationError:
            continue
    raise EventNotUnderstood(", ".join(sorted(flat)))
