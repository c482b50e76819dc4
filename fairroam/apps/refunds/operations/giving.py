"""Give money back: reserved, planned, booked and put on paper in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_rows
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.orders.operations.refund import owe_entries, settle, tax_book
from fairroam.apps.orders.operations.tenders import credit_book, give_back_credit
from fairroam.apps.orders.queries import LineTerms, TenderTerms
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.operations.disputing import lock_undisputed
from fairroam.apps.refunds.models import Decision, Offer, RefundPart, RefundRequest
from fairroam.apps.refunds.operations.moves import move, tell
from fairroam.apps.refunds.operations.papering import issue_credit_note, issue_decision
from fairroam.apps.refunds.operations.paying import pay_if_all_arrived
from fairroam.apps.wallet import operations as wallet
from fairroam.rules.money import share_by_weight
from fairroam.rules.tax import tax_inside


@dataclass(frozen=True, slots=True)
class Part:
    """What goes back through one tender, in minor units."""

    tender: TenderTerms
    minor: int
    is_held: bool
    is_to_wallet: bool


def pay_back(
    refund: RefundRequest,
    decision: Decision,
    *,
    now: datetime,
    actor: str,
    gift: Offer | None = None,
) -> None:
    """Reserve, plan, book, write the papers and approve, all in the caller's transaction.

    gift: what was given beside the money, for the paper.
    The database refuses what would give back more than a tender, line or payment has left.
    """
    terms = order_rows.terms_of(refund.order_line_id)
    parts = parts_of(terms, decision, to_wallet=payments_to_wallet(refund, terms))
    orders.reserve(
        order_line_id=refund.order_line_id,
        parts=[(part.tender.id, part.minor) for part in parts],
    )
    plan_parts(refund, decision, parts, now=now)
    entries, tax_minor = owed_entries(refund, decision)
    ledger.post([*entries, *credit_entries(refund, decision, parts)], now=now)
    credit_wallet(refund, parts, now=now)
    decision_paper = issue_decision(refund, decision, now=now, offer=gift)
    credit_note = issue_credit_note(refund, decision, tax_minor=tax_minor, now=now)
    move(refund, "approve", now=now, decision_paper=decision_paper, credit_note=credit_note)
    tell(
        refund,
        "refund.approved",
        actor=actor,
        now=now,
        decision=decision.number,
        amount_minor=decision.due_minor + decision.goodwill_minor,
    )
    pay_if_all_arrived(refund, now=now)


def payments_to_wallet(refund: RefundRequest, terms: LineTerms) -> set[int]:
    """The payments whose money becomes paid credit, as its owner chose, in place of a payout.

    A payment whose bank has taken it back, or may, and an account that is being left, go the
    ordinary way after all. They are locked: a dispute that comes meanwhile finds the credit.
    """
    if refund.destination != "wallet" or refund.customer.leaving_at:
        return set()
    return lock_undisputed([one.payment_id for one in terms.tenders if one.payment_id is not None])


def parts_of(terms: LineTerms, decision: Decision, *, to_wallet: set[int]) -> list[Part]:
    """What goes back through each tender: the rules' split of what is due, and the goodwill's.

    Goodwill is split by what the tenders have left after that, as the rules split what is due.
    """
    due = {split["tender"]: split["amount"] for split in decision.result["split"]}
    left = [
        tender.captured - tender.refunded - tender.pending - due.get(str(tender.id), 0)
        for tender in terms.tenders
    ]
    extra = [0] * len(left)
    if decision.goodwill_minor:
        extra = share_by_weight(decision.goodwill_minor, left)
    parts = [
        Part(
            tender,
            due.get(str(tender.id), 0) + goodwill,
            is_held=tender.disputed,
            is_to_wallet=tender.kind == "cash" and tender.payment_id in to_wallet,
        )
        for tender, goodwill in zip(terms.tenders, extra, strict=True)
    ]
    assert sum(part.minor for part in parts) == decision.due_minor + decision.goodwill_minor
    return [part for part in parts if part.minor]


def plan_parts(
    refund: RefundRequest, decision: Decision, parts: Sequence[Part], *, now: datetime
) -> None:
    """Store the parts; cash is planned as a payout, credit is back with this booking."""
    for part in parts:
        payout = None
        if part.tender.kind == "cash" and not part.is_to_wallet:
            assert part.tender.payment_id is not None
            payout = payments.plan_payout(
                payment_id=part.tender.payment_id,
                amount_minor=part.minor,
                cause=f"refund:{refund.pk}",
                hold=part.is_held,
                pay_by=date.fromisoformat(due) if (due := decision.result["pay_by"]) else None,
                now=now,
            )
        RefundPart.objects.create(
            request=refund,
            decision=decision,
            tender_id=part.tender.id,
            amount_minor=part.minor,
            is_held=payout is not None and payout.stage == "held",
            payout=payout,
            arrived_at=None if payout else now,
        )
        if payout is None:
            settle(tender_id=part.tender.id, minor=part.minor)
        if part.tender.kind != "cash":
            why = f"refund:{refund.pk}"
            give_back_credit(refund.order_line, part.tender.kind, part.minor, why=why, now=now)


def credit_wallet(refund: RefundRequest, parts: Sequence[Part], *, now: datetime) -> None:
    """Open a lot of paid credit for each part that goes to the wallet.

    It names the payment that it was paid with, so that it can still go back there. The books owe
    it already.
    """
    terms = order_rows.terms_of(refund.order_line_id)
    for part in parts:
        if part.is_to_wallet:
            wallet.open_lot(
                customer_id=refund.customer_id,
                kind="paid",
                currency=terms.currency,
                minor=part.minor,
                origin="refund",
                cause=f"refund:{refund.pk}/{part.tender.id}",
                source=BookName("refunds_owed", terms.currency, customer_id=refund.customer_id),
                payment_id=part.tender.payment_id,
                now=now,
            )


def owed_entries(refund: RefundRequest, decision: Decision) -> tuple[list[Entry], int]:
    """The moves that make the refund owed, and the tax in it.

    The tax closes over all refunds of the line: T(all so far) - T(before), goodwill included,
    since a lower price has a lower tax.
    """
    line = OrderLine.objects.select_related("order").get(pk=refund.order_line_id)
    cause, rate = f"refund:{refund.pk}", decision.facts["tax_rate"]
    unearned = BookName(
        "unearned", decision.currency, customer_id=refund.customer_id, order_line_id=line.pk
    )
    ledger.lock_books([unearned])  # Its balance decides how much is taken back from what is earned.
    due_tax = int(decision.result["tax"])
    entries = owe_entries(line=line, minor=decision.due_minor, tax=due_tax, cause=cause)
    before = decision.facts["refunded"] + decision.facts["pending"] + decision.due_minor
    goodwill_tax = tax_inside(before + decision.goodwill_minor, rate) - tax_inside(before, rate)
    owed = BookName("refunds_owed", decision.currency, customer_id=refund.customer_id)
    goodwill = BookName("goodwill", decision.currency)
    tax_due = tax_book(decision.currency, line.order.residence, line.tax_rate)
    net = decision.goodwill_minor - goodwill_tax
    entries += [
        Entry(f"{cause}/goodwill", net, goodwill, owed),
        Entry(f"{cause}/goodwill-tax", goodwill_tax, tax_due, owed),
    ]
    return entries, due_tax + goodwill_tax


def credit_entries(refund: RefundRequest, decision: Decision, parts: Sequence[Part]) -> list[Entry]:
    """The moves that put back what was paid from credit; promotional credit stays promotional."""
    owed = BookName("refunds_owed", decision.currency, customer_id=refund.customer_id)
    return [
        Entry(
            f"refund:{refund.pk}/credit:{part.tender.id}",
            part.minor,
            owed,
            credit_book(part.tender.kind, decision.currency, refund.customer_id),
        )
        for part in parts
        if part.tender.kind != "cash"
    ]
