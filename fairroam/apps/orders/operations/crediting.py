"""The credit note of money that goes back without a decision of the refund rules."""

from __future__ import annotations

from datetime import datetime

from django.utils import translation
from django.utils.functional import Promise

from fairroam.apps.orders.models import OrderLine
from fairroam.apps.papers import operations as papers
from fairroam.rules.money import Money


def issue_credit_note(
    line: OrderLine, *, minor: int, tax: int, code: str, sentence: str | Promise, now: datetime
) -> None:
    """Credit `minor` of a line on its invoice, for one reason; `tax` is inside.

    code: of the reason. sentence: lazily translated, with a place for %(plan)s.
    """
    order = line.order
    total = Money(minor, order.currency)
    with translation.override(order.language.lower()):
        text = str(sentence) % {"plan": line.plan_name(order.language)}
        papers.issue(
            kind="credit_note",
            statement={
                "zone": order.zone,
                "order": order.number,
                "decision": "",
                "reasons": [{"code": code, "text": text, "amount": total}],
                "total": total,
                "tax": Money(tax, order.currency),
                "tax_rate": line.tax_rate,
            },
            language=order.language,
            customer_id=order.customer_id,
            refers_to=order.invoice,
            now=now,
        )
