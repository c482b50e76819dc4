"""What readers say of a guide: counted at once, their words shown once a person has read them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.conversations.models import GuideOpinion, HiddenGuide
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
    """Show what a reader wrote, or drop the words and keep the count, also of what is shown.

    Raises MovedMeanwhile.
    """
    before = ("waiting",) if is_shown else ("waiting", "shown")
    waiting = GuideOpinion.objects.filter(pk=opinion_id, stage__in=before)
    change = {"stage": "shown"} if is_shown else {"stage": "dropped", "words": ""}
    if waiting.update(**change) != 1:
        raise MovedMeanwhile(opinion_id=opinion_id, expected="waiting")
    journal.tell("guide.moderated", actor=actor, now=now, opinion_id=opinion_id, is_shown=is_shown)


@transaction.atomic
def show_guide(*, guide: str, is_shown: bool, actor: str, now: datetime) -> None:
    """Let travellers read a guide, or not until it is right again. Safe to repeat."""
    if is_shown:
        is_change = HiddenGuide.objects.filter(guide=guide).delete()[0] > 0
    else:
        is_change = HiddenGuide.objects.get_or_create(guide=guide)[1]
    if is_change:
        kind = "guide.shown" if is_shown else "guide.hidden"
        journal.tell(kind, actor=actor, now=now, guide=guide)
