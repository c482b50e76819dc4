"""Tell what happened, and answer a repeated request once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from procrastinate.contrib.django import app as jobs
from procrastinate.types import JSONDict

from fairroam.apps.journal.models import Answer, Event
from fairroam.apps.journal.refusals import KeyReused, MovedMeanwhile

_kept: ContextVar[list[Event] | None] = ContextVar("kept", default=None)


def tell(
    kind: str, *, actor: str, now: datetime, customer_id: int | None = None, **facts: Any
) -> None:
    """Record that `kind` happened and queue its reactions, in the caller's transaction."""
    assert transaction.get_connection().in_atomic_block
    event = Event(kind=kind, actor=actor, happened_at=now, customer_id=customer_id, facts=facts)
    kept = _kept.get()
    if kept is None:
        _write([event])
    else:
        kept.append(event)


def advance(row: Any, after: str, **changes: Any) -> None:
    """Write the stage that follows the one in which `row` was read. Raises MovedMeanwhile."""
    before, changes["stage"] = row.stage, after
    if type(row).objects.filter(pk=row.pk, stage=before).update(**changes) != 1:
        raise MovedMeanwhile(**{f"{row._meta.model_name}_id": row.pk}, expected=before)
    for name, value in changes.items():
        setattr(row, name, value)


@contextmanager
def telling_at_the_end() -> Iterator[None]:
    """Write all that one act tells, in its order, with two statements at its end.

    Nothing inside may be rolled back alone: what it told would stay.
    """
    if _kept.get() is not None:
        yield  # Part of a larger act.
        return
    kept: list[Event] = []
    outside = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(outside)
    if kept:
        _write(kept)


def _write(events: Sequence[Event]) -> None:
    wanted: list[JSONDict] = [{"event_id": row.pk} for row in Event.objects.bulk_create(events)]
    jobs.configure_task("react").batch_defer(*wanted)


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
    chosen = fingerprint(request)
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [principal, route, key, chosen, now])
        is_first = cursor.rowcount == 1
    row = Answer.objects.filter(principal=principal, route=route, key=key)
    if is_first:
        answer = work()
        row.update(answer=answer)
        return answer
    former = row.get()
    if former.fingerprint != chosen:
        raise KeyReused(route=route)
    given: dict[str, Any] = former.answer
    return given


# Of two at once the later waits here until the first has ended.
TAKE = """
    INSERT INTO journal_answer (principal, route, key, fingerprint, answer, answered_at)
    VALUES (%s, %s, %s, %s, '{}', %s) ON CONFLICT DO NOTHING
"""
