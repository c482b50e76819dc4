"""What counting usage costs, beside the bare database.

Files of records go through the import, and the same bytes by COPY into a table with the same
columns and indexes; both take turns, file by file, so that a busy machine slows both, and the
cost of a file is told in COPYs of its bytes. A figure rests on the median of its files. At the
end every meter, book, quarantined record and told mark is compared with a slow recount.

The last lines are the figures; the exit code is 1 when one misses its bar.
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from django.db import connection, transaction
from given.shop import NOON, Owner, database_of_its_own, open_lines, open_shop  # sets Django up
from given.usage import (
    DAYS,
    RECORDS_PER_LINE,
    check_books,
    make_files,
    renamed,
    reorder,
    use,
)

from fairroam.apps.metering import operations
from fairroam.apps.metering.models import BadRow
from fairroam.gateways.lines import NetworkRecord, RecordKind

LATER = NOON + timedelta(days=DAYS + 1)
SOURCE = "network"
SINGLES = 1_000
FIRST_LINE = 1_000
BAR_BULK, BAR_AGAIN, BAR_SINGLE, BAR_GROWTH = 0.3, 1.5, 3.0, 1.3
BARE_TABLE = """
CREATE TABLE bare (LIKE metering_usagerecord INCLUDING ALL);
ALTER TABLE bare DROP CONSTRAINT bare_source_record_id_key;
CREATE INDEX ON bare (source, record_id);
ALTER TABLE bare ALTER source SET DEFAULT 'network', ALTER received_at SET DEFAULT now(),
    ALTER content_sha256 SET DEFAULT sha256(''), ALTER outcome SET DEFAULT 'unknown_line';
GRANT ALL ON bare TO fairroam_app;
GRANT USAGE ON SEQUENCE bare_id_seq TO fairroam_app
"""


@dataclass(frozen=True)
class File:
    """A file as the import reads it."""

    path: Path

    def read(self, at: int, size: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(at)
            return file.read(size)


def bare_seconds(owner: Owner, path: Path) -> float:
    content = path.read_bytes()
    start = perf_counter()
    with owner.transaction(), owner.cursor() as cursor:
        columns = ", ".join(operations.COLUMNS)
        with cursor.copy(f"COPY bare ({columns}) FROM STDIN CSV HEADER") as copy:
            copy.write(content)
    return perf_counter() - start


def counted_seconds(path: Path) -> float:
    start = perf_counter()
    opened = operations.open_import(
        source=SOURCE,
        name=path.name,
        content_sha256=sha256(path.read_bytes()).hexdigest(),
        size_bytes=path.stat().st_size,
        now=LATER,
    )
    for chunk in operations.read_chunks(opened.pk, File(path)):
        assert operations.count_chunk(opened.pk, chunk, now=LATER)
    seconds = perf_counter() - start
    assert BadRow.objects.count() == 0
    return seconds


def costs_of(owner: Owner, paths: list[Path], what: str) -> list[float]:
    """What counting each file costs, in COPYs of its bytes: one after the other."""
    rows = bare = ours = 0.0
    costs = []
    for path in paths:
        rows += path.read_bytes().count(b"\n") - 1
        copied, counted = bare_seconds(owner, path), counted_seconds(path)
        bare, ours = bare + copied, ours + counted
        costs.append(counted / copied)
    print(f"{what}: bare COPY {rows / bare:.0f}/s, counted {rows / ours:.0f}/s")
    return costs


def single_ratio(owner: Owner, chance: random.Random, lines: int) -> tuple[float, list[str]]:
    """The median of one record counted alone, over that of one bare INSERT and COMMIT.

    Also the rows that were counted.
    """
    ours, bare, rows = [], [], []
    columns = (*operations.COLUMNS, "source", "content_sha256", "received_at", "outcome")
    places = ", ".join(["%s"] * len(columns))
    insert = f"INSERT INTO bare ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - our names
    for number in range(SINGLES):
        row = f"single-{use(chance, FIRST_LINE + chance.randrange(lines), number, SINGLES)}"
        one = as_record(row)
        start = perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            fields = [one.record_id, one.iccid, str(one.kind), one.quantity, one.started_at]
            fields += [one.ended_at, one.country, one.operator]
            cursor.execute(insert, [*fields, SOURCE, bytes(32), LATER, "unknown_line"])
        middle = perf_counter()
        counted = operations.record_usage(source=SOURCE, records=[one], now=LATER)
        ours.append(perf_counter() - middle)
        bare.append(middle - start)
        assert counted.counted == 1
        rows.append(row)
    print(f"one record: {median(ours) * 1e3:.2f} ms, one bare row: {median(bare) * 1e3:.2f} ms")
    return median(ours) / median(bare), rows


def as_record(row: str) -> NetworkRecord:
    """A row of a file as a gateway would give it."""
    record_id, iccid, kind, quantity, started_at, ended_at, country, operator = row.split(",")
    return NetworkRecord(
        source=SOURCE,
        record_id=record_id,
        iccid=iccid,
        kind=RecordKind(kind),
        quantity=int(quantity),
        started_at=datetime.fromisoformat(started_at),
        ended_at=datetime.fromisoformat(ended_at),
        country=country,
        operator=operator.strip(),
    )


def grow(owner: Owner, folder: Path, chance: random.Random, rows: int) -> float:
    """Cost per record while five times as many are stored, over that while twice as many are."""
    lines = max(rows // RECORDS_PER_LINE, 1)
    costs = []
    for step in range(1, 5):
        first_line = FIRST_LINE + step * lines
        open_lines(owner, first_line, first_line + lines - 1)
        files = make_files(chance, folder / str(step), rows=rows, first_line=first_line)
        files = [renamed(path, f"{step}-") for path in files]
        costs.append(median(costs_of(owner, files, f"{step * rows} to {(step + 1) * rows} stored")))
    return costs[-1] / costs[0]


def measure(owner: Owner, folder: Path, rows: int) -> bool:
    """Print every figure; whether each meets its bar."""
    chance = random.Random(17)
    lines = max(rows // RECORDS_PER_LINE, 1)
    open_shop()
    owner.execute(BARE_TABLE)
    open_lines(owner, FIRST_LINE, FIRST_LINE + lines - 1)
    files = make_files(chance, folder / "first", rows=rows, first_line=FIRST_LINE)
    first = median(costs_of(owner, files, "first"))
    again_files = reorder(chance, folder / "again", files, first=FIRST_LINE)
    again = median(costs_of(owner, again_files, "again, in another order, 1 % new"))
    single, singles = single_ratio(owner, chance, lines)
    check_books(owner, [*files, *again_files], singles)
    growth = grow(owner, folder, chance, rows)
    figures = {
        "single_over_insert": (single, single <= BAR_SINGLE, f"at most {BAR_SINGLE:g}"),
        "growth_to_fivefold": (growth, growth <= BAR_GROWTH, f"at most {BAR_GROWTH:g}"),
        "again_over_first": (first / again, first / again >= BAR_AGAIN, f"at least {BAR_AGAIN:g}"),
        "usage_over_copy": (1 / first, 1 / first >= BAR_BULK, f"at least {BAR_BULK:g}"),
    }
    for name, (figure, _is_met, bar) in figures.items():
        print(f"{name} {figure:.2f} (bar {bar})")
    return all(is_met for _figure, is_met, _bar in figures.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with TemporaryDirectory(prefix="fairroam-bench-") as folder, database_of_its_own() as owner:
        is_met = measure(owner, Path(folder), rows)
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
