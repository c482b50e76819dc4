"""One batch of a run: locked, judged, written and committed together, so that a kill loses none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from fairroam.apps.customers import queries as people
from fairroam.apps.customers.models import Customer
from fairroam.apps.incidents import queries as incidents
from fairroam.apps.notices import operations as notices
from fairroam.apps.notices.models import Notice
from fairroam.apps.refunds.models import RefundRequest, RefundRun, RefundRunLine
from fairroam.apps.refunds.operations.everyone.giving import Giver, key_of
from fairroam.apps.refunds.operations.everyone.judging import Judged, judge_each
from fairroam.apps.refunds.operations.everyone.locking import lock_owners, lock_payments
from fairroam.apps.refunds.operations.everyone.rows import copy_in, run_each
from fairroam.apps.refunds.operations.everyone.telling import (
    GIVEN,
    Teller,
    act_of,
    number_notices,
)
from fairroam.apps.refunds.operations.giving import parts_of, pay_back
from fairroam.apps.refunds.operations.moves import RULES, tell
from fairroam.apps.refunds.operations.recording import record_decision
from fairroam.rules.mailboxes import mailbox

RECORD = """
    UPDATE refunds_refundrunline line SET outcome = done.outcome, refund_id = done.refund_id
    FROM json_to_recordset(%s) AS done (id bigint, outcome text, refund_id bigint)
    WHERE line.id = done.id
"""


@transaction.atomic
def give_batch(*, run_id: int, most: int, now: datetime, singly: bool = False) -> int:
    """Do the next `most` lines of a running run; how many were done, 0 when none is left.

    Lines that another batch holds are passed over. Each line gets exactly its preview, or
    nothing: one whose figures moved waits for a new preview. singly: by the acts of every other
    refund, line by line, which leaves the same rows and is slow.
    """
    run = RefundRun.objects.get(pk=run_id)
    if run.stage != "running":
        return 0
    todo = run.lines.select_for_update(no_key=True, skip_locked=True).filter(outcome__isnull=True)
    lines = list(todo.order_by("pk")[:most])
    if lines:
        Batch(run, lines, now).carry_out(singly=singly)
    return len(lines)


class Batch:
    """The lines of one batch under their locks."""

    def __init__(self, run: RefundRun, lines: Sequence[RefundRunLine], now: datetime) -> None:
        self.run, self.lines, self.now = run, lines, now
        self.owners = lock_owners(lines)
        deciders = [one for one in (run.made_by_id, run.confirmed_by_id) if one is not None]
        self.deciders = people.mailboxes_of(deciders)
        line_ids = [line.order_line_id for line in lines]
        self.payments = lock_payments(line_ids)
        gone = {key for key, one in self.owners.items() if not one.is_open or one.leaving_at}
        self.judged = judge_each(line_ids, declared_at=run.declared_at, closed=gone)
        self.teller = Teller(incidents.incident(run.incident_id), now)

    def carry_out(self, *, singly: bool) -> None:
        giver = Giver(self.run, self.owners, self.payments, self.teller, self.now)
        outcomes = {line.order_line_id: self.outcome_of(line) for line in self.lines}
        gifts = [self.judged[key] for key, outcome in outcomes.items() if outcome == "given"]
        many = [gift for gift in gifts if not singly and giver.can_give(gift)]
        refunds = giver.give(many)
        told = [self.judged[key] for key, outcome in outcomes.items() if outcome == "told"]
        letters = self.letters(told)
        copy_in(letters)
        giver.record([], letters)
        giver.close()
        for gift in gifts:
            if gift.terms.order_line_id not in refunds:
                refund = give_one(self.run, gift, self.owners[gift.terms.customer_id], self.now)
                refunds[gift.terms.order_line_id] = refund.pk
        self.record(outcomes, refunds)
        giver.credit()

    def outcome_of(self, line: RefundRunLine) -> str:
        """What becomes of a line, by what it is now and by what was previewed."""
        judged = self.judged[line.order_line_id]
        if judged.finding == "account_closed":
            return "left_out"
        if (judged.finding, judged.due) != (line.finding, line.due_minor):
            return "moved"
        if judged.finding != "owed":
            return "told"
        owner = self.owners[line.customer_id].user
        is_own = owner is not None and mailbox(owner.email) in self.deciders
        return "own" if is_own else "given"

    def letters(self, lines: Sequence[Judged]) -> list[Notice]:
        """What those read who get nothing; once per incident and line."""
        acts = {self.teller.act_of_nothing(one.terms.order_line_id): one for one in lines}
        known = set(Notice.objects.filter(act__any_of=acts).values_list("act", flat=True))
        written = [
            self.teller.nothing(self.owners[one.terms.customer_id], one)
            for act, one in acts.items()
            if act not in known
        ]
        letters = [letter for letter in written if letter is not None]
        number_notices(letters)
        return letters

    def record(self, outcomes: Mapping[int, str], refunds: Mapping[int, int]) -> None:
        done = [
            {
                "id": line.pk,
                "outcome": outcomes[line.order_line_id],
                "refund_id": refunds.get(line.order_line_id),
            }
            for line in self.lines
        ]
        run_each(RECORD, done)


def give_one(run: RefundRun, judged: Judged, owner: Customer, now: datetime) -> RefundRequest:
    """Give one line its money back by the acts of every other refund, under the same locks."""
    assert judged.quote is not None
    terms, actor = judged.terms, f"staff:{run.confirmed_by_id}"
    refund = RefundRequest.objects.create(
        key=key_of(run, terms.order_line_id),
        order_line_id=terms.order_line_id,
        customer=owner,
        declared_at=run.declared_at,
        received_at=run.declared_at,
    )
    decision = record_decision(refund, judged.quote, by=RULES, now=now)
    due = {"decision": decision.number, "due_minor": judged.due}
    tell(refund, "refund.opened_by_us", actor=actor, now=now, run_id=run.pk, **due)
    tell(refund, "refund.decided", actor=RULES, now=now, **due, doubts=[])
    pay_back(refund, decision, now=now, actor=actor)
    paper = refund.decision_paper
    assert paper is not None
    teller = Teller(incidents.incident(run.incident_id), now)
    context = teller.about_gift(owner, decision, parts_of(terms, decision, to_wallet=set()), terms)
    notices.send(
        kind=GIVEN,
        act=act_of(refund.pk),
        customer_id=owner.pk,
        context=context | {"paper": paper.number},
        paper_id=paper.pk,
        now=now,
    )
    return refund
