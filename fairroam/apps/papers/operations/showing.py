"""Who of ours had a customer's paper shown."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.journal import operations as journal
from fairroam.apps.papers.models import Paper


@transaction.atomic
def record_shown(*, paper_id: int, actor: str, now: datetime) -> None:
    """Note who was shown a paper: it may name its buyer."""
    paper = Paper.objects.only("customer_id").get(pk=paper_id)
    journal.tell(
        "paper.shown", actor=actor, now=now, customer_id=paper.customer_id, paper_id=paper_id
    )
