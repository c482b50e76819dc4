"""`fairroam import-usage FILE`: count the usage records of a CSV file; goes on where it stopped."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from fairroam import clock
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.metering import operations, tasks
from fairroam.apps.metering.models import UsageImport


class FileContent:
    """The bytes of a file on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, at: int, size: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(at)
            return file.read(size)


def say(so_far: UsageImport) -> None:
    """One line of progress."""
    percent = 100 * so_far.done_bytes // max(so_far.size_bytes, 1)
    sys.stdout.write(
        f"{percent:>3} %  {so_far.counted} counted, {so_far.repeated} known before,"
        f" {so_far.quarantined} in quarantine, {so_far.unknown} of unknown lines,"
        f" {so_far.beside} beside, {so_far.waiting} waiting, {so_far.bad} bad\n"
    )
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Import one file; 1 when a line of it could not be read, 2 when the file could not."""
    parser = argparse.ArgumentParser(prog="fairroam import-usage", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="columns: docs/usage.md")
    parser.add_argument("--source", required=True, help="who counted: the name of the network")
    parser.add_argument(
        "--chunk-bytes",
        type=int,
        default=operations.CHUNK_BYTES,
        metavar="N",
        help="count about so many bytes in one transaction, which locks their lines (%(default)s)",
    )
    options = parser.parse_args(arguments)
    try:
        with options.file.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        opened = operations.open_import(
            source=options.source,
            name=options.file.name,
            content_sha256=digest,
            size_bytes=options.file.stat().st_size,
            now=clock.now(),
        )
        tasks.count_chunks(
            import_id=opened.pk,
            content=FileContent(options.file),
            now=clock.now(),
            chunk_bytes=max(options.chunk_bytes, 1),
            tell=say,
        )
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {error.strerror}\n")
        return 2
    except Refusal as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    for row in opened.bad_rows.order_by("line_number").iterator():
        sys.stderr.write(f"line {row.line_number}: {row.reason}: {row.content}\n")
    return 1 if opened.bad_rows.exists() else 0
