"""Put a settled request on paper: the decision for anyone, the credit note for the tax office."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from fairroam import rules
from fairroam.apps.papers import operations as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments.queries.providers import method_name
from fairroam.apps.refunds.models import (
    Decision,
    Declaration,
    Offer,
    RefundPart,
    RefundRequest,
)
from fairroam.rules.money import Money, minor_digits

GIGABYTE = 10**9
ORDER_NUMBER = re.compile(r"FR-[2-9A-Z]{4}-[2-9A-Z]{4}")


def issue_decision(
    refund: RefundRequest, decision: Decision, *, now: datetime, offer: Offer | None = None
) -> Paper:
    """All that the rules were given and said, signed: anyone can compute it again.

    offer: what was accepted instead of money.
    """
    return papers.issue(
        kind="decision",
        statement={
            **statement(refund, decision, offer),
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


def issue_receipt(refund: RefundRequest, *, now: datetime) -> Paper:
    """All of it has arrived: the same lines as the decision, and where each part went."""
    parts = list(refund.parts.select_related("decision", "payout", "tender").order_by("pk"))
    decision = parts[-1].decision
    note = refund.credit_note
    assert note is not None, "what is paid back has a credit note"
    with translation.override(refund.customer.language.lower()):
        paid_to = [
            {
                "text": way_of(part),
                "amount": Money(part.amount_minor, decision.currency),
                "at": part.arrived_at,
            }
            for part in parts
        ]
    return papers.issue(
        kind="receipt",
        statement={
            **statement(refund, decision),
            "tax": Money(note.statement["tax"]["minor"], decision.currency),
            "tax_rate": note.statement["tax_rate"],
            "paid_to": paid_to,
        },
        language=refund.customer.language,
        customer_id=refund.customer_id,
        refers_to=note.refers_to,
        now=now,
    )


def way_of(part: RefundPart) -> str:
    """How a part went back, in words."""
    if part.payout is None:
        return _("Balance of your account")
    return method_name(part.tender.method)


def issue_declaration_receipt(said: Declaration, *, pay_by: date, now: datetime) -> Paper:
    """What reached a public door and when. It names nobody: the mail beside it does.

    The contract stands there only where it is written like a number of ours; nobody shall have
    words of their own signed by us.
    """
    is_withdrawal = said.kind == "withdrawal"
    number = said.contract.strip().upper()
    with translation.override(said.language.lower()):
        what = _("withdrawal from a contract") if is_withdrawal else _("end of a contract")
        reasons = [{"code": "DECLARED", "text": what, "at": said.declared_at}]
    return papers.issue(
        kind="receipt",
        statement={
            "declaration": said.number,
            "order": number if ORDER_NUMBER.fullmatch(number) else "",
            "reasons": reasons,
            "pay_by": pay_by if is_withdrawal else None,
        },
        language=said.language,
        customer_id=None,
        now=now,
    )


def statement(
    refund: RefundRequest, decision: Decision, offer: Offer | None = None
) -> dict[str, Any]:
    """What both papers share: the reasons line by line and the total."""
    language = refund.customer.language
    order = refund.order_line.order
    with translation.override(language.lower()):
        said = statement_of(decision, lines_of(decision, language), order.number, order.zone)
        said["reasons"] += [
            *goodwill_entries(decision),
            *gift_entries(offer),
            *wallet_entries(refund, decision),
        ]
        return said


def statement_of(
    decision: Decision, lines: Sequence[rules.Line], order: str, zone: str
) -> dict[str, Any]:
    """What `statement` says when nobody added anything; `lines`: the decision explained.

    order, zone: the order's number and the zone of its instants.
    """
    return {
        "zone": zone,
        "order": order,
        "decision": decision.number,
        "reasons": reason_entries(decision, lines),
        "total": Money(decision.due_minor + decision.goodwill_minor, decision.currency),
        "pay_by": decision.result["pay_by"],
    }


def lines_of(decision: Decision, language: str) -> list[rules.Line]:
    """The decision explained, without what a line opens to: paper does not open."""
    return rules.explain(decision.result, language, with_facts=False)


def reason_entries(decision: Decision, lines: Sequence[rules.Line]) -> list[dict[str, Any]]:
    return [
        {
            "code": line.code,
            "text": line.text,
            "amount": None if line.amount is None else Money(line.amount, decision.currency),
            "counts": line.applies,
        }
        for line in lines
    ]


def goodwill_entries(decision: Decision) -> list[dict[str, Any]]:
    """The line that a person added on top of the rules, if any."""
    if not decision.goodwill_minor:
        return []
    amount = Money(decision.goodwill_minor, decision.currency)
    return [
        {"code": "GOODWILL_GRANTED", "text": _("Goodwill, granted by a person"), "amount": amount}
    ]


def wallet_entries(refund: RefundRequest, decision: Decision) -> list[dict[str, Any]]:
    """The line that says what became credit because its owner wanted that, if anything did."""
    credited = decision.parts.filter(tender__kind="cash", payout__isnull=True)
    if refund.destination != "wallet" or not credited.exists():
        return []
    text = _("As credit in your wallet, as you chose; it can still go back the way you paid")
    return [{"code": "TO_WALLET", "text": text, "amount": None, "counts": True}]


def gift_entries(offer: Offer | None) -> list[dict[str, Any]]:
    """What was given instead of money, if anything."""
    if offer is None:
        return []
    if offer.kind == "replacement":
        text = _("A new eSIM of the same plan, given by a person")
    elif offer.kind == "extra_data":
        whole, rest = divmod(offer.quantity, GIGABYTE)
        gigabytes = f"{whole}.{rest * 10 // GIGABYTE}"
        text = _("%(count)s GB more data, granted by a person") % {"count": gigabytes}
    elif offer.kind == "wallet_bonus":
        currency = offer.request.order_line.order.currency
        amount = Decimal(offer.quantity).scaleb(-minor_digits(currency))
        text = _("%(amount)s %(currency)s of credit for another plan, granted by a person") % {
            "amount": amount,
            "currency": currency,
        }
    else:
        text = _("%(count)s days longer, granted by a person") % {"count": offer.quantity}
    return [{"code": "GIFT_GRANTED", "text": text, "amount": None, "counts": True}]
