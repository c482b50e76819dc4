"""Tables as CSV that no spreadsheet takes for a program."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

# What a spreadsheet may read as a formula, also in its full-width forms; see OWASP ASVS 1.2.10.
DANGEROUS = tuple("=+-@\t\r\n\0＝＋－＠")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def safe_cell(value: object) -> str:
    """A cell as text; what looks like a formula gets an apostrophe, plain numbers stay numbers."""
    text = "" if value is None else str(value)
    if text.lstrip().startswith(DANGEROUS) or text.startswith(DANGEROUS):
        return text if NUMBER.fullmatch(text) else f"'{text}"
    return text


def write_csv(rows: Iterable[Sequence[object]]) -> str:
    """All rows, every cell quoted, lines ended as RFC 4180 says."""
    written = io.StringIO()
    table = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    table.writerows([safe_cell(cell) for cell in row] for row in rows)
    return written.getvalue()
