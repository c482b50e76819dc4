"""Tell the customer how far their money is. One mail per act, however often it is queued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fairroam.apps.customers import queries as customers
from fairroam.apps.notices import operations as notices
from fairroam.apps.papers import queries as papers
from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.refunds.queries import refund

# What happened -> the mail that says so, and which of the request's papers goes with it.
MAILS = {
    "refund.requested": ("refunds.received", None),
    "refund.approved": ("refunds.decided", "decision_paper"),
    "refund.declined": ("refunds.decided", "decision_paper"),
    "refund.paid": ("refunds.paid", "credit_note"),
    "refund.stalled": ("refunds.stalled", None),
}


def tell_customer(*, kind: str, facts: Mapping[str, Any], now: datetime) -> None:
    """Queue the mail that belongs to the event `kind` with its `facts`."""
    mail, paper_field = MAILS[kind]
    refund_id = facts["refund_id"]
    owner = RefundRequest.objects.values_list("customer_id", flat=True).get(pk=refund_id)
    row = refund(refund_id, owner)
    language = customers.customer(owner).language
    number = getattr(row, paper_field) if paper_field else None
    paper = papers.find_by_number(number) if number else None
    # Each payout that fails is an act of its own; everything else happens once to a request.
    about = f"{refund_id}:{facts['payout_id']}" if kind == "refund.stalled" else refund_id
    notices.send(
        kind=mail,
        act=f"{mail}:{about}",
        customer_id=owner,
        context={
            "refund": row,
            "decision": row.decision,
            "lines": row.decision.lines(language) if row.decision else [],
        },
        paper_id=paper.pk if paper else None,
        now=now,
    )
