"""Programs start in order, come back when they die, and never stay behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.given import ROOT, eventually, lives

STOPS_WITHIN_SECONDS = 60  # on a loaded machine
SUPERVISE = """
import json, sys
from pathlib import Path
from fairroam.project.supervisor import Service, Step, Supervisor

folder = Path(sys.argv[1])
KINDS = {"service": Service, "step": Step}
parts = []
for kind, name, script, *waits_for in json.loads(sys.argv[2]):
    more = {}
    if waits_for:
        path, seconds = waits_for
        more = {"ready": (folder / path).exists, "ready_seconds_max": seconds}
    parts.append(KINDS[kind](name=name, command=["sh", "-c", script], **more))
supervisor = Supervisor(
    parts,
    folder=folder,
    say=lambda sentence: print(sentence, flush=True),
    when_ready=lambda: print("all ready", flush=True),
    grace_seconds=float(sys.argv[3]),
)
sys.exit(supervisor.run())
"""
# Writes its name down at its start and at its end; `wait` lets the trap run at once.
NOTED = """
trap 'echo stop {name} >> order; kill $child; exit 0' TERM
sleep 60 & child=$!
echo $$ >> {name}.pids; echo start {name} >> order
wait
"""


class Supervised:
    """A supervisor process in a folder of its own."""

    def __init__(
        self, folder: Path, *parts: tuple[object, ...], grace_seconds: float = STOPS_WITHIN_SECONDS
    ) -> None:
        self.folder = folder
        self._said = folder / "said"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISE, folder, json.dumps(parts), str(grace_seconds)],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=said,
                stderr=said,
            )

    def said(self) -> str:
        return self._said.read_text()

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def pids(self, name: str) -> list[int]:
        return [int(line) for line in self.lines(f"{name}.pids")]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOPS_WITHIN_SECONDS)


@pytest.fixture
def supervise(tmp_path):
    made = []

    def start(*parts, **more):
        made.append(Supervised(tmp_path, *parts, **more))
        return made[-1]

    yield start
    for supervised in made:
        supervised.process.kill()
        supervised.process.wait()


def noted(name: str, script: str = NOTED) -> tuple[str, str, str]:
    return ("service", name, script.replace("{name}", name))


def test_all_start_in_order_and_stop_in_reverse(supervise):
    step = ("step", "tables", "echo step >> order")
    first = (*noted("first"), "first.pids", STOPS_WITHIN_SECONDS)
    supervised = supervise(first, step, noted("second"), noted("third"))
    eventually(lambda: "all ready" in supervised.said() and len(supervised.lines("order")) == 4)

    assert supervised.stop() == 0

    order = supervised.lines("order")
    assert order[:2] == ["start first", "step"]
    assert sorted(order[2:4]) == ["start second", "start third"]
    assert order[4:] == ["stop third", "stop second", "stop first"]


@pytest.mark.parametrize(
    ("ending", "words"),
    [("exit 0", "exit status 0"), ("exit 7", "exit status 7"), ("kill -9 $$", "SIGKILL")],
)
def test_who_dies_starts_again_even_when_it_says_all_is_well(supervise, ending, words):
    dies = f"touch died; echo so long; {ending}"
    once = f"echo $$ >> weak.pids; test -e died || {{ {dies}; }}; exec sleep 60"
    supervised = supervise(noted("weak", once))

    eventually(lambda: len(supervised.pids("weak")) == 2)

    assert f"weak ended ({words}); it starts again in 0.5 s. so long (" in supervised.said()
    first, second = supervised.pids("weak")
    assert not lives(first)
    assert lives(second)
    assert supervised.stop() == 0
    assert not lives(second)


def test_who_dies_again_and_again_waits_longer_each_time(supervise):
    supervised = supervise(noted("sick", "echo $$ >> sick.pids; sleep 0.1"))
    eventually(lambda: supervised.said().count("sick ended") == 2)
    waits = [line.split(" in ")[1].split(" s.")[0] for line in supervised.said().splitlines()[-2:]]
    assert waits == ["0.5", "1"]
    assert supervised.stop() == 0


def test_children_die_with_a_killed_supervisor(supervise):
    supervised = supervise(noted("one"), noted("two"))
    eventually(lambda: supervised.pids("one") and supervised.pids("two"))
    pids = supervised.pids("one") + supervised.pids("two")

    supervised.process.kill()

    eventually(lambda: not any(lives(pid) for pid in pids))


def test_who_does_not_heed_is_killed_with_all_its_children(supervise):
    deaf = "trap '' TERM; echo $$ >> deaf.pids; sh -c 'echo $$ >> deaf.pids; sleep 60'; sleep 60"
    supervised = supervise(noted("deaf", deaf), grace_seconds=0.5)
    eventually(lambda: len(supervised.pids("deaf")) == 2)

    assert supervised.stop() == 0

    assert not any(lives(pid) for pid in supervised.pids("deaf"))


def test_what_a_dead_program_left_behind_does_not_hinder_its_successor(supervise):
    leaves = "echo $$ >> old.pids; sh -c 'echo $$ >> child.pids; sleep 60' & sleep 0.3"
    supervised = supervise(noted("leaver", leaves))
    eventually(lambda: len(supervised.pids("child")) == 2)
    assert not lives(supervised.pids("child")[0])
    assert supervised.stop() == 0


def test_a_failing_step_ends_all_and_shows_its_last_words(supervise):
    step = ("step", "tables", "echo no such column; exit 3")
    supervised = supervise(
        (*noted("base"), "base.pids", STOPS_WITHIN_SECONDS), step, noted("never")
    )

    assert supervised.process.wait(STOPS_WITHIN_SECONDS) == 1

    assert "tables failed (exit status 3):\nno such column" in supervised.said()
    assert supervised.lines("order") == ["start base", "stop base"]


def test_who_is_not_ready_in_time_ends_all(supervise):
    slow = ("service", "slow", "echo still thinking; exec sleep 60", "never-made", 2)
    supervised = supervise(slow)
    assert supervised.process.wait(STOPS_WITHIN_SECONDS) == 1
    assert "slow is not ready after 2 s:\nstill thinking" in supervised.said()


def test_who_dies_before_it_is_ready_ends_all(supervise):
    supervised = supervise(
        ("service", "broken", "echo no settings; exit 2", "never-made", STOPS_WITHIN_SECONDS)
    )
    assert supervised.process.wait(STOPS_WITHIN_SECONDS) == 1
    assert "broken ended at once (exit status 2):\nno settings" in supervised.said()


def test_the_words_of_the_last_time_are_kept(supervise):
    for word in ("before", "now"):
        supervised = supervise(noted("talker", f"echo {word}; exec sleep 60"))
        log = supervised.folder / "logs" / "talker.log"
        eventually(lambda log=log, word=word: log.exists() and log.read_text() == f"{word}\n")
        assert supervised.stop() == 0
    assert log.with_suffix(".log.old").read_text() == "before\n"
