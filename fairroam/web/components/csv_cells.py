"""Tables as CSV that no spreadsheet takes for a program."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from fairroam.rules.cells import safe_cell

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def cell(value: object) -> str:
    """A cell as text that no program runs; plain numbers stay numbers, below zero, too."""
    text = "" if value is None else str(value)
    return text if NUMBER.fullmatch(text) else safe_cell(text)


def write_csv(rows: Iterable[Sequence[object]]) -> str:
    """All rows, every cell quoted, lines ended as RFC 4180 says."""
    written = io.StringIO()
    table = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    table.writerows([cell(value) for value in row] for row in rows)
    return written.getvalue()
