"""An ear for events: an HTTP server in this process that keeps whatever it is sent."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came; the names of `headers` are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object."""
        return msgspec.json.decode(self.body, type=dict[str, Any])


class Listener:
    """Listens on 127.0.0.1 while entered; answers `status`, or first what `refusals` says."""

    def __init__(self, *, status: int = 200) -> None:
        self._status = status
        self.heard: list[Heard] = []
        self.refusals: list[int] = []
        self._more = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def hear(self, heard: Heard) -> int:
        """Keep one request and return the status to answer."""
        with self._more:
            self.heard.append(heard)
            self._more.notify_all()
            return self.refusals.pop(0) if self.refusals else self._status

    def wait_for(self, count: int, *, seconds_max: float = 60.0) -> list[Heard]:
        """Return all requests as soon as there are `count`. Raises TimeoutError."""
        with self._more:
            if not self._more.wait_for(lambda: len(self.heard) >= count, seconds_max):
                raise TimeoutError(f"{len(self.heard)} of {count} requests")
            return list(self.heard)


def _handler_for(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            """Some senders ask so first whether anybody is there."""
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(listener.hear(Heard(self.path, headers, body)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the test says what it heard."""

    return Handler
