"""The supplier of `/access/api/v1/open/...`: the shape of eSIM Access, partner interface v1.

Every call is a POST; a refusal is HTTP 200 too, with `success` false and a code.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import uuid4

import msgspec
from msgspec import Meta, Struct

from sandbox.serving import Answer, Request, Service, json_answer
from sandbox.store import Store
from sandbox.suppliers.letters import Letters
from sandbox.suppliers.limits import TooMany
from sandbox.suppliers.market import Market, Purchase, Refused, Row
from sandbox.suppliers.switches import Switches

ROOT = "/access/api/v1/open"
SMDP_ADDRESS = "rsp.access.sandbox.example"
CALLS_PER_SECOND_MAX = 8
CODES = {
    "access": "101003",
    "json": "104104",
    "no_credit": "200007",
    "no_package": "310241",
    "no_stock": "200011",
    "no_order": "310272",
    "no_esim": "310403",
    "no_top_up": "200002",
    "not_allocated": "200010",
    "parameter": "200008",
    "price": "200005",
    "recycled": "200002",
    "state": "200002",
    "sum": "200006",
}
PLANS = {
    "unused": "GOT_RESOURCE",
    "in_use": "IN_USE",
    "used_up": "USED_UP",
    "expired": "USED_EXPIRED",
    "cancelled": "CANCEL",
    "suspended": "SUSPENDED",
    "revoked": "REVOKED",
    "recycled": "USED_EXPIRED",
}
PROFILES = {
    "released": "RELEASED",
    "downloaded": "DOWNLOAD",
    "installed": "INSTALLATION",
    "enabled": "ENABLED",
    "disabled": "DISABLED",
    "deleted": "DELETED",
}

Id = Annotated[str, Meta(min_length=1, max_length=50)]


class Line(Struct, rename="camel"):
    package_code: Id
    count: Annotated[int, Meta(ge=1, le=30)]
    price: int | None = None


class Order(Struct, rename="camel"):
    transaction_id: Id
    package_info_list: Annotated[list[Line], Meta(min_length=1, max_length=1)]
    amount: int | None = None


class Query(Struct, rename="camel"):
    pager: dict[str, int]
    order_no: str = ""
    esim_tran_no: str = ""
    iccid: str = ""


class One(Struct, rename="camel"):
    esim_tran_no: Id


class Card(Struct):
    iccid: Id


class TopUp(Struct, rename="camel"):
    transaction_id: Id
    package_code: Id
    esim_tran_no: Id


class Usage(Struct, rename="camel"):
    esim_tran_no_list: Annotated[list[Id], Meta(min_length=1, max_length=10)]


class Webhook(Struct):
    webhook: Annotated[str, Meta(pattern="^https?://", max_length=2000)]


class Nothing(Struct):
    pass


Asked = TypeVar("Asked", bound=Struct)


class AccessNotices:
    """Words webhooks as this supplier does: unsigned, with an id of their own."""

    def __init__(self, store: Store, letters: Letters, market: Market) -> None:
        self._store = store
        self._letters = letters
        self._market = market

    def order_ended(self, order: Row) -> None:
        """See `Notices`: neither ICCID nor code is in it."""
        status = "GOT_RESOURCE" if order["status"] == "completed" else "FAIL"
        if order["kind"] == "sim":
            self.tell("ORDER_STATUS", {"orderNo": order_no(order["id"]), "orderStatus": status})

    def profile_changed(self, esim: Row) -> None:
        """See `Notices`."""
        self.tell("SMDP_EVENT", self._esim(esim))

    def plan_changed(self, esim: Row) -> None:
        """See `Notices`."""
        self.tell("ESIM_STATUS", self._esim(esim))

    def used(self, esim: Row, percent: int) -> None:
        """See `Notices`."""
        if percent != 75:
            remain = esim["bytes"] * (100 - percent) // 100
            figures = {"totalVolume": esim["bytes"], "remain": remain}
            self.tell("DATA_USAGE", self._esim(esim) | figures)

    def near_end(self, esim: Row) -> None:
        """See `Notices`."""
        self.tell("VALIDITY_USAGE", self._esim(esim) | {"durationUnit": "DAY", "remain": 1})

    def tell(self, type: str, content: Row) -> None:
        """Send one webhook to the address that was registered, if any."""
        body = {
            "notifyType": type,
            "eventGenerateTime": _written(time.time()),
            "notifyId": uuid4().hex,
            "content": content,
        }
        url = self._store.setting("access_hook", "")
        self._letters.post(type, body, url=url, is_signed=False)

    def _esim(self, esim: Row) -> Row:
        return {
            "orderNo": order_no(esim["order_id"]),
            "esimTranNo": tran_no(esim["id"]),
            "transactionId": self._market.order(esim["order_id"])["reference"],
            "iccid": esim["iccid"],
            "esimStatus": PLANS[esim["plan"]],
            "smdpStatus": PROFILES[esim["profile"]],
        }


class AccessDoor:
    """Answers one POST after another: limit, key, body, then the work within one act."""

    def __init__(
        self, service: Service, store: Store, market: Market, switches: Switches, *, key: str
    ) -> None:
        self._service = service
        self._store = store
        self._market = market
        self._switches = switches
        self._key = key

    def serve(
        self, path: str, call: str, asked: type[Asked], work: Callable[[Asked], object]
    ) -> None:
        """Let `work` answer `path`; `call` is the name by which faults are armed."""

        @self._service.route("POST", f"{ROOT}/{path}", call=call)
        def answer(request: Request) -> Answer:
            try:
                self._switches.take("access", calls_max=CALLS_PER_SECOND_MAX, seconds=1)
                if request.headers.get("RT-AccessCode", "") != self._key:
                    raise Refused("access")
                if code := self._switches.armed_refusal(call):
                    return _failed(code)
                wanted = msgspec.json.decode(request.body, type=asked)
                with self._store.act():
                    self._market.allocate_due(time.time())
                    obj = work(wanted)
            except TooMany as many:
                return Answer(429, b"{}", {"Retry-After": str(many.seconds)})
            except msgspec.DecodeError:
                return _failed(CODES["json"])
            except Refused as refused:
                return _failed(CODES[refused.why])
            return json_answer(
                {"success": True, "errorCode": None, "errorMsg": None, "obj": obj or {}}
            )


class AccessDesk:
    """What the calls do; each within an act of the store."""

    def __init__(
        self, store: Store, market: Market, switches: Switches, notices: AccessNotices
    ) -> None:
        self._store = store
        self._market = market
        self._switches = switches
        self._notices = notices

    def order(self, asked: Order) -> Row:
        """The same transaction id is the same order, whatever else is said."""
        if known := self._market.order_of("access", asked.transaction_id, "sim"):
            return {"orderNo": order_no(known["id"])}
        line = asked.package_info_list[0]
        if asked.amount not in (None, line.count * (line.price or 0)):
            raise Refused("sum")
        bought = self._market.buy(
            Purchase(
                shape="access",
                reference=asked.transaction_id,
                package=line.package_code,
                quantity=line.count,
                unit_price=line.price,
                wait_seconds=self._switches.settings().allocation_seconds,
            )
        )
        return {"orderNo": order_no(bought["id"])}

    def query(self, asked: Query) -> Row:
        """By order, by eSIM or by ICCID."""
        if asked.order_no:
            order = self._market.order(_number(asked.order_no, "no_order"))
            if order["status"] == "pending":
                raise Refused("not_allocated")
            found = self._market.esims(order["id"])
        else:
            number = _number(asked.esim_tran_no or "0", "no_esim")
            esim = self._market.esim("access", id=number, iccid=asked.iccid)
            found = [esim] if esim else []
        return {"esimList": [self._esim(esim) for esim in found]}

    def cancel(self, asked: One) -> None:
        """Full price back, while no phone has it."""
        self._market.cancel(self._one(asked.esim_tran_no))

    def revoke(self, asked: One) -> None:
        """Off, without money back."""
        self._market.revoke(self._one(asked.esim_tran_no))

    def suspend(self, asked: Card) -> None:
        """No service until it is unsuspended; these two know an eSIM by its ICCID alone."""
        self._market.suspend(self._card(asked.iccid))

    def unsuspend(self, asked: Card) -> None:
        """Service again."""
        self._market.resume(self._card(asked.iccid))

    def top_up(self, asked: TopUp) -> Row:
        """More data; the same transaction id is the same top-up."""
        esim = self._one(asked.esim_tran_no)
        if not self._market.order_of("access", asked.transaction_id, "topup"):
            purchase = Purchase(
                shape="access",
                reference=asked.transaction_id,
                package=asked.package_code,
                quantity=1,
            )
            self._market.top_up(purchase, esim)
        return {"transactionId": asked.transaction_id, "iccid": esim["iccid"]}

    def usage(self, asked: Usage) -> Row:
        """Bytes as they were counted some hours ago."""
        until = time.time() - self._switches.settings().usage_lag_seconds
        known = [self._market.esim("access", id=_number(no)) for no in asked.esim_tran_no_list]
        return {
            "esimUsageList": [
                {
                    "esimTranNo": tran_no(esim["id"]),
                    "dataUsage": self._market.used(esim, until=until),
                    "totalData": esim["bytes"],
                    "lastUpdateTime": _written(until),
                }
                for esim in known
                if esim
            ]
        }

    def balance(self, asked: Nothing) -> Row:
        """Ten-thousandths."""
        return {"balance": self._market.balance("access")}

    def save_webhook(self, asked: Webhook) -> None:
        """Register the one address for all events, and try it."""
        self._store.set("access_hook", asked.webhook)
        self._notices.tell("CHECK_HEALTH", {"orderNo": "1234567890", "orderStatus": "Test"})

    def _one(self, no: str) -> Row:
        if esim := self._market.esim("access", id=_number(no, "no_esim")):
            return esim
        raise Refused("no_esim")

    def _card(self, iccid: str) -> Row:
        if esim := self._market.esim("access", iccid=iccid):
            return esim
        raise Refused("no_esim")

    def _esim(self, esim: Row) -> Row:
        code = f"LPA:1${SMDP_ADDRESS}${esim['id']:032X}"
        return {
            "esimTranNo": tran_no(esim["id"]),
            "orderNo": order_no(esim["order_id"]),
            "transactionId": self._market.order(esim["order_id"])["reference"],
            "iccid": esim["iccid"],
            "ac": code,
            "esimStatus": PLANS[esim["plan"]],
            "smdpStatus": PROFILES[esim["profile"]],
            "totalVolume": esim["bytes"],
            "packageList": [{"packageCode": esim["package"]}],
        }


def add_access(door: AccessDoor, desk: AccessDesk) -> None:
    """Add every address of this supplier."""
    door.serve("esim/order", "access_order", Order, desk.order)
    door.serve("esim/query", "access_query", Query, desk.query)
    door.serve("esim/cancel", "access_cancel", One, desk.cancel)
    door.serve("esim/revoke", "access_revoke", One, desk.revoke)
    door.serve("esim/suspend", "access_suspend", Card, desk.suspend)
    door.serve("esim/unsuspend", "access_unsuspend", Card, desk.unsuspend)
    door.serve("esim/topup", "access_top_up", TopUp, desk.top_up)
    door.serve("esim/usage/query", "access_usage", Usage, desk.usage)
    door.serve("balance/query", "access_balance", Nothing, desk.balance)
    door.serve("webhook/save", "access_webhook", Webhook, desk.save_webhook)


def order_no(order_id: int) -> str:
    """Return the number of an order as this supplier writes it."""
    return f"B{order_id:014d}"


def tran_no(esim_id: int) -> str:
    """Return the number of an eSIM as this supplier writes it."""
    return f"{esim_id:014d}"


def _number(written: str, why: str = "no_esim") -> int:
    digits = written.removeprefix("B")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 15):
        raise Refused(why)
    return int(digits)


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _failed(code: str) -> Answer:
    told: dict[str, Any] = {"success": False, "errorCode": code, "errorMsg": "No.", "obj": None}
    return json_answer(told)
