"""What everybody whom an incident hit is told: what comes back and why, or why nothing does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from fairroam import rules
from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.customers.models import Customer
from fairroam.apps.incidents.queries import IncidentRow
from fairroam.apps.notices import operations as notices
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders.queries import LineTerms
from fairroam.apps.papers.models import Paper
from fairroam.apps.refunds.models import Decision
from fairroam.apps.refunds.operations.everyone.judging import Judged
from fairroam.apps.refunds.operations.everyone.rows import reserve_ids
from fairroam.apps.refunds.operations.giving import Part
from fairroam.apps.refunds.operations.papering import lines_of

BLANK = "\0"  # in no text of ours: PostgreSQL stores none
FILLED_IN = ("decision", "paper", "order_line_id", "order_number")
OF_ALL = ("brand", "incident")  # the same in every letter of one teller

GIVEN, NOTHING = "refunds.incident", "refunds.incident_nothing"


def act_of(refund_id: int) -> str:
    """The act of telling a decision: whoever tells it again by another mail changes nothing."""
    return f"refunds.decided:{refund_id}"


class Forms:
    """Letters of one teller: rendered once where they differ in numbers and reasons alone."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], list[str]] = {}

    def write(self, kind: str, context: dict[str, Any], language: str) -> tuple[str, str]:
        """As `notices.write`, to the byte."""
        entries = {name: str(context[name]) for name in FILLED_IN if name in context}
        reasons = []
        for place, line in enumerate(context.get("lines", ())):
            text, amount = f"text {place}", f"amount {place}"
            entries |= {text: line.text, amount: line.amount_text}
            shown = blank(amount) if line.amount_text else ""
            reasons.append({"applies": line.applies, "text": blank(text), "amount_text": shown})
        shape = {name: context[name] for name in context.keys() - entries.keys() - {*OF_ALL}}
        shape = {**shape, "lines": reasons}
        key = kind, language, repr(sorted(shape.items()))
        if key not in self._known:
            blanks = {name: blank(name) for name in entries.keys() & {*FILLED_IN}}
            page = notices.page(kind, context | blanks | {"lines": reasons}, language)
            self._known[key] = page.split(BLANK)
        pieces = self._known[key].copy()
        pieces[1::2] = [entries[name] for name in pieces[1::2]]
        return notices.cut("".join(pieces))


def blank(name: str) -> str:
    return f"{BLANK}{name}{BLANK}"


class Teller:
    """Writes one notice per line, once per act; the caller stores them."""

    def __init__(self, incident: IncidentRow, now: datetime) -> None:
        self.incident, self.now = incident, now
        self.brand = catalogue.brand()
        self.forms = Forms()

    def about_gift(
        self,
        owner: Customer,
        decision: Decision,
        parts: Sequence[Part],
        terms: LineTerms,
        lines: Sequence[rules.Line] = (),
    ) -> dict[str, Any]:
        """The facts of a letter to somebody who gets something."""
        pay_by = decision.result["pay_by"]
        return {
            **self.about(terms),
            "decision": decision.number,
            "due_minor": decision.due_minor,
            "held_minor": sum(part.minor for part in parts if part.is_held),
            "pay_by": date.fromisoformat(pay_by) if pay_by else None,
            "lines": lines or lines_of(decision, owner.language),
        }

    def about(self, terms: LineTerms) -> dict[str, Any]:
        return {
            "brand": self.brand,
            "incident": self.incident,
            "names": terms.plan_copy["names"],
            "order_number": terms.order_number,
            "order_line_id": terms.order_line_id,
            "currency": terms.currency,
            "zone": terms.zone,
        }

    def given(
        self,
        owner: Customer,
        paper: Paper,
        decision: Decision,
        parts: Sequence[Part],
        terms: LineTerms,
        lines: Sequence[rules.Line],
    ) -> Notice | None:
        """The letter with the signed decision; None when there is nobody to write to."""
        context = self.about_gift(owner, decision, parts, terms, lines) | {"paper": paper.number}
        return self.letter(GIVEN, act_of(decision.request_id), owner, context, paper.pk)

    def nothing(self, owner: Customer, judged: Judged) -> Notice | None:
        """Why this line gets nothing, and what its customer can do."""
        act = self.act_of_nothing(judged.terms.order_line_id)
        context = {**self.about(judged.terms), "finding": judged.finding}
        return self.letter(NOTHING, act, owner, context, None)

    def act_of_nothing(self, order_line_id: int) -> str:
        return f"{NOTHING}:{self.incident.id}:{order_line_id}"

    def letter(
        self, kind: str, act: str, owner: Customer, context: dict[str, Any], paper_id: int | None
    ) -> Notice | None:
        if owner.user is None:
            return None
        subject, text = self.forms.write(kind, context, owner.language)
        return Notice(
            act=act,
            kind=kind,
            customer_id=owner.pk,
            language=owner.language,
            address=owner.user.email,
            subject=subject,
            text=text,
            paper_id=paper_id,
            queued_at=self.now,
        )


def number_notices(letters: Sequence[Notice]) -> None:
    """Give each the id under which it will be stored."""
    for letter, key in zip(letters, reserve_ids(Notice, len(letters)), strict=True):
        letter.pk = key
