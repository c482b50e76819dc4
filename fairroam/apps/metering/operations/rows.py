"""Lines of a usage file, read as records; what cannot be read is named and kept for a person."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

from fairroam.apps.metering.operations.arrivals import Arrival, content_digest
from fairroam.apps.metering.refusals import UsageColumnsUnknown
from fairroam.gateways.identifiers import BadIdentifier, normalise_iccid
from fairroam.gateways.lines import RecordKind

COLUMNS = (
    "record_id",
    "iccid",
    "kind",
    "quantity",
    "started_at",
    "ended_at",
    "country",
    "operator",
)
CORRECTS = ("corrects", "corrects_source")  # may be left out
KINDS = frozenset(RecordKind)
QUANTITY = re.compile(r"-?[0-9]{1,16}", re.ASCII)
COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
TEXT_MAX = 200
QUANTITY_MAX = 10**15
SECOND = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z"  # as most files write an instant
# A line as most files have them: its eight columns, with nothing to look up or to convert.
PLAIN = re.compile(
    rf'([^,"\r]{{1,{TEXT_MAX}}}),([0-9]{{18,20}}),(data|voice|sms),([0-9]{{1,15}}),'
    rf'{SECOND},{SECOND},([A-Z]{{2}}),([^,"\r]{{1,{TEXT_MAX}}})\r?',
    re.ASCII,
)
UTC_OFFSET = "+00:00"


class Unreadable(ValueError):
    """This line is no record; `args[0]` is the code of the reason, which docs/usage.md explains."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no record, as it came."""

    line_number: int
    reason: str
    content: str


class RowReader:
    """Reads the lines below a header line.

    source: of the records, and of what they correct when a line names no other.
    Raises UsageColumnsUnknown.
    """

    def __init__(self, header: bytes, *, source: str) -> None:
        names = header.decode("utf-8-sig", "replace").strip().replace('"', "").split(",")
        wanted = [*COLUMNS, *(name for name in CORRECTS if name in names)]
        if sorted(names) != sorted(wanted):
            raise UsageColumnsUnknown(columns=names[:20])
        self._source = source
        self._width = len(names)
        self._is_plain = tuple(names) == COLUMNS
        self._corrects = "corrects" in names
        ordered = [*COLUMNS, *(name if name in names else "record_id" for name in CORRECTS)]
        self._pick: Callable[[Any], Any] = itemgetter(*(names.index(name) for name in ordered))
        self._names_source = "corrects_source" in names

    def read(self, block: bytes, first_line: int) -> tuple[list[Arrival], list[BadLine]]:
        """Read whole lines, the first of them numbered so. Blank lines are none."""
        text, is_sound = _decoded(block)
        has_plain = self._is_plain and is_sound
        arrivals, bad = [], []
        for number, line in enumerate(text.split("\n"), first_line):
            if not line or line == "\r":
                continue
            try:
                arrival = _plain_arrival(line) if has_plain else None
                if not is_sound:
                    _check_encoding(line)
                arrivals.append(arrival or self._arrival(_fields(line)))
            except Unreadable as unreadable:
                bad.append(BadLine(number, unreadable.args[0], _shown(line)))
        return arrivals, bad

    def _arrival(self, fields: list[str]) -> Arrival:
        if len(fields) != self._width:
            raise Unreadable("columns")
        corrects = None
        if not self._is_plain:
            *fields, corrected, by_source = self._pick(fields)
            if self._corrects and corrected:
                named = by_source if self._names_source else ""
                corrects = (_text(named or self._source), _text(corrected))
        record_id, iccid, kind, quantity, started_at, ended_at, country, operator = fields
        if kind not in KINDS:
            raise Unreadable("kind")
        iccid = _iccid(iccid)
        amount = _quantity(quantity, kind, is_correction=corrects is not None)
        started, started_text = _moment(started_at)
        ended, ended_text = _moment(ended_at)
        if ended < started:
            raise Unreadable("times")
        _check_country(country)
        digest = content_digest(
            iccid,
            kind,
            amount,
            started_text,
            ended_text,
            country,
            _text(operator),
            corrects,
        )
        return Arrival(
            _text(record_id),
            iccid,
            kind,
            amount,
            started,
            started_text,
            ended_text,
            country,
            operator,
            corrects,
            digest,
        )


def _plain_arrival(line: str) -> Arrival | None:
    """A line read the short way; None for one that takes the long way or is no record."""
    found = PLAIN.fullmatch(line)
    if found is None:
        return None
    record_id, iccid, kind, digits, started, ended, country, operator = found.groups()
    started, ended, quantity = started + UTC_OFFSET, ended + UTC_OFFSET, int(digits)
    try:
        started_at, _ended_at = datetime.fromisoformat(started), datetime.fromisoformat(ended)
    except ValueError:
        return None
    if ended < started:
        return None
    digest = content_digest(iccid, kind, quantity, started, ended, country, operator, None)
    return Arrival(
        record_id,
        iccid,
        kind,
        quantity,
        started_at,
        started,
        ended,
        country,
        operator,
        None,
        digest,
    )


def _decoded(block: bytes) -> tuple[str, bool]:
    """The text of a block, and whether all of it is UTF-8 without a zero byte."""
    try:
        text = block.decode()
    except UnicodeDecodeError:
        return block.decode(errors="surrogateescape"), False
    return text, "\0" not in text


def _check_encoding(line: str) -> None:
    try:
        line.encode()
    except UnicodeEncodeError as error:
        raise Unreadable("encoding") from error
    if "\0" in line:
        raise Unreadable("encoding")


def _shown(line: str) -> str:
    """A bad line as a person may see it: what is no text stands as an escape."""
    return line.rstrip("\r").encode(errors="backslashreplace").decode().replace("\0", "\\0")


def _fields(line: str) -> list[str]:
    """A record is one line: a quotation mark that is not closed harms no other line."""
    if '"' not in line:
        return line.rstrip("\r").split(",")
    try:
        return next(csv.reader([line.rstrip("\r")], strict=True))
    except csv.Error as error:
        raise Unreadable("quotes") from error


@lru_cache(maxsize=65_536)
def _iccid(text: str) -> str:
    try:
        return normalise_iccid(text)
    except BadIdentifier as error:
        raise Unreadable("iccid") from error


@lru_cache(maxsize=1_024)
def _check_country(text: str) -> None:
    if not COUNTRY.fullmatch(text):
        raise Unreadable("country")


def _quantity(text: str, kind: str, *, is_correction: bool) -> int:
    if not QUANTITY.fullmatch(text):
        raise Unreadable("quantity")
    quantity = int(text)
    if abs(quantity) > QUANTITY_MAX or (kind == "attach" and quantity):
        raise Unreadable("quantity")
    if is_correction != (quantity < 0):
        raise Unreadable("correction")
    return quantity


def _moment(text: str) -> tuple[datetime, str]:
    """An instant and its one way of being written, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not UTC:
            assert moment.tzinfo is not None, "an instant needs its zone"
            moment = moment.astimezone(UTC)
    except (ValueError, AssertionError, OverflowError) as error:
        raise Unreadable("times") from error
    return moment, moment.isoformat()


def _text(text: str) -> str:
    if not 0 < len(text) <= TEXT_MAX:
        raise Unreadable("length")
    return text
