"""Write an export: a ZIP, row by row, so that its size costs disk and no memory."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from django.db.backends.postgresql.psycopg_any import Range
from django.template.loader import render_to_string
from django.utils import translation

from fairroam.apps.contacts import queries as contacts
from fairroam.apps.customers.models import Customer
from fairroam.apps.evidence import queries as evidence
from fairroam.apps.exports.queries.schema import FORMAT, schema
from fairroam.apps.journal.personal import Table
from fairroam.apps.papers import queries as papers
from fairroam.apps.papers.operations import render_pdf
from fairroam.gateways.contact_files import tables as contact_tables
from fairroam.gateways.contact_files import vcards
from fairroam.rules.cells import safe_cell

ROWS_AT_ONCE = 2_000  # fetched by a cursor on the server
Progress = Callable[[int, int], None]


class Archive:
    """A ZIP that notes of each file its size and its SHA-256, for the manifest."""

    def __init__(self, path: Path) -> None:
        self.zip = ZipFile(path, "w", ZIP_DEFLATED, allowZip64=True)
        self.files: list[dict[str, Any]] = []

    @contextmanager
    def file(self, name: str, **facts: int) -> Iterator[Callable[[bytes], None]]:
        """Add a file by what is handed to the function, piece by piece."""
        digest, size = hashlib.sha256(), 0
        with self.zip.open(name, "w", force_zip64=True) as opened:

            def write(piece: bytes) -> None:
                nonlocal size
                digest.update(piece)
                size += len(piece)
                opened.write(piece)

            yield write
        self.files.append({"name": name, "bytes": size, "sha256": digest.hexdigest(), **facts})

    def add(self, name: str, pieces: Iterable[bytes | str], **facts: int) -> None:
        with self.file(name, **facts) as write:
            for piece in pieces:
                write(piece.encode() if isinstance(piece, str) else piece)


def write_export(
    path: Path, customer: Customer, tables: Sequence[Table], *, now: datetime, progress: Progress
) -> None:
    """Write everything that the tables declare as given, papers, files and contacts.

    What changes meanwhile may be in one file and not yet in another: the manifest says when it
    was begun. progress: told (parts done, parts) after each.
    """
    told_of = [table for table in tables if table.whose]
    archive = Archive(path)
    with archive.zip:
        documents = list(_documents(customer.pk))
        parts = len(told_of) + len(documents)
        for done, table in enumerate(told_of, start=1):
            _write_table(archive, table, customer.pk, scratch=path.with_suffix(".csv"))
            progress(done, parts)
        for done, (name, content) in enumerate(documents, start=len(told_of) + 1):
            archive.add(name, [content()])
            progress(done, parts)
        _write_contacts(archive, customer.pk)
        with translation.override(customer.language.lower()):
            archive.add("README.txt", [render_to_string("exports/readme.txt")])
        archive.add("schema.json", [_json(schema(told_of), indent=1)])
        manifest = {
            "format": FORMAT,
            "customer": customer.number,
            "made_at": now,
            "files": list(archive.files),
        }
        archive.add("manifest.json", [_json(manifest, indent=1)])


def _write_table(archive: Archive, table: Table, customer_id: int, *, scratch: Path) -> None:
    """The rows as JSON and, in the same pass, as CSV; nothing where there are none."""
    rows = table.rows(customer_id).values_list(*table.given).iterator(chunk_size=ROWS_AT_ONCE)
    first = next(rows, None)
    if first is None:
        return
    count = 0
    with (
        archive.file(f"json/{table.name}.json") as write,
        scratch.open("w", encoding="utf-8-sig", newline="") as cells,
    ):
        line = csv.writer(cells).writerow
        line(table.given)
        for row in chain([first], rows):
            write(b",\n" if count else b"[\n")
            write(_json(dict(zip(table.given, row, strict=True))).encode())
            line([_cell(value) for value in row])
            count += 1
        write(b"\n]\n")
    archive.files[-1]["rows"] = count
    with scratch.open("rb") as cells_again:
        archive.add(f"csv/{table.name}.csv", _pieces(cells_again), rows=count)
    scratch.unlink()


def _documents(customer_id: int) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Papers as picture and as the signed truth, and the files that were sent to us."""
    for paper in papers.papers_of(customer_id):
        yield f"papers/{paper.number}.pdf", partial(render_pdf, paper)
        yield f"papers/{paper.number}.json", paper.signed.encode
    for row in evidence.evidence_of(customer_id):
        name = row.name.replace("/", "_").replace("\\", "_")
        yield (
            f"files/{row.id}-{name}",
            partial(_content_of, row.id, customer_id),
        )


def _content_of(evidence_id: int, customer_id: int) -> bytes:
    return evidence.read(evidence_id, customer_id=customer_id)[1]


def _write_contacts(archive: Archive, customer_id: int) -> None:
    if contacts.count(customer_id):
        archive.add("contacts.vcf", vcards.write(contacts.cards_of(customer_id)))
        archive.add("contacts.csv", contact_tables.write(contacts.cards_of(customer_id)))


def _pieces(opened: IO[bytes]) -> Iterator[bytes]:
    while piece := opened.read(io.DEFAULT_BUFFER_SIZE * 8):
        yield piece


def _cell(value: Any) -> str:
    """A cell that stays text; amounts and other whole numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool | int):
        return str(value)
    return safe_cell(value if isinstance(value, str) else _json(value).strip('"'))


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain, indent=indent)


def _plain(value: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(value, Range):
        return {"from": value.lower, "until": value.upper}
    if isinstance(value, datetime | date):
        return value.isoformat()
    assert isinstance(value, UUID), f"{type(value)} has no form in an export"
    return str(value)
