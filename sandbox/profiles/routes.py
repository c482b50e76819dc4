"""Which address of the profile stand-in does what."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from sandbox.controls import read
from sandbox.look import framed
from sandbox.profiles.notices import ADMIN_PROTOCOL
from sandbox.profiles.orders import (
    CancelOrder,
    ConfirmOrder,
    DownloadOrder,
    Orders,
    Refused,
    ReleaseProfile,
)
from sandbox.profiles.phone import EID, Deletion, Download, Installation, Phone, Switch, Use
from sandbox.profiles.shelf import Shelf
from sandbox.serving import Answer, Problem, Request, Service, json_answer, page
from sandbox.store import Store

ES2PLUS = "/gsma/rsp2/es2plus"
ACCEPTED_PROTOCOL = re.compile(r"gsma/rsp/v2\.[0-9]+\.[0-9]+")
LISTED_MAX = 100
PHONE_PAGE = Path(__file__).with_name("phone.html")

Asked = TypeVar("Asked", bound=msgspec.Struct)


class ArmedRefusal(msgspec.Struct, forbid_unknown_fields=True):
    """The next `times` calls of `call` fail with these codes, without any effect."""

    call: str
    subject_code: str
    reason_code: str
    times: int = 1


class NewStock(msgspec.Struct, forbid_unknown_fields=True):
    """At most `stock` profiles of this type are ever made; null = there is no such type."""

    profile_type: str
    stock: int | None


class Es2Plus:
    """The operator's door: HTTP 200 whatever happens, the outcome is in the body."""

    def __init__(self, service: Service, store: Store) -> None:
        self._service = service
        self._store = store
        self.armed: list[ArmedRefusal] = []

    def serve(
        self, function: str, asked: type[Asked], work: Callable[[Asked], dict[str, str]]
    ) -> None:
        """Let `work` answer `function`."""

        @self._service.route("POST", f"{ES2PLUS}/{function}", call=function)
        def answer(request: Request) -> Answer:
            if self._service.tls_door and not request.is_certified:
                raise Problem(403, "certificate_needed")
            try:
                self._refuse_if_armed(function)
                wanted = _decoded(request, asked)
                with self._store.act():
                    return _executed(work(wanted))
            except Refused as refused:
                return _failed(refused)

    def _refuse_if_armed(self, function: str) -> None:
        for refusal in self.armed:
            if refusal.call == function and refusal.times > 0:
                refusal.times -= 1
                raise Refused(refusal.subject_code, refusal.reason_code, "As the test wished.")


def add_es2plus(service: Service, store: Store, orders: Orders) -> None:
    """Add the four functions of ES2+ and the switch that makes them refuse."""
    door = Es2Plus(service, store)
    door.serve("downloadOrder", DownloadOrder, orders.download_order)
    door.serve("confirmOrder", ConfirmOrder, orders.confirm_order)
    door.serve("releaseProfile", ReleaseProfile, orders.release_profile)
    door.serve("cancelOrder", CancelOrder, orders.cancel_order)

    @service.route("POST", "/_refusals", is_open=True)
    def arm(request: Request) -> Answer:
        door.armed.append(read(request, ArmedRefusal))
        return json_answer({"armed": len(door.armed)}, 201)


def add_stock(service: Service, store: Store, shelf: Shelf) -> None:
    """Add the list of free profiles, by which an operator can choose before it orders."""

    @service.route("GET", "/stock", call="stock")
    def stock(request: Request) -> Answer:
        profile_type = request.query.get("profile_type", "")
        with store.act():
            if not shelf.is_carried(profile_type):
                raise Problem(404, "unknown_profile_type")
            iccids = shelf.available(profile_type, limit=LISTED_MAX)
        return json_answer({"profile_type": profile_type, "iccids": iccids})

    @service.route("POST", "/_stock", is_open=True)
    def set_stock(request: Request) -> Answer:
        wanted = read(request, NewStock)
        with store.act():
            shelf.set_stock(wanted.profile_type, wanted.stock)
        return json_answer(msgspec.to_builtins(wanted))


def add_phone(service: Service, phone: Phone) -> None:
    """Add the phone and its page."""

    def serve(act: str, asked: type[Asked], work: Callable[[Asked], dict[str, Any]]) -> None:
        @service.route("POST", f"/phone/{act}", call=f"phone_{act}")
        def answer(request: Request) -> Answer:
            return json_answer(work(read(request, asked)))

    serve("download", Download, phone.download)
    serve("install", Installation, phone.install)
    serve("enable", Switch, phone.enable)
    serve("disable", Switch, phone.disable)
    serve("use", Use, phone.use)
    serve("delete", Deletion, phone.delete)

    @service.route("GET", "/phone")
    def profiles(request: Request) -> Answer:
        eid = request.query.get("eid", EID)
        return json_answer({"eid": eid, "profiles": phone.profiles(eid)})

    @service.route("GET", "/")
    def show(request: Request) -> Answer:
        body = PHONE_PAGE.read_text(encoding="utf-8")
        return page(framed(language="en", title="Sandbox phone", body=body))


def _decoded(request: Request, asked: type[Asked]) -> Asked:
    if not ACCEPTED_PROTOCOL.fullmatch(request.headers.get("X-Admin-Protocol", "")):
        raise Refused("1.3.2", "3.1", "X-Admin-Protocol: gsma/rsp/v2.x.y is needed.")
    try:
        return msgspec.json.decode(request.body, type=asked)
    except msgspec.DecodeError as error:
        raise Refused("1.3.1", "2.1", str(error)) from error


def _executed(fields: dict[str, str]) -> Answer:
    return _es2plus({"status": "Executed-Success"}, fields)


def _failed(refused: Refused) -> Answer:
    status = {
        "status": "Failed",
        "statusCodeData": {
            "subjectCode": refused.subject_code,
            "reasonCode": refused.reason_code,
            "message": refused.message,
        },
    }
    return _es2plus(status, {})


def _es2plus(status: Mapping[str, object], fields: dict[str, str]) -> Answer:
    answer = json_answer({"header": {"functionExecutionStatus": status}, **fields})
    headers = {**answer.headers, "X-Admin-Protocol": ADMIN_PROTOCOL}
    return Answer(answer.status, answer.body, headers)
