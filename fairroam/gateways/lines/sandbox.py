"""The network stand-in of `python -m sandbox.lines`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
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
    KeyReused,
    LineGateway,
    LineRefused,
    LineState,
    LineStatus,
    NetworkRecord,
    RecordKind,
    UsageNotUnderstood,
    UsagePage,
)
from fairroam.gateways.signatures import check_signature

FINAL_CODES = frozenset({"line_ended", "no_such_line"})

Instant = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class _Line(msgspec.Struct):
    iccid: str
    state: LineStatus
    first_attach_at: Instant | None


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


def connect(*, url: str, key: str, hook_secret: str, timeout_seconds: float = 20.0) -> LineGateway:
    """Return the gateway to the network at `url` (its root, no path).

    key: what it was started with as SANDBOX_LINES_KEY; hook_secret: likewise
    SANDBOX_USAGE_HOOK_SECRET. timeout_seconds: for one whole call.
    """
    door = Door(url=url, timeout_seconds=timeout_seconds)
    return SandboxLines(door=door, key=key, hook_secret=hook_secret)


class SandboxLines:
    """See `LineGateway`. Safe to share between threads."""

    capabilities = Capabilities(suspends=True, steers=True)

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
            batch = msgspec.convert(answered.json(), _Batch)
            return UsagePage(records=_records(batch), cursor=batch.next)
        except (msgspec.ValidationError, UsageNotUnderstood) as error:
            raise GatewayUnreachable(str(error)) from error

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
        path = f"/v1/lines/{quote(iccid, safe='')}/{act}"
        headers = self._headers | {"Idempotency-Key": str(key)}
        return _line(self._door.post(path, headers=headers, body=body or {}), iccid)


def _line(answered: Answered, iccid: str) -> LineState:
    told = answered.json()
    if answered.status != 200:
        code = told.get("error")
        if code == "idempotency_mismatch":
            raise KeyReused
        if isinstance(code, str) and code in FINAL_CODES:
            raise LineRefused(code)
        raise GatewayUnreachable(f"HTTP {answered.status}: {code}")
    try:
        line = msgspec.convert(told, _Line)
    except msgspec.ValidationError as error:
        raise GatewayUnreachable(str(error)) from error
    if line.iccid != iccid:
        raise AnswerMismatch(f"asked about {iccid}, answered about {line.iccid}")
    return LineState(iccid=iccid, status=line.state, first_attach_at=line.first_attach_at)


def _records(batch: _Batch) -> list[NetworkRecord]:
    return [_record(batch.source, record) for record in batch.records]


def _record(source: str, record: _Record) -> NetworkRecord:
    if record.ended_at < record.started_at:
        raise UsageNotUnderstood(f"{record.record_id}: ends before it starts")
    try:
        iccid = normalise_iccid(record.iccid)
    except BadIdentifier as error:
        raise UsageNotUnderstood(f"{record.record_id}: {error.code}") from error
    return NetworkRecord(
        source=source,
        record_id=record.record_id,
        iccid=iccid,
        kind=record.kind,
        quantity=record.quantity,
        started_at=record.started_at,
        ended_at=record.ended_at,
        country=record.country,
        operator=record.operator,
    )
