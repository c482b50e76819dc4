"""Who somebody is: a provider looks at a person and a document; we learn the answer only.

One module per provider, each with `connect(...) -> IdentityGateway`. One contract suite,
`tests/gateways/test_identity.py`, holds for all of them. No picture and no document number ever
comes to us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from fairroam.gateways.calls import AnswerMismatch, GatewayUnreachable, KeyReused
from fairroam.gateways.signatures import BadSignature, StaleEvent

__all__ = [
    "AnswerMismatch",
    "BadSignature",
    "CheckEvent",
    "CheckNotUnderstood",
    "CheckState",
    "CheckStatus",
    "CheckUnknown",
    "GatewayUnreachable",
    "IdentityGateway",
    "KeyReused",
    "StaleEvent",
    "StartedCheck",
]


class CheckNotUnderstood(Exception):
    """Rightly signed, but not a check as agreed: keep its bytes for a person."""


class CheckUnknown(Exception):
    """The provider has no such check."""


class CheckStatus(StrEnum):
    """UNSURE: the provider cannot say, a person must look. All but PENDING are final."""

    PENDING = "pending"
    VERIFIED = "verified"
    REFUSED = "refused"
    EXPIRED = "expired"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedCheck:
    """The provider's name for a check, and the page where the customer goes on: a secret link."""

    check_ref: str
    page_url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckState:
    """How far a check is. key: ours, of the act that started it.

    person_ref: the same for the same person, whatever the account, and nothing else about them;
    empty unless VERIFIED.
    """

    check_ref: str
    key: UUID
    status: CheckStatus
    person_ref: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEvent:
    """A notice of the provider; copies of it have the same event_id."""

    event_id: str
    state: CheckState


class IdentityGateway(Protocol):
    """One provider. `key`: the UUID of the act, stored before the call.

    GatewayUnreachable: the outcome is unknown, repeat with the same key. KeyReused: the key came
    with another request before, a bug of ours. AnswerMismatch: about another check than asked.
    """

    def start_check(self, *, key: UUID, return_url: str, language: str) -> StartedCheck:
        """Begin a check, or find the one that this key has begun.

        Raises GatewayUnreachable, KeyReused.
        """

    def look_up(self, *, check_ref: str) -> CheckState:
        """Return how far it is. Raises CheckUnknown, AnswerMismatch, GatewayUnreachable."""

    def parse_event(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> CheckEvent:
        """Read what the provider sent to our hook.

        Raises BadSignature, StaleEvent (signed more than 5 minutes away from `now`),
        CheckNotUnderstood.
        """
