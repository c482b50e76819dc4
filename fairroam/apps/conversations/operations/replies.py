"""Replies that are often needed: kept per language, changed by anybody at the desk."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.conversations.models import SavedReply


@transaction.atomic
def save_reply(
    *, title: str, language: str, words: str, staff_user_id: int, now: datetime
) -> SavedReply:
    """Keep a reply; one of the same title and language is replaced."""
    reply, _ = SavedReply.objects.update_or_create(
        title=title.strip(),
        language=language,
        defaults={
            "words": words.strip(),
            "changed_by": f"staff:{staff_user_id}",
            "changed_at": now,
        },
    )
    return reply


@transaction.atomic
def drop_reply(*, reply_id: int) -> None:
    """Forget a reply; one that is gone already is gone."""
    SavedReply.objects.filter(pk=reply_id).delete()
