"""Start a stand-in as a process of its own, talk to its controls, stop it by its id."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

PROJECT = Path(__file__).resolve().parent.parent
KEY = "key-for-tests"
HOOK_SECRET = "secret-for-tests"  # noqa: S105 - it guards test money only
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0


def free_port() -> int:
    """Return a port of 127.0.0.1 for a server of ours; nobody else is given it while we live.

    It stays bound here without listening, which does not hinder servers: they all allow that the
    address is used again. To let go of it at once would be to hope that nobody is faster.
    """
    keeper = socket.socket()
    keeper.bind(("127.0.0.1", 0))
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    atexit.register(keeper.close)
    return int(keeper.getsockname()[1])


@dataclass
class SandboxProcess:
    """One running stand-in; `url` has no slash at its end."""

    name: str
    url: str
    folder: Path
    process: subprocess.Popen[bytes]
    client: httpx.Client

    @classmethod
    def start(
        cls,
        name: str,
        folder: Path,
        *,
        port: int | None = None,
        hook: str = "",
        arguments: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
    ) -> SandboxProcess:
        """Run `python -m sandbox.NAME` and wait until it answers; its words go to `output.txt`.

        The key and the hook secret are `KEY` and `HOOK_SECRET` unless `variables` say otherwise.
        Raises RuntimeError with those words when it does not start.
        """
        port = port or free_port()
        folder.mkdir(parents=True, exist_ok=True)
        upper = f"SANDBOX_{name.upper()}"
        secrets = {f"{upper}_KEY": KEY, f"{upper}_HOOK_SECRET": HOOK_SECRET}
        command = [sys.executable, "-m", f"sandbox.{name}", "--port", str(port)]
        command += ["--folder", str(folder), "--hook", hook, *arguments]
        with (folder / "output.txt").open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own module and arguments
                command,
                cwd=PROJECT,
                env={**os.environ, **secrets, **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        url = f"http://127.0.0.1:{port}"
        client = httpx.Client(base_url=url, trust_env=False, timeout=60)
        started = cls(name, url, folder, process, client)
        try:
            started._wait_until_it_answers()
        except BaseException:
            started.stop()
            raise
        return started

    def __enter__(self) -> SandboxProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """Ask it to end (SIGTERM), insist if it does not, and return its exit code."""
        self.client.close()
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call one of its addresses with the key and return whatever it answers."""
        headers = {"Authorization": f"Bearer {KEY}"} | options.pop("headers", {})
        return self.client.request(method, path, headers=headers, **options)

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Call one of its addresses with the key and return the JSON answer; any error raises."""
        return self.call(method, path, **options).raise_for_status().json()

    def effects(self, effect: str = "", **facts: object) -> list[dict[str, Any]]:
        """Return the effects so far, oldest first; only those called `effect` with these facts."""
        found: list[dict[str, Any]] = self.ask("GET", "/_effects")["effects"]
        return [
            one for one in found if effect in ("", one["effect"]) and facts.items() <= one.items()
        ]

    def arm(self, call: str, fault: str, *, times: int | None = 1, seconds: float = 30.0) -> None:
        """Let the next `times` calls of `call` suffer `fault`, None = all until it is disarmed."""
        asked = {"call": call, "fault": fault, "times": times, "seconds": seconds}
        self.ask("POST", "/_faults", json=asked)

    def disarm(self) -> None:
        """Forget all faults."""
        self.ask("DELETE", "/_faults")

    def _wait_until_it_answers(self) -> None:
        patience_ends = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < patience_ends and self.process.poll() is None:
            with suppress(httpx.HTTPError):  # Nobody listens yet, or somebody else on that port.
                self.effects()
                return
            time.sleep(0.05)
        words = (self.folder / "output.txt").read_text(errors="replace")
        raise RuntimeError(f"sandbox.{self.name} did not start: {words[-2000:]}")
