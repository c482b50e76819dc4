"""The worker: what a job queues falls with its transaction, lost jobs and connections return."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.db import OperationalError, connection, transaction
from procrastinate.contrib.django import app

from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.models import Event
from fairroam.worker.main import run, with_sound_connection
from fairroam.worker.schedule import STALLED_AFTER_SECONDS, give_back_lost_jobs
from tests.given import NOON


def jobs(status: str) -> list[str]:
    """The names of the jobs in that state, oldest first; what runs by the clock left aside."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT task_name FROM procrastinate_jobs j WHERE status = %s
               AND NOT EXISTS (SELECT 1 FROM procrastinate_periodic_defers d WHERE d.job_id = j.id)
               ORDER BY id""",
            [status],
        )
        return [name for (name,) in cursor.fetchall()]


@contextmanager
def a_job_that(name: str, *, fails: bool) -> Iterator[None]:
    """For a while there is a job that tells an event, and fails in the same transaction or not."""

    @app.task(name=name)
    def tell_something() -> None:
        with transaction.atomic():
            journal.tell("payment.started", actor="system", now=NOON)
            if fails:
                raise ZeroDivisionError("Key (email)=(ada@example.com) already exists.")

    app.configure_task(name).defer()
    try:
        yield
    finally:
        del app.tasks[name]


@pytest.mark.usefixtures("committed")
def test_what_a_job_tells_falls_with_its_transaction_and_the_log_names_the_job(caplog):
    with a_job_that("tell_and_fail", fails=True):
        run(wait=False)

    assert not Event.objects.filter(kind="payment.started").exists()
    assert jobs("failed") == ["tell_and_fail"]
    assert jobs("todo") == []
    told = [record.getMessage() for record in caplog.records if "failed" in record.getMessage()]
    assert len(told) == 1
    assert re.fullmatch(
        r"job tell_and_fail \(\d+\) failed, attempt 1: builtins\.ZeroDivisionError at \?", told[0]
    )
    assert "ada@example.com" not in caplog.text


@pytest.mark.usefixtures("committed")
def test_what_a_job_tells_is_reacted_to_once_its_transaction_stands():
    with a_job_that("tell_and_stand", fails=False):
        run(wait=False)

    assert Event.objects.filter(kind="payment.started").count() == 1
    assert jobs("failed") == jobs("todo") == []


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize(("silent_seconds", "state"), [(0, "doing"), (60, "todo")])
def test_only_the_jobs_of_dead_workers_are_given_back(silent_seconds, state):
    with transaction.atomic():
        journal.tell("payment.started", actor="system", now=NOON)
    given_out = jobs("todo")
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH worker AS (INSERT INTO procrastinate_workers (last_heartbeat)
                   VALUES (now() - make_interval(secs => %s)) RETURNING id)
               UPDATE procrastinate_jobs SET status = 'doing', worker_id = worker.id FROM worker""",
            [silent_seconds],
        )

    async_to_sync(give_back_lost_jobs)(silent_seconds=STALLED_AFTER_SECONDS)

    assert jobs(state) == given_out


@pytest.mark.usefixtures("committed")
def test_a_job_after_a_cut_connection_gets_a_new_one(cluster):
    connection.ensure_connection()
    with psycopg.connect(cluster.url(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])

    with pytest.raises(OperationalError):
        Event.objects.count()
    assert with_sound_connection(Event.objects.count) > 0
