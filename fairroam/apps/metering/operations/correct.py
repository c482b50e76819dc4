"""Corrections: negative records, each linked to the one that it takes back from, once.

A correction bears the ICCID, kind, country and times of its original. It may come before that:
then it waits. One that takes back more than was counted, or of something else, or a second time,
is refused and quarantined for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from msgspec.json import encode

from fairroam.apps.esims import queries as esim_queries
from fairroam.apps.metering.models import UsageRecord, UsageShare
from fairroam.apps.metering.operations.arrivals import Arrival, written
from fairroam.apps.metering.operations.burn import give_back
from fairroam.apps.metering.operations.keep import quarantine
from fairroam.apps.metering.operations.packs import Packs

Key = tuple[str, str]  # (source, record id)
FIELDS = (
    "record_id",
    "iccid",
    "kind",
    "quantity",
    "started_at",
    "country",
    "operator",
    "outcome",
    "line_id",
)
_KEPT = f"""
    SELECT id, source, corrects_source, corrects_record_id, ended_at,
           encode(content_sha256, 'hex'), {", ".join(FIELDS)}
    FROM (SELECT *, order_line_id AS line_id FROM metering_usagerecord) record
"""  # noqa: S608 - no name comes from outside


@dataclass(slots=True)
class Corrections:
    """The corrections that a batch brings or lets take effect.

    late: those kept before, by row, which waited for a record of this batch.
    """

    new: list[Arrival]
    late: dict[int, tuple[str, Arrival]]
    originals: dict[Key, Arrival]
    corrected: set[Key] = field(default_factory=set)

    def apply(self, packs: Packs) -> None:
        """Decide on each, the earliest to arrive first, and give back what is right."""
        for one in (*(arrival for _source, arrival in self.late.values()), *self.new):
            assert one.corrects is not None
            original = self.originals.get(one.corrects)
            if original is None:
                one.outcome = "waiting"
            elif one.corrects in self.corrected or not _fits(one, original):
                one.outcome = "refused"
            else:
                self.corrected.add(one.corrects)
                one.outcome, one.line_id = original.outcome, original.line_id
                if one.outcome == "counted":
                    assert one.line_id is not None
                    give_back(packs[one.line_id], one)

    def keep_late(self, now: datetime) -> None:
        """Write what became of those that had waited."""
        for row_id, (source, one) in self.late.items():
            UsageRecord.objects.filter(pk=row_id).update(
                outcome=one.outcome,
                order_line_id=one.line_id,
                pack_id=one.pack_id,
            )
            UsageShare.objects.bulk_create(
                UsageShare(record_id=row_id, order_line_id=pack_id, quantity=quantity)
                for pack_id, quantity in one.shares
            )
            if one.outcome == "refused":
                quarantine(source, [one], "bad_correction", now)

    def returning(self, packs: Packs) -> set[int]:
        """The packs that got something back and whose money may follow.

        It may while they live: once a line is off, refunded or over, a correction changes the
        meter, which a decision reads, and no book.
        """
        late = [arrival for _source, arrival in self.late.values()]
        gave = [one for one in (*late, *self.new) if one.pack_id or one.shares]
        lines = {one.line_id for one in gave if one.line_id is not None}
        live = {line for line in lines if not esim_queries.line_state(line).is_off}
        given = {pack_id for one in gave for pack_id, _quantity in one.shares}
        given |= {one.pack_id for one in gave if one.pack_id is not None}
        alive = (pack for line in live for pack in packs[line].packs if not pack.is_settled)
        return given & {pack.order_line_id for pack in alive}


def read_corrections(
    source: str, fresh: Sequence[Arrival], awaited: Collection[str]
) -> Corrections:
    """Find the originals of the corrections in a batch, and who waited for its records."""
    new = [one for one in fresh if one.corrects]
    found = Corrections(new, {}, {})
    if not new and not awaited:
        return found
    late = _kept(
        "WHERE outcome = 'waiting' AND corrects_source = %s"
        " AND corrects_record_id IN (SELECT json_array_elements_text(%s)) ORDER BY id",
        [source, encode(sorted(awaited)).decode()],
    )
    found.late = {row_id: (kept_by, one) for row_id, kept_by, one in late}
    wanted = {one.corrects for one in new if one.corrects}
    found.originals = {(source, one.record_id): one for one in fresh}
    sources, record_ids = [key[0] for key in wanted], [key[1] for key in wanted]
    pairs = "IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
    for _row_id, kept_by, one in _kept(f"WHERE (source, record_id) {pairs}", [sources, record_ids]):
        found.originals[kept_by, one.record_id] = one
    for _row_id, _kept_by, one in _kept(
        f"WHERE outcome NOT IN ('waiting', 'refused')"
        f" AND (corrects_source, corrects_record_id) {pairs}",
        [sources, record_ids],
    ):
        assert one.corrects is not None
        found.corrected.add(one.corrects)
    return found


def _fits(correction: Arrival, original: Arrival) -> bool:
    return (
        original.corrects is None
        and 0 < -correction.quantity <= original.quantity
        and _identity(correction) == _identity(original)
    )


def _identity(one: Arrival) -> tuple[object, ...]:
    return (one.iccid, one.kind, one.country, one.started_at, one.ended)


def _kept(condition: str, values: list[Any]) -> Iterator[tuple[int, str, Arrival]]:
    """Rows as (id, source, record)."""
    with connection.cursor() as cursor:
        cursor.execute(_KEPT + condition, values)
        for row_id, source, by_source, by_id, ended_at, digest, *fields in cursor:
            one = Arrival(
                corrects=(by_source, by_id) if by_id is not None else None,
                digest=digest,
                started=written(fields[FIELDS.index("started_at")]),
                ended=written(ended_at),
                **dict(zip(FIELDS, fields, strict=True)),
            )
            yield row_id, source, one
