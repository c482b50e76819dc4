"""Stand-ins as processes of their own, one of each kind for the whole run of tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.processes import SandboxProcess


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
