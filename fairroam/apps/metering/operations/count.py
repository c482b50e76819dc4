"""Count what a network reports: each record once, however often and in whatever order it comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as esim_queries
from fairroam.apps.esims.queries import ProfileOwner
from fairroam.apps.journal.operations import fingerprint, tell
from fairroam.apps.metering.models import (
    Meter,
    PlanPeriod,
    PlanRun,
    QuarantinedRecord,
    UsageCursor,
    UsageRecord,
)
from fairroam.apps.metering.operations.run import begin_plan, earn, open_meters
from fairroam.gateways.lines import NetworkRecord, UsagePage

# Crossed by this share of an allowance, the customer is told that it runs low.
LOW_PART, LOW_WHOLE = 8, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What became of a batch. beside: kept, not counted (after the end, or not in the plan)."""

    counted: int = 0
    repeated: int = 0
    quarantined: int = 0
    unknown: int = 0
    beside: int = 0


@dataclass(slots=True)
class Arrival:
    """A record that came for the first time, and whose profile it is about."""

    row: UsageRecord
    owner: ProfileOwner | None


@transaction.atomic
def record_usage(*, source: str, records: Sequence[NetworkRecord], now: datetime) -> Counted:
    """Keep and count what `source` reports; meters, facts and books move in one transaction.

    The same record again changes nothing; the same id with other content is quarantined for a
    person. A use that begins after its line or its plan has ended is kept beside.
    """
    _lock_source(source)
    fresh, repeated, quarantined = _sift(source, records, now)
    arrivals = _find_owners(fresh)
    runs = _lock_runs(arrivals, now)
    for run in runs:
        _count(run, [one for one in arrivals if one.row.order_line_id == run.pk], now)
    UsageRecord.objects.bulk_create(one.row for one in arrivals)
    _record_facts(arrivals, now)
    earn(runs, now=now)
    outcomes = [one.row.outcome for one in arrivals]
    return Counted(
        counted=outcomes.count("counted"),
        repeated=repeated,
        quarantined=quarantined,
        unknown=outcomes.count("unknown_line"),
        beside=outcomes.count("after_end") + outcomes.count("not_in_plan"),
    )


@transaction.atomic
def record_page(*, source: str, page: UsagePage, now: datetime) -> Counted:
    """Count a page of what `source` has written, and remember how far we have read."""
    counted = record_usage(source=source, records=page.records, now=now)
    UsageCursor.objects.update_or_create(
        source=source, defaults={"cursor": page.cursor, "read_at": now}
    )
    return counted


