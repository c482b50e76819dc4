"""The record of a decision, which nobody edits."""

from __future__ import annotations

from datetime import datetime

from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.refunds.queries.facts import Quote
from fairroam.apps.refunds.queries.pages import current_decision
from fairroam.rules.numbers import new_number


def record_decision(
    refund: RefundRequest,
    quote: Quote,
    *,
    by: str,
    now: datetime,
    goodwill_minor: int = 0,
    confirmed_by: str = "",
) -> Decision:
    """Keep a decision for ever, with all that it rests on; it supersedes the one before.

    by: "rules", or "staff:" and a login; confirmed_by: the second person above a limit.
    """
    return Decision.objects.create(
        number=new_number("RD"),
        request=refund,
        supersedes=current_decision(refund.pk),
        facts=quote.facts,
        packs=quote.packs,
        result=quote.decision,
        currency=quote.currency,
        due_minor=quote.due,
        goodwill_minor=goodwill_minor,
        decided_by=by,
        confirmed_by=confirmed_by,
        decided_at=now,
    )
