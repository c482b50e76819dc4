"""`fairroam run` brings everything up, keeps it up, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from fairroam.project.database import Cluster
from fairroam.project.ports import kept_port
from fairroam.project.serve import DEMO_PORTS, kept_ports
from tests.project.given import ROOT, eventually, lives

FAIRROAM = Path(sys.executable).with_name("fairroam")
STOPS_WITHIN_SECONDS = 60


@pytest.fixture
def folder(tmp_path):
    yield tmp_path
    Cluster(tmp_path / "database").remove()


@contextmanager
def running(folder: Path, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The service; what of it still runs at the end is stopped."""
    unset = {name: "" for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "FAIRROAM_SECRET_KEY")}
    ours = {"FAIRROAM_FOLDER": str(folder), "FAIRROAM_ENVIRONMENT": "production"}
    with log.open("wb") as output:
        service = subprocess.Popen(
            [FAIRROAM, "run", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | unset | ours,
            stdout=output,
            stderr=output,
        )
    try:
        yield service
    finally:
        service.terminate()
        service.wait(STOPS_WITHIN_SECONDS)


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split("\n")[0])


def pages_answer(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
    except httpx.TransportError:
        return False
    return True


def test_the_service_runs_survives_its_database_and_stops(folder):
    said, cluster = folder / "said", Cluster(folder / "database")
    with kept_port(8700) as port, running(folder, port, said) as service:
        # It gives up by itself when a part does not start in its time.
        eventually(
            lambda: "fairroam listens" in said.read_text() or service.poll() is not None,
            seconds_max=600,
        )
        assert service.poll() is None, said.read_text()
        assert pages_answer(port)

        with running(folder, port, folder / "said by the second") as second:
            assert second.wait(STOPS_WITHIN_SECONDS) == 1
        assert "It already runs" in (folder / "said by the second").read_text()

        killed = postmaster(cluster)
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: "The server is gone (-9)." in said.read_text(), seconds_max=60)
        eventually(cluster.is_ready, seconds_max=60)
        running_now = postmaster(cluster)
        assert running_now != killed

        service.send_signal(signal.SIGTERM)
        assert service.wait(STOPS_WITHIN_SECONDS) == 0, said.read_text()
    assert not lives(running_now)
    assert not pages_answer(port)


# Of this process alone, and below those that the system gives: other tests run at the same time.
PORTS = range(20_000 + os.getpid() % 1000 * 12, 32_000)


def test_ports_stay_the_same_unless_taken(tmp_path):
    before = dict(zip(DEMO_PORTS, PORTS, strict=False))
    (tmp_path / "ports.json").write_text(json.dumps(before))
    with kept_ports(tmp_path) as first:
        assert first == before
    with socket.create_server(("127.0.0.1", first["web"])), kept_ports(tmp_path) as second:
        assert json.loads((tmp_path / "ports.json").read_text()) == second

    assert second["web"] != first["web"]
    assert {**second, "web": 0} == {**first, "web": 0}


def test_the_first_time_every_server_has_a_port_of_its_own(tmp_path):
    with kept_ports(tmp_path) as ports:
        assert ports.keys() == DEMO_PORTS.keys()
        assert len(set(ports.values())) == len(ports)


def test_a_kept_port_is_for_our_servers_alone_until_it_is_let_go():
    with kept_port(PORTS[11]) as port:
        with kept_port(port) as another, socket.socket() as stranger:
            assert another != port
            with pytest.raises(OSError, match="in use"):
                stranger.bind(("127.0.0.1", port))
        for _again in range(2):
            with (
                socket.create_server(("127.0.0.1", port)) as server,
                socket.create_connection(("127.0.0.1", port)) as caller,
            ):
                served = server.accept()[0]
                served.close()  # first, so that this end of the line fades away on the port
                assert caller.recv(1) == b""

    with kept_port(port) as same:
        assert same == port == PORTS[11]
