"""One payment and one mail stand-in for the tests of the stand-ins themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.listener import Listener
from sandbox.processes import SandboxProcess


@pytest.fixture(scope="session")
def payments_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A payment stand-in that tells its events to nobody."""
    with SandboxProcess.start("payments", tmp_path_factory.mktemp("payments")) as process:
        yield process


@pytest.fixture
def payments(payments_process: SandboxProcess) -> SandboxProcess:
    """The same without faults, and with refunds that wait."""
    payments_process.disarm()
    payments_process.ask("POST", "/_settings", json={"refund_seconds": None})
    return payments_process


@pytest.fixture
def listener() -> Iterator[Listener]:
    """An ear of its own for each test."""
    with Listener() as open_ear:
        yield open_ear
