"""Write what a refund writes, for many lines at once: a few statements instead of forty a line.

Row by row it is what `refunds.operations.giving.pay_back` stores for one line; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Count, Model
from procrastinate.contrib.django import app as jobs

from fairroam import rules
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.models import Event
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders.models import OrderLine, Tender
from fairroam.apps.orders.operations.refund import tax_book
from fairroam.apps.orders.operations.tenders import credit_book, returned
from fairroam.apps.orders.queries import LineTerms
from fairroam.apps.papers import operations as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.papers.operations import Draft
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.payments.operations.planning import first_stage, way_back
from fairroam.apps.refunds.models import Decision, RefundPart, RefundRequest, RefundRun
from fairroam.apps.refunds.operations.everyone.judging import Judged
from fairroam.apps.refunds.operations.everyone.locking import Books, lock_books
from fairroam.apps.refunds.operations.everyone.rows import (
    add_each,
    copy_in,
    copy_values,
    reserve_ids,
)
from fairroam.apps.refunds.operations.everyone.telling import Teller, number_notices
from fairroam.apps.refunds.operations.giving import Part, parts_of
from fairroam.apps.refunds.operations.moves import RULES
from fairroam.apps.refunds.operations.papering import lines_of, statement_of
from fairroam.apps.wallet import operations as wallet
from fairroam.rules import rails
from fairroam.rules.money import Money
from fairroam.rules.numbers import new_number

PARTS = (
    "request_id",
    "decision_id",
    "tender_id",
    "amount_minor",
    "is_held",
    "payout_id",
    "arrived_at",
)
TOLD = ("id", "kind", "actor", "customer_id", "facts", "happened_at")  # the columns of an event


def key_of(run: RefundRun, order_line_id: int) -> UUID:
    """The key of the request that a run makes for a line: there can be no second one."""
    return uuid5(run.key, str(order_line_id))


@dataclass(slots=True)
class Gift:
    """One line's refund on its way into the tables."""

    judged: Judged
    owner: Customer
    refund: RefundRequest
    decision: Decision
    parts: list[Part]
    payouts: list[Payout | None]  # by part; None where credit is back at once
    lines: list[rules.Line]  # the decision explained
    said: dict[str, Any]  # what both papers share

    @property
    def terms(self) -> LineTerms:
        return self.judged.terms


