"""The server of our own survives what happens to servers, and lets in whom it should."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from fairroam.project.binaries import PARTS, reachable_copy
from fairroam.project.database import (
    ADMIN_ROLE,
    APP_ROLE,
    OWNER_ROLE,
    SOCKET_PATH_BYTES_MAX,
    Cluster,
    DatabaseUnusable,
)
from fairroam.project.roles import refuse_old_server
from tests.project.given import DEBIAN_15, ROOT, eventually, lives, parent

SERVE = [sys.executable, "-m", "fairroam.project.database"]
needs_15 = pytest.mark.skipif(not DEBIAN_15.exists(), reason="Debian's postgresql-15 is missing")


def ask(cluster: Cluster, query: str, role: str = OWNER_ROLE) -> object:
    with psycopg.connect(cluster.url(role=role)) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def remember(cluster: Cluster, word: str) -> None:
    with psycopg.connect(cluster.url(role=OWNER_ROLE)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS memory (word text)")
        connection.execute("INSERT INTO memory VALUES (%s)", [word])


def server_pid(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split("\n")[0])


def serve(cluster: Cluster) -> subprocess.Popen[bytes]:
    """Run the server of `cluster` in a process of its own, as the supervisor does."""
    return subprocess.Popen([*SERVE, cluster.folder], cwd=ROOT)


@pytest.mark.parametrize("binaries", [None, pytest.param(DEBIAN_15, marks=needs_15)])
def test_a_server_keeps_its_rows_over_a_stop(tmp_path, make_cluster, binaries):
    cluster = make_cluster(tmp_path, binaries=binaries)
    with cluster:
        assert ask(cluster, "SELECT current_user", APP_ROLE) == APP_ROLE
        assert ask(cluster, "SHOW data_checksums") == "on"
        assert ask(cluster, "SHOW listen_addresses") == ""
        assert ask(cluster, "SELECT sha256('é'::bytea) IS NOT NULL AND lower('Ä') = 'ä'")
        remember(cluster, "fair")
    assert not cluster.is_ready()

    with cluster:
        assert ask(cluster, "SELECT word FROM memory") == "fair"


def test_only_passwords_open_and_only_we_can_read_them(tmp_path, make_cluster):
    cluster = make_cluster(tmp_path / "state")
    with cluster:
        stranger = f"postgresql://{ADMIN_ROLE}:guess@/postgres?host={cluster.sockets}"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(stranger)
        files = list((cluster.folder / "passwords").iterdir())
        assert {file.name for file in files} == {ADMIN_ROLE, OWNER_ROLE, APP_ROLE}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert len({file.read_text() for file in files}) == 3
        assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700


def test_a_killed_server_starts_again_although_it_is_a_zombie(tmp_path, make_cluster):
    first, second = make_cluster(tmp_path), make_cluster(tmp_path)
    first.start()
    remember(first, "kept")
    pid = server_pid(first)

    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not lives(pid))
    assert Path(f"/proc/{pid}").exists(), "nobody has buried it yet"
    second.start()

    assert ask(second, "SELECT word FROM memory") == "kept"
    assert first.wait() == -signal.SIGKILL
    second.stop()
    first.start()
    assert ask(first, "SELECT word FROM memory") == "kept"


def test_a_pid_file_naming_another_living_process_does_not_stop_a_start(tmp_path, make_cluster):
    cluster = make_cluster(tmp_path)
    with cluster:
        left_behind = (cluster.data / "postmaster.pid").read_text()
        ours = subprocess.Popen(["sleep", "60"], cwd=tmp_path)
    lines = left_behind.split("\n")
    (cluster.data / "postmaster.pid").write_text("\n".join([str(ours.pid), *lines[1:]]))
    (cluster.sockets / ".s.PGSQL.5432.lock").write_text(f"{ours.pid}\n")

    with cluster:
        assert ask(cluster, "SELECT 1") == 1

    assert lives(ours.pid)
    ours.kill()
    ours.wait()


def test_the_server_ends_with_its_caller_even_when_that_is_killed(tmp_path, make_cluster):
    cluster = make_cluster(tmp_path)
    caller = serve(cluster)
    eventually(cluster.is_ready)
    remember(cluster, "kept")
    pid = server_pid(cluster)

    caller.kill()
    caller.wait()
    cluster.wait()

    eventually(lambda: not lives(pid))
    with cluster:
        assert ask(cluster, "SELECT word FROM memory") == "kept"


def test_two_callers_share_one_server_and_the_second_hears_of_its_end(tmp_path, make_cluster):
    cluster = make_cluster(tmp_path)
    callers = {caller.pid: caller for caller in (serve(cluster), serve(cluster))}
    eventually(cluster.is_ready)
    cluster.start()  # a third one
    pid = server_pid(cluster)
    assert len(server_processes(cluster)) == 1

    cluster.stop()
    assert cluster.is_ready(), "it was not ours to stop"
    owner = callers.pop(parent(pid))
    owner.terminate()
    assert owner.wait(60) == 0
    assert not lives(pid)
    assert callers.popitem()[1].wait(60) == 1
    cluster.start()
    assert ask(cluster, "SELECT 1") == 1


def server_processes(cluster: Cluster) -> list[int]:
    """Return the postmasters of `cluster`: whose parent is no process of the same folder."""
    working_there = {
        int(process.name): parent(int(process.name))
        for process in Path("/proc").glob("[0-9]*")
        if works_in(process, cluster.data)
    }
    return [pid for pid, parent in working_there.items() if parent not in working_there]


def works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").samefile(folder)
    except OSError:
        return False


@pytest.mark.parametrize("name", ["a" * 120, '旅行, a "quoted" folder\'s name'])
def test_any_folder_will_do(tmp_path, make_cluster, name):
    cluster = make_cluster(tmp_path / name)
    with cluster:
        assert ask(cluster, "SELECT 1") == 1
        socket_path = f"{cluster.sockets}/.s.PGSQL.5432"
        assert len(socket_path.encode()) <= SOCKET_PATH_BYTES_MAX
        assert stat.S_IMODE(cluster.sockets.stat().st_mode) == 0o700


def test_data_of_a_copied_folder_are_not_those_of_the_first(tmp_path, make_cluster):
    first = make_cluster(tmp_path / "first")
    with first:
        remember(first, "only here")
        shutil.copytree(tmp_path / "first" / "passwords", tmp_path / "second" / "passwords")
        second = make_cluster(tmp_path / "second")
        with second:
            assert ask(second, "SELECT to_regclass('memory') IS NULL")


@needs_15
def test_data_of_another_major_version_are_refused_in_words(tmp_path, make_cluster):
    with make_cluster(tmp_path, binaries=DEBIAN_15):
        pass

    with pytest.raises(DatabaseUnusable, match=r"made by PostgreSQL 15 .* dump with the old"):
        make_cluster(tmp_path).start()


def test_a_server_that_cannot_start_says_why(tmp_path, make_cluster):
    cluster = make_cluster(tmp_path)
    with cluster:
        pass
    (cluster.data / "postgresql.conf").write_text("shared_buffers = 'plenty'\n")

    with pytest.raises(DatabaseUnusable, match="invalid value for parameter"):
        cluster.start()


def test_missing_programs_are_named(tmp_path, make_cluster):
    with pytest.raises(DatabaseUnusable, match="no working PostgreSQL in /nowhere"):
        make_cluster(tmp_path, binaries=Path("/nowhere")).start()


@pytest.mark.parametrize(("version", "is_refused"), [(140_012, True), (150_000, False)])
def test_servers_before_15_are_refused(version, is_refused):
    if is_refused:
        with pytest.raises(DatabaseUnusable, match="PostgreSQL 14; fairroam needs 15"):
            refuse_old_server(version)
    else:
        assert refuse_old_server(version) is None


def test_a_changed_copy_of_the_programs_is_replaced_before_use(tmp_path):
    packages = tmp_path / "packages"
    for part in PARTS:
        (packages / part).mkdir(parents=True)
        (packages / part / "program").write_text("good")
    copy = reachable_copy(packages, tmp_path / "place")
    changed = copy / PARTS[0] / "program"
    changed.write_text("evil")

    assert reachable_copy(packages, tmp_path / "place") == copy
    assert changed.read_text() == "good"


@pytest.mark.skipif(os.geteuid() != 0, reason="all the other tests run as an ordinary user")
def test_an_ordinary_user_runs_it_in_place():
    folder = Path("/tmp") / f"fairroam-test-{os.getpid()}"  # a place that this user can reach
    folder.mkdir()
    shutil.chown(folder, "nobody")
    try:
        said = as_nobody(
            "import sys; from pathlib import Path; from fairroam.project.database import Cluster\n"
            "with Cluster(Path(sys.argv[1]), durable=False) as cluster:\n"
            "    print(cluster.data, cluster.data.stat().st_uid, cluster.is_ready())\n",
            folder / "state",
        )
        assert said == f"{folder}/state/data {pwd.getpwnam('nobody').pw_uid} True\n"
    finally:
        shutil.rmtree(folder)


def as_nobody(script: str, *arguments: Path) -> str:
    """Run Python as the user `nobody`, with Debian's interpreter: ours may lie under /root."""
    python = f"/usr/bin/python3.{sys.version_info.minor}"
    packages = Path(psycopg.__file__).parents[1]
    if not Path(python).exists() or any(not is_open(path) for path in (packages, ROOT)):
        pytest.skip("other users cannot reach this clone or a Python like ours")
    return subprocess.run(
        [python, "-c", script, *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": f"{packages}:{ROOT}"},
        user="nobody",
        group="nogroup",
        extra_groups=[],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def is_open(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))
