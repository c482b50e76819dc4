"""What a monitor may ask: figures of now in the text format of Prometheus, and what is odd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from fairroam.apps.closures import queries as closures
from fairroam.apps.conversations.models import Thread
from fairroam.apps.payments.queries import desk as payments
from fairroam.apps.refunds.queries import declarations
from fairroam.apps.refunds.queries import desk as refunds
from fairroam.worker import books

WORKER_SILENT_AFTER_SECONDS = 60  # a worker gives a sign of life every ten
JOB_LATE_AFTER_SECONDS = 900
# What is due and has not begun; the youngest sign of life; what was tried and failed so far.
JOBS = """
    SELECT count(*) FILTER (WHERE status = 'todo' AND is_due),
           count(*) FILTER (WHERE status = 'todo' AND attempts > 0),
           count(*) FILTER (WHERE status = 'failed'),
           coalesce(extract(epoch FROM now() - min(due_at)
                                   FILTER (WHERE status = 'todo' AND is_due)), 0)::bigint
      FROM procrastinate_jobs AS job,
           LATERAL (SELECT coalesce(job.scheduled_at, min(at)) FROM procrastinate_events
                     WHERE job_id = job.id) AS queued (due_at),
           LATERAL (SELECT coalesce(due_at <= now(), true)) AS due (is_due)
"""
WORKER = """
    SELECT coalesce(extract(epoch FROM now() - max(last_heartbeat))::bigint, -1)
      FROM procrastinate_workers
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One gauge. name: without `fairroam_`; of: the value of its one label `of`, if any."""

    name: str
    what: str
    value: int
    of: str = ""


def figures(now: datetime) -> Iterator[Figure]:
    """Everything that is told, in the order of docs/watch.md."""
    yield from of_worker()
    yield from of_money()
    yield from of_people(now)
    if checked := books.last_check():
        yield Figure(
            "books_faults", "Contradictions in the last check of the books", checked.faults
        )
        age = int((now - checked.at).total_seconds())
        yield Figure("books_checked_seconds", "Since the last check of the books", age)


def of_worker() -> Iterator[Figure]:
    with connection.cursor() as cursor:
        cursor.execute(WORKER)
        (silent,) = cursor.fetchone()
        cursor.execute(JOBS)
        waiting, failing, failed, oldest = cursor.fetchone()
    yield Figure("worker_silent_seconds", "Since a worker's last sign of life; -1: none", silent)
    yield Figure("jobs", "Jobs in the queue", waiting, "waiting")
    yield Figure("jobs", "Jobs in the queue", failing, "tried-again")
    yield Figure("jobs", "Jobs in the queue", failed, "given-up")
    yield Figure("job_oldest_seconds", "How long the oldest due job has waited", oldest)


def of_money() -> Iterator[Figure]:
    what = "Payouts that wait for a person, and those whose last day is near or over"
    yield Figure("payouts", what, payments.transfers().count(), "by-hand")
    yield Figure("payouts", what, payments.stuck().count(), "stuck")
    yield Figure("payouts", what, payments.alarmed().count(), "late")
    yield Figure("quarantined", "Providers' notices to look at", payments.quarantined().count())
    levels = [alarm.level for alarm in refunds.alarms()]
    what = "Deadlines of refunds that nobody has taken note of, 50 at most"
    yield Figure("refund_deadlines", what, levels.count(1), "near")
    yield Figure("refund_deadlines", what, levels.count(2), "passed")


def of_people(now: datetime) -> Iterator[Figure]:
    waiting = Thread.objects.filter(stage="waiting", waiting_since__isnull=False)
    since = waiting.order_by("waiting_since").values_list("waiting_since", flat=True).first()
    age = int((now - since).total_seconds()) if since else 0
    yield Figure("conversations", "Conversations that wait for us", waiting.count())
    yield Figure("conversation_oldest_seconds", "How long the oldest of them has waited", age)
    late = sum(row.review_by is not None and row.review_by <= now for row in closures.reviews())
    yield Figure("closings_late", "Closings whose promised review is over", late)
    said = declarations.waiting_declarations().count()
    yield Figure("declarations", "Withdrawals without a sign-in to look at", said)


def as_text(found: Iterator[Figure]) -> str:
    """The exposition format 0.0.4 of Prometheus, gauges only."""
    lines: list[str] = []
    for one in found:
        name = f"fairroam_{one.name}"
        head = f"# HELP {name} {one.what}"
        if head not in lines:
            lines += [head, f"# TYPE {name} gauge"]
        label = f'{{of="{one.of}"}}' if one.of else ""
        lines.append(f"{name}{label} {one.value}")
    return "\n".join(lines) + "\n"


def warnings() -> Iterator[str]:
    """What is odd and does not keep pages from being answered."""
    told = {(one.name, one.of): one.value for one in of_worker()}
    silent = told["worker_silent_seconds", ""]
    if not 0 <= silent <= WORKER_SILENT_AFTER_SECONDS:
        yield "worker-silent"
    if told["job_oldest_seconds", ""] > JOB_LATE_AFTER_SECONDS:
        yield "job-late"
    checked = books.last_check()
    if checked and checked.faults:
        yield "books-faults"
