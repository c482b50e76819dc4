"""One careful HTTP call to a counterpart: a deadline for the whole of it, and no guessing.

Redirects are not followed, proxies and certificates named in the environment are not used.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

# Late for everybody else: a web server knows providers and hardly ever calls one, and the library
# brings its command line along, with colours for every language there is.
if TYPE_CHECKING:
    import httpx

__all__ = [
    "AnswerMismatch",
    "Answered",
    "Deadline",
    "Door",
    "GatewayUnreachable",
    "KeyReused",
    "kept_code",
]

CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


def kept_code(said: str) -> str:
    """What a counterpart calls its refusal, as far as our records hold it: 40 letters, no NUL."""
    return said.replace("\0", "")[:40]


class GatewayUnreachable(Exception):
    """No answer that can be used: the outcome is unknown. Repeat the same call, same key."""


class AnswerMismatch(Exception):
    """The answer is about something else than asked: build nothing on it, a person must look."""


class KeyReused(Exception):
    """The key was used before with another request: a bug of ours. Nothing happened now."""


class Answered:
    """An HTTP answer: its status, and the JSON object it should carry.

    `headers` may be asked in any case. `body` is for those who must see numbers as written.
    """

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.body = response.content

    def json(self) -> dict[str, Any]:
        """Return the JSON object. Raises GatewayUnreachable when the body is anything else."""
        try:
            parsed = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise GatewayUnreachable(f"HTTP {self.status}: no JSON") from error
        if not isinstance(parsed, dict):
            raise GatewayUnreachable(f"HTTP {self.status}: not a JSON object")
        return parsed


class Deadline:
    """Cuts the line when the time is up: a counterpart that drips bytes never trips a read's own.

    The library tells of each connection that it opens; cutting its socket wakes whoever reads.
    """

    def __init__(self, seconds: float) -> None:
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self.is_over = False

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, event: str, facts: Mapping[str, Any]) -> None:
        if event in CONNECTED:
            with self._lock:
                self._sockets.append(facts["return_value"].get_extra_info("socket"))
            if self.is_over:
                self._cut()

    def _cut(self) -> None:
        self.is_over = True
        with self._lock:
            for connected in self._sockets:
                with contextlib.suppress(OSError):
                    # The plain socket below TLS: a polite goodbye would wait for the other side.
                    socket.socket.shutdown(connected, socket.SHUT_RDWR)


class Door:
    """Where one counterpart listens. Safe to share between threads.

    timeout_seconds: for one whole call, from looking up the name to the last byte.
    tls: own certificate and trusted issuers, for counterparts that ask for both sides' papers.
    """

    def __init__(
        self, *, url: str, timeout_seconds: float, tls: ssl.SSLContext | None = None
    ) -> None:
        assert timeout_seconds > 0
        self._url, self._timeout_seconds, self._tls = url, timeout_seconds, tls

    @cached_property
    def _client(self) -> httpx.Client:
        """Made with the first call: it holds all issuers of certificates, several megabytes."""
        import httpx

        return httpx.Client(
            base_url=self._url,
            timeout=self._timeout_seconds,
            trust_env=False,
            follow_redirects=False,
            verify=self._tls or True,
            # A connection kept for later may be dead by then: an unknown outcome for nothing.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    @property
    def host(self) -> str:
        """The counterpart's host name."""
        return urlsplit(self._url).hostname or ""

    def get(self, path: str, *, headers: Mapping[str, str], **query: str) -> Answered:
        """Ask for `path`. Raises GatewayUnreachable."""
        return self.call("GET", path, headers=headers, params=query)

    def post(self, path: str, *, headers: Mapping[str, str], body: object) -> Answered:
        """Send `body` as JSON to `path`. Raises GatewayUnreachable."""
        return self.call("POST", path, headers=headers, json=body)

    def call(
        self, method: str, path: str, *, headers: Mapping[str, str], **content: Any
    ) -> Answered:
        """Ask for `path`, or a whole address, with content as httpx takes it.

        Raises GatewayUnreachable.
        """
        import httpx

        client = self._client  # before the time runs
        with Deadline(self._timeout_seconds) as deadline:
            try:
                response = client.request(
                    method,
                    path,
                    headers=dict(headers),
                    extensions={"trace": deadline.watch},
                    **content,
                )
            except httpx.HTTPError as error:
                raise GatewayUnreachable(f"{method} {path}: {_in_words(error)}") from error
        if deadline.is_over:
            raise GatewayUnreachable(f"{method} {path}: no whole answer in time")
        return Answered(response)


def _in_words(error: httpx.HTTPError) -> str:
    """Until a connection stands, TLS included, not one byte of the request has left."""
    import httpx

    words = f"{type(error).__name__} {error}".rstrip()
    return (
        f"nothing was sent: {words}"
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
        else words
    )
