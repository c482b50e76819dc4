"""Stand-ins as processes of their own, one of each kind for the whole run of tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.listener import Listener
from sandbox.processes import PROJECT, SandboxProcess
from tests.gateways.payment_provider import TONGUES, Provider


@pytest.fixture(scope="session")
def sandbox_process(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., SandboxProcess]]:
    """Return `start(name, **options)`: the stand-in of that name, started at its first use.

    The options are those of `SandboxProcess.start`; they count at the first use only.
    """
    started: dict[str, SandboxProcess] = {}

    def start(name: str, **options: Any) -> SandboxProcess:
        if name not in started:
            folder = tmp_path_factory.mktemp(name)
            started[name] = SandboxProcess.start(name, folder, **options)
        return started[name]

    yield start
    for process in started.values():
        process.stop()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make certificates` makes, in a folder of its own."""
    folder = tmp_path_factory.mktemp("tls") / "certificates"
    subprocess.run([sys.executable, PROJECT / "scripts/certificates.py", folder], check=True)
    return folder


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    """An ear in this process to which stand-ins can send their events."""
    with Listener() as open_ear:
        yield open_ear


@pytest.fixture(scope="session", params=sorted(TONGUES))
def payment_provider(
    request: pytest.FixtureRequest,
    sandbox_process: Callable[..., SandboxProcess],
    listener: Listener,
) -> Provider:
    """Every payment provider in turn: one stand-in with one effect log speaks as each of them."""
    others = [name for name in TONGUES if name != "sandbox"]
    hooks = [part for name in others for part in (f"--{name}-hook", f"{listener.url}{name}")]
    process = sandbox_process("payments", hook=f"{listener.url}sandbox", arguments=hooks)
    return Provider.of(process, listener, TONGUES[request.param])


@pytest.fixture
def payments(payment_provider: Provider) -> Provider:
    """The provider without faults, whose refunds wait until a test moves them."""
    payment_provider.process.disarm()
    payment_provider.behave()
    return payment_provider
