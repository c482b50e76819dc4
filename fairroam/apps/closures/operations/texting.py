"""Text messages about a closing: queued once of each kind, claimed before the call."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.closures.models import ClosingText, Closure
from fairroam.apps.esims.queries import numbers


@transaction.atomic
def queue_text(*, closure_id: int, kind: str, now: datetime) -> ClosingText | None:
    """Keep that the customer shall hear of `kind` by text message, once; None: no number for it.

    Never to a number that is with us: it goes with the account that is being closed.
    """
    closure = Closure.objects.get(pk=closure_id)
    if not closure.sealed_phone or numbers.is_ours(closure.sealed_phone):
        return None
    text, _is_new = ClosingText.objects.get_or_create(
        closure=closure, kind=kind, defaults={"queued_at": now}
    )
    return text if text.stage == "queued" else None


@transaction.atomic
def record_text(*, text_id: int, stage: str, now: datetime) -> None:
    """What became of a message: sent, failed (refused for good) or dropped. The first one stays."""
    ClosingText.objects.filter(pk=text_id, stage="queued").update(stage=stage, ended_at=now)
