"""Web Push as browsers speak it: encrypted by pywebpush, signed with our VAPID key."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from py_vapid import Vapid02, b64urlencode

from fairroam.gateways.calls import Deadline
from fairroam.gateways.push import DeviceGone, DeviceRefused, GatewayUnreachable, PushAddress

CONTENT_BYTES_MAX = 3000  # push services take 4,096 with what encryption adds (RFC 8291, section 4)
KEPT_SECONDS = 24 * 3600  # how long a push service waits for a browser that is off
TOKEN_LASTS = timedelta(hours=12)  # at most 24 (RFC 8292, section 2)
TAKEN, GONE = (200, 201, 202, 204), (404, 410)
LATER = 429


def connect(
    *, key_file: Path, contact: str, may_be_local: bool, timeout_seconds: float = 20.0
) -> WebPush:
    """Return the way to every push service.

    key_file: our VAPID key, made at the first need. contact: "mailto:...", for push services
    that have something to say. may_be_local: also addresses of this machine and without TLS; in
    tests and the demo only.
    """
    return WebPush(vapid_key(key_file), contact, may_be_local, timeout_seconds)


def vapid_key(path: Path) -> Vapid02:
    """The key of that file, of whoever wrote it first."""
    if not path.exists():
        made = Vapid02()
        made.generate_keys()
        path.parent.mkdir(parents=True, exist_ok=True)
        own = path.with_suffix(f".{os.getpid()}")
        own.touch(mode=0o600)
        own.write_bytes(made.private_pem())
        try:
            os.link(own, path)
        except FileExistsError:
            pass  # another process was first
        finally:
            own.unlink()
    return Vapid02.from_pem(path.read_bytes())


def public_key(path: Path) -> str:
    """What a browser is told: only messages signed by this key are for it."""
    numbers = vapid_key(path).public_key.public_numbers()
    point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    return str(b64urlencode(point))


def checked(endpoint: str, *, may_be_local: bool) -> SplitResult:
    """The parts of an address that may be called. Raises DeviceRefused.

    Only https on its usual port, to a name: what a browser tells us is no way into our network.
    """
    if not is_plain(endpoint):
        raise DeviceRefused("not as browsers write it")
    try:
        parts = urlsplit(endpoint)
        port = parts.port
        (parts.hostname or "").encode("idna")  # no part of a name is empty or longer than names are
    except ValueError as error:
        raise DeviceRefused(str(error)) from error
    if not parts.hostname or parts.username is not None:
        raise DeviceRefused("no host")
    if not may_be_local and (parts.scheme != "https" or port not in (None, 443)):
        raise DeviceRefused("not https")
    if parts.scheme not in ("https", "http"):
        raise DeviceRefused("not http")
    return parts


def is_plain(text: str) -> bool:
    """Whether it has only letters, digits and marks that an address or a key is written with."""
    return text.isascii() and text.isprintable() and " " not in text


def address_of(parts: SplitResult, *, may_be_local: bool) -> str:
    """Where that host is now; the call goes just there. Raises DeviceRefused, GatewayUnreachable.

    Every address of it must be public: a name may lead elsewhere the next time it is asked for.
    """
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise GatewayUnreachable(str(error)) from error
    addresses = [str(one[4][0]) for one in found]
    if not may_be_local and not all(is_public(one) for one in addresses):
        raise DeviceRefused("not a public address")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether anybody on the internet is there, also behind an IPv4 address written as IPv6."""
    known = ipaddress.ip_address(address)
    return (getattr(known, "ipv4_mapped", None) or known).is_global


class WebPush:
    """See `PushGateway`. Safe to share between threads."""

    def __init__(
        self, key: Vapid02, contact: str, may_be_local: bool, timeout_seconds: float
    ) -> None:
        self._key = key
        self._contact = contact
        self._may_be_local = may_be_local
        self._timeout = timeout_seconds

    def send(self, *, key: UUID, to: PushAddress, content: bytes, now: datetime) -> None:
        """See `PushGateway`."""
        # Only who sends needs it, and the two HTTP libraries that it brings: no web server does.
        from pywebpush import WebPusher

        assert len(content) <= CONTENT_BYTES_MAX
        parts = checked(to.endpoint, may_be_local=self._may_be_local)
        address = address_of(parts, may_be_local=self._may_be_local)
        try:
            keys = {"p256dh": to.public_key, "auth": to.secret}
            known = {"endpoint": to.endpoint, "keys": keys}
            body = WebPusher(known).encode(content, content_encoding="aes128gcm")["body"]
        except Exception as error:  # Whatever the library says of keys that are none.
            raise DeviceRefused(type(error).__name__) from error
        status = self._post(parts, address, self._headers(parts, key, now), body)
        if status in GONE:
            raise DeviceGone
        if status == LATER or status >= 500:
            raise GatewayUnreachable(f"HTTP {status}")
        if status not in TAKEN:
            raise DeviceRefused(f"HTTP {status}")

    def _headers(self, parts: SplitResult, key: UUID, now: datetime) -> dict[str, str]:
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((now + TOKEN_LASTS).timestamp()),
            "sub": self._contact,
        }
        return {
            "TTL": str(KEPT_SECONDS),
            "Topic": key.hex,  # a repeat replaces what still waits (RFC 8030, section 5.4)
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Host": parts.netloc,
            **self._key.sign(claims),
        }

    def _post(self, parts: SplitResult, address: str, headers: dict[str, str], body: bytes) -> int:
        import httpx  # late, as in `gateways.calls`

        host = f"[{address}]" if ":" in address else address
        netloc = f"{host}:{parts.port}" if parts.port else host
        url = parts._replace(netloc=netloc, fragment="").geturl()
        try:
            with (
                Deadline(self._timeout) as deadline,
                httpx.Client(trust_env=False, timeout=self._timeout) as client,
                client.stream(
                    "POST",
                    url,
                    content=body,
                    headers=headers,
                    extensions={"sni_hostname": parts.hostname, "trace": deadline.watch},
                ) as answer,
            ):
                return answer.status_code  # What else it says is not read: it may never end.
        except httpx.HTTPError as error:
            raise GatewayUnreachable(type(error).__name__) from error


def written(**words: str) -> bytes:
    """What a browser is told as JSON, its texts cut so that it fits."""
    content = json.dumps(words, ensure_ascii=False).encode()
    while len(content) > CONTENT_BYTES_MAX:
        words["body"] = words["body"][: len(words["body"]) // 2]
        content = json.dumps(words, ensure_ascii=False).encode()
    return content
