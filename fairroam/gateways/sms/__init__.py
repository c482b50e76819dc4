"""Short text messages to a phone; for news only, never as a proof of who somebody is.

One module per provider, each with `connect(...) -> SmsGateway`. One contract suite,
`tests/gateways/test_sms.py`, holds for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from fairroam.gateways.calls import AnswerMismatch, GatewayUnreachable, KeyReused

__all__ = [
    "AnswerMismatch",
    "GatewayUnreachable",
    "KeyReused",
    "SmsGateway",
    "SmsReceipt",
    "SmsRefused",
]


class SmsRefused(Exception):
    """The provider will not send it, for good: no such number, or its owner wants nothing."""


@dataclass(frozen=True, slots=True)
class SmsReceipt:
    """The provider took the message; sms_ref is its name for it."""

    sms_ref: str


class SmsGateway(Protocol):
    """One provider. `key`: the UUID of the message, stored before the call."""

    def send(self, *, key: UUID, to: str, text: str) -> SmsReceipt:
        """Send `text` to the number `to` (E.164). Same `key` -> same receipt, sent once.

        Raises SmsRefused (final), GatewayUnreachable (outcome unknown: the same call again),
        KeyReused and AnswerMismatch (bugs: a person must look).
        """
