"""Messages to a browser that is closed, through its maker's push service (RFC 8030, 8291, 8292).

What is said is encrypted for that browser alone: its push service learns when, not what.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from fairroam.gateways.calls import GatewayUnreachable

__all__ = ["DeviceGone", "DeviceRefused", "GatewayUnreachable", "PushAddress", "PushGateway"]


class DeviceGone(Exception):
    """The push service knows this browser no more (404, 410): forget it."""


class DeviceRefused(Exception):
    """The address is none that we call, or the push service will not take this for good."""


@dataclass(frozen=True, slots=True)
class PushAddress:
    """A browser as its push service named it: all three open something."""

    endpoint: str = field(repr=False)
    public_key: str = field(repr=False)  # p256dh, base64url
    secret: str = field(repr=False)  # auth, base64url


class PushGateway(Protocol):
    """One way to push services."""

    def send(self, *, key: UUID, to: PushAddress, content: bytes, now: datetime) -> None:
        """Hand over `content` (at most 3,000 bytes). Same `key` -> replaces what still waits.

        Raises DeviceGone and DeviceRefused (final), GatewayUnreachable (the same call again).
        """
