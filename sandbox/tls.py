"""Both sides' papers for a stand-in that speaks mutual TLS, from a folder of PEM files.

ca.pem is whom to trust; server.pem and client.pem hold our key and certificate for what we
listen to and for what we call.
"""

from __future__ import annotations

import ssl
from pathlib import Path


def listening(folder: Path) -> ssl.SSLContext:
    """For a server: whoever calls must show a certificate of the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "server.pem")
    return context


def calling(folder: Path) -> ssl.SSLContext:
    """For a client: certificate and host name of the server are checked, ours is shown."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=folder / "ca.pem")
    context.load_cert_chain(folder / "client.pem")
    return context
