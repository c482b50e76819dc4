"""What readers say of a guide: counted at once, their words shown once a person has read them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.conversations.models import GuideOpinion
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MovedMeanwhile


def say_of_guide(
    *, guide: str, language: str, is_helpful: bool, words: str, now: datetime
) -> GuideOpinion:
    """Count an opinion; words wait for a person."""
    words = words.strip()
    return GuideOpinion.objects.create(
        guide=guide,
        language=language,
        is_helpful=is_helpful,
        words=words,
        stage="waiting" if words else "counted",
        said_at=now,
    )


@transaction.atomic
def moderate(*, opinion_id: int, is_shown: bool, actor: str, now: datetime) -> None:
    """Show what a reader wrote, or drop the words and keep the count. Raises MovedMeanwhile."""
    waiting = GuideOpinion.objects.filter(pk=opinion_id, stage="waiting")
    change = {"stage": "shown"} if is_shown else {"stage": "dropped", "words": ""}
    if waiting.update(**change) != 1:
        raise MovedMeanwhile(opinion_id=opinion_id, expected="waiting")
    journal.tell("guide.moderated", actor=actor, now=now, opinion_id=opinion_id, is_shown=is_shown)
