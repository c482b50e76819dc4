"""A refund dies at each of its points, before a commit, after it, and after an effect outside.

r0 the key is claimed, r1 the wish to end is stored, r2 the carrier is called, r3 its result, r4 the
decision with reservation, transfers and job, r5 the job is taken, r6 the provider is called, r7 its
answer, r8 its notice, r9 the mail, r10 the receipt. Afterwards everything inside is as if nothing
had happened, and the stand-ins' own logs show each effect once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.db.backends.signals import connection_created

from fairroam.apps.orders.models import OrderLine
from fairroam.apps.refunds.models import RefundRequest
from fairroam.project.database import Cluster
from fairroam.worker.schedule import give_back_lost_jobs
from tests.conftest import ROOT
from tests.crashes import dying
from tests.crashes.journeys import End, Journey, fingerprint, outside_effects
from tests.crashes.refund_points import BY_THE_CUSTOMER, EVENTS
from tests.crashes.test_killed_workers import DIES_WITHIN_SECONDS, die_at
from tests.stack import Stack

SLOW_SECONDS = 2.0  # longer than the program waits for an answer in these tests


@pytest.fixture
def journey(stack: Stack) -> Journey:
    """An eSIM that is bought, paid and ready: what is left to do is to ask for the money back."""
    made = Journey(stack, is_installed=False)
    for act in ("order", "pay"):
        made.begin(act)
        stack.settle(lambda act=act: made.has_ended(act))
    return made


@pytest.fixture
def expected(undisturbed: Callable[[bool], End]) -> End:
    """How it ends when nothing goes wrong. It is asked for before `journey`."""
    return undisturbed(False)


def finish(journey: Journey) -> End:
    journey.stack.settle(lambda: journey.has_ended("ask"))
    return End(fingerprint(), outside_effects(journey.stack))


def environment_of(stack: Stack, cluster: Cluster) -> dict[str, str]:
    """Of a process that works on the same tables with the same outside."""
    return os.environ | {
        **{name: str(value) for name, value in stack.settings.items()},
        "DATABASE_URL": cluster.url(),
        "FAIRROAM_SMTP_PORT": str(stack.smtp_port),
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
def doomed(stack: Stack, cluster: Cluster, tmp_path: Path) -> Callable[..., None]:
    """Run `tests.crashes.dying` with these words until it is dead."""

    def run(*words: object) -> None:
        command = [sys.executable, "-m", dying.__name__, *map(str, words)]
        try:
            died = subprocess.run(
                command,
                env=environment_of(stack, cluster),
                capture_output=True,
                timeout=DIES_WITHIN_SECONDS,
            )
        except subprocess.TimeoutExpired as alive:
            pytest.fail(f"{words} was not reached: {(alive.stderr or b'').decode()[-3000:]}")
        assert died.returncode == -signal.SIGKILL, died.stderr.decode()[-3000:]
        async_to_sync(give_back_lost_jobs)(silent_seconds=0)

    return run


def test_a_death_at_a_point_of_a_refund_leaves_no_trace(
    refund_death, expected, journey, stack, cluster, doomed, tmp_path
):
    _point, when, name = refund_death.split(" ")
    stack.behave(refund_seconds=1)  # The notice comes after the answer, which may die as well.
    if name in BY_THE_CUSTOMER:
        line, key = OrderLine.objects.get(), uuid4()
        doomed(name, when.removesuffix("-commit"), "ask", line.pk, key)
        assert RefundRequest.objects.count() == (when == "after-commit")
        for _ in range(2):  # The customer sends the form again, with the same key.
            dying.ask(line.pk, key)
    else:
        journey.begin("ask")
        if name in EVENTS.values():
            doomed(name, when.removesuffix("-commit"), "worker")
        else:
            die_at(name, stack, cluster, tmp_path)

    state, effects = finish(journey)

    assert effects == expected.effects
    assert state == expected.state
    assert RefundRequest.objects.count() == 1
    assert effects["payments"].count("refund_accepted 1900") == 1


def test_a_fault_outside_at_a_point_of_a_refund_leaves_no_trace(
    refund_fault, expected, journey, stack, settings
):
    _point, _number, name, call, kind = refund_fault.split(" ")
    settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS = 1
    stack[name].arm(call, kind, times=2, seconds=SLOW_SECONDS)

    journey.begin("ask")
    state, effects = finish(journey)

    left = stack[name].ask("GET", "/_faults")["faults"]
    assert sum(one["times"] for one in left) < 2, "it was not met"
    assert effects == expected.effects
    assert state == expected.state


@pytest.fixture
def a_commit_that_fails_once() -> Iterator[list[str]]:
    """Let the web server lose its transaction as it books an arrival; the provider hears 500."""
    lost: list[str] = []

    def fail(execute: Callable[..., Any], sql: Any, values: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, values, many, context)
        is_arrival = 'INSERT INTO "journal_event"' in str(sql) and "payout.succeeded" in values
        if is_arrival and not lost:
            lost.append("payout.succeeded")
            raise RuntimeError("the server dies here")
        return answer

    def listen(connection: Any, **_: object) -> None:
        connection.execute_wrappers.append(fail)

    connection_created.connect(listen)
    yield lost
    connection_created.disconnect(listen)


def test_notices_of_the_provider_come_as_they_like(
    refund_notices, expected, journey, stack, request
):
    lost = []
    if refund_notices == "r8 before-commit":
        lost = request.getfixturevalue("a_commit_that_fails_once")
    copies = 3 if refund_notices == "r8 F16 three times" else 1
    is_held = refund_notices in ("r8 F16 backwards", "r8 F16 late")
    before = held(stack)
    stack.behave(hook_copies=copies, hooks_held=is_held)
    journey.begin("ask")
    if is_held:
        deliver_by_hand(stack, before, is_backwards="backwards" in refund_notices)

    state, effects = finish(journey)

    assert lost == (["payout.succeeded"] if refund_notices == "r8 before-commit" else [])
    assert effects == expected.effects
    assert state == expected.state


def held(stack: Stack) -> list[str]:
    """The provider's events that wait to be delivered by hand, oldest first."""
    events = stack["payments"].ask("GET", "/_events")["events"]
    return [event["id"] for event in events if event["is_held"]]


def deliver_by_hand(stack: Stack, before: list[str], *, is_backwards: bool) -> None:
    """Once the money has arrived, the provider says so; twice over, and maybe backwards.

    before: what an earlier test left held, which is not told.
    """
    stack.settle(lambda: stack.effects("payments", "refund_succeeded"))
    told = [event for event in held(stack) if event not in before]
    if is_backwards:
        told.reverse()
    assert len(told) > 1
    answers = stack["payments"].ask("POST", "/_deliveries", json={"events": told * 2})
    assert set(answers["statuses"]) == {200}
