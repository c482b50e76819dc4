"""A closing dies at each of its points, before a commit, after it, and after an effect outside.

c0 request and proof, c1 the gate is shut, c2 refunds are awaited, c3 profiles are off, c4 devices
are let go, c5 notices are dropped, c6 sessions are ended, c7 nothing is left and it closes, c8 all
is erased and searched, c9 the certificate, c10 the last mail, after which the address is dropped.
Afterwards everything inside is as if nothing had happened, and outside each effect is there once.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection, connections
from django.test import Client

from fairroam.apps.closures import tasks
from fairroam.apps.closures.models import STEPS, Closure
from fairroam.apps.closures.operations.mailing import CLAIM_LASTS
from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import queries as esims
from fairroam.apps.orders.models import Order
from fairroam.apps.papers.models import Paper
from fairroam.clock import now
from fairroam.project.database import Cluster
from fairroam.worker.schedule import give_back_lost_jobs
from tests.crashes import dying
from tests.crashes.closing_points import BY_THE_CUSTOMER, EVENTS
from tests.crashes.journeys import End, Journey, fingerprint, outside_effects, start_over
from tests.crashes.test_killed_workers import DIES_WITHIN_SECONDS, die_at
from tests.crashes.test_refund_points import doomed, environment_of  # noqa: F401 - a fixture
from tests.stack import Stack

FIRST_MAIL, LAST_MAIL = "Your account is being closed", "Your account is closed"
# A mail about the beginning is sent or dropped, whichever is first: it is in neither.
FINGERPRINT = {
    "notices": "SELECT kind, stage FROM notices_notice WHERE kind NOT LIKE 'closures.%'",
    "customers": """SELECT is_open, user_id IS NULL, leaving_at IS NULL, closed_at IS NULL
                    FROM customers_customer""",
    "people": "SELECT count(*) FROM customers_user",
    "sessions": "SELECT count(*) FROM django_session",
    "devices": "SELECT count(*) FROM esims_profile WHERE eid IS NOT NULL OR matching_id <> ''",
    "closings": """SELECT stage, sealed_address, salts, payout_contact, certificate_id IS NULL
                   FROM closures_closure""",
    "steps": "SELECT name, done_at IS NULL FROM closures_closurestep",
    "told": """SELECT kind, facts ->> 'step' FROM journal_event
               WHERE kind LIKE 'closure.%' OR kind LIKE 'line.%'""",
}
_ends: dict[bool, End] = {}


def a_customer_about_to_leave(stack: Stack, *, is_installed: bool) -> int:
    """An eSIM that is bought, paid and ready, maybe on a phone, and a browser that is signed in."""
    journey = Journey(stack, is_installed=is_installed)
    for act in ("order", "pay"):
        journey.begin(act)
        stack.settle(lambda act=act: journey.has_ended(act))
    customer = Customer.objects.get()
    if is_installed:
        code = esims.line_page(Order.objects.get().lines.get().pk, customer.pk).code
        assert code is not None
        stack.phone().install(code.lpa)
        stack.rest()
    assert customer.user is not None
    Client().force_login(customer.user)
    return customer.pk


def finish(stack: Stack) -> End:
    """Let the worker do what is left; then what is said of it, inside and outside."""

    def is_over() -> bool:
        closure = Closure.objects.get()
        return closure.stage == "certified" and closure.sealed_address is None

    stack.settle(stack.is_at_rest)
    if not is_over():  # Who took the last mail died: it is left to them for a while.
        tasks.resume_closings(now=now() + CLAIM_LASTS)
    stack.settle(lambda: is_over() and stack.is_at_rest())
    state = fingerprint()
    with connection.cursor() as cursor:
        for name, query in FINGERPRINT.items():
            cursor.execute(query)
            state[name] = sorted(map(str, cursor.fetchall()))
    effects = outside_effects(stack)
    effects["mails"] = [about for about in effects["mails"] if about != FIRST_MAIL]
    return End(state, effects)


def undisturbed_end(stack: Stack, cluster: Cluster, *, is_installed: bool) -> End:
    """How it ends when nothing goes wrong; done at the first asking."""
    if is_installed not in _ends:
        dying.leave(a_customer_about_to_leave(stack, is_installed=is_installed), uuid4())
        _ends[is_installed] = finish(stack)
        start_over(stack, cluster)
    return _ends[is_installed]


@pytest.fixture
def doomed_database(stack: Stack, cluster: Cluster) -> Callable[..., None]:
    """Run `tests.crashes.dying` with these words until the database is dead; start it again."""

    def run(*words: object) -> None:
        server = (cluster.data / "postmaster.pid").read_text().partition("\n")[0]
        command = [sys.executable, "-m", dying.__name__, *map(str, words)]
        environment = environment_of(stack, cluster) | {"KILLED_DATABASE": server}
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            stack.wait(lambda: not cluster.is_ready(), seconds=DIES_WITHIN_SECONDS)
        finally:
            process.kill()
            process.wait()
        connections.close_all()
        asyncio.run(sync_to_async(connections.close_all)())  # what the queue's own thread has
        cluster.start()
        async_to_sync(give_back_lost_jobs)(silent_seconds=0)

    return run


def test_a_death_at_a_point_of_a_closing_leaves_no_trace(
    closing_death,
    stack,
    cluster,
    doomed,  # noqa: F811 - the fixture
    doomed_database,
    tmp_path,
):
    victim, *_at, when, name = closing_death.split(" ")
    kill = doomed if victim == "process" else doomed_database
    is_installed = name == "line.ended"
    expected = undisturbed_end(stack, cluster, is_installed=is_installed)
    customer_id, key = a_customer_about_to_leave(stack, is_installed=is_installed), uuid4()
    if name in BY_THE_CUSTOMER:
        kill(name, when.removesuffix("-commit"), "leave", customer_id, key)
        assert Closure.objects.count() == (when == "after-commit")
        for _ in range(2):  # The customer sends the form again, with the same key.
            dying.leave(customer_id, key)
    else:
        dying.leave(customer_id, key)
        if name in EVENTS.values():
            kill(name, when.removesuffix("-commit"), "worker")
        else:
            die_at(name, stack, cluster, tmp_path)

    state, effects = finish(stack)

    assert effects == expected.effects
    assert state == expected.state
    assert Paper.objects.filter(kind="certificate").count() == 1
    assert effects["mails"].count(LAST_MAIL) == 1
    effect = ("lines", "end") if is_installed else ("profiles", "cancel")
    assert len(stack.effects(*effect)) == 1


def test_every_step_of_a_closing_is_a_point():
    named = {kind.partition("/")[2] for kind in EVENTS.values()}

    assert named - {""} == set(STEPS)
