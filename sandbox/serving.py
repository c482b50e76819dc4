"""What every stand-in shares: a small HTTP server on loopback with routes, effects and faults.

A stand-in makes one `Service`, adds its routes and calls `run()`. Every service also answers
`GET /_effects` (the append-only log that tests take as judge), `POST /_faults` (arm faults for
the next calls), `GET /_faults` and `DELETE /_faults`. It listens on 127.0.0.1 only.
"""

from __future__ import annotations

import argparse
import hmac
import json
import logging
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.faults import AFTER_EFFECT, BEFORE_EFFECT, Answer, Faults, json_answer

__all__ = [
    "Answer",
    "Problem",
    "Request",
    "Service",
    "argument_parser",
    "json_answer",
    "page",
    "redirect",
    "secret",
]

BODY_BYTES_MAX = 5_000_000
IDLE_SECONDS_MAX = 60


class Problem(Exception):
    """The request is refused: HTTP `status`, a `code` for programs, and facts."""

    def __init__(self, status: int, code: str, **facts: object) -> None:
        super().__init__(code)
        self.status = status
        self.facts = {"error": code, **facts}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `parts` are the pieces of the path named in the route's pattern.

    is_certified: the caller has shown a certificate that we trust.
    """

    method: str
    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    headers: Message
    body: bytes
    is_certified: bool = False

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises Problem (400 `invalid_json`)."""
        try:
            parsed = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Problem(400, "invalid_json") from error
        if not isinstance(parsed, dict):
            raise Problem(400, "invalid_json")
        return parsed

    def form(self) -> dict[str, str]:
        """Return the fields of an HTML form."""
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))


Handler = Callable[[Request], Answer]


def page(html: str, status: int = 200) -> Answer:
    """Answer with an HTML page."""
    return Answer(status, html.encode(), {"Content-Type": "text/html; charset=utf-8"})


def redirect(url: str) -> Answer:
    """Send the browser on to `url` with a GET."""
    return Answer(303, b"", {"Location": url})


class EffectLog:
    """Every effect of a stand-in, one JSON line each, flushed before the answer leaves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        path.touch()
        self._sequence = len(self.all())

    def append(self, effect: str, **facts: object) -> None:
        """Write down that `effect` happened; gives it the next sequence number."""
        with self._lock, self._path.open("a", encoding="utf-8") as log:
            self._sequence += 1
            line = {"sequence": self._sequence, "at": time.time(), "effect": effect, **facts}
            log.write(json.dumps(line, ensure_ascii=False) + "\n")

    def all(self) -> list[dict[str, Any]]:
        """Return every effect since the folder was made, oldest first."""
        return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True, slots=True)
class Route:
    """`call` is the name by which faults are armed; open routes need no bearer key."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    call: str
    is_open: bool