class Giver:
    """Gives many lines of one run their money back, in the caller's transaction."""

    def __init__(
        self,
        run: RefundRun,
        owners: Mapping[int, Customer],
        payments: Mapping[int, Payment],
        teller: Teller,
        now: datetime,
    ) -> None:
        self.run, self.owners, self.payments = run, owners, payments
        self.teller, self.now = teller, now
        self.events: list[tuple[str, str, int | None, dict[str, Any], datetime]] = []  # see TOLD
        self.arrivals: dict[tuple[str, str, str], tuple[date, date]] = {}
        self.gifts: list[Gift] = []
        counted = Payout.objects.filter(
            payment__any_of=payments, sent_at__isnull=False, is_by_hand=False
        ).values_list("payment_id")
        self.parts_sent = dict(counted.annotate(sent=Count("pk")))

    def can_give(self, judged: Judged) -> bool:
        """Whether some of it is on its way for a while; what is back at once is given alone."""
        quote = judged.quote
        assert quote is not None
        cash = {str(tender.id) for tender in judged.terms.tenders if tender.kind == "cash"}
        return any(part["amount"] for part in quote.decision["split"] if part["tender"] in cash)

    def way_of(self, payment: Payment, minor: int) -> rails.Way:
        parts = self.parts_sent.get(payment.pk, 0)
        return way_back(payment, minor=minor, now=self.now, parts=parts)

    def give(self, lines: Sequence[Judged]) -> dict[int, int]:
        """Give each line what it is owed; the ids of the requests, by line. `credit` ends it."""
        if not lines:
            return {}
        refund_ids = reserve_ids(RefundRequest, len(lines))
        decision_ids = reserve_ids(Decision, len(lines))
        gifts = [self.prepare(*one) for one in zip(lines, refund_ids, decision_ids, strict=True)]
        payouts = [payout for gift in gifts for payout in gift.payouts if payout]
        for payout, key in zip(payouts, reserve_ids(Payout, len(payouts)), strict=True):
            payout.pk = key
        self.give_back_credit(gifts)
        self.book(gifts)
        self.reserve(gifts)
        decided = self.write_papers("decision", gifts)
        for gift, paper in zip(gifts, decided, strict=True):
            gift.refund.decision_paper_id = paper.pk
        written = [
            self.teller.given(gift.owner, paper, gift.decision, gift.parts, gift.terms, gift.lines)
            for gift, paper in zip(gifts, decided, strict=True)
        ]
        letters = [letter for letter in written if letter is not None]
        number_notices(letters)
        self.record(gifts, letters)
        copy_in([gift.decision for gift in gifts])
        copy_in(payouts)
        copy_values(RefundPart, PARTS, [part for gift in gifts for part in self.part_rows(gift)])
        copy_in(decided)
        copy_in(letters)
        self.gifts = gifts
        return {gift.refund.order_line_id: gift.refund.pk for gift in gifts}

    # The rows of one refund ------------------------------------------------------------------

    def prepare(self, judged: Judged, refund_id: int, decision_id: int) -> Gift:
        terms, quote = judged.terms, judged.quote
        assert quote is not None
        owner = self.owners[terms.customer_id]
        refund = RefundRequest(
            pk=refund_id,
            key=key_of(self.run, terms.order_line_id),
            order_line_id=terms.order_line_id,
            customer_id=owner.pk,
            stage="approved",
            declared_at=self.run.declared_at,
            received_at=self.run.declared_at,
        )
        decision = Decision(
            pk=decision_id,
            number=new_number("RD"),
            request_id=refund_id,
            facts=quote.facts,
            packs=quote.packs,
            result=quote.decision,
            currency=quote.currency,
            due_minor=quote.due,
            decided_by=RULES,
            decided_at=self.now,
        )
        parts = parts_of(terms, decision, to_wallet=set())
        payouts = [self.plan(part, decision, owner) for part in parts]
        lines = lines_of(decision, owner.language)
        said = statement_of(decision, lines, terms.order_number, terms.zone)
        return Gift(judged, owner, refund, decision, parts, payouts, lines, said)

    def plan(self, part: Part, decision: Decision, owner: Customer) -> Payout | None:
        """As `payments.plan_payout`, unsaved."""
        pay_by = decision.result["pay_by"]
        if part.tender.kind != "cash":
            return None
        assert part.tender.payment_id is not None
        payment = self.payments[part.tender.payment_id]
        way = self.way_of(payment, part.minor)
        rail = way.rail if way.is_original else rails.transfer(on=self.now.date())
        payout = Payout(
            payment_id=payment.pk,
            customer_id=payment.customer_id,
            cause=f"refund:{decision.request_id}",
            currency=payment.currency,
            amount_minor=part.minor,
            rail=rail.name,
            is_by_hand=not way.is_original,
            rerouted_why=way.why,
            pay_by=date.fromisoformat(pay_by) if pay_by else None,
            planned_at=self.now,
        )
        payout.stage = "held" if part.is_held or payment.is_disputed else first_stage(payout)
        if payout.stage == "planned":
            payout.expected_from, payout.expected_by = self.expected(rail, owner)
        return payout

    def expected(self, rail: rails.Rail, owner: Customer) -> tuple[date, date]:
        """When money sent now arrives; counted once per rail and place."""
        place = rail.name, owner.zone, owner.residence
        if place not in self.arrivals:
            self.arrivals[place] = rails.expected(
                rail, sent_at=self.now, zone=owner.zone, residence=owner.residence
            )
        return self.arrivals[place]

    def part_rows(self, gift: Gift) -> list[tuple[Any, ...]]:
        """What goes back through each tender: the columns PARTS."""
        return [
            (
                gift.refund.pk,
                gift.decision.pk,
                part.tender.id,
                part.minor,
                payout is not None and payout.stage == "held",
                payout.pk if payout else None,
                None if payout else self.now,
            )
            for part, payout in zip(gift.parts, gift.payouts, strict=True)
        ]

    # What all of them change ------------------------------------------------------------------

    def give_back_credit(self, gifts: Sequence[Gift]) -> None:
        """Put what was paid from credit back into its lots."""
        returns = [
            returned(
                gift.terms.order_line_id,
                part.tender.kind,
                part.minor,
                why=f"refund:{gift.refund.pk}",
            )
            for gift in gifts
            for part in gift.parts
            if part.tender.kind != "cash"
        ]
        if returns:
            wallet.give_back_each(returns, now=self.now)

    def book(self, gifts: Sequence[Gift]) -> None:
        """Owe it: unearned money first, then from what was earned, and the tax."""
        names = [name for gift in gifts for name in books_of(gift)]
        books = lock_books(names)
        entries = [entry for gift in gifts for entry in owed(gift, books)]
        ledger.post_locked([entry for entry in entries if entry.minor], books, now=self.now)

    def reserve(self, gifts: Sequence[Gift]) -> None:
        sums: dict[tuple[type[Model], str], dict[int, int]] = {}
        for gift in gifts:
            for part in gift.parts:
                is_cash = part.tender.kind == "cash"
                column = "pending_minor" if is_cash else "refunded_minor"
                places: list[tuple[type[Model], int | None]] = [
                    (OrderLine, gift.terms.order_line_id),
                    (Tender, part.tender.id),
                    (Payment, part.tender.payment_id if is_cash else None),
                ]
                for model, key in places:
                    if key is not None:
                        added = sums.setdefault((model, column), {})
                        added[key] = added.get(key, 0) + part.minor
        for (model, column), amounts in sums.items():
            add_each(model, column, amounts)

    def write_papers(self, kind: str, gifts: Sequence[Gift]) -> list[Paper]:
        is_credit = kind == "credit_note"
        invoices = invoices_of(gifts) if is_credit else {}
        drafts = [
            Draft(
                statement=gift.said | (credit_of(gift) if is_credit else proof_of(gift)),
                language=gift.owner.language,
                customer_id=gift.owner.pk,
                refers_to=invoices[gift.terms.invoice_id] if is_credit else None,
            )
            for gift in gifts
        ]
        written = papers.write_each(kind, drafts, now=self.now)
        for paper, key in zip(written, reserve_ids(Paper, len(written)), strict=True):
            paper.pk = key
        return written

    def record(self, gifts: Sequence[Gift], notices: Sequence[Notice]) -> None:
        """Tell the events of a refund, with one job for all of them."""
        for gift in gifts:
            about = {
                "refund_id": gift.refund.pk,
                "order_line_id": gift.terms.order_line_id,
                "decision": gift.decision.number,
            }
            due = gift.decision.due_minor
            actor = f"staff:{self.run.confirmed_by_id}"
            owner = gift.owner.pk
            given = {"run_id": self.run.pk, "due_minor": due}
            self.tell("refund.opened_by_us", actor, owner, {**about, **given})
            self.tell("refund.decided", RULES, owner, {**about, "due_minor": due, "doubts": []})
            for payout in gift.payouts:
                if payout is not None and payout.stage != "held":
                    told = {"payout_id": payout.pk, "cause": payout.cause}
                    amount = {"amount_minor": payout.amount_minor}
                    self.tell(f"payout.{payout.stage}", "system", owner, told | amount)
            self.tell("refund.approved", actor, owner, {**about, "amount_minor": due})
        for notice in notices:
            self.tell("notice.queued", "system", notice.customer_id, {"notice_id": notice.pk})

    def tell(self, kind: str, actor: str, customer_id: int | None, facts: dict[str, Any]) -> None:
        self.events.append((kind, actor, customer_id, facts, self.now))

    def credit(self) -> None:
        """Number the credit notes and store the requests that name them.

        The last act of a batch: everybody else waits for the next number until we commit.
        """
        if not self.gifts:
            return
        credited = self.write_papers("credit_note", self.gifts)
        for gift, paper in zip(self.gifts, credited, strict=True):
            gift.refund.credit_note_id = paper.pk
        copy_in(credited)
        copy_in([gift.refund for gift in self.gifts])

    def close(self) -> None:
        """Store what was told, and queue what follows from it."""
        if not self.events:
            return
        ids = reserve_ids(Event, len(self.events))
        rows = [(key, *told) for key, told in zip(ids, self.events, strict=True)]
        copy_values(Event, TOLD, rows)
        jobs.configure_task("react_each").defer(event_ids=[*ids])


