"""Our own PostgreSQL: a child process with its data in a folder, reached by a socket only."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

import psycopg
from psycopg import pq

from fairroam.project.binaries import (
    MAJOR_MIN,
    ROOT_PLACE,
    DatabaseUnusable,
    find_binaries,
    find_server_user,
    major_version,
)
from fairroam.project.child import dies_with_parent, kept_secret
from fairroam.project.roles import (
    ADMIN_ROLE,
    APP_ROLE,
    APPEND_ONLY_TABLES,
    DATABASE,
    OWNER_ROLE,
    grant_app_role,
    prepare,
)

__all__ = [
    "ADMIN_ROLE",
    "APPEND_ONLY_TABLES",
    "APP_ROLE",
    "DATABASE",
    "OWNER_ROLE",
    "Cluster",
    "DatabaseUnusable",
    "grant_app_role",
    "prepare",
]
PORT = 5432  # Only a part of the socket's name: the server never listens on TCP.
SOCKET_PATH_BYTES_MAX = 107  # unix(7): sun_path holds 108 bytes, the last one is zero
STOP_SECONDS_MAX = 60
START_SECONDS_MAX = 600  # Recovery after a crash may replay a lot; a dead server is seen at once.
# A commit still reaches the kernel, so it survives a kill -9 of the server.
NOT_DURABLE = ("fsync=off", "full_page_writes=off")
log = logging.getLogger(__name__)


class Cluster:
    """A PostgreSQL server of our own, its roles and its empty database `fairroam`.

    folder: passwords, locks, log and (unless we are root) the data; made when missing.
    binaries: the folder of `postgres` and `initdb`; None finds them (see `find_binaries`).
    durable: False is for tests only: a crash of the machine may lose data, and the owner's role
    may make databases.

    The first caller's process runs the server and takes it along when it ends, however it ends;
    a second caller of the same folder uses the running one.
    """

    def __init__(self, folder: Path, *, binaries: Path | None = None, durable: bool = True) -> None:
        if sys.platform != "linux":
            raise DatabaseUnusable("The own server runs on Linux only: set DATABASE_URL instead.")
        self.folder = folder.resolve()
        self.durable = durable
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    # Where things are -----------------------------------------------------------------------

    @property
    def place(self) -> Path:
        """Where the server's own files are: `folder`, for root a place its user can reach.

        For root it is named after the path and the admin's password, so that neither a copied
        clone nor a new one at the same path meets the data of another.
        """
        if os.geteuid() != 0:
            return self.folder
        name = f"{self.folder}\n{self.password(ADMIN_ROLE)}"
        return ROOT_PLACE / hashlib.sha256(name.encode()).hexdigest()[:12]

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def sockets(self) -> Path:
        """The folder of the socket; a short one in /tmp where the usual path would not do."""
        usual = self.place / "socket"
        # A comma would end the path in the server's list of folders and in a client's of hosts.
        is_plain = re.fullmatch(r"[\w./+-]+", str(usual), re.ASCII)
        if is_plain and len(f"{usual}/.s.PGSQL.{PORT}") <= SOCKET_PATH_BYTES_MAX:
            return usual
        short = hashlib.sha256(os.fsencode(usual)).hexdigest()[:12]
        return Path(f"/tmp/fairroam-{os.geteuid()}-{short}")  # noqa: S108 - see _make_folders

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def password(self, role: str) -> str:
        return kept_secret(self.folder / "passwords" / role)

    def url(self, database: str = DATABASE, role: str = APP_ROLE) -> str:
        """Return the address of `database` for `role`, with its password: a secret."""
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{role}:{self.password(role)}@/{database}?host={host}&port={PORT}"

    # Its life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Return when the server answers and roles and database are there.

        Raises DatabaseUnusable with the end of the server's log. Call it from the main thread:
        the server ends with the thread that started it.
        """
        assert threading.current_thread() is threading.main_thread()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked("start.lock", fcntl.LOCK_EX):
            waits_until = time.monotonic() + START_SECONDS_MAX
            while time.monotonic() < waits_until:
                if self._answers():
                    return
                with (self.folder / "life.lock").open("w") as life:
                    if _taken(life):
                        self._launch(life, waits_until)
                        return
                time.sleep(0.05)  # Another process runs it and is not ready yet.
        raise DatabaseUnusable(f"The server of {self.folder} does not answer. See {self.log}.")

    def stop(self) -> None:
        """End the server if it is ours: fast, and at once should it not heed that."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        self._process = None

    def wait(self) -> int:
        """Return when the server is gone: its exit status if we ran it, else 0."""
        if self._process is not None:
            return self._process.wait()
        with self._locked("life.lock", fcntl.LOCK_SH):
            return 0

    def is_ready(self) -> bool:
        """Whether the app role gets in, which is the last thing that a first start makes true."""
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def remove(self) -> None:
        """Stop the server and delete all it had, data included."""
        self.stop()
        for folder in (self.sockets, self.place, self.folder):
            shutil.rmtree(folder, ignore_errors=True)

    # The steps of a start -------------------------------------------------------------------

    def _answers(self) -> bool:
        return pq.PGconn.ping(f"host='{self.sockets}' port={PORT}".encode()) == pq.Ping.OK

    @contextmanager
    def _locked(self, name: str, kind: int) -> Iterator[None]:
        with (self.folder / name).open("a") as file:
            fcntl.flock(file, kind)
            yield

    def _launch(self, life: IO[str], waits_until: float) -> None:
        """Start the server. `life` is locked; all server processes inherit it.

        So the lock is free exactly when the last of them is gone: a zombie holds no lock, and one
        that lost its postmaster to a kill -9 and still writes does.
        """
        self.stop()  # buries a killed one of ours
        binaries = find_binaries(self._binaries)
        self._make_folders()
        if not self.data.exists():
            self._initialise(binaries)
        self._check_version(binaries)
        self._clear_stale()
        if self.log.exists():
            self.log.rename(self.log.with_suffix(".log.old"))
        self._process = self._spawn(binaries, life)
        try:
            self._wait_until_ready(waits_until)
            passwords = {role: self.password(role) for role in (OWNER_ROLE, APP_ROLE)}
            prepare(self.url("postgres", ADMIN_ROLE), passwords, is_for_tests=not self.durable)
        except BaseException:
            self.stop()
            raise

    def _make_folders(self) -> None:
        """Make the places of data and socket, closed to everybody but us and the server.

        What another user has put at the short path in /tmp is refused.
        """
        user = find_server_user(self.data)
        self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if user.gid is not None:  # We are root: the server passes through, but owns nothing here.
            os.chown(self.place, 0, user.gid)
            self.place.chmod(0o710)
            self.place.parent.chmod(0o755)
            (self.place / "belongs-to").write_text(f"{self.folder}\n")
        if not self.sockets.exists():
            self.sockets.mkdir(mode=0o700)
            user.give(self.sockets)
        owner = os.geteuid() if user.uid is None else user.uid
        if self.sockets.is_symlink() or self.sockets.stat().st_uid != owner:
            raise DatabaseUnusable(f"{self.sockets} was made by somebody else: look who.")

    def _initialise(self, binaries: Path) -> None:
        """Make the data folder, whole or not at all."""
        log.info("Making a new database in %s.", self.data)
        user = find_server_user(self.data)
        fresh, password_file = self.place / "data.new", self.place / "password.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password_file.touch(mode=0o600)
        password_file.write_text(self.password(ADMIN_ROLE))
        command = [str(binaries / "initdb"), "-D", str(user.give(fresh)), "-U", ADMIN_ROLE]
        command += ["-A", "scram-sha-256", "--pwfile", str(user.give(password_file))]
        command += ["--data-checksums", "-E", "UTF8", "--locale=C.UTF-8"]
        if major_version(binaries) >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self.durable:
            command += ["--no-sync"]
        try:
            subprocess.run(  # noqa: S603 - no word of it comes from outside
                command, check=True, capture_output=True, **self._surroundings()
            )
        except subprocess.CalledProcessError as error:
            raise DatabaseUnusable(f"initdb failed: {error.stderr.decode()}") from error
        finally:
            password_file.unlink()
        fresh.rename(self.data)

    def _check_version(self, binaries: Path) -> None:
        ours = major_version(binaries)
        if ours < MAJOR_MIN:
            raise DatabaseUnusable(f"{binaries} is PostgreSQL {ours}: take {MAJOR_MIN} or newer.")
        theirs = int((self.data / "PG_VERSION").read_text())
        if ours != theirs:
            raise DatabaseUnusable(
                f"{self.data} was made by PostgreSQL {theirs} and {binaries} is {ours}:"
                " dump with the old programs, restore with the new (docs/database.md)."
            )

    def _clear_stale(self) -> None:
        """Remove what a killed server left: PostgreSQL would take a reused pid for that server."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = pid_file.read_text().split("\n")[0]
        # A server works in its data folder; a zombie, another's process or none does not.
        if _is_same_folder(Path("/proc", pid, "cwd"), self.data):
            raise DatabaseUnusable(f"Process {pid} serves {self.data} and is not ours: stop it.")
        for path in (pid_file, *self.sockets.glob(f".s.PGSQL.{PORT}*")):
            path.unlink(missing_ok=True)

    def _spawn(self, binaries: Path, life: IO[str]) -> subprocess.Popen[bytes]:
        quoted = str(self.sockets).replace('"', '""')
        settings = ["listen_addresses=", f'unix_socket_directories="{quoted}"', "timezone=UTC"]
        settings += ["unix_socket_permissions=0700", "log_timezone=UTC", "cluster_name=fairroam"]
        settings += () if self.durable else NOT_DURABLE
        command = [str(binaries / "postgres"), "-D", str(self.data), "-p", str(PORT)]
        for setting in settings:
            command += ["-c", setting]
        with self.log.open("wb") as output:
            return subprocess.Popen(  # noqa: S603 - no word of it comes from outside
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(life.fileno(),),
                process_group=0,  # Ctrl-C is for us; we stop the server last.
                preexec_fn=dies_with_parent(signal.SIGINT),
                **self._surroundings(),
            )

    def _surroundings(self) -> dict[str, Any]:
        """Return user, folder and environment of a PostgreSQL program; no PG* variable gets in."""
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        user = find_server_user(self.data)
        return {"cwd": "/", "env": environment, "umask": 0o077, **user.popen_arguments}

    def _wait_until_ready(self, waits_until: float) -> None:
        assert self._process is not None
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > waits_until:
                tail = self.log.read_text(errors="replace").splitlines()[-15:]
                raise DatabaseUnusable("\n".join(["PostgreSQL did not start:", *tail]))
            time.sleep(0.02)


def _taken(life: IO[str]) -> bool:
    try:
        fcntl.flock(life, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same_folder(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def main(arguments: list[str]) -> int:
    """Run the server of FOLDER until SIGTERM: 0. Returns 1 when it ends by itself."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser("fairroam.project.database", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    roles = (ADMIN_ROLE, OWNER_ROLE, APP_ROLE)
    parser.add_argument("--print-url", choices=roles, help="only print this role's address")
    options = parser.parse_args(arguments)
    if options.print_url:
        sys.stdout.write(Cluster(options.folder).url(role=options.print_url) + "\n")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with Cluster(options.folder) as cluster:
            log.info("The server is ready: %s", cluster.data)
            log.error("The server is gone (%s).", cluster.wait())
    except DatabaseUnusable as refusal:
        log.error("%s", refusal)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
