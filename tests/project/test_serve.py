"""`fairroam run` brings everything up, keeps it up, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from fairroam.project.database import Cluster
from fairroam.project.serve import DEMO_PORTS, kept_ports
from fairroam.project.supervisor import free_port
from tests.project.given import ROOT, eventually, lives

FAIRROAM = Path(sys.executable).with_name("fairroam")


@pytest.fixture
def folder(tmp_path):
    yield tmp_path
    Cluster(tmp_path / "database").remove()


def run(folder: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    unset = {name: "" for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "FAIRROAM_SECRET_KEY")}
    ours = {"FAIRROAM_FOLDER": str(folder), "FAIRROAM_ENVIRONMENT": "production"}
    with log.open("wb") as output:
        return subprocess.Popen(
            [FAIRROAM, "run", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | unset | ours,
            stdout=output,
            stderr=output,
        )


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split("\n")[0])


def pages_answer(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
    except httpx.TransportError:
        return False
    return True


def test_the_service_runs_survives_its_database_and_stops(folder):
    port, said = free_port(8700), folder / "said"
    service = run(folder, port, said)
    eventually(lambda: "fairroam listens" in said.read_text() or service.poll(), seconds_max=60)
    assert service.poll() is None, said.read_text()
    cluster = Cluster(folder / "database")
    assert pages_answer(port)

    second = run(folder, port, folder / "said by the second")
    assert second.wait(20) == 1
    assert "It already runs" in (folder / "said by the second").read_text()

    killed = postmaster(cluster)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not cluster.is_ready())
    eventually(cluster.is_ready)
    assert postmaster(cluster) != killed
    assert "The server is gone (-9)." in said.read_text()

    running = postmaster(cluster)
    service.send_signal(signal.SIGTERM)
    assert service.wait(60) == 0, said.read_text()
    assert not lives(running)
    assert not pages_answer(port)


def test_ports_stay_the_same_unless_taken(tmp_path):
    first = kept_ports(tmp_path)
    assert first.keys() == DEMO_PORTS.keys()
    assert kept_ports(tmp_path) == first
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", first["web"]))
        listener.listen()
        second = kept_ports(tmp_path)
    assert second["web"] != first["web"]
    assert {**second, "web": 0} == {**first, "web": 0}
    assert json.loads((tmp_path / "ports.json").read_text()) == second
