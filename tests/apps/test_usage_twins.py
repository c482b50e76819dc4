"""The way of a file and the way of a single record end in the same books; so does a recount."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairroam.apps.ledger import queries as ledger
from fairroam.apps.metering import queries
from fairroam.apps.orders.models import OrderLine
from fairroam.gateways.lines import NetworkRecord, RecordKind
from tests.apps import usage_given
from tests.apps.usage_given import (
    GB,
    NOON,
    a_line_with_two_packs,
    count,
    import_file,
    record,
    used,
)

pytestmark = pytest.mark.usefixtures("catalogue")
FEW = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
Pair = tuple[OrderLine, OrderLine]


@pytest.fixture
def pairs(catalogue) -> list[Pair]:
    """Two lines, each with its own pack of data, voice and messages, and one of data on top."""
    return [a_line_with_two_packs(), a_line_with_two_packs()]


@contextmanager
def tried() -> Iterator[None]:
    """Undo what is done inside, but only after the books were found sound."""
    with transaction.atomic():
        yield
        assert [*queries.find_faults(), *ledger.find_faults()] == []
        transaction.set_rollback(True)


@st.composite
def uses(draw: st.DrawFn, iccids: list[str]) -> list[NetworkRecord]:
    """Uses of two lines and of a stranger's, some of them before their line's first attach."""
    kinds = st.sampled_from(list(RecordKind))
    records = []
    for number in range(draw(st.integers(1, 12))):
        kind = draw(kinds)
        quantity = {
            RecordKind.DATA: st.integers(0, 4 * GB),
            RecordKind.VOICE: st.integers(0, 4_000),
            RecordKind.SMS: st.integers(0, 60),
            RecordKind.ATTACH: st.just(0),
        }[kind]
        records.append(
            record(
                draw(st.sampled_from([*iccids, "8999900000000999999"])),
                f"rec-{number}",
                kind=kind,
                quantity=draw(quantity),
                at=NOON + timedelta(minutes=draw(st.integers(1, 10_000))),
            )
        )
    return records


@st.composite
def arrivals(draw: st.DrawFn, iccids: list[str]) -> list[NetworkRecord]:
    """Uses, and among them repeats, conflicts and corrections, in any order."""
    originals = draw(uses(iccids))
    extra = []
    for original in originals:
        match draw(st.sampled_from(["", "", "repeat", "conflict", "correct", "correct too much"])):
            case "repeat":
                extra.append(original)
            case "conflict":
                words = {"kind": original.kind, "quantity": original.quantity, "country": "KR"}
                extra.append(
                    record(original.iccid, original.record_id, at=original.started_at, **words)
                )
            case "correct" if original.quantity:
                quantity = draw(st.integers(1, original.quantity))
                extra.append(usage_given.correction(original, f"c-{original.record_id}", quantity))
            case "correct too much" if original.kind != RecordKind.ATTACH:
                too_much = original.quantity + 1
                extra.append(usage_given.correction(original, f"c-{original.record_id}", too_much))
    return draw(st.permutations([*originals, *extra]))


def cuts(draw: st.DrawFn, records: list[NetworkRecord]) -> list[list[NetworkRecord]]:
    """The same records in batches."""
    batches: list[list[NetworkRecord]] = [[]]
    for one in records:
        if draw(st.booleans()):
            batches.append([])
        batches[-1].append(one)
    return [batch for batch in batches if batch]


def after(act: Callable[[], None], look: Callable[[], Any]) -> Any:
    with tried():
        act()
        return look()


@FEW
@given(data=st.data())
def test_a_file_and_single_records_leave_the_same_rows_and_events(pairs, data):
    """The same batches: all is the same, down to the shares of each record."""
    records = data.draw(arrivals([usage_given.iccid_of(base) for base, _top in pairs]))
    batches = data.draw(st.composite(cuts)(records))

    def singly() -> None:
        for batch in batches:
            count(*batch)

    def as_files() -> None:
        for batch in batches:
            import_file(*batch)

    single = after(singly, usage_given.details)
    assert after(as_files, usage_given.details) == single


@FEW
@given(data=st.data())
def test_batches_change_nothing_and_the_first_content_counts(pairs, data):
    """One order of arrival, once the lines are attached: batches of any size, the same books."""
    iccids = [usage_given.iccid_of(base) for base, _top in pairs]
    records = data.draw(arrivals(iccids))
    has_corrections = any(one.corrects for one in records)

    def look() -> Any:
        # A mark that only a record crossed which was taken back at once may be told or not.
        return usage_given.books(), None if has_corrections else usage_given.told()

    def attach() -> None:
        for number, iccid in enumerate(iccids):
            count(record(iccid, f"a-{number}", kind=RecordKind.ATTACH, quantity=0, at=NOON))

    def singly() -> None:
        attach()
        for one in records:
            count(one)

    def as_file() -> None:
        attach()
        import_file(*records, chunk_bytes=data.draw(st.integers(100, 5_000)))

    assert after(as_file, look) == after(singly, look)


@FEW
@given(data=st.data())
def test_any_order_ends_where_a_recount_ends(pairs, data):
    """Uses and their corrections in any order: the meters show what one sum shows."""
    iccids = [usage_given.iccid_of(base) for base, _top in pairs]
    originals = [one for one in data.draw(uses(iccids)) if one.iccid in iccids]
    taken = {
        one.record_id: data.draw(st.integers(1, one.quantity))
        for one in originals
        if one.quantity and data.draw(st.booleans())
    }
    corrections = [
        usage_given.correction(one, f"c-{one.record_id}", taken[one.record_id])
        for one in originals
        if one.record_id in taken
    ]
    in_one_order = data.draw(st.permutations([*originals, *corrections]))
    in_another = data.draw(st.permutations([*originals, *corrections]))

    def play(records: list[NetworkRecord], chunk_bytes: int) -> Any:
        for number, iccid in enumerate(iccids):
            count(record(iccid, f"a-{number}", kind=RecordKind.ATTACH, quantity=0, at=NOON))
        import_file(*records, chunk_bytes=chunk_bytes)
        return usage_given.books()

    with tried():
        one_way = play(in_one_order, 400)
        for base, top in pairs:
            of_line = [one for one in originals if one.iccid == usage_given.iccid_of(base)]
            data_used = sum(
                one.quantity - taken.get(one.record_id, 0)
                for one in of_line
                if one.kind == RecordKind.DATA
            )
            granted = queries.usage_of(base.pk).allowances[0].granted
            assert granted is not None
            assert used(base, top) == [min(data_used, granted), max(data_used - granted, 0)]
    with tried():
        other_way = play(in_another, 10**6)
    assert other_way == one_way
