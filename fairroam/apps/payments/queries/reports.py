"""What our books, and the providers' reports, say of one thing that moved there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet

from fairroam.apps.ledger.models import Transfer
from fairroam.apps.payments.models import Difference, ReportLine


class Subject(NamedTuple):
    """One thing that moves money once: its kind as reports say it, the provider's number."""

    kind: str
    ref: str
    currency: str


# Signed as in the report: below 0 is what left the provider. Every row stands in its clearing book.
OURS = """
    SELECT 'capture' AS kind, p.provider_ref AS ref, p.currency, p.captured_minor AS minor,
           p.captured_at AS at
    FROM payments_payment p WHERE p.provider = %(provider)s AND p.captured_at IS NOT NULL
    UNION ALL
    SELECT CASE WHEN t.reverses_id IS NULL THEN 'refund' ELSE 'refund_returned' END,
           o.provider_ref, o.currency,
           CASE WHEN t.reverses_id IS NULL THEN -t.minor ELSE t.minor END, t.booked_at
    FROM payments_payout o JOIN payments_payment p ON p.id = o.payment_id
    JOIN ledger_transfer t ON t.key IN (
        'payout:' || o.key, 'payout:' || o.key || '/back', 'payout:' || o.key || '/excess')
    WHERE p.provider = %(provider)s AND NOT o.is_by_hand
    UNION ALL
    SELECT CASE WHEN b.kind = 'clearing' THEN 'dispute_returned'
                WHEN t.key LIKE '%%/fee' THEN 'dispute_fee' ELSE 'dispute' END,
           d.provider_ref, d.currency,
           CASE WHEN b.kind = 'clearing' THEN t.minor ELSE -t.minor END, t.booked_at
    FROM payments_dispute d JOIN ledger_transfer t ON t.key IN (
        'dispute:' || d.provider || ':' || d.provider_ref,
        'dispute:' || d.provider || ':' || d.provider_ref || '/back',
        'dispute:' || d.provider || ':' || d.provider_ref || '/fee')
    JOIN ledger_book b ON b.id = t.source_id
    WHERE d.provider = %(provider)s
    UNION ALL
    SELECT CASE WHEN b.kind = 'clearing' THEN 'dispute_returned' ELSE 'dispute' END,
           split_part(split_part(t.key, ':', 3), '/', 1), t.currency,
           CASE WHEN b.kind = 'clearing' THEN t.minor ELSE -t.minor END, t.booked_at
    FROM ledger_transfer t JOIN ledger_book b ON b.id = t.source_id
    WHERE t.key LIKE 'dispute:' || %(provider)s || ':%%/amount:%%'
    UNION ALL
    SELECT split_part(t.key, ':', 3), split_part(t.key, ':', 4), t.currency, -t.minor, t.booked_at
    FROM ledger_transfer t WHERE t.key LIKE 'report:' || %(provider)s || ':%%'
    UNION ALL
    SELECT split_part(t.key, ':', 3), split_part(split_part(t.key, ':', 4), '/', 1), t.currency,
           CASE WHEN b.kind = 'suspense' THEN -t.minor ELSE t.minor END, t.booked_at
    FROM ledger_transfer t JOIN ledger_book b ON b.id = t.source_id
    WHERE t.key LIKE 'difference:' || %(provider)s || ':%%'
"""


def is_booked(key: str) -> bool:
    """Whether the books have a transfer of that key."""
    return Transfer.objects.filter(key=key).exists()


def hours_of(day: date) -> tuple[datetime, datetime]:
    """The day in UTC, as a half-open period."""
    start = datetime.combine(day, time.min, UTC)
    return start, start + timedelta(days=1)


def booked_on(provider: str, day: date) -> list[Subject]:
    """What we booked at the provider on that day."""
    start, end = hours_of(day)
    query = (
        f"SELECT DISTINCT kind, ref, currency FROM ({OURS}) ours"  # noqa: S608 - written above
        " WHERE at >= %(start)s AND at < %(end)s"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, {"provider": provider, "start": start, "end": end})
        return [Subject(*row) for row in cursor.fetchall()]


def booked(provider: str, subjects: Iterable[Subject]) -> dict[Subject, int]:
    """What our books say of each, on whatever day."""
    refs = sorted({subject.ref for subject in subjects})
    query = (
        f"SELECT kind, ref, currency, sum(minor)::bigint FROM ({OURS}) ours"  # noqa: S608
        " WHERE ref = ANY(%(refs)s) GROUP BY kind, ref, currency"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, {"provider": provider, "refs": refs})
        return {Subject(*row[:3]): row[3] for row in cursor.fetchall()}


def reported(provider: str, subjects: Iterable[Subject]) -> dict[Subject, int]:
    """What the provider's reports say of each, on whatever day."""
    refs = sorted({subject.ref for subject in subjects})
    sums: dict[Subject, int] = {}
    for line in ReportLine.objects.filter(provider=provider, ref__in=refs):
        subject = Subject(line.kind, line.ref, line.currency)
        sums[subject] = sums.get(subject, 0) + line.minor
    return sums


def changes_of(taken_key: str) -> int:
    """How often the amount of a dispute, booked under that key, was changed."""
    return Transfer.objects.filter(key__startswith=f"{taken_key}/amount:").count()


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day and currency at one provider: its report, our clearing book, minor units signed."""

    day: date
    currency: str
    reported_minor: int
    booked_minor: int

    @property
    def difference_minor(self) -> int:
        return self.reported_minor - self.booked_minor


def days_of(provider: str, *, first: date, last: date) -> list[DayRow]:
    """Each day and currency of a period, newest first: the report's sum and the book's own."""
    sums: dict[tuple[date, str], list[int]] = {}
    for line in ReportLine.objects.filter(provider=provider, day__range=(first, last)):
        sums.setdefault((line.day, line.currency), [0, 0])[0] += line.minor
    start, end = hours_of(first)[0], hours_of(last)[1]
    books = Transfer.objects.filter(booked_at__gte=start, booked_at__lt=end)
    for side, sign in (("target", -1), ("source", 1)):
        rows = books.filter(**{f"{side}__kind": "clearing", f"{side}__label": provider})
        for at, currency, minor in rows.values_list("booked_at", "currency", "minor"):
            sums.setdefault((at.astimezone(UTC).date(), currency), [0, 0])[1] += sign * minor
    return [
        DayRow(day, currency, *minors)
        for (day, currency), minors in sorted(sums.items(), reverse=True)
    ]


def open_differences() -> QuerySet[Difference]:
    """What nobody has explained yet, oldest first."""
    return Difference.objects.filter(resolved_at__isnull=True).order_by("day", "pk")
