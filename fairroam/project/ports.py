"""Ports of this machine that are kept for our servers from before they start until we end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def kept_port(preferred: int) -> Iterator[int]:
    """Give `preferred` if it is free on 127.0.0.1, else some free port; nobody else is given it.

    A server may listen there as long as it allows the address to be used again, which servers do;
    also after it died, again and again. Raises OSError when no port is free.
    """
    with ExitStack() as keepers:
        try:
            port = _keep(preferred, keepers)
        except OSError:
            port = _keep(0, keepers)
        yield port


def _keep(wanted: int, keepers: ExitStack) -> int:
    """Bind the port without listening, which does not hinder a server that comes after us."""
    with ExitStack() as tried:
        keeper = tried.enter_context(socket.socket())
        if wanted:  # Connections of a former server that still fade away do not count.
            keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", wanted))
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = int(keeper.getsockname()[1])
        # Nor would it hinder another keeper: this name, unix(7), is held by one of us at a time.
        claim = tried.enter_context(socket.socket(socket.AF_UNIX))
        claim.bind(f"\0fairroam port {port}")
        keepers.push(tried.pop_all())
    return port
