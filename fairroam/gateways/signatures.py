"""Who signed this message, and when: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

__all__ = ["MESSAGE_AGE_MAX", "BadSignature", "StaleEvent", "check_signature"]

MESSAGE_AGE_MAX = timedelta(minutes=5)
SIGNATURE = re.compile(r"t=([0-9]{1,11}),v1=([0-9a-f]{64})")


class BadSignature(Exception):
    """Nobody who knows the secret wrote these bytes."""


class StaleEvent(Exception):
    """Rightly signed, but more than five minutes away from now: perhaps a recording."""


def check_signature(*, header: str, body: bytes, secret: str, now: datetime) -> datetime:
    """Return the instant of signing. Raises BadSignature, StaleEvent.

    `header` is the value of the signature header, empty when there was none. The signature is
    looked at before the time, so that a stranger learns nothing about our clock.
    """
    assert secret, "without a secret anybody could sign"
    match = SIGNATURE.fullmatch(header)
    if not match:
        raise BadSignature
    seconds, claimed = match.groups()
    true = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(true, claimed):
        raise BadSignature
    signed_at = datetime.fromtimestamp(int(seconds), UTC)
    if abs(now - signed_at) > MESSAGE_AGE_MAX:
        raise StaleEvent
    return signed_at
