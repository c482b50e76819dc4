"""Refund runs as the desk sees them: what was found, what it costs, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Sum

from fairroam.apps.ledger import queries as ledger
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import Payment
from fairroam.apps.refunds.models import RefundRun, RefundRunLine
from fairroam.apps.refunds.refusals import NoSuchRun


@dataclass(frozen=True, slots=True)
class RunSum:
    """What a run owes in one currency; minor units.

    held_minor: of it, what waits for disputes. at_provider_minor: what providers hold of ours by
    our books: less than what is sent now, and payouts will wait for the next captures.
    """

    currency: str
    lines: int
    due_minor: int
    held_minor: int
    at_provider_minor: int

    @property
    def sent_minor(self) -> int:
        return self.due_minor - self.held_minor

    @property
    def is_covered(self) -> bool:
        return self.at_provider_minor >= self.sent_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run. findings, outcomes: how many lines of each, see models.FINDINGS and OUTCOMES."""

    id: int
    incident_id: int
    stage: str
    digest: str
    made_by_id: int | None
    confirmed_by_id: int | None
    declared_at: datetime
    previewed_at: datetime | None
    confirmed_at: datetime | None
    ended_at: datetime | None
    lines: int
    done: int
    customers: int
    findings: dict[str, int]
    outcomes: dict[str, int]
    sums: tuple[RunSum, ...]

    @property
    def percent(self) -> int:
        return 100 if not self.lines else self.done * 100 // self.lines


def run_row(run_id: int) -> RunRow:
    """One run with its sums. Raises NoSuchRun."""
    run = RefundRun.objects.filter(pk=run_id).first()
    if run is None:
        raise NoSuchRun(run_id=run_id)
    lines = RefundRunLine.objects.filter(run=run)
    findings = dict(lines.values_list("finding").annotate(count=Count("pk")))
    outcomes = dict(lines.exclude(outcome=None).values_list("outcome").annotate(count=Count("pk")))
    return RunRow(
        id=run.pk,
        incident_id=run.incident_id,
        stage=run.stage,
        digest=run.digest,
        made_by_id=run.made_by_id,
        confirmed_by_id=run.confirmed_by_id,
        declared_at=run.declared_at,
        previewed_at=run.previewed_at,
        confirmed_at=run.confirmed_at,
        ended_at=run.ended_at,
        lines=sum(findings.values()),
        done=sum(outcomes.values()),
        customers=lines.aggregate(count=Count("customer", distinct=True))["count"],
        findings=findings,
        outcomes={str(outcome): count for outcome, count in outcomes.items()},
        sums=tuple(sums_of(run)),
    )


def sums_of(run: RefundRun) -> Iterator[RunSum]:
    owed = RefundRunLine.objects.filter(run=run, finding="owed").values("currency")
    for row in owed.annotate(
        count=Count("pk"), due=Sum("due_minor"), held=Sum("held_minor")
    ).order_by("currency"):
        yield RunSum(
            currency=row["currency"],
            lines=row["count"],
            due_minor=row["due"],
            held_minor=row["held"],
            at_provider_minor=at_providers(row["currency"]),
        )


def at_providers(currency: str) -> int:
    """What payment providers hold of ours in one currency, by our books."""
    used = Payment.objects.filter(currency=currency).values_list("provider", flat=True).distinct()
    names = [BookName("clearing", currency, label=provider) for provider in used]
    return -sum(ledger.balance(name) for name in names)


def runs_of(incident_id: int) -> list[RunRow]:
    """The runs of an incident, newest first."""
    found = RefundRun.objects.filter(incident_id=incident_id).order_by("-pk")
    return [run_row(run_id) for run_id in found.values_list("pk", flat=True)]


def lines_to_do(run_id: int) -> int:
    """How many lines of a run wait."""
    return RefundRunLine.objects.filter(run=run_id, outcome__isnull=True).count()


FAULTS = {
    "run {} gave a line something else than its preview": """
        SELECT l.run_id FROM refunds_refundrunline l JOIN refunds_decision d
          ON d.request_id = l.refund_id AND d.supersedes_id IS NULL
        WHERE d.due_minor <> l.due_minor OR d.currency <> l.currency""",
    "run {} is finished and has lines to do": """
        SELECT r.id FROM refunds_refundrun r JOIN refunds_refundrunline l ON l.run_id = r.id
        WHERE r.stage = 'finished' AND l.outcome IS NULL""",
    "run {} did something before a second person confirmed it": """
        SELECT r.id FROM refunds_refundrun r JOIN refunds_refundrunline l ON l.run_id = r.id
        WHERE r.confirmed_at IS NULL AND l.outcome IS NOT NULL""",
}


def find_faults() -> Iterator[str]:
    """Runs that contradict themselves or what they gave."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            found = sorted({row[0] for row in cursor.fetchall()})
            yield from (sentence.format(run_id) for run_id in found)