def _lock_source(source: str) -> None:
    """Let batches of one source wait for each other: two copies of a file may come at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('usage'), hashtext(%s))", [source])


def _sift(
    source: str, records: Sequence[NetworkRecord], now: datetime
) -> tuple[list[UsageRecord], int, int]:
    """(what came for the first time, how many came again, how many contradict what came)."""
    rows = [_row(source, record, now) for record in records]
    kept = UsageRecord.objects.filter(source=source, record_id__in=[row.record_id for row in rows])
    known = dict(kept.values_list("record_id", "content_sha256"))
    fresh, repeated, quarantined = [], 0, 0
    for row in rows:
        first_content = known.setdefault(row.record_id, "")
        if not first_content:
            known[row.record_id] = row.content_sha256
            fresh.append(row)
        elif first_content == row.content_sha256:
            repeated += 1
        else:
            quarantined += 1
            _quarantine(row)
    return fresh, repeated, quarantined


def _row(source: str, record: NetworkRecord, now: datetime) -> UsageRecord:
    row = UsageRecord(
        source=source,
        record_id=_kept(record.record_id),
        iccid=record.iccid,
        kind=record.kind,
        quantity=record.quantity,
        country=record.country,
        operator=_kept(record.operator),
        started_at=record.started_at,
        ended_at=record.ended_at,
        received_at=now,
    )
    row.content_sha256 = fingerprint(_content(row))
    return row


def _kept(text: str) -> str:
    """What a stranger wrote, but for the zero byte, which PostgreSQL keeps in no text."""
    return text.replace("\0", "")


def _content(row: UsageRecord) -> dict[str, Any]:
    return {
        "iccid": row.iccid,
        "kind": str(row.kind),
        "quantity": row.quantity,
        "country": row.country,
        "operator": row.operator,
        "started_at": row.started_at.isoformat(),
        "ended_at": row.ended_at.isoformat(),
    }


def _quarantine(row: UsageRecord) -> None:
    QuarantinedRecord.objects.get_or_create(
        source=row.source,
        record_id=row.record_id,
        content_sha256=row.content_sha256,
        defaults={"content": _content(row), "received_at": row.received_at},
    )


def _find_owners(rows: Sequence[UsageRecord]) -> list[Arrival]:
    """Whose records these are, oldest use first, whatever order they came in."""
    known = esim_queries.owners_of(sorted({row.iccid for row in rows}))
    arrivals = []
    for row in sorted(rows, key=lambda row: (row.started_at, row.record_id)):
        owner = esim_queries.owner_at(known.get(row.iccid, []), row.started_at)
        if owner is None:
            row.outcome = "unknown_line"
        else:
            row.order_line_id = owner.order_line_id
        arrivals.append(Arrival(row, owner))
    return arrivals


def _lock_runs(arrivals: Iterable[Arrival], now: datetime) -> list[PlanRun]:
    """Lock the runs of all lines in the batch, ids ascending; a missing one is opened."""
    line_ids = {one.owner.order_line_id for one in arrivals if one.owner}
    known = PlanRun.objects.filter(pk__in=line_ids).values_list("pk", flat=True)
    for order_line_id in sorted(line_ids - set(known)):
        open_meters(order_line_id=order_line_id, now=now)
    return list(
        PlanRun.objects.select_for_update(no_key=True).filter(pk__in=line_ids).order_by("pk")
    )


def _count(run: PlanRun, arrivals: Sequence[Arrival], now: datetime) -> None:
    """Decide what counts for one line, and move its meters."""
    period = PlanPeriod.objects.filter(order_line_id=run.pk).first()
    ends_at = period.during.upper if period else None
    meters = {meter.kind: meter for meter in Meter.objects.filter(order_line_id=run.pk)}
    before = {kind: meter.used for kind, meter in meters.items()}
    for one in arrivals:
        row = one.row
        if _is_over(row, one.owner, ends_at):
            row.outcome = "after_end"
            continue
        if ends_at is None:
            ends_at = begin_plan(run, starts_at=row.started_at, now=now)
        if row.kind in meters:
            meters[row.kind].used += row.quantity
        elif row.kind != "attach":
            row.outcome = "not_in_plan"
    Meter.objects.bulk_update(meters.values(), ["used"])
    for kind, meter in meters.items():
        _tell_crossings(run, meter, before[kind], now)


def _is_over(row: UsageRecord, owner: ProfileOwner | None, ends_at: datetime | None) -> bool:
    ends = [owner.line_ended_at if owner else None, ends_at]
    return any(end is not None and row.started_at >= end for end in ends)


def _tell_crossings(run: PlanRun, meter: Meter, before: int, now: datetime) -> None:
    """Tell once that an allowance runs low or is used up: a meter never runs back."""
    if not meter.granted:
        return
    low = -(-meter.granted * LOW_PART // LOW_WHOLE)
    for kind, mark in (("usage.low", low), ("usage.used_up", meter.granted)):
        if before < mark <= meter.used:
            tell(
                kind,
                actor="carrier",
                now=now,
                customer_id=run.customer_id,
                order_line_id=run.pk,
                kind_of_use=meter.kind,
                used=meter.used,
                granted=meter.granted,
            )


def _record_facts(arrivals: Sequence[Arrival], now: datetime) -> None:
    """Tell `esims` of the first attach and the first use; arrivals come oldest first."""
    first: dict[tuple[int, str], datetime] = {}
    for one in arrivals:
        if one.owner is None or one.row.outcome == "after_end":
            continue
        if one.row.kind == "attach":
            first.setdefault((one.owner.profile_id, "first_attach"), one.row.started_at)
        elif one.row.quantity:
            first.setdefault((one.owner.profile_id, "first_usage"), one.row.started_at)
    for (profile_id, kind), happened_at in sorted(first.items()):
        esims.record_fact(
            profile_id=profile_id, kind=kind, happened_at=happened_at, source="network", now=now
        )
