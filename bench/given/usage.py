"""Files of usage, and a slow recount of them that no database takes part in."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

from given.shop import NET_OWN, NET_TOP, NOON, OWN, TOP, Owner

from fairroam.apps.journal.models import Event
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.metering import operations, queries
from fairroam.apps.metering.models import QuarantinedRecord

DAYS = 10
RECORDS_PER_FILE = 100_000  # a day's file of a million records
RECORDS_PER_LINE = 1_000
HEADER = ",".join(operations.COLUMNS) + "\n"


def make_files(chance: random.Random, folder: Path, *, rows: int, first_line: int) -> list[Path]:
    """A day a file: 5 % repeats of any day before, 1 % conflicts, 2 % up to two days late."""
    lines = max(rows // RECORDS_PER_LINE, 1)
    plain = [
        use(chance, first_line + chance.randrange(lines), number, rows) for number in range(rows)
    ]
    for place in range(rows):
        dice = chance.random()
        if dice < 0.06 and place:
            before = plain[chance.randrange(place)]
            plain[place] = before if dice < 0.05 else contradict(before)
        elif dice < 0.08:
            other = min(place + chance.randrange(rows // DAYS * 2 + 1), rows - 1)
            plain[place], plain[other] = plain[other], plain[place]
    return write_files(folder, plain)


def use(chance: random.Random, line: int, number: int, rows: int) -> str:
    """One use; a record id counts up, as those of networks do."""
    at = NOON + timedelta(seconds=number * DAYS * 86_400 // rows)
    dice = chance.random()
    kind, quantity = "data", chance.randrange(2 * 25_000_000)
    if dice < 0.06:
        kind, quantity = "voice", chance.randrange(200)
    elif dice < 0.1:
        kind, quantity = "sms", 1
    return (
        f"{line % 7}-{number:09d},{iccid_of(line)},{kind},{quantity},{at:%Y-%m-%dT%H:%M:%SZ},"
        f"{at + timedelta(seconds=300):%Y-%m-%dT%H:%M:%SZ},US,Example Mobile US\n"
    )


def contradict(row: str) -> str:
    fields = row.split(",")
    fields[3] = str(int(fields[3]) + 1)
    return ",".join(fields)


def iccid_of(line: int) -> str:
    return f"8999900{line:012}"


def write_files(folder: Path, rows: list[str]) -> list[Path]:
    folder.mkdir()
    size = min(RECORDS_PER_FILE, -(-len(rows) // 2))
    paths = []
    for start in range(0, len(rows), size):
        paths.append(folder / f"{start:09d}.csv")
        paths[-1].write_text(HEADER + "".join(rows[start : start + size]))
    return paths


def reorder(chance: random.Random, folder: Path, paths: list[Path], *, first: int) -> list[Path]:
    """The same rows in another order, and 1 % that are new."""
    rows = [row for path in paths for row in path.read_text().splitlines(keepends=True)[1:]]
    lines = max(len(rows) // RECORDS_PER_LINE, 1)
    for number in range(len(rows) // 100):
        row = use(chance, first + chance.randrange(lines), number, len(rows) // 100)
        rows[chance.randrange(len(rows))] = "n" + row
    chance.shuffle(rows)
    return write_files(folder, rows)


def renamed(path: Path, prefix: str) -> Path:
    """The same file with other record ids."""
    rows = path.read_text().splitlines(keepends=True)
    path.write_text(rows[0] + "".join(prefix + row for row in rows[1:]))
    return path


# The recount -------------------------------------------------------------------------------------


def recount(rows: Iterable[str]) -> tuple[dict[str, dict[str, int]], int]:
    """What every line used by kind, and how many contradictions came: one dict, no database."""
    first: dict[str, str] = {}
    contradictions = set()
    used: dict[str, dict[str, int]] = {}
    for row in rows:
        record_id, iccid, kind, quantity, *_ = row.split(",")
        kept = first.setdefault(record_id, row)
        if kept is row:
            of_line = used.setdefault(iccid, {"data": 0, "voice": 0, "sms": 0})
            of_line[kind] += int(quantity)
        elif kept.strip() != row.strip():
            contradictions.add((record_id, row))
    return used, len(contradictions)


def expected_row(used: dict[str, int]) -> tuple[int, ...]:
    """(own data, voice, sms, top data, own money left, top money left) of one line."""
    own_data = min(used["data"], OWN[0][1])
    top_data = used["data"] - own_data
    own = {"data": own_data, "voice": used["voice"], "sms": used["sms"]}
    share = sum(
        Fraction(weight) * min(Fraction(own[kind], granted), 1) for kind, granted, weight in OWN
    )
    top_share = min(Fraction(top_data, TOP[0][1]), 1)
    left = (NET_OWN - int(share * NET_OWN), NET_TOP - int(top_share * NET_TOP))
    return (own_data, own["voice"], own["sms"], top_data, *left)


def found_rows(owner: Owner) -> dict[str, tuple[int, ...]]:
    found = owner.execute(
        """
        SELECT profile.iccid,
               sum(used) FILTER (WHERE own AND m.kind = 'data')::bigint,
               sum(used) FILTER (WHERE own AND m.kind = 'voice')::bigint,
               sum(used) FILTER (WHERE own AND m.kind = 'sms')::bigint,
               sum(used) FILTER (WHERE NOT own AND m.kind = 'data')::bigint,
               max(balance_minor) FILTER (WHERE own),
               max(balance_minor) FILTER (WHERE NOT own)
        FROM esims_profile profile
        JOIN metering_planrun run ON run.line_id = profile.line_id
        JOIN LATERAL (SELECT run.order_line_id = run.line_id AS own) which ON true
        JOIN metering_meter m ON m.order_line_id = run.order_line_id
        JOIN ledger_book book ON book.order_line_id = run.order_line_id
        GROUP BY profile.iccid
        """
    )
    return {iccid: tuple(row) for iccid, *row in found}


def marks_of(used: dict[str, tuple[int, ...]]) -> dict[str, int]:
    """How many lines should have been told which mark of which allowance."""
    granted = [*(one[1] for one in OWN), TOP[0][1]]
    lows = ups = 0
    for row in used.values():
        for quantity, limit in zip(row, granted, strict=False):
            lows += quantity * 10 >= limit * 8
            ups += quantity >= limit
    return {"usage.low": lows, "usage.used_up": ups}


def check_books(owner: Owner, paths: Iterable[Path], singles: Iterable[str]) -> None:
    """Compare all that the import did with the recount."""
    rows = (row for path in paths for row in path.read_text().splitlines()[1:])
    used, contradictions = recount([*rows, *singles])
    expected = {iccid: expected_row(of_line) for iccid, of_line in used.items()}
    found = {iccid: row for iccid, row in found_rows(owner).items() if iccid in expected}
    assert found == expected, "meters or balances differ from the recount"
    assert QuarantinedRecord.objects.count() == contradictions
    for kind, count in marks_of(expected).items():
        assert Event.objects.filter(kind=kind).count() == count, kind
    faults = [*queries.find_faults(), *ledger.find_faults()]
    assert faults == [], faults[:5]
    print(f"recount: {len(expected)} lines, {contradictions} contradictions: all books agree")
