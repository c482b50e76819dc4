"""The network stand-in of `python -m sandbox.lines`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec
from msgspec import Meta

from fairroam.gateways.calls import Answered, Door
from fairroam.gateways.identifiers import BadIdentifier, normalise_iccid
from fairroam.gateways.lines import (
    AnswerMismatch,
    Capabilities,
    GatewayUnreachable,
    KeptAlive,
    KeyReused,
    LineGateway,
    LineRefused,
    LineState,
    LineStatus,
    NetworkRecord,
    PortOutCode,
    RecordKind,
    UnreadRecord,
    UsageNotUnderstood,
    UsagePage,
)
from fairroam.gateways.signatures import check_signature

FINAL_CODES = frozenset({"act_not_offered", "line_ended", "line_suspended", "no_such_line"})

Instant = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class _Line(msgspec.Struct):
    iccid: str
    state: LineStatus
    first_attach_at: Instant | None
    ported_out_at: Instant | None = None


class _KeptAlive(msgspec.Struct):
    iccid: str
    act: Name
    at: Instant
    id: Name


class _PortOutCode(msgspec.Struct):
    iccid: str
    code: Name
    expires_at: Instant


Told = TypeVar("Told", _Line, _KeptAlive, _PortOutCode)


class _Record(msgspec.Struct):
    record_id: Name
    iccid: str
    kind: RecordKind
    quantity: Annotated[int, Meta(ge=0, le=10**15)]
    started_at: Instant
    ended_at: Instant
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")]
    operator: Name


class _Batch(msgspec.Struct):
    source: Name
    records: list[_Record]
    next: str = ""


class _Page(msgspec.Struct):
    source: Name
    records: list[Any]
    next: str = ""


def connect(*, url: str, key: str, hook_secret: str, timeout_seconds: float = 20.0) -> LineGateway:
    """Return the gateway to the network at `url` (its root, no path).

    key: what it was started with as SANDBOX_LINES_KEY; hook_secret: likewise
    SANDBOX_USAGE_HOOK_SECRET. timeout_seconds: for one whole call.
    """
    door = Door(url=url, timeout_seconds=timeout_seconds)
    return SandboxLines(door=door, key=key, hook_secret=hook_secret)


class SandboxLines:
    """See `LineGateway`. Safe to share between threads."""

    capabilities = Capabilities(
        suspends=True,
        steers=True,
        keeps_alive=frozenset({"sms_out", "data_session", "purchase"}),
        ports_out=True,
    )

    def __init__(self, *, door: Door, key: str, hook_secret: str) -> None:
        self._door = door
        self._headers = {"Authorization": f"Bearer {key}"}
        self._hook_secret = hook_secret

    def suspend_line(self, *, iccid: str, key: UUID) -> LineState:
        """See `LineGateway`."""
        return self._act("suspend", iccid, key)

    def resume_line(self, *, iccid: str, key: UUID) -> LineState:
        """See `LineGateway`."""
        return self._act("resume", iccid, key)

    def prefer_operator(self, *, iccid: str, country: str, operator: str, key: UUID) -> LineState:
        """See `LineGateway`."""
        return self._act("prefer", iccid, key, {"country": country, "operator": operator})

    def end_line(self, *, iccid: str, key: UUID) -> LineState:
        """See `LineGateway`."""
        return self._act("end", iccid, key)

    def keep_alive(self, *, iccid: str, act: str, key: UUID) -> KeptAlive:
        """See `LineGateway`."""
        told = _told(self._post("keep_alive", iccid, key, {"act": act}), _KeptAlive, iccid)
        if told.act != act:
            raise AnswerMismatch(f"asked for {act}, answered about {told.act}")
        return KeptAlive(act=told.act, happened_at=told.at, ref=told.id)

    def port_out_code(self, *, iccid: str, key: UUID) -> PortOutCode:
        """See `LineGateway`."""
        told = _told(self._post("port_out_code", iccid, key, {}), _PortOutCode, iccid)
        return PortOutCode(code=told.code, expires_at=told.expires_at)

    def look_up_line(self, *, iccid: str) -> LineState:
        """See `LineGateway`."""
        path = f"/v1/lines/{quote(iccid, safe='')}"
        return _line(self._door.get(path, headers=self._headers), iccid)

    def list_usage(self, *, since: str = "") -> UsagePage:
        """See `LineGateway`."""
        answered = self._door.get("/v1/usage", headers=self._headers, since=since)
        if answered.status != 200:
            raise GatewayUnreachable(f"usage: HTTP {answered.status}")
        try:
            page = msgspec.convert(answered.json(), _Page)
        except msgspec.ValidationError as error:
            raise GatewayUnreachable(str(error)) from error
        read = [_read(page.source, told) for told in page.records]
        return UsagePage(
            records=[one for one in read if isinstance(one, NetworkRecord)],
            unread=[one for one in read if isinstance(one, UnreadRecord)],
            cursor=page.next,
        )

    def parse_usage(
        self, *, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> list[NetworkRecord]:
        """See `LineGateway`."""
        by_name = {name.lower(): value for name, value in headers.items()}
        header = by_name.get("sandbox-signature", "")
        check_signature(header=header, body=body, secret=self._hook_secret, now=now)
        try:
            return _records(msgspec.json.decode(body, type=_Batch))
        except msgspec.DecodeError as error:
            raise UsageNotUnderstood(str(error)) from error

    def _act(
        self, act: str, iccid: str, key: UUID, body: Mapping[str, str] | None = None
    ) -> LineState:
        return _line(self._post(act, iccid, key, body or {}), iccid)

    def _post(self, act: str, iccid: str, key: UUID, body: Mapping[str, str]) -> Answered:
        path = f"/v1/lines/{quote(iccid, safe='')}/{act}"
        headers = self._headers | {"Idempotency-Key": str(key)}
        return self._door.post(path, headers=headers, body=body)


def _line(answered: Answered, iccid: str) -> LineState:
    line = _told(answered, _Line, iccid)
    return LineState(
        iccid=iccid,
        status=line.state,
        first_attach_at=line.first_attach_at,
        ported_out_at=line.ported_out_at,
    )


def _told(answered: Answered, wanted: type[Told], iccid: str) -> Told:
    """What the network answered about that line, as `wanted`."""
    told = answered.json()
    if answered.status != 200:
        code = told.get("error")
        if code == "idempotency_mismatch":
            raise KeyReused
        if isinstance(code, str) and code in FINAL_CODES:
            raise LineRefused(code)
        raise GatewayUnreachable(f"HTTP {answered.status}: {code}")
    try:
        line = msgspec.convert(told, wanted)
    except msgspec.ValidationError as error:
        raise GatewayUnreachable(str(error)) from error
    if line.iccid != iccid:
        raise AnswerMismatch(f"asked about {iccid}, answered about {line.iccid}")
    return line


def _records(batch: _Batch) -> list[NetworkRecord]:
    return [_record(batch.source, record) for record in batch.records]


def _read(source: str, told: Any) -> NetworkRecord | UnreadRecord:
    """A record of a page; one that is not as agreed is told apart and keeps no other back."""
    try:
        return _record(source, msgspec.convert(told, _Record))
    except (msgspec.ValidationError, UsageNotUnderstood) as error:
        named = told.get("record_id") if isinstance(told, dict) else None
        return UnreadRecord(
            record_id=named[:200] if isinstance(named, str) and named.isprintable() else "",
            reason=str(error),
            content=json.dumps(told, sort_keys=True),
        )


def _record(source: str, record: _Record) -> NetworkRecord:
    if record.ended_at < record.started_at:
        raise UsageNotUnderstood(f"{record.record_id}: ends before it starts")
    try:
        iccid = normalise_iccid(record.iccid)
        started_at = record.started_at.astimezone(UTC)
        ended_at = record.ended_at.astimezone(UTC)
        f"{record.record_id}{record.operator}".encode()
    except BadIdentifier as error:
        raise UsageNotUnderstood(f"{record.record_id}: {error.code}") from error
    except (OverflowError, UnicodeEncodeError) as error:  # years before 1, halves of characters
        raise UsageNotUnderstood(type(error).__name__) from error
    return NetworkRecord(
        source=source,
        record_id=record.record_id,
        iccid=iccid,
        kind=record.kind,
        quantity=record.quantity,
        started_at=started_at,
        ended_at=ended_at,
        country=record.country,
        operator=record.operator,
    )
