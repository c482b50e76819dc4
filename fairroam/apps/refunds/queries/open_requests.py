"""Requests that are on their way, for a list: read together, without computing any anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from fairroam.apps.journal.queries.planned import Often
from fairroam.apps.refunds.models import Decision, RefundRequest

OPEN_MOST = 10  # the rest is in the history


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """One open request. expected_minor: as decided, or as quoted when it was asked; None before."""

    id: int
    order_line_id: int
    names: dict[str, str]
    currency: str
    stage: str
    declared_at: datetime
    expected_minor: int | None


@Often
def live_requests(customer_id: int) -> QuerySet[Any, Any]:
    """Those requests, newest first, with what was decided."""
    decided = Decision.objects.filter(request=OuterRef("pk"), superseded_by__isnull=True)
    decided_minor = decided.values(total=F("due_minor") + F("goodwill_minor"))
    requests = RefundRequest.objects.filter(customer_id=customer_id, is_live=True)
    rows = requests.select_related("order_line__order", "quote").annotate(
        decided_minor=Subquery(decided_minor[:1])
    )
    return rows.order_by("-pk")[:OPEN_MOST]


def open_requests_of(customer_id: int) -> list[OpenRequest]:
    """The customer's newest open requests, at most OPEN_MOST."""
    return [
        OpenRequest(
            id=row.pk,
            order_line_id=row.order_line_id,
            names=row.order_line.plan_copy["names"],
            currency=row.order_line.order.currency,
            stage=row.stage,
            declared_at=row.declared_at,
            expected_minor=expected(row, row.decided_minor),
        )
        for row in live_requests(customer_id)
    ]


def expected(request: RefundRequest, decided_minor: int | None) -> int | None:
    """What will come, as far as it was said."""
    if decided_minor is not None or request.quote is None:
        return decided_minor
    due: int = request.quote.result["due"]
    return due if request.asked_minor is None else min(due, request.asked_minor)
