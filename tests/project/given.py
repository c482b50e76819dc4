"""Programs started for a test, and waiting for what they do."""

import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def eventually(happened: Callable[[], bool], *, seconds_max: float = 20) -> None:
    """Return when `happened()`; fail the test when it has not after `seconds_max`."""
    waits_until = time.monotonic() + seconds_max
    while not happened():
        assert time.monotonic() < waits_until, "it did not happen"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
