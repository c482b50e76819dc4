"""Keep a few programs running: start them in order, again when they die, and stop them all."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from fairroam.project.child import dies_with_parent

GRACE_SECONDS = 25.0  # for the requests and jobs under way when a stop is asked for
GRACE_UNREADY_SECONDS = 2.0
BACKOFF_SECONDS_MIN, BACKOFF_SECONDS_MAX = 0.5, 10.0
HEALTHY_AFTER_SECONDS = 30.0  # who lived this long is started again without a long wait
LOOK_EVERY_SECONDS = 0.1
TAIL_LINES = 20
LAST_WORDS_LENGTH_MAX = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A program that runs until it is told to stop by SIGTERM.

    environment: in addition to ours.
    doing: said when it starts; empty says nothing.
    ready: answers whether it can be used; None when nobody needs to wait for it.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    doing: str = ""
    ready: Callable[[], bool] | None = None
    ready_seconds_max: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A program that runs once to its end, which must be a good one."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    doing: str = ""


class StartFailed(Exception):
    """A program cannot start, or did not as it should; then the sentence shows its log's end."""


class _Asked(Exception):
    """We were asked to stop while something was starting."""


class Supervisor:
    """Runs `parts` in their order: a step waits until all services before it are ready.

    grace_seconds: what is not stopped by a SIGTERM within this time is killed.
    when_ready: called once, when all of them are.
    The output of each goes to FOLDER/logs/NAME.log, that of the last time to NAME.log.old.
    Each is a process group of its own, so that Ctrl-C reaches the supervisor only.
    """

    def __init__(
        self,
        parts: Iterable[Service | Step],
        *,
        folder: Path,
        say: Callable[[str], None],
        when_ready: Callable[[], None] = lambda: None,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._parts = tuple(parts)
        self._logs = folder / "logs"
        self._say = say
        self._when_ready = when_ready
        self._grace_seconds = grace_seconds
        self._keepers: list[_Keeper] = []
        self._asked = threading.Event()

    def run(self) -> int:
        """Return 0 after SIGINT, SIGTERM or SIGHUP, 1 when a part did not start."""
        former = {
            number: signal.signal(number, lambda *_: self._asked.set())
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            self._start_all()
            self._when_ready()
            while True:
                self._tend()
        except _Asked:
            return 0
        except StartFailed as failure:
            self._say(str(failure))
            return 1
        finally:
            self._stop_all()
            for number, handler in former.items():
                signal.signal(number, handler)

    def _start_all(self) -> None:
        for part in self._parts:
            if isinstance(part, Step):
                self._wait_until_ready()
            if part.doing:
                self._say(part.doing)
            if isinstance(part, Step):
                self._run_step(part)
            else:
                self._keepers.append(_Keeper(part, self._logs, self._say))
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        for keeper in self._keepers:
            while not keeper.is_ready():
                self._tend()

    def _run_step(self, step: Step) -> None:
        log = _fresh_log(self._logs, step.name)
        process = _spawn(step, log)
        try:
            while not _has_ended(process):
                self._tend()
        finally:
            status = _end(process, self._grace_seconds)
        if status != 0:
            raise StartFailed(f"{step.name} failed ({_in_words(status)}):\n{_tail(log)}")

    def _tend(self) -> None:
        """Let a moment pass and look after what runs."""
        if self._asked.wait(LOOK_EVERY_SECONDS):
            raise _Asked
        for keeper in self._keepers:
            keeper.tend()

    def _stop_all(self) -> None:
        for keeper in reversed(self._keepers):
            keeper.stop(self._grace_seconds)
        self._keepers.clear()


class _Keeper:
    """Keeps one service running."""

    def __init__(self, service: Service, logs: Path, say: Callable[[str], None]) -> None:
        self._service = service
        self._log = _fresh_log(logs, service.name)
        self._say = say
        self._backoff_seconds = BACKOFF_SECONDS_MIN
        self._starts_again_at = 0.0
        self._was_ready = False
        self._start()

    def _start(self) -> None:
        self._process: subprocess.Popen[bytes] | None = _spawn(self._service, self._log)
        self._started_at = time.monotonic()

    def is_ready(self) -> bool:
        """Whether it was ready once. Raises StartFailed when there is no more hope of it."""
        if self._was_ready:
            return True
        if self._service.ready is None or self._service.ready():
            self._was_ready = True
        elif time.monotonic() > self._started_at + self._service.ready_seconds_max:
            raise self._failed(f"is not ready after {self._service.ready_seconds_max:g} s")
        return self._was_ready

    def tend(self) -> None:
        """Start it again some time after it died. Raises StartFailed if it never was ready."""
        if self._process is None:
            if time.monotonic() >= self._starts_again_at:
                self._start()
            return
        if not _has_ended(self._process):
            return
        status = _end(self._process, 0)
        self._process = None
        if not self._was_ready:
            raise self._failed(f"ended at once ({_in_words(status)})")
        self._plan_another_start(status)

    def _plan_another_start(self, status: int) -> None:
        now = time.monotonic()
        if now > self._started_at + HEALTHY_AFTER_SECONDS:
            self._backoff_seconds = BACKOFF_SECONDS_MIN
        last_words = _tail(self._log, lines=1)[:LAST_WORDS_LENGTH_MAX]
        self._say(
            f"{self._service.name} ended ({_in_words(status)}); it starts again in"
            f" {self._backoff_seconds:g} s. {last_words} ({self._log})"
        )
        self._starts_again_at = now + self._backoff_seconds
        self._backoff_seconds = min(2 * self._backoff_seconds, BACKOFF_SECONDS_MAX)

    def stop(self, grace_seconds: float) -> None:
        if self._process is not None:
            # Who was never ready has nothing to finish; a web server may then miss the signal.
            _end(self._process, grace_seconds if self._was_ready else GRACE_UNREADY_SECONDS)
            self._process = None

    def _failed(self, what: str) -> StartFailed:
        return StartFailed(f"{self._service.name} {what}:\n{_tail(self._log)}")


def _fresh_log(logs: Path, name: str) -> Path:
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name}.log"
    if log.exists():
        log.rename(log.with_suffix(".log.old"))
    log.touch(mode=0o600)
    return log


def _spawn(part: Service | Step, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the commands are our own
            part.command,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **part.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
            preexec_fn=dies_with_parent(signal.SIGTERM),
        )


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it is dead and not yet buried: until then its id and its group are its own."""
    ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return ended is not None


def _end(process: subprocess.Popen[bytes], grace_seconds: float) -> int:
    """End it and whatever it left behind in its group; return its exit status."""
    patience_ends = time.monotonic() + grace_seconds
    if not _has_ended(process):
        process.terminate()
    while not _has_ended(process) and time.monotonic() < patience_ends:
        time.sleep(LOOK_EVERY_SECONDS / 4)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def _in_words(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"


def _tail(log: Path, *, lines: int = TAIL_LINES) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def refuse_taken(host: str, port: int, option: str) -> None:
    """Return if we can listen there, else raise StartFailed: the other program would answer."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise StartFailed(
            f"fairroam cannot listen on {host}, port {port}: {error.strerror}."
            f" Stop what does, or choose with {option}."
        ) from error


def answers(url: str) -> bool:
    """Whether a web server at `url` answers, with whatever status below 500."""
    address = urlsplit(url)
    # Straight there: a proxy of the environment has no say in it.
    connection = HTTPConnection(address.netloc, timeout=2)
    try:
        connection.request("GET", address.path or "/")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
