"""Live lines of a network: suspend, resume, end; and what the network says was used.

One module per network, each with `connect(...) -> LineGateway`. One contract suite,
`tests/gateways/test_lines.py`, holds for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from fairroam.gateways.calls import AnswerMismatch, GatewayUnreachable, KeyReused, kept_code
from fairroam.gateways.signatures import BadSignature, StaleEvent

__all__ = [
    "COUNTRY_UNKNOWN",
    "AnswerMismatch",
    "BadSignature",
    "Capabilities",
    "GatewayUnreachable",
    "KeptAlive",
    "KeyReused",
    "LineGateway",
    "LineRefused",
    "LineState",
    "LineStatus",
    "NetworkRecord",
    "PortOutCode",
    "RecordKind",
    "StaleEvent",
    "UnreadRecord",
    "UsageNotUnderstood",
    "UsagePage",
]

COUNTRY_UNKNOWN = "ZZ"  # ISO 3166 leaves it to users; CLDR calls it "unknown region"


class LineRefused(Exception):
    """The network does not do this, ever. `code`: `line_ended`, or its own, as `kept_code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = kept_code(code)


class UsageNotUnderstood(Exception):
    """Rightly signed, but not usage as agreed: keep its bytes for a person."""


class LineStatus(StrEnum):
    """UNKNOWN: the network has not seen this line yet; it may still attach. ENDED is final."""

    UNKNOWN = "unknown"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class RecordKind(StrEnum):
    """What a record counts: bytes of data, seconds of voice, messages; an attach counts 0."""

    DATA = "data"
    VOICE = "voice"
    SMS = "sms"
    ATTACH = "attach"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a network can do besides ending a line, which all can.

    suspends: stop all service for a while and give it again. steers: prefer, abroad, the operator
    that the customer chose. keeps_alive: the acts that the operator lets us do so that a number is
    kept. ports_out: give the code with which a number moves to another operator.
    """

    suspends: bool
    steers: bool
    keeps_alive: frozenset[str] = frozenset()
    ports_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """A line as the network sees it. first_attach_at: None while it never found the network.

    ported_out_at: when its number moved to another operator; such a line has ended.
    """

    iccid: str
    status: LineStatus
    first_attach_at: datetime | None
    ported_out_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAlive:
    """A qualifying act that the network did: which one, when, and its own name for it."""

    act: str
    happened_at: datetime
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortOutCode:
    """With this code, a bearer secret, another operator can take the number until `expires_at`."""

    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRecord:
    """One use of one line. It may come twice, late and in any order.

    (source, record_id) is the same in every copy. quantity: bytes of both directions (1 GB =
    10**9), seconds, or messages, by `kind`. country: ISO 3166 alpha-2 of the visited network;
    COUNTRY_UNKNOWN and an empty operator where nobody says.
    corrects: (source, record_id) of the record that a negative quantity takes back from.
    """

    source: str
    record_id: str
    iccid: str
    kind: RecordKind
    quantity: int
    started_at: datetime
    ended_at: datetime
    country: str
    operator: str
    corrects: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadRecord:
    """What stands in a page and is no record as agreed: `content` as JSON, for a person.

    record_id: empty where it names none.
    """

    record_id: str
    reason: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePage:
    """Records in the order the network wrote them; `cursor` asks for those after them.

    unread: those that we cannot read; they keep none of the others from being counted.
    """

    records: list[NetworkRecord]
    cursor: str
    unread: list[UnreadRecord] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Nothing is written after what we have read."""
        return not self.records and not self.unread


class LineGateway(Protocol):
    """One network. Acts have a key: the UUID of the act, stored before the call.

    The same key gives the same answer; an act that is already done is no error. KeyReused: the
    key came with another act before, a bug of ours. GatewayUnreachable: the outcome is unknown,
    repeat with the same key. AnswerMismatch: about another line than asked, a person must look.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this network can do; what it cannot is not to be called."""

    def suspend_line(self, *, iccid: str, key: UUID) -> LineState:
        """Stop all service until the line is resumed.

        Raises LineRefused, KeyReused, AnswerMismatch, GatewayUnreachable; so do all these acts.
        Only where `suspends`.
        """

    def resume_line(self, *, iccid: str, key: UUID) -> LineState:
        """Give service again. Raises as `suspend_line` does. Only where `suspends`."""

    def prefer_operator(self, *, iccid: str, country: str, operator: str, key: UUID) -> LineState:
        """Let the line use `operator` when it is in `country`; an empty one: whichever is best.

        It counts from the next attach. Raises as `suspend_line` does. Only where `steers`.
        """

    def end_line(self, *, iccid: str, key: UUID) -> LineState:
        """Stop all service for good, also of a line that has never attached.

        Once this returns, no use can begin; records of earlier use may still arrive.
        Raises as `suspend_line` does.
        """

    def keep_alive(self, *, iccid: str, act: str, key: UUID) -> KeptAlive:
        """Do one of the acts in `keeps_alive` with the line, so that its number is kept.

        A repeat with the same key is the same act. Raises as `suspend_line` does.
        """

    def port_out_code(self, *, iccid: str, key: UUID) -> PortOutCode:
        """Return the code with which the number moves to another operator.

        While one is good, every key gets that one. Raises as `suspend_line` does. Only where
        `ports_out`.
        """

    def look_up_line(self, *, iccid: str) -> LineState:
        """Return the line as it is now. Raises LineRefused, AnswerMismatch, GatewayUnreachable."""

    def list_usage(self, *, since: str = "") -> UsagePage:
        """Return what was written after the cursor `since`, from the first record when empty.

        Raises GatewayUnreachable.
        """

    def parse_usage(
        self, *, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> list[NetworkRecord]:
        """Read what the network sent to our hook.

        Raises BadSignature, StaleEvent (signed more than 5 minutes away from `now`),
        UsageNotUnderstood.
        """
