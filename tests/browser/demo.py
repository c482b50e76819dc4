"""The demo as its users start it: one command, its printed address, its stand-ins, its end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

FAIRROAM = Path(__file__).parents[2] / ".venv" / "bin" / "fairroam"
OURS = ("FAIRROAM_", "DATABASE_", "DJANGO_")
READY_SECONDS_MAX = 420  # a cold machine whose cores are all busy; half a minute is usual
STOP_SECONDS_MAX = 60
SHOP = re.compile(r"^\s*Shop\s+(\S+?)/?$", re.MULTILINE)


Found = TypeVar("Found")


def eventually(look: Callable[[], Found], what: str, *, seconds: float = 90) -> Found:
    """What `look()` returns once it is true; fails with `what` when it never is."""
    patience_ends = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < patience_ends, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)
    return found


@dataclass(frozen=True)
class Demo:
    """A running demo. `shop` is its address; the stand-ins are asked by their names."""

    shop: str
    ports: dict[str, int]

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def ask(self, name: str, path: str, **query: str) -> Any:
        """What a stand-in answers."""
        answer = httpx.get(self.url(name) + path, params=query, timeout=20, trust_env=False)
        return answer.raise_for_status().json()

    def mails(self, address: str) -> list[dict[str, Any]]:
        """The mails to one address, oldest first."""
        return list(reversed(self.ask("mail", "/messages", to=address)["messages"]))

    def attachment(self, mail: dict[str, Any], ending: str) -> bytes:
        """The file with that ending in a mail."""
        [file] = [one for one in mail["attachments"] if one["name"].endswith(ending)]
        answer = httpx.get(self.url("mail") + file["url"], timeout=20, trust_env=False)
        return answer.raise_for_status().content

    def paid_back(self) -> list[int]:
        """What the provider itself recorded as arrived, in minor units, oldest first."""
        effects = self.ask("payments", "/_effects")["effects"]
        return [one["amount"] for one in effects if one["effect"] == "refund_succeeded"]


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """Start `fairroam demo`, wait for the address it prints, stop it by its process id."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    printed = folder / "printed.txt"
    with printed.open("w") as output:
        process = subprocess.Popen(
            [FAIRROAM, "demo", "--folder", folder / "state"],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    try:
        yield Demo(*awaited_address(process, printed, folder / "state" / "ports.json"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS_MAX)


def awaited_address(
    process: subprocess.Popen[bytes], printed: Path, ports: Path
) -> tuple[str, dict[str, int]]:
    """The shop's address and everybody's port, once the demo says that it is ready."""

    def said() -> re.Match[str] | None:
        assert process.poll() is None, f"the demo ended:\n{printed.read_text()}"
        return SHOP.search(printed.read_text())

    found = eventually(said, "the demo's address", seconds=READY_SECONDS_MAX)
    return found.group(1), json.loads(ports.read_text())
