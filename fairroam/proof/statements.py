"""Signed statements: a JSON document that a person can read and a stranger can check offline.

    {"statement": {...}, "signature": "<compact JWS whose payload is the canonical statement>"}

The readable copy may be indented and ordered at will; it must *mean* what the payload says.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from fairroam.proof.canonical import Json, Unreadable, canonical, canonical_copy, read
from fairroam.proof.keys import ALGORITHM, KeySet, PublishedKey

LARGEST_STATEMENT_BYTES = 90_000  # JOSE readers stop at 128 000 bytes of base64


class Truth(StrEnum):
    """What a check can find; everything but TRUE is to be refused."""

    TRUE = "true"
    CHANGED = "changed"
    UNKNOWN_KEY = "unknown_key"
    REVOKED_KEY = "revoked_key"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the readable copy departs from what was signed: JSON texts, "" = absent."""

    path: str
    signed: str
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer of `verify`.

    statement: what was signed, whatever the readable copy says; None while no signature holds.
    key: the key it was checked with; None when it is unknown.
    """

    truth: Truth
    statement: dict[str, Any] | None = None
    key: PublishedKey | None = None
    differences: tuple[Difference, ...] = ()

    def __bool__(self) -> bool:
        return self.truth is Truth.TRUE


class Signer:
    """Signs statements with one key, which it looks into once."""

    def __init__(self, key: OKPKey) -> None:
        private = key.private_key
        assert isinstance(private, Ed25519PrivateKey), "a private Ed25519 key signs"
        self._private = private
        self._header = _base64(canonical({"alg": ALGORITHM, "kid": key.thumbprint()}))

    def sign(self, statement: dict[str, Any]) -> dict[str, Any]:
        """As the function `sign`."""
        if _issued_at(statement) is None:
            raise ValueError("a statement says when it was issued, with its offset")
        payload, copy = canonical_copy(statement)
        if len(payload) > LARGEST_STATEMENT_BYTES:
            raise ValueError(f"a statement of {len(payload)} bytes is larger than readers accept")
        return {"statement": copy, "signature": self._compact(payload)}

    def _compact(self, payload: bytes) -> str:
        """The compact JWS of RFC 7515, section 7.1, over `payload`."""
        signed = b".".join((self._header, _base64(payload)))
        return b".".join((signed, _base64(self._private.sign(signed)))).decode()


def sign(statement: dict[str, Any], key: OKPKey) -> dict[str, Any]:
    """Return the signed document of `statement`; its `issued_at` decides when a key is revoked.

    Raises Unreadable for what JSON cannot hold exactly, ValueError without an aware `issued_at`
    or beyond LARGEST_STATEMENT_BYTES. The same statement and key give the same bytes.
    """
    return Signer(key).sign(statement)


def _base64(octets: bytes) -> bytes:
    return urlsafe_b64encode(octets).rstrip(b"=")


def verify(document: Json, keys: KeySet) -> Verdict:
    """Say whether `document` is as it was signed, by one of `keys`. Raises Unreadable.

    Offline and without a clock: a revoked key is judged by the instant the statement bears. Who
    stole a key can antedate; the house's own record of its papers answers that (`docs/verify.md`).
    """
    written = document if isinstance(document, dict) else {}
    signature = written.get("signature")
    if not isinstance(written.get("statement"), dict) or not isinstance(signature, str):
        raise Unreadable("no document with a statement and its signature")
    verdict = verify_signature(signature, keys)
    as_signed: dict[str, Any] = {"statement": verdict.statement, "signature": signature}
    if verdict.statement is None or canonical(written) == canonical(as_signed):
        return verdict
    differences = tuple(_differences("", as_signed, written))
    return replace(verdict, truth=Truth.CHANGED, differences=differences)


def verify_signature(signature: str, keys: KeySet) -> Verdict:
    """Say whether a compact JWS alone is a statement signed by one of `keys`. Raises Unreadable."""
    try:
        key = keys.find(jws.extract_compact(signature.encode()).headers().get("kid"))
        if key is None:
            return Verdict(truth=Truth.UNKNOWN_KEY)
        payload = jws.deserialize_compact(signature, key.key, algorithms=[ALGORITHM]).payload
    except (JoseError, ValueError, TypeError, AttributeError):
        return Verdict(truth=Truth.CHANGED)
    statement = _object(payload)
    truth = Truth.REVOKED_KEY if _is_revoked(key, statement) else Truth.TRUE
    return Verdict(truth=truth, statement=statement, key=key)


def _object(payload: bytes) -> dict[str, Any]:
    signed = read(payload)
    if not isinstance(signed, dict):
        raise Unreadable("what was signed is no statement")
    return signed


def _issued_at(statement: dict[str, Any]) -> datetime | None:
    try:
        issued_at = datetime.fromisoformat(statement["issued_at"])
    except (LookupError, TypeError, ValueError):
        return None
    return issued_at if issued_at.tzinfo else None


def _is_revoked(key: PublishedKey, statement: dict[str, Any]) -> bool:
    if key.revoked_from is None:
        return False
    issued_at = _issued_at(statement)
    # Whoever signs without a date with a revoked key is not believed.
    return issued_at is None or issued_at >= key.revoked_from


_ABSENT: Any = object()


def _differences(path: str, signed: Any, written: Any) -> Iterator[Difference]:
    if isinstance(signed, dict) and isinstance(written, dict):
        for name in sorted(signed.keys() | written.keys()):
            inner = f"{path}.{name}".removeprefix(".").removeprefix("statement.")
            yield from _differences(inner, signed.get(name, _ABSENT), written.get(name, _ABSENT))
    elif isinstance(signed, list) and isinstance(written, list):
        for position, pair in enumerate(zip_longest(signed, written, fillvalue=_ABSENT)):
            yield from _differences(f"{path}[{position}]", *pair)
    elif _text(signed) != _text(written):  # as text: Python holds True == 1, JSON does not
        yield Difference(path, _text(signed), _text(written))


def _text(value: Any) -> str:
    return "" if value is _ABSENT else canonical(value).decode()
