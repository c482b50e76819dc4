"""Programs started for a test, and waiting for what they do."""

import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def eventually(happened: Callable[[], bool], *, seconds_max: float = 120) -> None:
    """Return when `happened()`; fail the test when it has not after `seconds_max`."""
    waits_until = time.monotonic() + seconds_max
    while not happened():
        assert time.monotonic() < waits_until, "it did not happen"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return _stat(pid)[0] != "Z"
    except FileNotFoundError:
        return False


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """Return the fields of proc(5) from the state on; the name before it may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
