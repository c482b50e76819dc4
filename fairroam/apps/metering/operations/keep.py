"""Write a counted batch: its records, the shares, the meters and periods they moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from fairroam.apps.journal.operations import NewEvent, tell_each
from fairroam.apps.metering.models import PlanPeriod, QuarantinedRecord
from fairroam.apps.metering.operations.arrivals import Arrival, content_of
from fairroam.apps.metering.operations.packs import Allowance, Pack

COLUMNS = (
    "source, record_id, content_sha256, order_line_id, pack_id, iccid, kind, quantity, country,"
    " operator, started_at, ended_at, received_at, outcome, corrects_source, corrects_record_id"
)
INSERT = f"INSERT INTO metering_usagerecord ({COLUMNS}) VALUES ({', '.join(['%s'] * 16)})"  # noqa: S608
COPY = f"COPY metering_usagerecord ({COLUMNS}) FROM STDIN"


def insert_records(source: str, arrivals: Sequence[Arrival], now: datetime) -> None:
    """Write a few records."""
    with connection.cursor() as cursor:
        for one in arrivals:
            cursor.execute(INSERT, _row(source, one, now))


def copy_records(source: str, arrivals: Sequence[Arrival], now: datetime) -> None:
    """Write many records: one stream, no statement per row."""
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        write = copy.write_row
        for one in arrivals:
            write(_row(source, one, now))


def _row(source: str, one: Arrival, now: datetime) -> tuple[Any, ...]:
    corrects_source, corrects_record_id = one.corrects or (None, None)
    return (
        source,
        one.record_id,
        one.digest,
        one.line_id,
        one.shares[0][0] if len(one.shares) == 1 else None,
        one.iccid,
        one.kind,
        one.quantity,
        one.country,
        one.operator,
        one.started_at,
        one.ended_at,
        now,
        one.outcome,
        corrects_source,
        corrects_record_id,
    )


def keep_shares(source: str, arrivals: Sequence[Arrival]) -> None:
    """Keep how records were shared that burned in several packs."""
    shares = [
        (one.record_id, pack_id, quantity)
        for one in arrivals
        if len(one.shares) > 1
        for pack_id, quantity in one.shares
    ]
    if not shares:
        return
    record_ids, pack_ids, quantities = zip(*shares, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO metering_usageshare (record_id, order_line_id, quantity)
            SELECT record.id, share.pack_id, share.quantity
            FROM unnest(%s::text[], %s::bigint[], %s::bigint[])
                AS share (record_id, pack_id, quantity)
            JOIN metering_usagerecord record
                ON record.source = %s AND record.record_id = share.record_id
            """,
            [list(record_ids), list(pack_ids), list(quantities), source],
        )


def quarantine(source: str, arrivals: Sequence[Arrival], reason: str, now: datetime) -> None:
    """Keep contradicting records for a person; each content once."""
    QuarantinedRecord.objects.bulk_create(
        [
            QuarantinedRecord(
                source=source,
                record_id=one.record_id,
                reason=reason,
                content=content_of(one),
                content_sha256=one.digest,
                received_at=now,
            )
            for one in arrivals
        ],
        ignore_conflicts=True,
    )


def keep_packs(packs: Sequence[Pack], now: datetime) -> None:
    """Write the meters and periods that moved, and tell what the customer should hear of."""
    begun = [pack for pack in packs if pack.has_begun_now]
    PlanPeriod.objects.bulk_create(
        PlanPeriod(
            order_line_id=pack.run.pk, during=DateTimeTZRange(pack.starts_at, pack.ends_at, "[)")
        )
        for pack in begun
    )
    tell_each("plan.started", [_started(pack) for pack in begun], actor="carrier", now=now)
    moved = [(pack, one) for pack in packs for one in pack.allowances.values() if one.is_moved]
    lows = [_crossed(*pair) for pair in moved if pair[1].mark >= 1 > pair[1].marks_told]
    ups = [_crossed(*pair) for pair in moved if pair[1].mark >= 2 > pair[1].marks_told]
    for _pack, allowance in moved:
        # A correction may take a meter back: what was told stays told, and is not told again.
        allowance.marks_told = max(allowance.marks_told, allowance.mark)
    _keep_meters([allowance for _pack, allowance in moved])
    tell_each("usage.low", lows, actor="carrier", now=now)
    tell_each("usage.used_up", ups, actor="carrier", now=now)


def _keep_meters(moved: Sequence[Allowance]) -> None:
    if not moved:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE metering_meter meter SET used = moved.used, marks_told = moved.marks_told
            FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) AS moved (id, used, marks_told)
            WHERE meter.id = moved.id
            """,
            [
                [one.meter_id for one in moved],
                [one.used for one in moved],
                [one.marks_told for one in moved],
            ],
        )


def _started(pack: Pack) -> NewEvent:
    assert pack.starts_at is not None
    assert pack.ends_at is not None
    return NewEvent(
        pack.run.customer_id,
        {
            "order_line_id": pack.run.pk,
            "starts_at": pack.starts_at.isoformat(),
            "ends_at": pack.ends_at.isoformat(),
        },
    )


def _crossed(pack: Pack, allowance: Allowance) -> NewEvent:
    return NewEvent(
        pack.run.customer_id,
        {
            "order_line_id": pack.run.pk,
            "line_id": pack.run.line_id,
            "kind_of_use": allowance.kind,
            "used": allowance.used,
            "granted": allowance.granted,
        },
    )
