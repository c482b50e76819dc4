"""Salted commitments: a paper can hold on to a mail address without showing or keeping it.

Whoever has the value and the salt shows that the paper means them; once the salt is erased,
the commitment tells nothing, not even to someone who tries every address there is.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

SALT_BYTES = 16  # 128 bits: trying all salts is out of reach


def make_salt() -> str:
    """Return a fresh random salt, 32 hexadecimal digits; one for each value."""
    return secrets.token_hex(SALT_BYTES)


def commit(value: str, salt: str) -> str:
    """Return `sha256:` and the hexadecimal SHA-256 of the salt's bytes followed by UTF-8 `value`.

    Raises ValueError for a salt that is not SALT_BYTES long: a short one could be guessed.
    """
    salt_bytes = bytes.fromhex(salt)
    if len(salt_bytes) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return "sha256:" + hashlib.sha256(salt_bytes + value.encode()).hexdigest()


def opens(commitment: str, value: str, salt: str) -> bool:
    """Say whether `value` with `salt` is what `commitment` stands for."""
    return hmac.compare_digest(commitment, commit(value, salt))
