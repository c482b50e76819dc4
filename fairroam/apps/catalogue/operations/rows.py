"""Rows of tables as they come: CSV, one table a file, or TOML with several."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from fairroam.apps.catalogue.refusals import BadRow

NEEDED = {
    "operators": ("country", "name", "mcc", "mnc"),
    "coverage": ("profile_type", "country", "mcc", "mnc", "radio", "as_of", "source"),
    "devices": ("maker", "model", "esim", "as_of", "source"),
    "tax_rates": ("country", "rate", "from_on", "source"),
    "local_tariffs": (
        *("country", "operator", "name", "price_minor", "currency", "days", "source", "seen_on"),
    ),
}
OPTIONAL = {
    "operators": ("is_fictional",),
    "devices": ("notes", "is_fictional"),
    "local_tariffs": ("granted_bytes", "is_fictional"),
}
SPARE = "(more cells than columns)"


@dataclass(frozen=True, slots=True)
class Row:
    """A row as written: its table, where it stands, and what it says by column."""

    table: str
    place: str
    cells: dict[str, object]


def read_rows(name: str, content: bytes) -> Iterator[Row | BadRow]:
    """The rows of one file, by the ending of its name; a file that cannot be read is one BadRow."""
    try:
        text = content.decode("utf-8-sig")
        if name.endswith(".toml"):
            yield from _toml_rows(name, text)
        elif name.endswith(".csv"):
            yield from _csv_rows(name, text)
        else:
            yield BadRow(name, "", "Its name ends neither in .csv nor in .toml.")
    except (UnicodeDecodeError, csv.Error, tomllib.TOMLDecodeError) as error:
        yield BadRow(name, "", f"It cannot be read: {error}.")


def columns_of(table: str) -> tuple[str, ...]:
    """All columns that a table may have."""
    return NEEDED[table] + OPTIONAL.get(table, ())


def _csv_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True, restkey=SPARE, restval="")
    header = set(reader.fieldnames or ())
    tables = [table for table in NEEDED if set(NEEDED[table]) <= header <= set(columns_of(table))]
    if not tables:
        known = "; ".join(f"{table}: {', '.join(NEEDED[table])}" for table in NEEDED)
        yield BadRow(f"{name} line 1", "", f"These are not the columns of a table. {known}.")
        return
    for cells in reader:
        yield Row(tables[0], f"{name} line {reader.line_num}", dict(cells))


def _toml_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    for table, rows in tomllib.loads(text).items():
        if table not in NEEDED or not isinstance(rows, list):
            yield BadRow(name, table, f"The tables are {', '.join(NEEDED)}.")
            continue
        lines = _lines_of(table, text)
        for number, cells in enumerate(rows, start=1):
            # Rows of an inline array stand under no heading: those are counted instead.
            line = f" line {lines[number - 1]}" if len(lines) == len(rows) else ""
            place = f"{name}{line}: {table} row {number}"
            if isinstance(cells, dict):
                yield Row(table, place, cells)
            else:
                yield BadRow(place, "", "It has no columns.")


def _lines_of(table: str, text: str) -> list[int]:
    heading = re.compile(rf"\s*\[\[\s*{table}\s*\]\]")
    return [at for at, line in enumerate(text.splitlines(), start=1) if heading.match(line)]
