"""The export: whole, checkable, its owner's alone, and gone after a week."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import pytest
import time_machine
from django.db import connection
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker

from fairroam.apps.closures.personal import EVERYTHING
from fairroam.apps.contacts import operations as contacts
from fairroam.apps.conversations import operations as conversations
from fairroam.apps.conversations.operations import NewFile
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.exports import operations, personal, queries, tasks
from fairroam.apps.exports.models import Export
from fairroam.apps.journal.models import Event
from fairroam.apps.notices.models import Notice
from fairroam.gateways.contact_files import Card, vcards
from fairroam.worker.reactions import REACTIONS
from tests.files_given import a_picture
from tests.given import NOON, a_customer, a_paid_line
from tests.web.factors_given import note

pytestmark = [pytest.mark.usefixtures("catalogue", "own_folders"), pytest.mark.promise(61)]
SCHEMA = Path(__file__).parents[2] / "docs/export.schema.json"
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def own_folders(settings: Any, tmp_path: Path) -> None:
    settings.FAIRROAM_EVIDENCE_FOLDER = tmp_path / "evidence"
    settings.FAIRROAM_EXPORT_FOLDER = tmp_path / "exports"


def a_busy_customer(email: str, mark: str) -> Customer:
    """Somebody of whom nearly every room knows something that carries `mark`."""
    line = a_paid_line(email=email)
    customer = line.order.customer
    card = Card(name=f"={mark} aunt", phones=("+4930123",), note=f"@{mark}")
    contacts.add_contact(customer_id=customer.pk, card=card, now=NOON)
    picture = NewFile(evidence.clean(a_picture()), f"{mark}.jpg", "other")
    conversations.open_thread(
        customer_id=customer.pk,
        subject=f"+{mark}",
        words=f'=HYPERLINK("{mark}")',
        files=[picture],
        key=uuid4(),
        now=NOON,
    )
    return customer


def made(customer: Customer) -> Export:
    """An export of theirs as the worker makes it."""
    export_id = operations.ask_export(customer_id=customer.pk, now=LATER)
    tasks.make_export(export_id=export_id, tables=EVERYTHING, now=LATER)
    return Export.objects.get(pk=export_id)


def content_of(export: Export) -> dict[str, bytes]:
    with ZipFile(export.path) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def test_every_file_is_in_the_manifest_and_every_table_follows_the_schema():
    ada = a_busy_customer("ada@example.com", "ada-mark")
    files = content_of(made(ada))
    schema = json.loads(files["schema.json"])
    Draft202012Validator.check_schema(schema)
    manifest = json.loads(files["manifest.json"])
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(manifest)

    told = {entry["name"]: entry for entry in manifest["files"]}
    assert set(told) == set(files) - {"manifest.json"}
    for name, entry in told.items():
        assert entry["sha256"] == hashlib.sha256(files[name]).hexdigest(), name
        assert entry["bytes"] == len(files[name])
    tables = [name for name in files if name.startswith("json/")]
    assert {"json/orders_order.json", "json/papers_paper.json", "json/customers_user.json"} <= set(
        tables
    )
    for name in tables:
        rows = json.loads(files[name])
        table = name.removeprefix("json/").removesuffix(".json")
        file_schema = {
            "type": "array",
            "items": {"$ref": f"#/$defs/{table}"},
            "$defs": schema["$defs"],
        }
        validator = Draft202012Validator(file_schema, format_checker=FormatChecker())
        validator.validate(rows)
        cells = list(csv.reader(io.StringIO(files[f"csv/{table}.csv"].decode("utf-8-sig"))))
        assert len(rows) == told[name]["rows"] == len(cells) - 1
        assert list(rows[0]) == cells[0]
    assert any(name.startswith("papers/INV") or name.endswith(".pdf") for name in files)
    assert [name for name in files if name.startswith("files/")]
    assert vcards.read(files["contacts.vcf"]).cards[0].name == "=ada-mark aunt"


def test_the_published_schema_is_the_one_in_the_file():
    """After a column was added: python -m fairroam.project.export_schema."""
    assert json.loads(SCHEMA.read_text()) == queries.schema(EVERYTHING)


def test_nothing_of_others_is_in_it_and_nothing_of_ones_own_is_missing():
    ada = a_busy_customer("ada@example.com", "ada-mark")
    bo = a_busy_customer("bo@example.com", "bo-mark")
    hers, his = content_of(made(ada)), content_of(made(bo))

    everything = b"\n".join(hers.values()).decode(errors="replace")
    for others in ("bo-mark", "bo@example.com", bo.number):
        assert others not in everything
        assert others not in " ".join(hers)
    for own in ("ada-mark aunt", "HYPERLINK", "ada@example.com", ada.number):
        assert own in everything
    # A second opinion on whose rows these are, without the declarations.
    with connection.cursor() as cursor:
        for table in ("orders_order", "papers_paper", "payments_payment"):
            cursor.execute(f"SELECT id FROM {table} WHERE customer_id = %s", [ada.pk])
            rows = json.loads(hers[f"json/{table}.json"])
            assert [row["id"] for row in rows] == sorted(pk for (pk,) in cursor.fetchall())
    # Kinds of events and their times name nobody: both did the same at noon.
    same = {name for name in set(hers) & set(his) if hers[name] == his[name]}
    assert same <= {"schema.json", "README.txt", "json/journal_event.json", "csv/journal_event.csv"}


def test_what_opens_something_is_left_out():
    ada = a_busy_customer("ada@example.com", "ada-mark")
    user = ada.user
    assert user is not None
    files = content_of(made(ada))

    everything = b"\n".join(files.values()).decode(errors="replace")
    with connection.cursor() as cursor:
        cursor.execute("SELECT token::text FROM conversations_thread")
        tokens = [token for (token,) in cursor.fetchall()]
    assert tokens
    for secret in (user.password, *tokens):
        assert secret not in everything


def test_no_cell_of_any_table_is_a_formula():
    files = content_of(made(a_busy_customer("ada@example.com", "ada-mark")))

    for name in (name for name in files if name.endswith(".csv")):
        for row in csv.reader(io.StringIO(files[name].decode("utf-8-sig"))):
            for cell in row:
                is_number = cell.lstrip("-").isdecimal()
                assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))


def test_a_download_needs_its_owner_and_a_fresh_proof(client: Client):
    with time_machine.travel(LATER, tick=False):
        ada = a_busy_customer("ada@example.com", "ada-mark")
        client.force_login(ada.user)
        assert client.post("/account/export/").status_code == 302
        assert "0 %" in client.get("/account/export/").content.decode()
        assert client.post("/account/export/").status_code == 302  # again: nothing new
        export = made(ada)
        assert Export.objects.count() == 1
        path = f"/account/export/{export.pk}/file/"
        assert path in client.get("/account/export/").content.decode()

        asked = client.get(path)
        assert (asked.status_code, b"PK" in asked.content[:2]) == (403, False)
        assert Export.objects.get().taken_at is None
        stranger = Client()
        assert stranger.get(path).status_code == 302
        bo = a_customer("bo@example.com").user
        stranger.force_login(bo)
        note(stranger, bo, method="code", email=bo.email)
        assert stranger.get(path).status_code == 404

        note(client, ada.user, method="code", email=ada.user.email)
        answer = client.get(path)
        assert answer.status_code == 200
        assert b"".join(answer.streaming_content) == export.path.read_bytes()
        assert "no-store" in answer["Cache-Control"]
        assert Export.objects.get().taken_at == LATER
        assert queries.exported_since_change(ada.pk)


def test_whoever_changes_something_afterwards_has_not_exported_it():
    ada = a_busy_customer("ada@example.com", "ada-mark")
    assert not queries.exported_since_change(ada.pk)
    export = made(ada)
    assert not queries.exported_since_change(ada.pk)  # ready is not taken
    operations.note_taken(export_id=export.pk, now=LATER)
    assert queries.exported_since_change(ada.pk)

    card = Card(name="new")
    contacts.add_contact(customer_id=ada.pk, card=card, now=LATER + timedelta(minutes=1))
    assert not queries.exported_since_change(ada.pk)


def test_after_a_week_or_when_a_newer_one_is_ready_the_file_is_gone(client: Client):
    ada = a_busy_customer("ada@example.com", "ada-mark")
    first, second = made(ada), made(ada)
    assert not first.path.exists()
    assert operations.remove_expired(now=LATER + timedelta(days=7, seconds=-1)) == 0
    assert second.path.exists()

    week = LATER + timedelta(days=7)
    assert operations.remove_expired(now=week) == 1
    assert not second.path.exists()
    assert list(queries.find_faults()) == []
    with time_machine.travel(LATER, tick=False):
        client.force_login(ada.user)
        note(client, ada.user, method="code", email=ada.user.email)
        answer = client.get(f"/account/export/{second.pk}/file/")
        assert (answer.status_code, b"7 days" in answer.content) == (410, True)


def test_it_is_told_once_without_the_file():
    ada = a_busy_customer("ada@example.com", "ada-mark")
    export = made(ada)
    for _ in range(2):
        tasks.make_export(export_id=export.pk, tables=EVERYTHING, now=LATER)
        tasks.tell_ready(export_id=export.pk, now=LATER)

    notice = Notice.objects.get(kind="exports.ready")
    assert "/account/export/" in notice.text
    assert REACTIONS["export.ready"] == ["tell_export_ready"]


def test_an_export_whose_job_gave_up_is_made_all_the_same():
    ada = a_customer()
    asked = operations.ask_export(customer_id=ada.pk, now=NOON)
    operations.begin_export(export_id=asked, now=LATER)
    hours = [
        operations.ask_stale_again(now=LATER + timedelta(hours=hours)) for hours in (9, 10, 11, 20)
    ]

    assert hours == [0, 1, 0, 1]
    assert Event.objects.filter(kind="export.asked", facts__export_id=asked).count() == 3
    tasks.make_export(export_id=asked, tables=EVERYTHING, now=LATER + timedelta(hours=20))
    assert operations.ask_stale_again(now=LATER + timedelta(days=2)) == 0
    assert queries.export_of(ada.pk).stage == "ready"


def test_who_has_left_gets_none_and_leaves_none_behind():
    ada = a_busy_customer("ada@example.com", "ada-mark")
    ready = made(ada)
    late = operations.ask_export(customer_id=ada.pk, now=LATER)
    begun = operations.begin_export(export_id=late, now=LATER)
    assert begun is not None
    assert personal.remains(ada.pk) == 1
    assert personal.erase(ada.pk) == {"export files": 1}
    assert (ready.path.exists(), personal.remains(ada.pk)) == (False, 0)


def test_one_in_the_making_ends_with_its_customer():
    empty = customers.find_or_open(
        email="cy@example.com", residence="DE", zone="Europe/Berlin", language="en", now=NOON
    )
    making = operations.ask_export(customer_id=empty.pk, now=LATER)
    export = operations.begin_export(export_id=making, now=LATER)
    assert export is not None
    export.path.parent.mkdir(parents=True, exist_ok=True)
    export.path.write_bytes(b"half of it")
    customers.close(customer_id=empty.pk, now=LATER)

    operations.finish_export(export_id=making, now=LATER)
    assert (export.path.exists(), Export.objects.get().stage) == (False, "removed")
    assert operations.begin_export(export_id=making, now=LATER) is None


def test_the_page_of_what_is_kept_says_all_that_is_declared(client: Client):
    client.force_login(a_customer().user)
    page = client.get("/account/kept/").content.decode()

    for table in (table for table in EVERYTHING if table.whose):
        for column in f"{table.kept} {table.erased} {table.deleted}".split():
            assert f"{table.name}.{column}" in page
