"""What a backup holds comes back whole; nothing is overwritten by a slip of the hand."""

from __future__ import annotations

import asyncio
import json
import shutil
import tarfile
import time

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connections, transaction
from joserfc.jwk import OKPKey

from fairroam.apps.evidence import operations as evidence
from fairroam.project import backup
from fairroam.project.database import OWNER_ROLE
from fairroam.proof import KeySet, PublishedKey, Truth, read, verify
from tests.apps.papers_given import issued
from tests.files_given import a_picture
from tests.given import NOON, a_customer

SIGNED = "SELECT signed FROM papers_paper WHERE kind = 'certificate'"
KEYS = "SELECT public_jwk, made_at, revoked_from FROM papers_signingkey"
FILES = "SELECT key FROM evidence_evidence"
ARE_HERE = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'fairroam_app'"


def rows(cluster, query):
    with psycopg.connect(cluster.url(role=OWNER_ROLE)) as owner:
        return owner.execute(query).fetchall()


@pytest.fixture
def sending(monkeypatch, settings, tmp_path):
    """Let the commands see a database, with folders of its own for the files of customers."""

    def to(cluster):
        monkeypatch.setenv("DATABASE_OWNER_URL", cluster.url(role=OWNER_ROLE))

    settings.FAIRROAM_EVIDENCE_FOLDER = tmp_path / "state/evidence"
    settings.FAIRROAM_EXPORT_FOLDER = tmp_path / "state/exports"
    monkeypatch.setenv("FAIRROAM_EVIDENCE_FOLDER", str(settings.FAIRROAM_EVIDENCE_FOLDER))
    return to


@pytest.fixture
def written(sending, committed, cluster, tmp_path, capsys):
    """A backup with a customer, a file of theirs and the certificate of somebody who left."""
    ada = a_customer("bob@example.com")
    evidence.keep(
        evidence.clean(a_picture()),
        kind="other",
        name="shot.png",
        customer_id=ada.pk,
        uploaded_by=f"customer:{ada.pk}",
        now=NOON,
    )
    with transaction.atomic():
        issued("certificate")
    sending(cluster)
    assert backup.backup([str(tmp_path / "kept")]) == 0, capsys.readouterr().err
    (whole,) = (tmp_path / "kept").iterdir()
    return whole


def test_after_a_loss_a_fresh_database_gets_everything_back(
    written, cluster, sending, settings, make_cluster, tmp_path, capsys
):
    manifest = json.loads((written / "manifest.json").read_text())
    assert manifest["customers"] == len(rows(cluster, "SELECT FROM customers_customer"))
    assert set(manifest["files"]) == {"database.dump", "evidence.tar", "exports.tar"}
    shutil.move(settings.FAIRROAM_EVIDENCE_FOLDER, tmp_path / "lost")

    with make_cluster(tmp_path / "fresh") as fresh:
        sending(fresh)
        # Its end also asks all books of the restored database: one fault, and this is 1.
        assert backup.restore([str(written)]) == 0, capsys.readouterr().err

        assert rows(fresh, FILES) == rows(cluster, FILES)
        keys = KeySet(
            PublishedKey(OKPKey.import_key(jwk), made_at, revoked_from)
            for jwk, made_at, revoked_from in rows(fresh, KEYS)
        )
        ((signed,),) = rows(fresh, SIGNED)
        assert verify(read(signed), keys).truth is Truth.TRUE
        with psycopg.connect(fresh.url()) as program:
            rights = "SELECT has_table_privilege('ledger_transfer', 'UPDATE')"
            assert program.execute(rights).fetchone() == (False,)


def test_a_restore_refuses_what_it_would_destroy_and_what_was_changed(
    written, cluster, monkeypatch, capsys
):
    def refused(*options):
        assert backup.restore([str(written), *options]) == 1
        return capsys.readouterr().err

    assert "stop it first" in refused("--overwrite")
    connections.close_all()
    asyncio.run(sync_to_async(connections.close_all)())  # what the queue's own thread has
    patience_ends = time.monotonic() + 30
    while rows(cluster, ARE_HERE) != [(0,)]:  # The server ends a session a moment later.
        assert time.monotonic() < patience_ends
        time.sleep(0.02)
    assert "customers. Make a backup of it" in refused()

    dump, before = written / "database.dump", rows(cluster, SIGNED)
    whole = dump.read_bytes()
    dump.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "is not what was written" in refused("--overwrite")
    dump.write_bytes(whole)

    manifest = json.loads((written / "manifest.json").read_text())
    newer = manifest | {"migrations": ["orders.9999_of_next_year"]}
    (written / "manifest.json").write_text(json.dumps(newer))
    assert "made by a newer program" in refused("--overwrite")

    dump.write_bytes(b"no dump")
    manifest["files"]["database.dump"] = backup.described(dump)
    (written / "manifest.json").write_text(json.dumps(manifest))
    assert "pg_restore failed" in refused("--overwrite")
    assert rows(cluster, SIGNED) == before, "what was there is there again"


def test_only_what_a_backup_packs_is_unpacked(tmp_path):
    for strange in (tarfile.TarInfo("evidence/../../x"), tarfile.TarInfo("/x")):
        with tarfile.open(tmp_path / "evidence.tar", "w") as packed:
            packed.addfile(strange)
        with pytest.raises(backup.BackupRefused, match="which no backup has"):
            backup.unpack(tmp_path, "evidence", tmp_path / "folder" / "evidence")
