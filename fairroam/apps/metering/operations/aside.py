"""A person deals with a record that was put aside: it counts for a line, or is put away."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from fairroam.apps.journal.operations import tell
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.metering.models import QuarantinedRecord, UsageRecord
from fairroam.apps.metering.operations.arrivals import arrival_of
from fairroam.apps.metering.operations.count import record_usage
from fairroam.apps.metering.queries.imports import aside_row, counted_under
from fairroam.apps.metering.refusals import RecordDoesNotCount, RecordSettled
from fairroam.gateways.lines import NetworkRecord, RecordKind

# Whose records these are: with a colon, which the name of no network has.
SOURCE = "desk:aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenUse:
    """A use as a person reads it in the record. quantity: bytes, seconds or messages, by kind."""

    iccid: str
    kind: str
    quantity: int
    started_at: datetime
    ended_at: datetime
    country: str
    operator: str = ""


@transaction.atomic
def count_aside(
    *, aside_id: int, use: SeenUse, is_instead: bool, words: str, staff_user_id: int, now: datetime
) -> None:
    """Count what a record that was put aside is about, as a record of ours.

    A repeat of the same changes nothing. is_instead: the one of the same name that counted is
    taken back. All of it counts, or nothing changes.
    Raises NotAmongYours, RecordSettled, RecordDoesNotCount.
    """
    aside = _lock(aside_id)
    counting = NetworkRecord(
        source=SOURCE,
        record_id=str(aside_id),
        **{**asdict(use), "kind": RecordKind(use.kind)},
    )
    if not _may_settle(aside, "counted"):
        if arrival_of(counting).digest != bytes(_counted(aside_id).content_sha256).hex():
            raise RecordSettled(aside_id=aside_id)
        return
    if not aside_row(aside).may_count:
        raise RecordDoesNotCount(aside_id=aside_id)
    records = [*(_taken_back(aside) if is_instead else ()), counting]
    if record_usage(source=SOURCE, records=records, now=now).counted != len(records):
        raise RecordDoesNotCount(aside_id=aside_id)
    kept = _counted(aside_id)
    assert kept.order_line is not None
    _settle(aside, "counted", words, staff_user_id, now)
    tell(
        "usage.aside_counted",
        actor=f"staff:{staff_user_id}",
        now=now,
        customer_id=kept.order_line.order.customer_id,
        order_line_id=kept.order_line_id,
        aside_id=aside_id,
        is_instead=is_instead,
    )


@transaction.atomic
def put_away(*, aside_id: int, words: str, staff_user_id: int, now: datetime) -> None:
    """Nothing follows from it; a repeat changes nothing. Raises NotAmongYours, RecordSettled."""
    aside = _lock(aside_id)
    if _may_settle(aside, "put_away"):
        _settle(aside, "put_away", words, staff_user_id, now)
        tell("usage.aside_put_away", actor=f"staff:{staff_user_id}", now=now, aside_id=aside_id)


def _counted(aside_id: int) -> UsageRecord:
    found = UsageRecord.objects.select_related("order_line__order")
    return found.get(source=SOURCE, record_id=str(aside_id))


def _lock(aside_id: int) -> QuarantinedRecord:
    found = QuarantinedRecord.objects.select_for_update(no_key=True).filter(pk=aside_id).first()
    if found is None:
        raise NotAmongYours(aside_id=aside_id)
    return found


def _may_settle(aside: QuarantinedRecord, way: str) -> bool:
    """Whether it is open; what was settled in this way already is a repeat."""
    if aside.settled_as not in ("", way):
        raise RecordSettled(aside_id=aside.pk, settled_as=aside.settled_as)
    return not aside.settled_as


def _settle(
    aside: QuarantinedRecord, way: str, words: str, staff_user_id: int, now: datetime
) -> None:
    aside.settled_at, aside.settled_as = now, way
    aside.settled_by, aside.words = f"staff:{staff_user_id}", words
    aside.save(update_fields=["settled_at", "settled_as", "settled_by", "words"])


def _taken_back(aside: QuarantinedRecord) -> list[NetworkRecord]:
    """The correction that takes back all of the record that came first under this name."""
    first = counted_under(aside.source, aside.record_id)
    if first is None:
        return []
    return [
        NetworkRecord(
            source=SOURCE,
            record_id=f"{aside.pk}/back",
            iccid=first.iccid,
            kind=RecordKind(first.kind),
            quantity=-first.quantity,
            started_at=first.started_at,
            ended_at=first.ended_at,
            country=first.country,
            operator=first.operator,
            corrects=(aside.source, aside.record_id),
        )
    ]
