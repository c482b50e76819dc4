"""Events that a stand-in POSTs to its customer: signed, repeated until accepted, kept on disk."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import httpx

from sandbox import clock
from sandbox.store import Store

EVENTS = """
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, body BLOB NOT NULL, attempts INTEGER NOT NULL,
    copies_left INTEGER NOT NULL, next_at REAL NOT NULL, is_held INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS events_due ON events (next_at) WHERE copies_left > 0;
"""
DELIVERY_SECONDS_MAX = 20.0
PAUSE_SECONDS_FIRST = 0.5
PAUSE_SECONDS_MAX = 60.0
TICK_SECONDS = 0.2


def signature(secret: bytes, body: bytes, at: int) -> str:
    """Return the `Sandbox-Signature` of `body` sent at `at` (Unix seconds)."""
    digest = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@dataclass(frozen=True, slots=True)
class OtherDoor:
    """Where events of another tongue go; `sign` gives the headers that say who sent a body."""

    url: str
    sign: Callable[[bytes], Mapping[str, str]]


class Hooks:
    """The events of one stand-in and the thread that delivers them to `url`.

    Settings (kept in the store): `hooks_held` keeps new events back until they are delivered by
    hand, in any order; `hook_copies` is how often each new event is sent.
    secret: None where the receiver knows the sender by other means than a signature.
    accepted: the statuses by which the receiver takes an event over.
    tls: what we show and whom we trust, where the receiver asks for certificates.
    """

    def __init__(
        self,
        store: Store,
        *,
        url: str,
        secret: bytes | None,
        headers: Mapping[str, str] = MappingProxyType({}),
        accepted: Container[int] = range(200, 300),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._store = store
        self._url = url
        self._secret = secret
        self._client = httpx.Client(
            timeout=DELIVERY_SECONDS_MAX, trust_env=False, verify=tls or True
        )
        self._headers = headers
        self._accepted = accepted
        self._wake = threading.Event()
        self._is_stopped = False
        self._chores: list[Callable[[float], None]] = []
        self._others: dict[str, OtherDoor] = {}
        self._thread = threading.Thread(target=self._work, name="hooks")

    def also(self, chore: Callable[[float], None]) -> None:
        """Call `chore(now)` within an act at every tick, before events are delivered."""
        self._chores.append(chore)

    def open_door(self, tongue: str, door: OtherDoor) -> None:
        """Send events whose type begins with `tongue` and a colon through `door`."""
        self._others[tongue] = door

    def start(self) -> None:
        """Begin to deliver, first of all what a former process left."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the delivery under way, and end."""
        self._is_stopped = True
        self._wake.set()
        self._thread.join()
        self._client.close()

    def put(self, type: str, payload: dict[str, Any]) -> None:
        """Record an event within the caller's act; it is delivered soon after."""
        event_id = f"evt_{uuid4().hex}"
        told = {"id": event_id, "type": type, "created_at": clock.now().isoformat()}
        self.put_body(event_id, type, told | {"payload": payload})

    def put_body(self, event_id: str, type: str, body: dict[str, Any]) -> None:
        """Record an event whose body is exactly this, for formats that others laid down."""
        self._store.database.execute(
            "INSERT INTO events VALUES (?, ?, ?, 0, ?, ?, ?)",
            (
                event_id,
                type,
                json.dumps(body, ensure_ascii=False).encode(),
                self._store.setting("hook_copies", 1),
                time.time(),
                self._store.setting("hooks_held", False),
            ),
        )
        self._wake.set()

    def events(self) -> list[dict[str, Any]]:
        """Return every event in the order it happened; call it within an act.

        What is due by now has happened by then, though the next tick may be late.
        """
        for chore in self._chores:
            chore(time.time())
        rows = self._store.rows("SELECT * FROM events ORDER BY rowid")
        return [row | {"body": row["body"].decode()} for row in rows]

    def deliver_by_hand(self, event_ids: list[str]) -> list[int]:
        """Send these events now, in this order, and return the status of each; 0 = no answer."""
        with self._store.act():
            found = {event["id"]: event for event in self.events()}
        events = [found[event_id] for event_id in event_ids if event_id in found]
        return [self._send_by_tongue(event["type"], event["body"].encode()) for event in events]

    def _work(self) -> None:
        while not self._is_stopped:
            self._wake.wait(TICK_SECONDS)
            self._wake.clear()
            with self._store.act():
                for chore in self._chores:
                    chore(time.time())
                due = self._due() if self._url or self._others else []
            for event in due:
                self._deliver(event)

    def _due(self) -> list[dict[str, Any]]:
        return self._store.rows(
            "SELECT * FROM events WHERE copies_left > 0 AND next_at <= ? AND NOT is_held"
            " ORDER BY next_at, rowid LIMIT 20",
            time.time(),
        )

    def _deliver(self, event: dict[str, Any]) -> None:
        status = self._send_by_tongue(event["type"], event["body"])
        pause = min(PAUSE_SECONDS_FIRST * 2 ** event["attempts"], PAUSE_SECONDS_MAX)
        is_accepted = status in self._accepted
        with self._store.act() as database:
            database.execute(
                "UPDATE events SET attempts = attempts + 1, copies_left = copies_left - ?,"
                " next_at = ? WHERE id = ?",
                (is_accepted, time.time() + (0 if is_accepted else pause), event["id"]),
            )

    def _send_by_tongue(self, type: str, body: bytes) -> int:
        other = self._others.get(type.partition(":")[0])
        if other is None:
            return self._send(body)
        return self._post(other.url, body, other.sign(body))

    def _send(self, body: bytes) -> int:
        headers = {}
        if self._secret is not None:
            headers["Sandbox-Signature"] = signature(self._secret, body, int(time.time()))
        return self._post(self._url, body, headers)

    def _post(self, url: str, body: bytes, signed: Mapping[str, str]) -> int:
        headers = {"Content-Type": "application/json", **self._headers, **signed}
        if not url:
            return 0
        try:
            return self._client.post(url, content=body, headers=headers).status_code
        except httpx.HTTPError:
            return 0