@dataclass
class Service:
    """One stand-in: its routes, effect log and armed faults. Without `bearer_key` all is open.

    tls_door: a second port for the same routes, and how both sides prove there who they are.
    """

    name: str
    port: int
    folder: Path
    bearer_key: str | None = None
    tls_door: tuple[int, ssl.SSLContext] | None = None
    at_stop: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.effects = EffectLog(self.folder / "effects.jsonl")
        self.faults = Faults()
        self._routes: list[Route] = []
        self.route("GET", "/_effects", is_open=True)(self._effects)
        self.route("GET", "/_faults", is_open=True)(self._armed)
        self.route("POST", "/_faults", is_open=True)(self._arm)
        self.route("DELETE", "/_faults", is_open=True)(self._disarm)

    def route(
        self, method: str, pattern: str, *, call: str = "", is_open: bool = False
    ) -> Callable[[Handler], Handler]:
        """Let the decorated function answer `method` on `pattern`, e.g. `/v1/refunds/{id}`."""
        named = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

        def add(handler: Handler) -> Handler:
            self._routes.append(Route(method, re.compile(named), handler, call, is_open))
            return handler

        return add

    def answer(self, request: Request) -> Answer:
        """Find the route, check the key, play an armed fault, and answer."""
        try:
            route, parts = self._find(request)
            if not (route.is_open or self._has_key(request)):
                raise Problem(401, "wrong_key")
            return self._play(route, replace(request, parts=parts))
        except Problem as problem:
            return json_answer(problem.facts, problem.status)
        except Exception:
            logging.getLogger(__name__).exception("%s %s", request.method, request.path)
            return json_answer({"error": "bug_in_stand_in"}, 500)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        with ExitStack() as at_end:
            for stop in reversed(self.at_stop):
                at_end.callback(stop)
            if self.tls_door:
                door = at_end.enter_context(_Server(self, *self.tls_door))
                threading.Thread(target=door.serve_forever, args=(0.2,), daemon=True).start()
                at_end.callback(door.shutdown)
            server = at_end.enter_context(_Server(self, self.port))
            logging.getLogger(__name__).info("%s: http://127.0.0.1:%d", self.name, self.port)
            server.serve_forever(poll_interval=0.2)

    def _find(self, request: Request) -> tuple[Route, dict[str, str]]:
        matches = [(route, route.pattern.fullmatch(request.path)) for route in self._routes]
        here = [(route, match.groupdict()) for route, match in matches if match]
        for route, parts in here:
            if route.method == request.method:
                return route, parts
        raise Problem(405 if here else 404, "wrong_method" if here else "not_found")

    def _has_key(self, request: Request) -> bool:
        given = request.headers.get("Authorization", "")
        wanted = f"Bearer {self.bearer_key}"
        return self.bearer_key is None or hmac.compare_digest(given.encode(), wanted.encode())

    def _play(self, route: Route, request: Request) -> Answer:
        fault = self.faults.take(route.call)
        if fault is None:
            return route.handler(request)
        if fault.kind in BEFORE_EFFECT:
            return BEFORE_EFFECT[fault.kind](fault)
        return AFTER_EFFECT[fault.kind](fault, route.handler(request))

    def _effects(self, request: Request) -> Answer:
        return json_answer({"effects": self.effects.all()})

    def _armed(self, request: Request) -> Answer:
        return json_answer({"faults": self.faults.armed()})

    def _arm(self, request: Request) -> Answer:
        known_calls = {route.call for route in self._routes if route.call}
        try:
            self.faults.arm(known_calls=known_calls, **request.json())
        except (TypeError, ValueError) as error:
            raise Problem(422, "unknown_fault", detail=str(error)) from error
        return json_answer({"faults": self.faults.armed()}, 201)

    def _disarm(self, request: Request) -> Answer:
        self.faults.disarm()
        return json_answer({"faults": []})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, service: Service, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.service = service
        self._tls = tls
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connected, address = super().get_request()
        if self._tls is None:
            return connected, address
        # The handshake waits for the first read, which is in a thread of its own.
        secured = self._tls.wrap_socket(connected, server_side=True, do_handshake_on_connect=False)
        return secured, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Callers hang up or are refused for their certificate: that is what is tested.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS_MAX
    wbufsize = -1  # Head and body leave together.
    disable_nagle_algorithm = True
    server: _Server

    def _respond(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_BYTES_MAX or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(json_answer({"error": "body_refused"}, 413))
            return
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        body = self.rfile.read(length)
        is_certified = isinstance(self.connection, ssl.SSLSocket)
        request = Request(self.command, address.path, {}, query, self.headers, body, is_certified)
        self._send(self.server.service.answer(request))

    do_GET = do_POST = do_DELETE = _respond

    def _send(self, answer: Answer) -> None:
        time.sleep(answer.pause_seconds)
        if answer.is_dropped:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self._send_body(answer)

    def _send_body(self, answer: Answer) -> None:
        if not answer.drip_seconds:
            self.wfile.write(answer.body)
            return
        try:
            for byte in answer.body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(answer.drip_seconds)
        except OSError:
            self.close_connection = True  # The caller lost patience, which is what was tested.

    def log_message(self, format: str, *args: object) -> None:
        logging.getLogger(f"sandbox.{self.server.service.name}").debug(format, *args)


def argument_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with what every stand-in takes: `--port`, `--folder` and `--hook`."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("sandbox").setLevel(logging.INFO)  # Libraries speak of trouble only.
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, required=True, help="listen here, on 127.0.0.1 only")
    parser.add_argument("--folder", type=Path, required=True, help="keep state and effects here")
    parser.add_argument("--hook", default="", help="POST events to this URL; none when empty")
    return parser


def secret(name: str) -> str:
    """Return the environment variable `name`; without it the start ends with a sentence."""
    return os.environ.get(name) or sys.exit(f"{name} is not set: give it any secret text.")
