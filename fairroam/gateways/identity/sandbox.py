"""The identity stand-in of `python -m sandbox.identity`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

import msgspec
from msgspec import Meta

from fairroam.gateways.calls import Answered, Door
from fairroam.gateways.identity import (
    AnswerMismatch,
    CheckEvent,
    CheckNotUnderstood,
    CheckState,
    CheckStatus,
    CheckUnknown,
    GatewayUnreachable,
    IdentityGateway,
    KeyReused,
    StartedCheck,
)
from fairroam.gateways.signatures import check_signature

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class _Check(msgspec.Struct):
    id: Name
    reference: UUID
    status: CheckStatus
    page_url: Annotated[str, Meta(pattern="^https?://", max_length=500)]
    person: Annotated[str, Meta(max_length=200)] = ""


class _Event(msgspec.Struct):
    id: Name
    payload: _Check


def connect(
    *, url: str, key: str, hook_secret: str, timeout_seconds: float = 20.0
) -> IdentityGateway:
    """Return the gateway to the stand-in at `url` (its root, no path).

    key: what it was started with as SANDBOX_IDENTITY_KEY; hook_secret: likewise
    SANDBOX_IDENTITY_HOOK_SECRET. timeout_seconds: for one whole call.
    """
    door = Door(url=url, timeout_seconds=timeout_seconds)
    return SandboxIdentity(door=door, key=key, hook_secret=hook_secret)


class SandboxIdentity:
    """See `IdentityGateway`. Safe to share between threads."""

    def __init__(self, *, door: Door, key: str, hook_secret: str) -> None:
        self._door = door
        self._headers = {"Authorization": f"Bearer {key}"}
        self._hook_secret = hook_secret

    def start_check(self, *, key: UUID, return_url: str, language: str) -> StartedCheck:
        """See `IdentityGateway`."""
        headers = self._headers | {"Idempotency-Key": str(key)}
        asked = {"reference": str(key), "return_url": return_url, "language": language}
        check = _check(self._door.post("/v1/checks", headers=headers, body=asked))
        if check.reference != key:
            raise AnswerMismatch(f"started for {key}, answered about {check.reference}")
        return StartedCheck(check_ref=check.id, page_url=check.page_url)

    def look_up(self, *, check_ref: str) -> CheckState:
        """See `IdentityGateway`."""
        path = f"/v1/checks/{quote(check_ref, safe='')}"
        check = _check(self._door.get(path, headers=self._headers))
        if check.id != check_ref:
            raise AnswerMismatch(f"asked about {check_ref}, answered about {check.id}")
        return _state(check)

    def parse_event(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> CheckEvent:
        """See `IdentityGateway`."""
        by_name = {name.lower(): value for name, value in headers.items()}
        header = by_name.get("sandbox-signature", "")
        check_signature(header=header, body=body, secret=self._hook_secret, now=now)
        try:
            event = msgspec.json.decode(body, type=_Event)
        except msgspec.DecodeError as error:
            raise CheckNotUnderstood(str(error)) from error
        return CheckEvent(event_id=event.id, state=_state(event.payload))


def _check(answered: Answered) -> _Check:
    told = answered.json()
    if answered.status not in (200, 201):
        code = told.get("error")
        if code == "idempotency_mismatch":
            raise KeyReused
        if code == "no_such_check":
            raise CheckUnknown
        raise GatewayUnreachable(f"HTTP {answered.status}: {code}")
    try:
        return msgspec.convert(told, _Check)
    except msgspec.ValidationError as error:
        raise GatewayUnreachable(str(error)) from error


def _state(check: _Check) -> CheckState:
    is_verified = check.status == CheckStatus.VERIFIED
    return CheckState(
        check_ref=check.id,
        key=check.reference,
        status=check.status,
        person_ref=check.person if is_verified else "",
    )
