"""A counterpart that says exactly the bytes it is told to say."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def counterpart(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Let `answer` have every connection until the end of the test; gives the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):  # The server is closed, or the caller hung up: as tested.
                while True:
                    connected, _ = server.accept()
                    with connected, suppress(OSError):
                        hear_all(connected)
                        answer(connected)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def hear_all(connected: socket.socket) -> None:
    """Read the whole request: a line closed with words unread would swallow the answer too."""
    with connected.makefile("rb") as line:
        length = 0
        while (header := line.readline().strip().lower()) != b"":
            if header.startswith(b"content-length:"):
                length = int(header.removeprefix(b"content-length:"))
        line.read(length)


def saying(words: bytes) -> Callable[[socket.socket], None]:
    return lambda connected: connected.sendall(words)


def saying_json(value: object, *, status: int = 200) -> Callable[[socket.socket], None]:
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 {status} As Asked\r\nContent-Length: {len(body)}\r\n\r\n"
    return saying(head.encode() + body)
