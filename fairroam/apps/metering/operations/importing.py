"""Import a file of records, chunk by chunk: each is counted and remembered in one transaction.

So a killed import goes on where it stopped, nothing is lost, and nothing is half done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

from django.db import transaction
from django.db.models import F

from fairroam.apps.journal.operations import tell
from fairroam.apps.metering.models import BadRow, UsageFilePart, UsageImport
from fairroam.apps.metering.operations.arrivals import Arrival
from fairroam.apps.metering.operations.count import Counted, record_many
from fairroam.apps.metering.operations.rows import BadLine, RowReader
from fairroam.points import reached

CHUNK_BYTES = 8 * 2**20  # some 80,000 records: two seconds, in which their lines are locked
HEADER_BYTES_MAX = 2_000


class Content(Protocol):
    """The bytes of a file, wherever they are."""

    def read(self, at: int, size: int) -> bytes:
        """Up to `size` bytes from `at`; fewer only at the end."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines of a file, read: from its byte `begins_at` up to `ends_at`."""

    begins_at: int
    ends_at: int
    lines: int
    arrivals: list[Arrival]
    bad: list[BadLine]


def open_import(
    *, source: str, name: str, content_sha256: str, size_bytes: int, now: datetime
) -> UsageImport:
    """The import of that file from that source: the one that was begun before, if there is one."""
    opened, _is_new = UsageImport.objects.get_or_create(
        source=source,
        content_sha256=content_sha256,
        defaults={"name": name[-200:], "size_bytes": size_bytes, "begun_at": now},
    )
    return opened


@transaction.atomic
def receive_file(
    *, source: str, name: str, content_sha256: str, parts: list[bytes], actor: str, now: datetime
) -> UsageImport:
    """Keep a file that was sent to the desk until it is imported; a repeat is the same import.

    One that is not finished goes on with it, should its job have given up. Raises
    UsageColumnsUnknown.
    """
    RowReader(parts[0].partition(b"\n")[0] if parts else b"", source=source)
    size = sum(map(len, parts))
    opened = open_import(
        source=source, name=name, content_sha256=content_sha256, size_bytes=size, now=now
    )
    if opened.finished_at is None:
        at = 0
        for part in () if opened.parts.exists() else parts:
            UsageFilePart.objects.create(usage_import=opened, begins_at_byte=at, content=part)
            at += len(part)
        tell("usage.file_received", actor=actor, now=now, import_id=opened.pk)
    return opened


def read_chunks(
    import_id: int, content: Content, *, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[Chunk]:
    """What is left of a file, chunk by chunk; one that is empty, where nothing is left.

    Raises UsageColumnsUnknown.
    """
    opened = UsageImport.objects.get(pk=import_id)
    header = content.read(0, HEADER_BYTES_MAX).partition(b"\n")[0]
    reader = RowReader(header, source=opened.source)
    at, first_line = opened.done_bytes, opened.done_lines + 1
    while True:
        block = _block(content, at, chunk_bytes)
        chunk = _read(reader, block, at, first_line)
        yield chunk
        at, first_line = chunk.ends_at, first_line + chunk.lines
        if at >= opened.size_bytes or not block:
            return


@transaction.atomic
def count_chunk(import_id: int, chunk: Chunk, *, now: datetime) -> Counted | None:
    """Count a chunk and remember that it is done. None: another worker has done it before."""
    opened = UsageImport.objects.select_for_update(no_key=True).get(pk=import_id)
    if opened.finished_at or opened.done_bytes != chunk.begins_at:
        return None
    is_last = chunk.ends_at >= opened.size_bytes
    if is_last:
        reached("import.last_chunk")
    counted = record_many(source=opened.source, arrivals=chunk.arrivals, now=now)
    BadRow.objects.bulk_create(
        BadRow(
            usage_import=opened,
            line_number=line.line_number,
            reason=line.reason,
            content=line.content,
        )
        for line in chunk.bad
    )
    UsageImport.objects.filter(pk=import_id).update(
        done_bytes=chunk.ends_at,
        done_lines=opened.done_lines + chunk.lines,
        finished_at=now if is_last else None,
        bad=F("bad") + len(chunk.bad),
        **{name: F(name) + number for name, number in asdict(counted).items()},
    )
    if is_last:
        opened.parts.all().delete()
    reached("import.counted")
    return counted


def _block(content: Content, at: int, size: int) -> bytes:
    """Whole lines from `at` on: about `size` bytes, at least one line; empty at the end."""
    block = content.read(at, size)
    while len(block) == size and b"\n" not in block:
        size *= 2
        block = content.read(at, size)
    return block[: block.rindex(b"\n") + 1] if len(block) == size else block


def _read(reader: RowReader, block: bytes, at: int, first_line: int) -> Chunk:
    lines = block.count(b"\n") + (not block.endswith(b"\n") and bool(block))
    rows = block
    if at == 0:
        rows, first_line = block.partition(b"\n")[2], first_line + 1
    arrivals, bad = reader.read(rows, first_line)
    return Chunk(at, at + len(block), lines, arrivals, bad)
