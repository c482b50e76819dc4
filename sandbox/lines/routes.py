"""Which address of the network does what."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from sandbox.controls import read
from sandbox.lines.network import Attach, Network, Preference, Use
from sandbox.serving import Answer, Problem, Request, Service, json_answer
from sandbox.store import Store

ICCID = re.compile(r"[0-9]{18,20}")

Asked = TypeVar("Asked", bound=msgspec.Struct)


def add_radio(service: Service, store: Store, network: Network) -> None:
    """Add what phones do; the air needs no key."""

    def serve(act: str, asked: type[Asked], work: Callable[[Asked], dict[str, Any]]) -> None:
        @service.route("POST", f"/network/{act}", call=f"network_{act}", is_open=True)
        def answer(request: Request) -> Answer:
            wanted = read(request, asked)
            with store.act():
                answer = work(wanted)
            return json_answer(answer, 200 if answer["service"] == "ok" else 403)

    serve("attach", Attach, network.attach)
    serve("use", Use, network.use)


def add_operator_door(service: Service, store: Store, network: Network) -> None:
    """Add what the operator does with its key."""

    def serve(act: str, work: Callable[[str], dict[str, Any]]) -> None:
        @service.route("POST", f"/v1/lines/{{iccid}}/{act}", call=f"{act}_line")
        def answer(request: Request) -> Answer:
            return store.answer_once(request, lambda: json_answer(work(iccid_of(request))))

    serve("suspend", network.suspend)
    serve("resume", network.resume)
    serve("end", network.end)

    @service.route("POST", "/v1/lines/{iccid}/prefer", call="prefer_operator")
    def prefer(request: Request) -> Answer:
        asked = read(request, Preference)
        return store.answer_once(
            request, lambda: json_answer(network.prefer(iccid_of(request), asked))
        )

    @service.route("GET", "/v1/usage", call="list_usage")
    def usage(request: Request) -> Answer:
        since = request.query.get("since") or "0"
        if not (since.isascii() and since.isdecimal() and len(since) < 16):
            raise Problem(422, "unknown_cursor")
        with store.act():
            return json_answer(network.records(int(since)))


def iccid_of(request: Request) -> str:
    """The line that the address names. Raises Problem (404 `no_such_line`)."""
    iccid = request.parts["iccid"]
    if not ICCID.fullmatch(iccid):
        raise Problem(404, "no_such_line")
    return iccid
