"""Put a settled request on paper: the decision for anyone, the credit note for the tax office."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from fairroam import rules
from fairroam.apps.papers import operations as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.rules.money import Money


def issue_decision(refund: RefundRequest, decision: Decision, *, now: datetime) -> Paper:
    """All that the rules were given and said, signed: anyone can compute it again."""
    return papers.issue(
        kind="decision",
        statement={
            **statement(refund, decision),
            "facts": decision.facts,
            "packs": decision.packs,
            "result": decision.result,
        },
        language=refund.customer.language,
        customer_id=refund.customer_id,
        now=now,
    )


def issue_credit_note(
    refund: RefundRequest, decision: Decision, *, tax_minor: int, now: datetime
) -> Paper:
    """The credit note to the order's invoice; its tax is what the books move."""
    invoice = refund.order_line.order.invoice
    assert invoice is not None, "what was paid has an invoice"
    return papers.issue(
        kind="credit_note",
        statement={
            **statement(refund, decision),
            "tax": Money(tax_minor, decision.currency),
            "tax_rate": decision.facts["tax_rate"],
        },
        language=refund.customer.language,
        customer_id=refund.customer_id,
        refers_to=invoice,
        now=now,
    )


def statement(refund: RefundRequest, decision: Decision) -> dict[str, Any]:
    """What both papers share: the reasons line by line and the total."""
    language = refund.customer.language
    order = refund.order_line.order
    with translation.override(language.lower()):
        return {
            "zone": order.zone,
            "order": order.number,
            "decision": decision.number,
            "reasons": [*reason_entries(decision, language), *goodwill_entries(decision)],
            "total": Money(decision.due_minor + decision.goodwill_minor, decision.currency),
            "pay_by": decision.result["pay_by"],
        }


def reason_entries(decision: Decision, language: str) -> list[dict[str, Any]]:
    return [
        {
            "code": line.code,
            "text": line.text,
            "amount": None if line.amount is None else Money(line.amount, decision.currency),
            "counts": line.applies,
        }
        for line in rules.explain(decision.result, language)
    ]


def goodwill_entries(decision: Decision) -> list[dict[str, Any]]:
    """The line that a person added on top of the rules, if any."""
    if not decision.goodwill_minor:
        return []
    amount = Money(decision.goodwill_minor, decision.currency)
    return [
        {"code": "GOODWILL_GRANTED", "text": _("Goodwill, granted by a person"), "amount": amount}
    ]
