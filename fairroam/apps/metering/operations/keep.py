"""Write a counted batch: its records, the shares, the meters and periods they moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from msgspec.json import encode
from msgspec.structs import asdict

from fairroam.apps.journal.operations import NewEvent, tell_each
from fairroam.apps.journal.queries.planned import ask
from fairroam.apps.metering.models import PlanPeriod, QuarantinedRecord
from fairroam.apps.metering.operations.arrivals import Arrival, content_of, written
from fairroam.apps.metering.operations.packs import Allowance, Pack
from fairroam.gateways.lines import UnreadRecord

COLUMNS = (
    "source, record_id, content_sha256, order_line_id, pack_id, iccid, kind, quantity, country,"
    " operator, started_at, ended_at, received_at, outcome, corrects_source, corrects_record_id"
)
MOVED = """
    metered AS (
        UPDATE metering_meter meter SET used = moved.used, marks_told = moved.marks_told
        FROM json_to_recordset(%s) AS moved (meter_id bigint, used bigint, marks_told int)
        WHERE meter.id = moved.meter_id),
    earned AS (
        UPDATE metering_planrun run
        SET earned_minor = moved.earned_minor, earnings = moved.earnings
        FROM json_to_recordset(%s)
            AS moved (order_line_id bigint, earned_minor bigint, earnings int)
        WHERE run.order_line_id = moved.order_line_id)
"""
KEEP_PACKS = f"WITH {MOVED} SELECT 1"
KEEP = f"""
    WITH {MOVED} INSERT INTO metering_usagerecord ({COLUMNS})
    SELECT %s, record_id, decode(digest, 'hex'), line_id, pack_id, iccid, kind, quantity, country,
           operator, started, ended, %s, outcome, corrects->>0, corrects->>1
    FROM json_to_recordset(%s) AS came (
        record_id text, digest text, line_id bigint, pack_id bigint, iccid text, kind text,
        quantity bigint, country text, operator text, started timestamptz, ended timestamptz,
        outcome text, corrects json)
"""  # noqa: S608 - no name comes from outside
QUARANTINE = """
    INSERT INTO metering_quarantinedrecord
        (source, record_id, reason, content, content_sha256, received_at)
    SELECT given.source, record_id, reason, content, decode(digest, 'hex'), received_at
    FROM (SELECT %s AS source, %s AS reason, %s::timestamptz AS received_at) given,
        json_to_recordset(%s) AS came (record_id text, digest text, content jsonb)
    ON CONFLICT DO NOTHING
"""
COPY = f"COPY metering_usagerecord ({COLUMNS}) FROM STDIN"
NULL, NULLS = "\\N", "\\N\t\\N"
COPY_LINES = 1_000  # written at once
ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def insert_records(
    source: str, arrivals: Sequence[Arrival], packs: Sequence[Pack], now: datetime
) -> None:
    """Write a few records, and how far they moved their packs."""
    rows = [{**asdict(one), "owner": None} for one in arrivals]
    ask(KEEP, *_moved(packs), source, now, encode(rows).decode())


def copy_records(source: str, arrivals: Iterable[Arrival], now: datetime) -> list[Arrival]:
    """Write many records in one stream, while they are being settled; returns them."""
    first, moment = _copied(source), written(now)
    kept: list[Arrival] = []
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        coming = iter(arrivals)
        while some := list(islice(coming, COPY_LINES)):
            copy.write("".join([_line(first, one, moment) for one in some]))
            kept += some
    return kept


def keep_packs(packs: Sequence[Pack]) -> None:
    """Write the meters that moved, and what the runs have earned."""
    ask(KEEP_PACKS, *_moved(packs))


def _moved(packs: Sequence[Pack]) -> tuple[str, str]:
    """(meters, runs) as JSON."""
    meters = [one for pack in packs for one in pack.allowances.values() if one.is_moved]
    runs = [
        {
            "order_line_id": pack.order_line_id,
            "earned_minor": pack.run.earned_minor,
            "earnings": pack.run.earnings,
        }
        for pack in packs
        if pack.has_earned_now
    ]
    return encode(meters).decode(), encode(runs).decode()


def _line(source: str, one: Arrival, now: str) -> str:
    """A record as COPY reads it; put together by hand, since files are long."""
    corrects = f"{_copied(one.corrects[0])}\t{_copied(one.corrects[1])}" if one.corrects else NULLS
    return (
        f"{source}\t{_copied(one.record_id)}\t\\\\x{one.digest}\t{one.line_id or NULL}\t"
        f"{one.pack_id or NULL}\t{one.iccid}\t{one.kind}\t{one.quantity}\t{one.country}\t"
        f"{_copied(one.operator)}\t{one.started}\t{one.ended}\t{now}\t{one.outcome}\t{corrects}\n"
    )


def _copied(text: str) -> str:
    """A text as COPY reads it: backslashes and line ends escaped."""
    return text if text.isprintable() and "\\" not in text else text.translate(ESCAPES)


def keep_shares(source: str, arrivals: Sequence[Arrival]) -> None:
    """Keep how records were shared that burned in several packs."""
    shares = [
        (one.record_id, pack_id, quantity) for one in arrivals for pack_id, quantity in one.shares
    ]
    if not shares:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO metering_usageshare (record_id, order_line_id, quantity)
            SELECT record.id, (share->>1)::bigint, (share->>2)::bigint
            FROM json_array_elements(%s) AS share JOIN metering_usagerecord record
                ON record.source = %s AND record.record_id = share->>0
            """,
            [encode(shares).decode(), source],
        )


