"""`fairroam backup` and `fairroam restore`: the database and the files of customers, as a folder.

Keys and secrets are left out unless asked for: whoever has them can sign papers in our name.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from psycopg import pq, sql

from fairroam import clock
from fairroam.project.binaries import find_binaries
from fairroam.project.database import OWNER_ROLE, Cluster
from fairroam.project.roles import APP_ROLE

FORMAT = 1
DUMP, MANIFEST = "database.dump", "manifest.json"
SECRET_FILES = ("keys", "secrets", "push-key.pem")  # in FAIRROAM_FOLDER
OURS = ("--schema=public",)  # all that fairroam has is there
ASIDE = "before_restore"


class BackupRefused(Exception):
    """It cannot be done as things are; the sentence says why and what to do."""


def backup(arguments: list[str]) -> int:
    """Write a folder with the database, customers' files and a manifest into FOLDER.

    It may be done while the service runs. A folder that could not be finished is removed.
    """
    parser = argparse.ArgumentParser("fairroam backup", description=backup.__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="made when missing, mode 0700")
    parser.add_argument(
        "--with-keys",
        action="store_true",
        help="with signing keys and secrets, too: keep it where nobody else can read it",
    )
    options = parser.parse_args(arguments)
    made_at = clock.now().astimezone(UTC)
    whole = options.folder.resolve() / f"fairroam-{made_at:%Y%m%dT%H%M%SZ}"
    return said(lambda: write(whole, made_at=made_at.isoformat(), with_keys=options.with_keys))


def restore(arguments: list[str]) -> int:
    """Bring back a folder of `fairroam backup`; then migrate, and ask what contradicts the books.

    Web and worker must be stopped. What is there now stays untouched if anything fails.
    """
    parser = argparse.ArgumentParser("fairroam restore", description=restore.__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="one fairroam-… folder")
    parser.add_argument(
        "--overwrite", action="store_true", help="also over a database that holds customers"
    )
    options = parser.parse_args(arguments)
    return said(lambda: bring_back(options.folder.resolve(), overwrite=options.overwrite))


def said(act: Callable[[], str]) -> int:
    """Do it, say what came of it; 1 when it was refused or failed."""
    try:
        sys.stdout.write(f"{act()}\n")
    except (BackupRefused, OSError, tarfile.TarError, psycopg.Error) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return 0


# Writing ----------------------------------------------------------------------------------------


def write(whole: Path, *, made_at: str, with_keys: bool) -> str:
    unfinished = whole.with_name(f"{whole.name}.unfinished")
    unfinished.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished.mkdir(mode=0o700)
    try:
        with database_address() as address:
            found = read_facts(address)
            # First the rows, then the files: no row of the dump lacks the file that it names.
            call("pg_dump", address, *OURS, "--format=custom", f"--file={unfinished / DUMP}")
        for name, folder in customer_folders().items():
            pack(unfinished / f"{name}.tar", {name: folder})
        if with_keys:
            kept = Path(settings.FAIRROAM_FOLDER)
            pack(unfinished / "keys.tar", {name: kept / name for name in SECRET_FILES})
        manifest = {
            "format": FORMAT,
            "made_at": made_at,
            "program": version("fairroam"),
            **found,
            "with_keys": with_keys,
            "files": {path.name: described(path) for path in sorted(unfinished.iterdir())},
        }
        (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
        unfinished.rename(whole)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    left_out = "" if with_keys else "\nKeys and secrets are not in it (--with-keys)."
    return f"{whole}: {found['customers']} customers{left_out}"


def customer_folders() -> dict[str, Path]:
    return {
        "evidence": Path(settings.FAIRROAM_EVIDENCE_FOLDER),
        "exports": Path(settings.FAIRROAM_EXPORT_FOLDER),
    }


def pack(archive: Path, folders: Mapping[str, Path]) -> None:
    """Pack what exists of `folders`, each under its name. A file that ends meanwhile is left."""
    with tarfile.open(archive, "w") as packed:
        for name, folder in folders.items():
            for path in sorted([folder, *folder.rglob("*")]):
                with suppress(FileNotFoundError):
                    packed.add(path, Path(name, path.relative_to(folder)), recursive=False)


def described(path: Path) -> dict[str, Any]:
    path.chmod(0o600)
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size}


def read_facts(address: str) -> dict[str, Any]:
    """What a restore must know of the database: its version, its migrations, how many customers."""
    with psycopg.connect(address) as owner:
        applied = owner.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        migrations = [f"{app}.{name}" for app, name in applied]
        return {
            "server": owner.info.server_version,
            "migrations": migrations,
            "customers": count_customers(owner),
        }


# Bringing back ----------------------------------------------------------------------------------


def bring_back(whole: Path, *, overwrite: bool) -> str:
    manifest = read_manifest(whole)
    with database_address() as address:
        with psycopg.connect(address, autocommit=True) as owner:
            refuse_busy(owner)
            customers = count_customers(owner)
            if customers and not overwrite:
                raise BackupRefused(
                    f"This database holds {customers} customers. Make a backup of it, then"
                    " repeat with --overwrite."
                )
            replace_tables(owner, address, whole / DUMP)
        aside = [unpack(whole, name, folder) for name, folder in customer_folders().items()]
        if manifest["with_keys"]:
            unpack_keys(whole / "keys.tar")
        finish(address)
    words = f"Restored: {manifest['customers']} customers, as of {manifest['made_at']}."
    return "\n".join([words, *(f"What was there before is in {path}." for path in aside if path)])


def read_manifest(whole: Path) -> dict[str, Any]:
    """The manifest of a backup that is whole and not newer than this program."""
    try:
        manifest: dict[str, Any] = json.loads((whole / MANIFEST).read_text())
        files = manifest["files"].items()
    except (OSError, ValueError, KeyError) as error:
        raise BackupRefused(f"{whole} is no finished backup: {error}") from error
    if manifest["format"] != FORMAT:
        raise BackupRefused(f"{whole} has the format {manifest['format']}, this is {FORMAT}.")
    for name, wanted in files:
        if not (whole / name).is_file() or described(whole / name) != wanted:
            raise BackupRefused(f"{whole / name} is not what was written: take another backup.")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if newer := sorted(set(manifest["migrations"]) - known):
        raise BackupRefused(
            f"It was made by a newer program ({manifest['program']}), which knows {newer[0]}:"
            " install that one or a later one first."
        )
    return manifest


def refuse_busy(owner: psycopg.Connection[Any]) -> None:
    """Refuse while a web or worker process is at the database. Raises BackupRefused."""
    here = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    found = owner.execute(f"{here} AND usename = %s", [APP_ROLE]).fetchone()
    if found and found[0]:
        raise BackupRefused(f"{found[0]} connections of the service are open: stop it first.")


def count_customers(owner: psycopg.Connection[Any]) -> int:
    table = "SELECT to_regclass('public.customers_customer')"
    if owner.execute(table).fetchone() == (None,):
        return 0
    found = owner.execute("SELECT count(*) FROM customers_customer").fetchone()
    return int(found[0]) if found else 0


def replace_tables(owner: psycopg.Connection[Any], address: str, dump: Path) -> None:
    """Put the tables of `dump` in the place of those of now, which come back if it fails."""
    now, aside = sql.Identifier("public"), sql.Identifier(ASIDE)
    owner.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(aside))
    owner.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(now, aside))
    owner.execute(sql.SQL("CREATE SCHEMA {} AUTHORIZATION pg_database_owner").format(now))
    try:
        how = [*OURS, "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
        call("pg_restore", address, *how, "--dbname=", str(dump))
    except BackupRefused:
        owner.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(now))
        owner.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(aside, now))
        raise
    owner.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(aside))


def unpack(whole: Path, name: str, folder: Path) -> Path | None:
    """Put the files of a backup in the place of those of now, which are kept beside them."""
    fresh = folder.with_name(f"{folder.name}.restored")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    with tarfile.open(whole / f"{name}.tar") as packed:
        extract(packed, fresh, packed.getmembers())
    (fresh / name).mkdir(mode=0o700, exist_ok=True)
    aside = None
    if folder.exists():
        aside = folder.with_name(f"{folder.name}.{whole.name}.before")
        folder.rename(aside)
    (fresh / name).rename(folder)
    fresh.rmdir()
    return aside


def unpack_keys(archive: Path) -> None:
    """Bring keys and secrets back; those that are here already stay."""
    kept = Path(settings.FAIRROAM_FOLDER)
    with tarfile.open(archive) as packed:
        missing = [found for found in packed if not (kept / found.name).exists()]
        extract(packed, kept, missing)


def extract(packed: tarfile.TarFile, into: Path, members: Sequence[tarfile.TarInfo]) -> None:
    """Write these files and folders below `into`. Raises BackupRefused for what `pack` never packs.

    Debian 12's Python (3.11.2) has no filters of tarfile yet: the names are looked at here.
    """
    for one in members:
        name = Path(one.name)
        if name.is_absolute() or ".." in name.parts or not (one.isfile() or one.isdir()):
            raise BackupRefused(f"The backup holds {name}, which no backup has.")
    packed.extraction_filter = getattr(tarfile, "data_filter", None)
    packed.extractall(into, members)  # noqa: S202 - looked at above


def finish(address: str) -> None:
    """Rights and newer migrations, then the books, by programs that see the restored database."""
    environment = os.environ | {"DATABASE_OWNER_URL": address, "DATABASE_URL": address}
    for word in ("migrate", "books"):
        done = subprocess.run(  # noqa: S603 - our own command
            [str(Path(sys.executable).parent / "fairroam"), word],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BackupRefused(f"Restored, but fairroam {word} says:\n{done.stdout}{done.stderr}")


# Both -------------------------------------------------------------------------------------------


@contextmanager
def database_address() -> Iterator[str]:
    """The owner's address: DATABASE_OWNER_URL, else that of our own server, which then runs."""
    address = os.environ.get("DATABASE_OWNER_URL")
    if address:
        yield address
    else:
        with Cluster(Path(settings.FAIRROAM_FOLDER) / "database") as cluster:
            yield cluster.url(role=OWNER_ROLE)


def call(program: str, address: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the password goes by its environment, where only we see."""
    given = pq.Conninfo.parse(address.encode())
    connection = {
        option.envvar.decode(): option.val.decode()
        for option in given
        if option.envvar and option.val
    }
    command = [str(find_binaries(None) / program), *arguments]
    done = subprocess.run(  # noqa: S603 - no word of it comes from outside
        command,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"} | connection,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupRefused(f"{program} failed:\n{done.stderr.strip()}")
