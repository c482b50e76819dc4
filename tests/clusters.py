"""Servers with all tables: `fairroam migrate` makes the first, the others are copies of it.

Migrations take 15 seconds of a core and change rarely, so the copy stays in `.fairroam/tests` for
the next run, until a migration, the program around them or a library is another one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

from fairroam.project.binaries import find_binaries
from fairroam.project.database import OWNER_ROLE, Cluster

ROOT = Path(__file__).parent.parent
COPIES = ROOT / ".fairroam/tests"
COPIES_KEPT = 8  # for going back and forth between branches
SOURCES = (
    *("fairroam/apps/*/migrations/*.py", "requirements.lock"),
    *(f"fairroam/project/{name}.py" for name in ("database", "migrate", "roles", "settings")),
)


def migrated(folder: Path) -> Cluster:
    """A server in `folder`, not started, with all tables and rights as `fairroam migrate` makes."""
    cluster = Cluster(folder, durable=False)
    COPIES.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (COPIES / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Of many processes that begin, one migrates.
        copy = COPIES / fingerprint()
        if not copy.exists():
            newest_last = sorted(COPIES.glob("tables-*"), key=lambda made: made.stat().st_mtime)
            for old in newest_last[: 1 - COPIES_KEPT]:
                shutil.rmtree(old)
            _migrate(folder.with_name("first"), copy)
        shutil.copytree(copy / "passwords", folder / "passwords")
        cluster.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _tar("--extract", copy, cluster)
    return cluster


def fingerprint() -> str:
    """What tables depend on: the migrations, the program around them, libraries, the server."""
    read = sha256(str(find_binaries(None)).encode())
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        read.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return f"tables-{read.hexdigest()[:16]}"


def _migrate(folder: Path, copy: Path) -> None:
    with Cluster(folder, durable=False) as first:
        urls = {"DATABASE_URL": first.url(), "DATABASE_OWNER_URL": first.url(role=OWNER_ROLE)}
        command = [ROOT / ".venv/bin/fairroam", "migrate"]
        environment = os.environ | urls | {"PYTHONPATH": str(ROOT)}  # this clone's, no other's
        subprocess.run(command, env=environment, check=True, capture_output=True)
    unfinished = copy.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(folder / "passwords", unfinished / "passwords")
    _tar("--create", unfinished, first)
    unfinished.rename(copy)
    first.remove()


def _tar(act: str, copy: Path, cluster: Cluster) -> None:
    """Pack or unpack the data, whose files belong to the server's user."""
    archive, place = copy / "data.tar", cluster.place
    command = ["tar", act, "--numeric-owner", f"--file={archive}", f"--directory={place}", "data"]
    subprocess.run(command, check=True, capture_output=True)
