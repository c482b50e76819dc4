"""Tell the customer how far their money is. One mail per act, however often it is queued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction

from fairroam.apps.customers import queries as customers
from fairroam.apps.notices import operations as notices
from fairroam.apps.notices import queries as notice_rows
from fairroam.apps.papers import queries as papers
from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.refunds.operations.papering import issue_declaration_receipt
from fairroam.apps.refunds.queries import bargains, refund
from fairroam.apps.refunds.queries.declarations import PAY_WITHIN_DAYS, declaration
from fairroam.rules.outside_help import outside_help

# What happened -> the mail that says so, and which of the request's papers goes with it.
MAILS = {
    "refund.requested": ("refunds.received", None),
    "refund.wish_left": ("refunds.wish_left", None),
    "refund.approved": ("refunds.decided", "decision_paper"),
    "refund.declined": ("refunds.decided", "decision_paper"),
    "refund.paid": ("refunds.paid", "receipt"),
    "refund.stalled": ("refunds.stalled", None),
    "refund.decided": ("refunds.with_a_person", None),
    "refund.more_asked": ("refunds.more_asked", None),
    "refund.offered": ("refunds.offered", None),
    "refund.offer_expired": ("refunds.offer_expired", None),
    "refund.settled": ("refunds.settled", "decision_paper"),
    "refund.appealed": ("refunds.appealed", None),
    "refund.withdrawn": ("refunds.withdrawn", None),
}
# What makes an act of a request another act than the one before it, of the same kind.
ACT_FACTS = ("payout_id", "offer_id", "asked_at")

DECLARATION_SALT = "fairroam.declaration"


@transaction.atomic
def acknowledge_declaration(*, declaration_id: int, now: datetime) -> None:
    """Mail what was declared, with day and time, and the link by which its mailbox is proven.

    The same words whether such a contract exists or not: anybody can name any address.
    """
    said = declaration(declaration_id)
    act = f"refunds.declared:{said.pk}"
    if notice_rows.was_told(act):
        return
    pay_by = (said.declared_at + timedelta(days=PAY_WITHIN_DAYS)).date()
    seal = signing.dumps(said.pk, salt=DECLARATION_SALT)
    receipt = issue_declaration_receipt(said, pay_by=pay_by, now=now)
    notices.queue(
        kind="refunds.declared",
        act=act,
        address=said.email,
        language=said.language,
        context={
            "said": said,
            "pay_by": pay_by,
            "link": f"{settings.FAIRROAM_ADDRESS}/declarations/{seal}/",
        },
        paper_id=receipt.pk,
        now=now,
    )


def tell_declaration_closed(*, declaration_id: int, now: datetime) -> None:
    """Mail why a person found nothing to leave."""
    said = declaration(declaration_id)
    notices.queue(
        kind="refunds.declaration_closed",
        act=f"refunds.declaration_closed:{said.pk}",
        address=said.email,
        language=said.language,
        context={"said": said},
        now=now,
    )


def tell_contract_left(*, declaration_id: int, now: datetime) -> None:
    """Mail the owner of the order what their declaration has set going."""
    said = declaration(declaration_id)
    assert said.order is not None
    notices.send(
        kind="refunds.contract_left",
        act=f"refunds.contract_left:{said.pk}",
        customer_id=said.order.customer_id,
        context={"said": said, "order": said.order},
        now=now,
    )


def tell_customer(*, kind: str, facts: Mapping[str, Any], now: datetime) -> None:
    """Queue the mail that belongs to the event `kind` with its `facts`."""
    mail, paper_field = MAILS[kind]
    refund_id = facts["refund_id"]
    if kind == "refund.decided" and not (facts["due_minor"] and facts["doubts"]):
        return  # Approved at once; or nothing is due, and the first mail named the person.
    owner = RefundRequest.objects.values_list("customer_id", flat=True).get(pk=refund_id)
    row = refund(refund_id, owner)
    language = customers.customer(owner).language
    number = getattr(row, paper_field) if paper_field else None
    paper = papers.find_by_number(number) if number else None
    bargain = bargains.bargain(refund_id)
    own = [facts[name] for name in ACT_FACTS if name in facts]
    # Each payout that fails is an act of its own, and each offer; a no after an appeal, too.
    if kind == "refund.declined" and bargain.appealed_at:
        own.append("appeal")
    about = ":".join(str(part) for part in (refund_id, *own))
    notices.send(
        kind=mail,
        act=f"{mail}:{about}",
        customer_id=owner,
        context={
            "refund": row,
            "decision": row.decision,
            "lines": row.decision.lines(language) if row.decision else [],
            "bargain": bargain,
            "offer": next((one for one in bargain.offers if one.id == facts.get("offer_id")), None),
            "help": outside_help(customers.customer(owner).residence),
        },
        paper_id=paper.pk if paper else None,
        now=now,
    )
