"""Usage files: counted once, resumed after a break, every bad line named."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fairroam.apps.journal.models import Event
from fairroam.apps.metering import operations, queries, tasks
from fairroam.apps.metering.models import QuarantinedRecord, UsageImport, UsageRecord
from fairroam.gateways.lines import UnreadRecord, UsagePage
from fairroam.project import import_usage
from fairroam.worker.books import find_faults
from tests.apps.lines_given import a_ready_line
from tests.apps.usage_given import iccid_of, record
from tests.given import NOON, a_colleague

pytestmark = pytest.mark.usefixtures("catalogue")

HEADER = "record_id,iccid,kind,quantity,started_at,ended_at,country,operator"


def rows_of(line, count: int) -> list[str]:
    iccid = line.line.profiles.get().iccid
    return [
        f"r{number},{iccid},data,1000,2026-11-02T13:00:{number:02}Z,2026-11-02T13:01:00Z,JP,Demo"
        for number in range(count)
    ]


def a_file(tmp_path, rows: list[str]):
    path = tmp_path / "usage.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def used(line) -> int:
    return queries.usage_of(line.pk).allowances[0].used


def test_a_file_counts_once_and_names_its_bad_lines(tmp_path, capsys):
    line = a_ready_line()
    path = a_file(tmp_path, [*rows_of(line, 5), "r9,no-iccid,data,1,x,y,JP,Demo"])

    codes = [import_usage.main([str(path), "--source", "demo"]) for _ in range(2)]

    said = capsys.readouterr()
    assert codes == [1, 1]
    assert "line 7: iccid: r9" in said.err
    assert "100 %" in said.out
    assert (used(line), UsageRecord.objects.count()) == (5000, 5)
    assert list(find_faults()) == []


def test_a_file_that_was_broken_off_goes_on_where_it_stopped(tmp_path):
    line = a_ready_line()
    path = a_file(tmp_path, rows_of(line, 8))
    content = import_usage.FileContent(path)
    opened = operations.open_import(
        source="demo",
        name="usage.csv",
        content_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size_bytes=path.stat().st_size,
        now=NOON,
    )
    chunks = operations.read_chunks(opened.pk, content, chunk_bytes=300)
    operations.count_chunk(opened.pk, next(chunks), now=NOON)
    chunks.close()  # as if the program had been killed here
    begun = UsageImport.objects.get()
    assert 0 < begun.counted < 8

    assert import_usage.main([str(path), "--source", "demo"]) == 0

    assert (used(line), UsageImport.objects.get().counted) == (8000, 8)
    assert list(find_faults()) == []


def test_a_file_without_its_columns_is_refused_whole(tmp_path, capsys):
    path = tmp_path / "usage.csv"
    path.write_text("id,bytes\n1,2\n")

    assert import_usage.main([str(path), "--source", "demo"]) == 2
    assert "docs/usage.md" in capsys.readouterr().err


@pytest.mark.parametrize("role", ["agent", "senior"])
def test_who_pays_back_up_to_a_limit_only_takes_no_use_back_by_a_file(tmp_path, role):
    staff = Client()
    staff.force_login(a_colleague(role))
    content = a_file(tmp_path, rows_of(a_ready_line(), 1)).read_bytes()

    form = {"source": "demo", "file": SimpleUploadedFile("usage.csv", content)}
    answer = staff.post("/desk/usage/", form)

    assert (answer.status_code, UsageImport.objects.count()) == (403, 0)


def test_the_desk_sends_a_file_and_sees_what_became_of_it(tmp_path):
    line = a_ready_line()
    staff = Client()
    staff.force_login(a_colleague("operator"))
    content = a_file(tmp_path, [*rows_of(line, 3), "broken"]).read_bytes()

    for _ in range(2):
        form = {"source": "demo", "file": SimpleUploadedFile("usage.csv", content)}
        assert staff.post("/desk/usage/", form).status_code == 302
    # Sent again, a file whose job has given up goes on.
    assert Event.objects.filter(kind="usage.file_received").count() == 2
    tasks.import_received(import_id=UsageImport.objects.get().pk, now=NOON)
    tasks.import_received(import_id=UsageImport.objects.get().pk, now=NOON)

    page = staff.get("/desk/usage/").content.decode()
    assert "3 counted" in page
    assert "columns" in page
    assert used(line) == 3000
    assert Client().get("/desk/usage/").status_code == 302


def test_a_polled_record_that_nobody_can_read_is_put_aside_and_the_others_count():
    line = a_ready_line()
    page = UsagePage(
        records=[record(iccid_of(line), "fine", quantity=700)],
        unread=[UnreadRecord(record_id="odd", reason="no quantity", content='{"x": "\\u0000"}')],
        cursor="2",
    )

    for _ in range(2):
        operations.record_page(source="sandbox", page=page, now=NOON)

    assert (used(line), queries.cursor_of("sandbox")) == (700, "2")
    assert QuarantinedRecord.objects.get().reason == "not_understood"
    staff = Client()
    staff.force_login(a_colleague("operator"))
    shown = staff.get("/desk/usage/").content.decode()
    assert "sandbox odd" in shown
    assert "it could not be read" in shown
    assert "no quantity" in shown
