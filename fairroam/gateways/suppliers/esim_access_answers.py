"""The words of eSIM Access, partner interface v1: codes, states and the shapes of its answers."""

from __future__ import annotations

import msgspec

from fairroam.gateways.suppliers import (
    AccessRefused,
    BalanceTooLow,
    EsimUnknown,
    EventKind,
    OutOfStock,
    PackageUnknown,
    PlanStatus,
    PriceChanged,
    ProfileStatus,
    SupplierRefused,
)

NOT_IN_THIS_STATE = "200002"
NOT_ALLOCATED = "200010"
NO_SUCH_ORDER = "310272"
REFUSALS: dict[str, type[SupplierRefused]] = {
    "000101": AccessRefused,
    "000102": AccessRefused,
    "101001": AccessRefused,
    "101002": AccessRefused,
    "101003": AccessRefused,
    "200005": PriceChanged,
    "200006": PriceChanged,
    "200007": BalanceTooLow,
    "200011": OutOfStock,
    "310201": PackageUnknown,
    "310241": PackageUnknown,
    "310243": PackageUnknown,
    "310403": EsimUnknown,
}
# "Server error" and "busy": nobody says whether anything was done.
NO_OUTCOME = frozenset({"000001", "900001"})
PLANS = {
    "CREATE": PlanStatus.PENDING,
    "PAYING": PlanStatus.PENDING,
    "PAID": PlanStatus.PENDING,
    "GETTING_RESOURCE": PlanStatus.PENDING,
    "GOT_RESOURCE": PlanStatus.UNUSED,
    "IN_USE": PlanStatus.IN_USE,
    "USED_UP": PlanStatus.USED_UP,
    "USED_EXPIRED": PlanStatus.EXPIRED,
    "UNUSED_EXPIRED": PlanStatus.EXPIRED,
    "CANCEL": PlanStatus.CANCELLED,
    "SUSPENDED": PlanStatus.SUSPENDED,
    "REVOKED": PlanStatus.REVOKED,
}
PROFILES = {
    "RELEASED": ProfileStatus.RELEASED,
    "DOWNLOAD": ProfileStatus.DOWNLOADED,
    "INSTALLATION": ProfileStatus.INSTALLED,
    "ENABLED": ProfileStatus.ENABLED,
    "DISABLED": ProfileStatus.DISABLED,
    "DELETED": ProfileStatus.DELETED,
}
UNTOUCHED = (ProfileStatus.RELEASED, ProfileStatus.UNKNOWN)
EVENT_KINDS = {
    "ORDER_STATUS": EventKind.ORDER_CHANGED,
    "SMDP_EVENT": EventKind.ESIM_CHANGED,
    "ESIM_STATUS": EventKind.ESIM_CHANGED,
    "DATA_USAGE": EventKind.USAGE_LOW,
    "VALIDITY_USAGE": EventKind.EXPIRES_SOON,
}


class Envelope(msgspec.Struct, rename="camel"):
    success: bool | str
    error_code: str | None = None
    obj: msgspec.Raw = msgspec.Raw(b"null")


class Nothing(msgspec.Struct):
    pass


class Ordered(msgspec.Struct, rename="camel"):
    order_no: str


class Esim(msgspec.Struct, rename="camel"):
    esim_tran_no: str
    order_no: str
    esim_status: str
    smdp_status: str
    transaction_id: str | None = None
    iccid: str | None = None
    ac: str | None = None


class Esims(msgspec.Struct, rename="camel"):
    esim_list: list[Esim] = []


class Usage(msgspec.Struct, rename="camel"):
    esim_tran_no: str
    data_usage: int
    total_data: int
    last_update_time: str


class Usages(msgspec.Struct, rename="camel"):
    esim_usage_list: list[Usage]


class ToppedUp(msgspec.Struct, rename="camel"):
    transaction_id: str


class Balance(msgspec.Struct):
    balance: int


class Content(msgspec.Struct, rename="camel"):
    order_no: str = ""
    esim_tran_no: str = ""
    transaction_id: str = ""
    iccid: str = ""
    order_status: str = ""
    esim_status: str = ""
    smdp_status: str = ""


class Event(msgspec.Struct, rename="camel"):
    notify_type: str
    content: Content
    notify_id: str | None = None
