"""How money back goes, from the books: how fast, how often without a person, how much goodwill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.fields.json import KT

from fairroam.apps.ledger import queries as ledger
from fairroam.apps.refunds.models import Case, Decision

MADE_FROM = ("facts", "packs", "result")
SETTLED = ("approved", "handed_over", "paid", "payout_failed", "declined", "settled")
# Requests that were settled in the period, each with its present decision.
ROWS = """
    SELECT r.id, r.stage, r.received_at, d.decided_at, d.currency, d.goodwill_minor,
           d.decided_by = 'rules' AND c.request_id IS NULL,
           (SELECT CASE WHEN bool_and(p.arrived_at IS NOT NULL) THEN max(p.arrived_at) END
            FROM refunds_refundpart p WHERE p.request_id = r.id),
           EXISTS (SELECT 1 FROM refunds_refundpart p WHERE p.decision_id = d.id)
    FROM refunds_refundrequest r
    JOIN refunds_decision d ON d.request_id = r.id
         AND NOT EXISTS (SELECT 1 FROM refunds_decision n WHERE n.supersedes_id = d.id)
    LEFT JOIN refunds_case c ON c.request_id = r.id
    WHERE r.stage = ANY(%s) AND d.decided_at >= %s AND d.decided_at < %s
    ORDER BY d.decided_at, r.id
"""
BY_GROUND = """
    SELECT coalesce(d.result->>'ground', ''), d.currency, count(*), sum(d.due_minor),
           sum(d.goodwill_minor)
    FROM refunds_refundrequest r
    JOIN refunds_decision d ON d.request_id = r.id
         AND NOT EXISTS (SELECT 1 FROM refunds_decision n WHERE n.supersedes_id = d.id)
    WHERE r.stage = ANY(%s) AND d.decided_at >= %s AND d.decided_at < %s
    GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Week:
    """How many requests were settled in the week that begins on that Monday, and how fast.

    to_decision: the median from received to decided; None where nothing was settled.
    """

    on: date
    at_once: int
    by_people: int
    to_decision: timedelta | None

    @property
    def total(self) -> int:
        return self.at_once + self.by_people


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Figures of one period; None where nothing can be said. Amounts: minor units by currency."""

    since: datetime
    until: datetime
    settled: int
    to_decision: timedelta | None  # median, from received to decided
    to_money: timedelta | None  # median, from received to the last part's arrival
    at_once: Fraction | None
    declined: int
    declined_by: Mapping[str, int]  # why the rules left it to a person, of those declined
    appealed: int
    overturned: Fraction | None
    goodwill: Mapping[str, int]
    unearned: Mapping[str, int]  # now, not of the period
    weeks: tuple[Week, ...]


def decisions() -> QuerySet[Decision]:
    """Every decision, superseded ones too, without what it was made from; the newest first."""
    made_from = [f"{whose}{name}" for whose in ("", "supersedes__") for name in MADE_FROM]
    rows = Decision.objects.select_related("supersedes").annotate(ground=KT("result__ground"))
    return rows.defer(*made_from).order_by("-pk")


def report(*, since: datetime, until: datetime) -> Report:
    """How requests went that were settled from `since` up to, not including, `until`."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [list(SETTLED), since, until])
        rows = cursor.fetchall()
    declined = [row[0] for row in rows if row[1] == "declined"]
    appealed = appeals_among(row[0] for row in rows)
    goodwill: Counter[str] = Counter()
    for row in rows:
        if row[5] and row[8]:
            goodwill[row[4]] += row[5]
    return Report(
        since=since,
        until=until,
        settled=len(rows),
        to_decision=median([row[3] - row[2] for row in rows]),
        to_money=median([row[7] - row[2] for row in rows if row[7] is not None]),
        at_once=share(sum(row[6] for row in rows), len(rows)),
        declined=len(declined),
        declined_by=doubts_of(declined),
        appealed=len(appealed),
        overturned=share(len(appealed - set(declined)), len(appealed)),
        goodwill=dict(sorted(goodwill.items())),
        unearned=ledger.held_in("unearned"),
        weeks=weeks(rows, since.date(), until.date()),
    )


@dataclass(frozen=True, slots=True)
class GroundRow:
    """Decisions of one ground ("": none gave anything); minor units by the rules and beyond."""

    ground: str
    currency: str
    count: int
    due: int
    goodwill: int


def by_ground(since: datetime, until: datetime) -> list[GroundRow]:
    """The present decisions of a period by their ground, from `since` to before `until`."""
    with connection.cursor() as cursor:
        cursor.execute(BY_GROUND, [list(SETTLED), since, until])
        return [GroundRow(*row[:2], *(int(one) for one in row[2:])) for row in cursor.fetchall()]


def median(spans: Sequence[timedelta]) -> timedelta | None:
    """The middle one, or the mean of the middle two; None of none."""
    ordered, middle = sorted(spans), len(spans) // 2
    if not ordered:
        return None
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def appeals_among(request_ids: Iterable[int]) -> set[int]:
    found = Case.objects.filter(request_id__in=list(request_ids), appealed_at__isnull=False)
    return set(found.values_list("request_id", flat=True))


def doubts_of(request_ids: Sequence[int]) -> dict[str, int]:
    """How often each reason sent one of these to a person; commonest first."""
    found = Case.objects.filter(request_id__in=request_ids).values_list("doubts", flat=True)
    return dict(Counter(code for doubts in found for code in doubts).most_common())


def weeks(rows: Sequence[tuple[Any, ...]], first: date, last: date) -> tuple[Week, ...]:
    """Every week of the period, also those in which nothing was settled."""

    def monday(on: date) -> date:
        return on - timedelta(days=on.weekday())

    settled = {on: list(group) for on, group in groupby(rows, lambda row: monday(row[3].date()))}

    def week(on: date) -> Week:
        of_week = settled.get(on, [])
        at_once = sum(bool(row[6]) for row in of_week)
        spans = [row[3] - row[2] for row in of_week]
        return Week(on, at_once, len(of_week) - at_once, median(spans))

    mondays = range(monday(first).toordinal(), last.toordinal() + 1, 7)
    return tuple(week(date.fromordinal(day)) for day in mondays)
