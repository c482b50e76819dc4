"""Webhooks of both suppliers: each goes to the address that was registered for its kind."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from uuid import uuid4

import httpx

from sandbox.hooks import Hooks
from sandbox.store import Store

ACCEPTED = range(200, 204)  # What Airalo takes for success; 204 and above is sent again.


def canonical(parsed: object) -> bytes:
    """Return what Airalo signs: compact, in key order, non-ASCII as it is, `/` as `\\/`."""
    written = json.dumps(parsed, separators=(",", ":"), ensure_ascii=False)
    return written.replace("/", "\\/").encode()


def signature(secret: str, parsed: object) -> str:
    """Return the `airalo-signature` of what a body says."""
    return hmac.new(secret.encode(), canonical(parsed), hashlib.sha512).hexdigest()


class Letters(Hooks):
    """The hooks of this process, where every event knows its own address."""

    def __init__(self, store: Store, *, airalo_secret: str) -> None:
        super().__init__(store, url="see each letter", secret=None, accepted=ACCEPTED)
        self._airalo_secret = airalo_secret

    def post(self, type: str, body: dict[str, Any], *, url: str, is_signed: bool) -> None:
        """Record an event within the caller's act; without an address nobody is told."""
        if url:
            letter = {"url": url, "is_signed": is_signed, "body": body}
            self.put_body(f"evt_{uuid4().hex}", type, letter)

    def _send(self, body: bytes) -> int:
        letter = json.loads(body)
        headers = {"Content-Type": "application/json"}
        if letter["is_signed"]:
            headers["airalo-signature"] = signature(self._airalo_secret, letter["body"])
        # Like the supplier's own clients: other bytes are sent (spaces, \\u) than are signed.
        content = json.dumps(letter["body"]).encode()
        try:
            return self._client.post(letter["url"], content=content, headers=headers).status_code
        except httpx.HTTPError:
            return 0
