"""One call to a counterpart: it ends in time, goes nowhere else, and never guesses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from fairroam.gateways.calls import Door, GatewayUnreachable
from tests.gateways.given import HEAD, counterpart, saying


def dripping(first: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    """Send `drop` again and again, for as long as anybody listens."""

    def drip(connected: socket.socket) -> None:
        connected.sendall(first)
        pause = threading.Event()
        while not pause.wait(0.05):
            connected.sendall(drop)

    return drip


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b"H"),
        (HEAD, b"X-Slow: 1\r\n"),
        (HEAD + b"\r\n", b"{"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b"{"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
    ],
)
def test_an_endless_answer_ends_at_the_deadline(first, drop):
    with counterpart(dripping(first, drop)) as url, pytest.raises(GatewayUnreachable):
        Door(url=url, timeout_seconds=0.5).get("/", headers={})


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"nonsense\r\n\r\n",
        HEAD + b"Content-Length: 9\r\n\r\n{}",
        HEAD + b"Content-Length: 0\r\n\r\n",
        HEAD + b"Content-Length: 2\r\n\r\n[]",
        HEAD + b"Content-Length: 2\r\n\r\n\xff\xfe",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_what_is_no_whole_json_object_is_no_answer(words):
    with counterpart(saying(words)) as url, pytest.raises(GatewayUnreachable):
        Door(url=url, timeout_seconds=30).post("/", headers={}, body={}).json()


def test_a_redirect_is_an_answer_and_is_not_followed():
    words = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"

    with counterpart(saying(words)) as url:
        assert Door(url=url, timeout_seconds=30).get("/", headers={}).status == 302


def test_the_environment_cannot_lead_a_call_elsewhere(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")

    with counterpart(saying(HEAD + b'Content-Length: 8\r\n\r\n{"a": 1}')) as url:
        assert Door(url=url, timeout_seconds=30).get("/", headers={}).json() == {"a": 1}


def test_nobody_there_is_no_answer():
    with pytest.raises(GatewayUnreachable):
        Door(url="http://127.0.0.1:9", timeout_seconds=30).get("/", headers={})
