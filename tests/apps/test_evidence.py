"""Evidence: kept whole or not at all, shown to its customer and staff, gone with the account."""

from __future__ import annotations

import errno
import os
from datetime import timedelta

import pytest

from fairroam.apps.evidence import operations, personal, queries
from fairroam.apps.evidence.models import Evidence, folder
from fairroam.apps.evidence.operations import store
from fairroam.apps.evidence.operations.names import safe_name
from fairroam.apps.evidence.refusals import (
    EvidenceTooComplex,
    EvidenceTooLarge,
    EvidenceUnknown,
    StoreFull,
)
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.gateways.files import SIZE_MAX
from tests.files_given import a_picture, a_pixel_bomb
from tests.given import NOON, a_customer

pytestmark = pytest.mark.usefixtures("catalogue", "own_store")


@pytest.fixture
def own_store(settings, tmp_path):
    settings.FAIRROAM_EVIDENCE_FOLDER = tmp_path / "evidence"


def kept(customer, *, colour="teal", kind="activation_failure", name="shot.png") -> Evidence:
    return operations.keep(
        operations.clean(a_picture(colour=colour)),
        kind=kind,
        name=name,
        customer_id=customer.pk,
        uploaded_by=f"customer:{customer.pk}",
        now=NOON,
    )


def files() -> list:
    return [path for path in folder().rglob("*") if path.is_file()]


@pytest.mark.promise(29)
def test_evidence_is_typed_hashed_timestamped_and_its_custody_is_known():
    ada = a_customer()
    evidence = kept(ada)
    operations.record_shown(evidence_id=evidence.pk, actor="staff:3", now=NOON + timedelta(hours=1))

    row, content = queries.read(evidence.pk, customer_id=ada.pk)

    assert (row.kind, row.received_at, row.name) == ("activation_failure", NOON, "shot.png")
    assert len(evidence.came_sha256) == len(evidence.kept_sha256) == 64
    assert content.startswith(b"\x89PNG")
    assert [(link.kind, link.actor) for link in queries.custody(ada.pk)[evidence.pk]] == [
        ("evidence.kept", f"customer:{ada.pk}"),
        ("evidence.shown", "staff:3"),
    ]
    assert list(queries.find_faults()) == []


def test_nobody_else_gets_it_and_its_place_tells_nothing():
    ada, eve = a_customer(), a_customer("eve@example.com")
    evidence = kept(ada)

    for wanted in (evidence.pk, evidence.pk + 1):
        with pytest.raises(NotAmongYours):
            queries.read(wanted, customer_id=eve.pk)
    [file] = files()
    assert file.name == evidence.key.hex
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_same_file_of_another_customer_is_noticed_also_after_that_one_left():
    ada, bob, eve = (a_customer(f"{name}@example.com") for name in ("ada", "bob", "eve"))
    theirs, again, other = kept(ada), kept(ada), kept(bob, colour="red")
    evidence = kept(eve)
    personal.erase(ada.pk)

    assert queries.same_hash_customers(evidence.pk) == [ada.pk]
    assert queries.same_hash_customers(theirs.pk) == [eve.pk]
    assert queries.same_hash_customers(again.pk) == [eve.pk]
    assert queries.same_hash_customers(other.pk) == []


def test_closing_removes_file_and_name_and_keeps_the_hash():
    ada = a_customer()
    evidence = kept(ada)
    assert personal.remains(ada.pk) == 2

    assert personal.erase(ada.pk) == {"evidence_evidence.name": 1, "evidence files": 1}

    evidence.refresh_from_db()
    assert (files(), personal.remains(ada.pk), evidence.name) == ([], 0, "")
    assert len(evidence.kept_sha256) == 64
    with pytest.raises(NotAmongYours):
        queries.read(evidence.pk)
    assert personal.erase(ada.pk) == {"evidence_evidence.name": 0, "evidence files": 0}


@pytest.mark.parametrize(
    ("content", "refusal", "status", "code"),
    [
        (bytes(SIZE_MAX + 1), EvidenceTooLarge, 413, "file-too-large"),
        (a_pixel_bomb(), EvidenceTooComplex, 413, "file-too-complex"),
        (b"PK\x03\x04", EvidenceUnknown, 415, "file-unknown"),
    ],
    ids=["large", "complex", "unknown"],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(content, refusal, status, code):
    with pytest.raises(refusal) as refused:
        operations.clean(content)

    assert (refused.value.status, refused.value.code) == (status, code)
    assert not Evidence.objects.exists()


def test_a_full_disk_leaves_no_row_and_no_half_file(monkeypatch):
    ada = a_customer()

    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store.os, "link", full)
    with pytest.raises(StoreFull) as refused:
        kept(ada)

    assert refused.value.status == 507
    assert (files(), Evidence.objects.count()) == ([], 0)


def test_files_that_no_row_knows_are_swept_away_when_they_are_old():
    ada = a_customer()
    kept_file = kept(ada)
    lost = folder() / "00" / ("0" * 32)
    lost.parent.mkdir(exist_ok=True)
    lost.write_bytes(b"its transaction never ended")
    os.utime(lost, (NOON.timestamp(), NOON.timestamp()))
    os.utime(kept_file.path, (NOON.timestamp(), NOON.timestamp()))

    assert operations.sweep(now=NOON + timedelta(minutes=59)) == 0
    assert operations.sweep(now=NOON + timedelta(minutes=61)) == 1
    assert files() == [kept_file.path]


def test_a_file_that_was_lost_or_changed_contradicts_the_books():
    ada = a_customer()
    lost, changed = kept(ada), kept(ada)
    lost.path.unlink()
    changed.path.write_bytes(b"something else")

    assert list(queries.find_faults()) == [
        f"evidence {lost.pk} has lost its file",
        f"the file of evidence {changed.pk} has another size than was kept",
    ]
    with pytest.raises(AssertionError):
        queries.read(changed.pk)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("C:\\photos\\trip.jpeg", "trip.png"),
        ("CON", "file CON.png"),
        ("con.png", "file con.png"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
        ("\u202egnp.exe", "gnp.png"),
        ('a"; filename="b.html\r\nX: y', "a__ filename=_b.png"),
        ("截图 1.png", "截图 1.png"),
        ("", "file.png"),
        ("...", "file.png"),
    ],
)
def test_a_name_is_only_a_label(name, safe):
    assert safe_name(name, "image/png") == safe
