"""Usage files: counted once, resumed after a break, every bad line named."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fairroam.apps.journal.models import Event
from fairroam.apps.metering import operations, queries, tasks
from fairroam.apps.metering.models import QuarantinedRecord, UsageImport, UsageRecord
from fairroam.apps.metering.refusals import RecordSettled
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
    aside = QuarantinedRecord.objects.get()
    assert "no quantity" in staff.get(f"/desk/usage/aside/{aside.pk}/").content.decode()


def an_operator() -> Client:
    staff = Client()
    staff.force_login(a_colleague("operator"))
    return staff


def as_typed(line, **words: str) -> dict[str, str]:
    return {
        "act": "count",
        "iccid": iccid_of(line),
        "kind": "data",
        "quantity": "900",
        "started_at": "2026-11-02T13:00:00",
        "ended_at": "2026-11-02T13:01:00",
        "country": "JP",
        "operator": "Demo",
        "words": "the network says so",
    } | words


@pytest.mark.parametrize(("is_instead", "total"), [("on", 900), ("", 1600)])
def test_a_record_that_was_put_aside_counts_once_with_a_reason(is_instead, total):
    line, staff = a_ready_line(), an_operator()
    for quantity in (700, 900):
        one = record(iccid_of(line), "twice", quantity=quantity)
        operations.record_usage(source="demo", records=[one], now=NOON)
    aside = QuarantinedRecord.objects.get()
    page = f"/desk/usage/aside/{aside.pk}/"
    assert page in staff.get("/desk/usage/").content.decode()
    assert f'value="{iccid_of(line)}"' in staff.get(page).content.decode()
    typed = as_typed(line, is_instead=is_instead)

    assert staff.post(page, typed | {"words": ""}).status_code == 422
    assert staff.post(page, typed | {"ended_at": "2026-11-02T12:00:00"}).status_code == 422
    nobodys = staff.post(page, typed | {"iccid": "8900000000000000000"})
    assert (nobodys.status_code, used(line)) == (409, 700)
    for _ in range(2):
        assert staff.post(page, typed).status_code == 302

    assert used(line) == total
    assert staff.post(page, {"act": "put_away", "words": "late"}).status_code == 409
    assert staff.post(page, typed | {"quantity": "901"}).status_code == 409
    told = Event.objects.get(kind="usage.aside_counted")
    assert (told.customer_id, told.facts["order_line_id"]) == (line.order.customer_id, line.pk)
    assert "the network says so" in staff.get("/desk/usage/").content.decode()
    assert list(find_faults()) == []


def test_a_record_that_was_put_aside_is_put_away_once_and_stays_away():
    line, staff = a_ready_line(), an_operator()
    unread = UnreadRecord(record_id="odd", reason="no quantity", content="{}")
    page = UsagePage(records=[], unread=[unread], cursor="1")
    operations.record_page(source="sandbox", page=page, now=NOON)
    aside = QuarantinedRecord.objects.get()
    address = f"/desk/usage/aside/{aside.pk}/"

    assert staff.post(address, {"act": "put_away", "words": " "}).status_code == 422
    for _ in range(2):
        operations.put_away(aside_id=aside.pk, words="a test", staff_user_id=1, now=NOON)
    operations.record_page(source="sandbox", page=page, now=NOON)  # it comes again: the same row

    assert Event.objects.filter(kind="usage.aside_put_away").count() == 1
    assert (queries.quarantined()[:9], len(queries.settled_asides())) == ([], 1)
    with pytest.raises(RecordSettled):
        operations.count_aside(
            aside_id=aside.pk,
            use=a_use(line),
            is_instead=False,
            words="x",
            staff_user_id=1,
            now=NOON,
        )
    agent = Client()
    agent.force_login(a_colleague("senior", email="sam@fairroam.example"))
    assert (agent.get(address).status_code, staff.get(address).status_code) == (403, 200)


def a_use(line) -> operations.SeenUse:
    return operations.SeenUse(
        iccid=iccid_of(line),
        kind="data",
        quantity=1,
        started_at=NOON,
        ended_at=NOON,
        country="JP",
    )
