"""The carrier's and the network's stand-ins as processes, and the settings that lead to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.processes import HOOK_SECRET, KEY, SandboxProcess


@contextmanager
def running(folder: Path) -> Iterator[tuple[SandboxProcess, SandboxProcess]]:
    """The profile server with its phones, and the network they find."""
    network = SandboxProcess.start(
        "lines", folder / "lines", variables={"SANDBOX_USAGE_HOOK_SECRET": HOOK_SECRET}
    )
    carrier = SandboxProcess.start(
        "profiles", folder / "profiles", variables={"SANDBOX_LINES_URL": network.url}
    )
    try:
        yield carrier, network
    finally:
        carrier.stop()
        network.stop()


def lead_to(settings: Any, carrier: SandboxProcess, network: SandboxProcess) -> None:
    """Let the program call these two, which answer soon: whatever fails is told by them."""
    settings.FAIRROAM_PROFILES_URL = carrier.url
    settings.FAIRROAM_LINES_URL = network.url
    settings.FAIRROAM_LINES_KEY = KEY
    settings.FAIRROAM_USAGE_HOOK_SECRET = HOOK_SECRET
    settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS = 30
