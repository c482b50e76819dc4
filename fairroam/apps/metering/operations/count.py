"""Count what a network reports: each record once, however often and in whatever order it comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from django.db import transaction

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as esim_queries
from fairroam.apps.esims.operations import NewFact
from fairroam.apps.esims.queries import ProfileOwner
from fairroam.apps.journal.queries.planned import at_once
from fairroam.apps.metering.models import UsageCursor
from fairroam.apps.metering.operations.arrivals import Arrival, arrival_of, ask_known
from fairroam.apps.metering.operations.burn import ATTACH, burn
from fairroam.apps.metering.operations.correct import Corrections, read_corrections
from fairroam.apps.metering.operations.earn import earn
from fairroam.apps.metering.operations.keep import (
    copy_records,
    insert_records,
    keep_packs,
    keep_shares,
    quarantine,
    quarantine_unread,
    tell_of_packs,
)
from fairroam.apps.metering.operations.packs import Packs, ask_packs
from fairroam.apps.metering.operations.run import open_meters
from fairroam.gateways.lines import NetworkRecord, UsagePage

Owners = dict[str, list[tuple[datetime, ProfileOwner]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What became of a batch.

    beside: kept, not counted (after the end, or not in the plan). waiting: corrections whose
    original has not come. quarantined: contradicting ones, which a person must look at.
    """

    counted: int = 0
    repeated: int = 0
    quarantined: int = 0
    unknown: int = 0
    beside: int = 0
    waiting: int = 0


@transaction.atomic
def record_usage(*, source: str, records: Sequence[NetworkRecord], now: datetime) -> Counted:
    """Keep and count what `source` reports; meters, facts and books move in one transaction.

    The same record again changes nothing; the same id with other content is quarantined for a
    person. A use that begins after its line or its packs have ended is kept beside.
    """
    arrivals = [arrival_of(record) for record in records]
    return _take(source, arrivals, now, is_bulk=False)


@transaction.atomic
def record_many(*, source: str, arrivals: Sequence[Arrival], now: datetime) -> Counted:
    """Do as `record_usage` does, for tens of thousands of records: they are kept by COPY."""
    return _take(source, arrivals, now, is_bulk=True)


@transaction.atomic
def record_page(*, source: str, page: UsagePage, now: datetime, lag_seconds: int = 0) -> Counted:
    """Count a page of what `source` has written, and remember how far we have read.

    What could not be read waits for a person. lag_seconds: how late the source says that its
    figures are.
    """
    counted = record_usage(source=source, records=page.records, now=now)
    quarantine_unread(source, page.unread, now)
    UsageCursor.objects.update_or_create(
        source=source,
        defaults={"cursor": page.cursor, "read_at": now, "lag_seconds": lag_seconds},
    )
    return replace(counted, quarantined=counted.quarantined + len(page.unread))


def _take(source: str, arrivals: Sequence[Arrival], now: datetime, *, is_bulk: bool) -> Counted:
    """The one way of a batch into the books; only how its rows are written differs."""
    if not arrivals:
        return Counted()
    iccids = sorted({one.iccid for one in arrivals})
    with at_once():
        sifted_later = ask_known(source, arrivals)
        owners_later = esim_queries.ask_owners(iccids)
        packs_later = ask_packs(iccids)
        sifted, owners, packs = sifted_later(), owners_later(), packs_later()
    fresh = sorted(sifted.fresh, key=attrgetter("started"))
    uses = [one for one in fresh if not one.corrects]
    _attribute(uses, owners)
    packs = _with_missing(packs, uses, iccids, now)
    corrections = read_corrections(source, fresh, sifted.awaited)
    settled = _settle(uses, corrections, packs, now)
    fresh = copy_records(source, settled, now) if is_bulk else list(settled)
    touched = [pack for line in packs.values() for pack in line.packs if pack.is_touched]
    earn(touched, returning=corrections.returning(packs), now=now)
    tell_of_packs(touched, now)
    if is_bulk:
        keep_packs(touched)
    else:
        insert_records(source, fresh, touched, now)
    keep_shares(source, fresh)
    corrections.keep_late(now)
    quarantine(source, sifted.contradicting, "other_content", now)
    quarantine(source, [one for one in fresh if one.outcome == "refused"], "bad_correction", now)
    facts = _facts(uses)
    if facts:
        esims.record_facts(facts, source="network", now=now)
    return _counted(fresh, len(sifted.contradicting), sifted.repeated)


def _settle(
    uses: Iterable[Arrival], corrections: Corrections, packs: Packs, now: datetime
) -> Iterator[Arrival]:
    """What becomes of each record: uses burn first, so that corrections find what they take."""
    for one in uses:
        if one.line_id is not None and one.outcome == "counted":
            burn(packs[one.line_id], one, now)
        yield one
    corrections.apply(packs)
    yield from corrections.new


def _attribute(uses: Iterable[Arrival], owners: Owners) -> None:
    """Find whose records these are, and which came from after the end of their line."""
    for one in uses:
        owner = esim_queries.owner_at(owners.get(one.iccid, []), one.started_at)
        if owner is None:
            one.outcome = "unknown_line"
            continue
        one.line_id, one.owner = owner.order_line_id, owner
        if owner.line_ended_at is not None and one.started_at >= owner.line_ended_at:
            one.outcome = "after_end"


def _with_missing(
    packs: Packs, uses: Iterable[Arrival], iccids: Sequence[str], now: datetime
) -> Packs:
    """Open the own pack of each line that has none yet: its first use overtook its opening."""
    used = {one.line_id for one in uses if one.line_id is not None}
    missing = sorted(line for line in used if line not in packs or packs[line].own is None)
    for order_line_id in missing:
        open_meters(order_line_id=order_line_id, now=now)
    return ask_packs(iccids)() if missing else packs


def _facts(uses: Sequence[Arrival]) -> list[NewFact]:
    """The first attach and use of each profile, where that is news; uses come oldest first."""
    first: dict[tuple[int, str], datetime] = {}
    for one in uses:
        if one.owner is None or one.outcome == "after_end":
            continue
        if one.kind == ATTACH:
            kind, known_at = "first_attach", one.owner.first_attach_at
        else:
            kind, known_at = "first_usage", one.owner.first_usage_at
        is_use = bool(one.quantity) or one.kind == ATTACH
        if is_use and (known_at is None or one.started_at < known_at):
            first.setdefault((one.owner.profile_id, kind), one.started_at)
    return [NewFact(profile_id, kind, at) for (profile_id, kind), at in sorted(first.items())]


def _counted(fresh: Sequence[Arrival], contradicting: int, repeated: int) -> Counted:
    outcomes = [one.outcome for one in fresh]
    return Counted(
        counted=outcomes.count("counted"),
        repeated=repeated,
        quarantined=contradicting + outcomes.count("refused"),
        unknown=outcomes.count("unknown_line"),
        beside=outcomes.count("after_end") + outcomes.count("not_in_plan"),
        waiting=outcomes.count("waiting"),
    )
