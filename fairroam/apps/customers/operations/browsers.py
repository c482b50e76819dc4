"""Where somebody is signed in: noted when first seen, ended by choice, closing or the desk."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import models, transaction

from fairroam.apps.customers.models import SEEN_GRAIN, BrowserSession
from fairroam.apps.journal.refusals import NotAmongYours


def note_session(*, user_id: int, session_key: str, user_agent: str, now: datetime) -> bool:
    """Note that a browser is signed in; False when this very sign-in was ended."""
    row, is_new = BrowserSession.objects.get_or_create(
        session_key=session_key,
        defaults={
            "user_id": user_id,
            "user_agent": user_agent[:200],
            "started_at": now,
            "seen_at": now,
        },
    )
    if row.ended_at is not None or row.user_id != user_id:
        return False
    if not is_new and now - row.seen_at >= SEEN_GRAIN:
        BrowserSession.objects.filter(pk=row.pk, ended_at=None).update(seen_at=now)
    return True


@transaction.atomic
def end_session(*, user_id: int, session_id: int, now: datetime) -> None:
    """Sign one browser out. Raises NotAmongYours."""
    if not _end(BrowserSession.objects.filter(pk=session_id, user_id=user_id), now):
        raise NotAmongYours(session_id=session_id)


@transaction.atomic
def end_sessions(*, user_id: int, but: str | None = None, now: datetime) -> int:
    """Sign all browsers of a user out, but the one with that session key; how many."""
    return _end(BrowserSession.objects.filter(user_id=user_id).exclude(session_key=but or ""), now)


def forget_session(*, session_key: str, now: datetime) -> None:
    """Note that a browser signed itself out."""
    BrowserSession.objects.filter(session_key=session_key, ended_at=None).update(
        ended_at=now, user_agent=""
    )


def _end(rows: models.QuerySet[BrowserSession], now: datetime) -> int:
    live = rows.filter(ended_at=None).select_for_update(no_key=True)
    keys = list(live.values_list("session_key", flat=True))
    BrowserSession.objects.filter(session_key__in=keys).update(ended_at=now, user_agent="")
    Session.objects.filter(session_key__in=keys).delete()
    return len(keys)