def books_of(gift: Gift) -> list[BookName]:
    """Unearned, owed, earned, tax and credit: the books that a refund of a line moves."""
    terms = gift.terms
    currency, customer_id, line_id = terms.currency, terms.customer_id, terms.order_line_id
    return [
        BookName("unearned", currency, customer_id=customer_id, order_line_id=line_id),
        BookName("refunds_owed", currency, customer_id=customer_id),
        BookName("earned", currency),
        tax_book(currency, terms.residence, terms.tax_rate),
        *[
            credit_book(part.tender.kind, currency, customer_id)
            for part in gift.parts
            if part.tender.kind != "cash"
        ],
    ]


def owed(gift: Gift, books: Books) -> list[Entry]:
    """As `orders.owe_entries`, over books that are locked already; credit is back with it."""
    unearned, owed_to, earned, tax_due, *credit = books_of(gift)
    cause, tax = f"refund:{gift.refund.pk}", int(gift.decision.result["tax"])
    net = gift.decision.due_minor - tax
    from_unearned = min(net, books[unearned].balance_minor or 0)
    returned_parts = [part for part in gift.parts if part.tender.kind != "cash"]
    return [
        Entry(f"{cause}/net", from_unearned, unearned, owed_to),
        Entry(f"{cause}/earned", net - from_unearned, earned, owed_to),
        Entry(f"{cause}/tax", tax, tax_due, owed_to),
        *[
            Entry(f"{cause}/credit:{part.tender.id}", part.minor, owed_to, book)
            for part, book in zip(returned_parts, credit, strict=True)
        ],
    ]


def invoices_of(gifts: Sequence[Gift]) -> dict[int | None, Paper]:
    """What the credit notes refer to, without its signed text, which is long."""
    found = Paper.objects.filter(pk__any_of=[gift.terms.invoice_id for gift in gifts])
    return {paper.pk: paper for paper in found.defer("signed")}


def proof_of(gift: Gift) -> dict[str, Any]:
    decision = gift.decision
    return {"facts": decision.facts, "packs": decision.packs, "result": decision.result}


def credit_of(gift: Gift) -> dict[str, Any]:
    decision = gift.decision
    tax = Money(int(decision.result["tax"]), decision.currency)
    return {"tax": tax, "tax_rate": decision.facts["tax_rate"]}
