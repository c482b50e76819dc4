"""Ed25519 keys: how one is named, published as a JWKS, and revoked from an instant on.

The key id is the thumbprint of RFC 7638, so a published key cannot borrow another one's name.
`iat` and `revoked.revoked_at` are NumericDates as in the historical keys of OpenID Federation 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from fairroam.proof.canonical import Json, Unreadable

ALGORITHM = "Ed25519"  # RFC 9864; "EdDSA" is its older name and left the curve open


def make_key() -> OKPKey:
    """Return a new private key; its `thumbprint()` is the key id."""
    return OKPKey.generate_key("Ed25519")


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """What strangers know of a key. made_at, revoked_from: aware instants, whole seconds.

    revoked_from: statements dated at or after it are not believed; None = never revoked.
    """

    key: OKPKey
    made_at: datetime
    revoked_from: datetime | None = None

    @property
    def kid(self) -> str:
        return self.key.thumbprint()

    def as_jwk(self) -> dict[str, Any]:
        """Return the public half with its name and dates."""
        jwk: dict[str, Any] = dict(self.key.as_dict(private=False))
        jwk |= {"kid": self.kid, "use": "sig", "alg": ALGORITHM, "iat": _seconds(self.made_at)}
        if self.revoked_from is not None:
            jwk["revoked"] = {"revoked_at": _seconds(self.revoked_from)}
        return jwk

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> PublishedKey:
        """Read one key. Raises Unreadable when it is no Ed25519 key or goes by a false name."""
        try:
            revoked = jwk["revoked"]["revoked_at"] if "revoked" in jwk else None
            published = cls(
                OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x")}),
                made_at=_instant(jwk["iat"]),
                revoked_from=None if revoked is None else _instant(revoked),
            )
        except (JoseError, LookupError, TypeError, ValueError, OverflowError) as error:
            raise Unreadable(f"no Ed25519 key with its dates: {error}") from error
        if published.key.curve_name != "Ed25519" or {**jwk, **published.as_jwk()} != jwk:
            raise Unreadable("no Ed25519 key under its thumbprint, for signatures alone")
        return published


class KeySet:
    """All keys a house ever signed with, found by their id."""

    def __init__(self, keys: Iterable[PublishedKey]) -> None:
        self._keys = {key.kid: key for key in keys}

    @property
    def keys(self) -> tuple[PublishedKey, ...]:
        """In the order in which they were given."""
        return tuple(self._keys.values())

    def find(self, kid: object) -> PublishedKey | None:
        """Return the key of this id, or None."""
        return self._keys.get(kid) if isinstance(kid, str) else None

    def as_jwks(self) -> dict[str, Any]:
        """Return the JWKS (RFC 7517) to publish; it holds public halves only."""
        return {"keys": [key.as_jwk() for key in self.keys]}

    @classmethod
    def from_jwks(cls, jwks: Json) -> KeySet:
        """Read a published JWKS. Raises Unreadable, also when only one key of it is bad."""
        keys = jwks.get("keys") if isinstance(jwks, dict) else None
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise Unreadable("no list of keys (JWKS)")
        return cls(PublishedKey.from_jwk(key) for key in keys)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
