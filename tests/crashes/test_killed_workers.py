"""A worker dies as by `kill -9` at any point: afterwards everything is as if it had not.

The worker is a process of its own. What it left is given back to the queue, as the reaper does,
and done by the next worker: no act of the outside happens twice, none is missing.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync

from fairroam.project.database import Cluster
from fairroam.worker.schedule import give_back_lost_jobs
from tests.conftest import ROOT
from tests.crashes.journeys import Journey, travel
from tests.stack import Stack

DIES_WITHIN_SECONDS = 120
ACT_OF = {"payment": "order", "profile": "pay", "notice": "pay", "line": "ask", "payout": "ask"}


@contextmanager
def a_worker(
    stack: Stack,
    cluster: Cluster,
    folder: Path,
    point: str = "",
    more: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as a process of its own, which dies at `point`; more: of its environment."""
    settings = {name: str(value) for name, value in stack.settings.items()}
    environment = {
        **os.environ,
        **settings,
        "DATABASE_URL": cluster.url(),
        "FAIRROAM_SMTP_PORT": str(stack.smtp_port),
        "FAIRROAM_FAULT_POINTS": point,
        **(more or {}),
    }
    with (folder / "worker.txt").open("ab") as words:
        process = subprocess.Popen(
            [ROOT / ".venv/bin/fairroam", "worker"], env=environment, stdout=words, stderr=words
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def die_at(
    point: str,
    stack: Stack,
    cluster: Cluster,
    folder: Path,
    more: Mapping[str, str] | None = None,
) -> None:
    """Let a worker work until it dies at that point, and give back what it left."""
    with a_worker(stack, cluster, folder, point, more) as process:
        try:
            code = process.wait(DIES_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{point} was not reached: {(folder / 'worker.txt').read_text()[-3000:]}")
    assert code == -signal.SIGKILL, (folder / "worker.txt").read_text()[-3000:]
    assert "doing" in stack.queued()
    async_to_sync(give_back_lost_jobs)(silent_seconds=0)
    assert "doing" not in stack.queued()


def test_a_killed_worker_leaves_no_trace(point, stack, cluster, tmp_path, undisturbed):
    is_installed = point == "line.ended"
    expected = undisturbed(is_installed)

    def die(act: str) -> None:
        if act == ACT_OF[point.split(".")[0]]:
            die_at(point, stack, cluster, tmp_path)

    state, effects = travel(stack, is_installed=is_installed, before=die)

    assert effects == expected.effects
    assert state == expected.state
    assert effects["payments"].count("refund_accepted 1900") == 1


def test_the_next_worker_finds_what_the_last_one_left(stack, cluster, tmp_path, night):
    """With the real reaper, which waits for three missed signs of life."""
    if not night:
        pytest.skip("takes a minute: --night")
    journey = Journey(stack, is_installed=False)
    for act in ("order", "pay"):
        journey.begin(act)
        stack.settle(lambda act=act: journey.has_ended(act))
    journey.begin("ask")
    with a_worker(stack, cluster, tmp_path, "payout.sent") as doomed:
        assert doomed.wait(DIES_WITHIN_SECONDS) == -signal.SIGKILL

    with a_worker(stack, cluster, tmp_path):
        stack.wait(lambda: journey.has_ended("ask"), seconds=120)

    assert len(stack.effects("payments", "refund_accepted")) == 1
