"""Numbers of lines: acts that keep them, and codes with which they move to another operator."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from msgspec import Struct

from sandbox import clock
from sandbox.controls import read
from sandbox.lines.network import IN_SERVICE, Iccid, Network
from sandbox.lines.routes import iccid_of
from sandbox.serving import Answer, EffectLog, Problem, Request, Service, json_answer
from sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS ports (
    iccid TEXT PRIMARY KEY, code TEXT NOT NULL, expires_at TEXT NOT NULL, ported_out_at TEXT
) STRICT;
"""
ACTS = ("sms_out", "data_session", "purchase")
CODE_GOOD_FOR = timedelta(days=30)


class KeepAlive(Struct, forbid_unknown_fields=True):
    """One act that the operator's own terms count."""

    act: str


class PortOut(Struct, forbid_unknown_fields=True):
    """Another operator shows the code that its new customer brought."""

    iccid: Iccid
    code: str


class Numbers:
    """Every method is called within an act of the store."""

    def __init__(self, store: Store, network: Network, effects: EffectLog) -> None:
        self._store = store
        self._network = network
        self._effects = effects

    def keep_alive(self, iccid: str, asked: KeepAlive) -> dict[str, Any]:
        """Do the act, if the line is in service."""
        state = self._network.line(iccid)["state"]
        if state not in IN_SERVICE:
            raise Problem(409, f"line_{state}")
        if asked.act not in ACTS:
            raise Problem(422, "act_not_offered")
        self._effects.append("keep_alive", iccid=iccid, act=asked.act)
        at = clock.now().isoformat()
        return {"iccid": iccid, "act": asked.act, "at": at, "id": f"act_{uuid4().hex}"}

    def port_out_code(self, iccid: str) -> dict[str, Any]:
        """Return the code that is good, else a new one."""
        if self._network.line(iccid)["state"] == "ended":
            raise Problem(409, "line_ended")
        now = clock.now()
        port = self._port(iccid)
        if port is None or datetime.fromisoformat(port["expires_at"]) <= now:
            code = f"EXM{secrets.randbelow(10**6):06}"
            port = {"code": code, "expires_at": (now + CODE_GOOD_FOR).isoformat()}
            self._store.database.execute(
                "REPLACE INTO ports VALUES (?, ?, ?, NULL)", (iccid, code, port["expires_at"])
            )
            self._effects.append("port_out_code", iccid=iccid)
        return {"iccid": iccid, "code": port["code"], "expires_at": port["expires_at"]}

    def port_out(self, asked: PortOut) -> dict[str, Any]:
        """Let the number go to the operator that shows the right code; the line ends."""
        port = self._port(asked.iccid)
        if port is None or port["ported_out_at"] or port["code"] != asked.code:
            raise Problem(403, "wrong_code")
        at = clock.now().isoformat()
        self._network.end(asked.iccid)
        self._store.database.execute(
            "UPDATE ports SET ported_out_at = ? WHERE iccid = ?", (at, asked.iccid)
        )
        self._effects.append("port_out", iccid=asked.iccid)
        return {"iccid": asked.iccid, "ported_out_at": at}

    def line(self, iccid: str) -> dict[str, Any]:
        """Return the line, and when its number went to another operator."""
        port = self._port(iccid)
        return self._network.line(iccid) | {"ported_out_at": port and port["ported_out_at"]}

    def _port(self, iccid: str) -> dict[str, Any] | None:
        rows = self._store.rows("SELECT * FROM ports WHERE iccid = ?", iccid)
        return rows[0] if rows else None


def add_number_doors(service: Service, store: Store, numbers: Numbers) -> None:
    """Add what the operator does with its key, and what another operator does."""

    @service.route("POST", "/v1/lines/{iccid}/keep_alive", call="keep_alive")
    def keep_alive(request: Request) -> Answer:
        asked = read(request, KeepAlive)
        return store.answer_once(
            request, lambda: json_answer(numbers.keep_alive(iccid_of(request), asked))
        )

    @service.route("POST", "/v1/lines/{iccid}/port_out_code", call="port_out_code")
    def port_out_code(request: Request) -> Answer:
        return store.answer_once(
            request, lambda: json_answer(numbers.port_out_code(iccid_of(request)))
        )

    @service.route("GET", "/v1/lines/{iccid}", call="look_up_line")
    def look_up(request: Request) -> Answer:
        with store.act():
            return json_answer(numbers.line(iccid_of(request)))

    @service.route("POST", "/network/port_out", call="network_port_out", is_open=True)
    def port_out(request: Request) -> Answer:
        asked = read(request, PortOut)
        with store.act():
            return json_answer(numbers.port_out(asked))
