"""The text message stand-in of `python -m sandbox.sms`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from fairroam.gateways.calls import Door
from fairroam.gateways.sms import (
    AnswerMismatch,
    GatewayUnreachable,
    KeyReused,
    SmsGateway,
    SmsReceipt,
    SmsRefused,
)


class _Message(msgspec.Struct):
    id: Annotated[str, Meta(min_length=1, max_length=200)]
    reference: UUID


def connect(*, url: str, key: str, timeout_seconds: float = 20.0) -> SmsGateway:
    """Return the gateway to the stand-in at `url` (its root, no path).

    key: what it was started with as SANDBOX_SMS_KEY. timeout_seconds: for one whole call.
    """
    return SandboxSms(door=Door(url=url, timeout_seconds=timeout_seconds), key=key)


class SandboxSms:
    """See `SmsGateway`. Safe to share between threads."""

    def __init__(self, *, door: Door, key: str) -> None:
        self._door = door
        self._headers = {"Authorization": f"Bearer {key}"}

    def send(self, *, key: UUID, to: str, text: str) -> SmsReceipt:
        """See `SmsGateway`."""
        headers = self._headers | {"Idempotency-Key": str(key)}
        asked = {"reference": str(key), "to": to, "text": text}
        answered = self._door.post("/v1/messages", headers=headers, body=asked)
        told = answered.json()
        if answered.status not in (200, 201):
            code = told.get("error")
            if code == "idempotency_mismatch":
                raise KeyReused
            if code in ("unreachable_number", "invalid_request"):
                raise SmsRefused(code)
            raise GatewayUnreachable(f"HTTP {answered.status}: {code}")
        try:
            message = msgspec.convert(told, _Message)
        except msgspec.ValidationError as error:
            raise GatewayUnreachable(str(error)) from error
        if message.reference != key:
            raise AnswerMismatch(f"sent as {key}, answered about {message.reference}")
        return SmsReceipt(sms_ref=message.id)
