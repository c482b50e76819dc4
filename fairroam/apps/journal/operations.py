"""Tell what happened, and answer a repeated request once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app as jobs

from fairroam.apps.journal.models import Answer, Event
from fairroam.apps.journal.refusals import KeyReused


def tell(
    kind: str, *, actor: str, now: datetime, customer_id: int | None = None, **facts: Any
) -> Event:
    """Record that `kind` happened and queue its reactions, in the caller's transaction."""
    assert transaction.get_connection().in_atomic_block
    event = Event.objects.create(
        kind=kind, actor=actor, happened_at=now, customer_id=customer_id, facts=facts
    )
    jobs.configure_task("react").defer(event_id=event.pk)
    return event


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Whom an event is about, and its facts."""

    customer_id: int | None
    facts: Mapping[str, Any]


def tell_each(kind: str, events: Sequence[NewEvent], *, actor: str, now: datetime) -> None:
    """Do as `tell` does for many events of one kind, in a few statements and with one job."""
    if not events:
        return
    assert transaction.get_connection().in_atomic_block
    rows = Event.objects.bulk_create(
        Event(
            kind=kind,
            actor=actor,
            happened_at=now,
            customer_id=event.customer_id,
            facts=dict(event.facts),
        )
        for event in events
    )
    jobs.configure_task("react_each").defer(event_ids=[row.pk for row in rows])


def fingerprint(request: Mapping[str, Any]) -> str:
    """SHA-256 of what was chosen; equal for equal requests whatever the order of fields."""
    text = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def answer_once(
    *,
    principal: str,
    route: str,
    key: str,
    request: Mapping[str, Any],
    work: Callable[[], dict[str, Any]],
    now: datetime,
) -> dict[str, Any]:
    """Do `work` once per (principal, route, key); a repeat gets the first answer.

    A simultaneous twin waits at the unique key until this transaction ends. Raises KeyReused
    when the same key comes with another request.
    """
    row, is_first = Answer.objects.get_or_create(
        principal=principal,
        route=route,
        key=key,
        defaults={"fingerprint": fingerprint(request), "answered_at": now},
    )
    if row.fingerprint != fingerprint(request):
        raise KeyReused(route=route)
    if is_first:
        row.answer = work()
        row.save(update_fields=["answer"])
    answer: dict[str, Any] = row.answer
    return answer