def quarantine(source: str, arrivals: Sequence[Arrival], reason: str, now: datetime) -> None:
    """Keep contradicting records for a person; each content once."""
    if arrivals:
        rows = [
            {"record_id": one.record_id, "digest": one.digest, "content": content_of(one)}
            for one in arrivals
        ]
        ask(QUARANTINE, source, reason, now, encode(rows).decode())


def quarantine_unread(source: str, unread: Sequence[UnreadRecord], now: datetime) -> None:
    """Keep what is no record as agreed for a person; each content once."""
    QuarantinedRecord.objects.bulk_create(
        (
            QuarantinedRecord(
                source=source,
                record_id=one.record_id,
                reason="not_understood",
                content={"as_sent": one.content, "why": one.reason},
                content_sha256=sha256(one.content.encode()).digest(),
                received_at=now,
            )
            for one in unread
        ),
        ignore_conflicts=True,
    )


def tell_of_packs(packs: Sequence[Pack], now: datetime) -> None:
    """Keep the periods that began, and tell what the customer should hear of."""
    begun = [pack for pack in packs if pack.has_begun_now]
    if begun:
        PlanPeriod.objects.bulk_create(
            PlanPeriod(
                order_line_id=pack.order_line_id,
                during=DateTimeTZRange(pack.starts_at, pack.ends_at, "[)"),
            )
            for pack in begun
        )
        tell_each("plan.started", [_started(pack) for pack in begun], actor="carrier", now=now)
    moved = [(pack, one) for pack in packs for one in pack.allowances.values() if one.is_moved]
    lows = [_crossed(*pair) for pair in moved if pair[1].mark >= 1 > pair[1].marks_told]
    ups = [_crossed(*pair) for pair in moved if pair[1].mark >= 2 > pair[1].marks_told]
    tell_each("usage.low", lows, actor="carrier", now=now)
    tell_each("usage.used_up", ups, actor="carrier", now=now)
    for _pack, allowance in moved:
        # A correction may take a meter back: what was told stays told, and is not told again.
        allowance.marks_told = max(allowance.marks_told, allowance.mark)


def _started(pack: Pack) -> NewEvent:
    assert pack.starts_at is not None
    return NewEvent(
        pack.run.customer_id,
        {
            "order_line_id": pack.order_line_id,
            "starts_at": pack.starts_at.isoformat(),
            "ends_at": pack.ends_at.isoformat() if pack.ends_at else None,
        },
    )


def _crossed(pack: Pack, allowance: Allowance) -> NewEvent:
    return NewEvent(
        pack.run.customer_id,
        {
            "order_line_id": pack.order_line_id,
            "line_id": pack.run.line_id,
            "kind_of_use": allowance.kind,
            "used": allowance.used,
            "granted": allowance.granted,
        },
    )
