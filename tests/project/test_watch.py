"""What a monitor is told, and who may ask."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from fairroam.clock import now
from fairroam.project import metrics
from fairroam.project.logs import WithoutValues
from fairroam.worker import books

WATCH = Path(__file__).parents[2] / "docs/watch.md"
LINE = re.compile(r'fairroam_([a-z_]+)(?:\{of="([a-z-]+)"\})? (-?\d+)')
A_JOB = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts)
    VALUES ('default', 'reap', %s, %s)
"""


@pytest.fixture
def monitor(db):
    """Somebody on this machine who does not know our official address."""
    return Client(headers={"host": "10.0.0.7:8000"})


def told(monitor):
    text = monitor.get("/metrics").content.decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = [LINE.fullmatch(line) for line in lines]
    assert all(found), text
    return {(one[1], one[2] or ""): int(one[3]) for one in found if one}


def test_live_and_ready_answer_under_any_name(monitor):
    assert monitor.get("/livez").json() == {"live": True}
    answer = monitor.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "faults": [], "warnings": ["worker-silent"]},
    )
    assert monitor.get("/").status_code == 400, "pages have one address"


def test_figures_are_for_this_machine_or_whoever_shows_the_token(monitor, settings):
    def status(**headers):
        return monitor.get("/metrics", headers=headers).status_code

    assert status() == 200
    assert status(x_forwarded_for="192.0.2.1") == 404
    assert monitor.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404

    settings.FAIRROAM_METRICS_TOKEN = "t0ken"
    assert status() == status(authorization="Bearer other") == 404
    assert status(authorization="Bearer t0ken", x_forwarded_for="192.0.2.1") == 200


def test_the_figures_follow_the_queue_the_worker_and_the_books(monitor):
    quiet = told(monitor)
    assert quiet["worker_silent_seconds", ""] == -1
    assert quiet["jobs", "waiting"] == quiet["job_oldest_seconds", ""] == 0

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
        cursor.execute(A_JOB, ["todo", 0])
        cursor.execute(A_JOB, ["failed", 9])
        cursor.execute("UPDATE procrastinate_events SET at = now() - interval '20 minutes'")
    assert books.main([]) == 0

    busy = told(monitor)
    assert busy["worker_silent_seconds", ""] >= 0
    assert busy["jobs", "waiting"] >= 1
    assert busy["jobs", "given-up"] == 1
    assert 1190 <= busy["job_oldest_seconds", ""] <= 1300
    assert busy["books_faults", ""] == 0
    assert 0 <= busy["books_checked_seconds", ""] <= 100
    assert monitor.get("/readyz").json()["warnings"] == ["job-late"]


def test_every_figure_is_described(db):
    documented = set(
        re.findall(r'`(?:fairroam_([a-z_]+))?(?:\{of="([a-z-]+)"\})?`', WATCH.read_text())
    )
    names = {name for name, _of in documented}
    ofs = {of for _name, of in documented}
    for one in metrics.figures(now()):
        assert one.name in names, one
        assert one.of in ofs | {""}, one


def test_a_log_tells_where_an_error_came_up_and_not_what_it_says():
    typed = "ada@example.com"
    try:
        try:
            int(typed)
        except ValueError as error:
            raise LookupError(f"Key (email)=({typed})") from error
    except LookupError:
        record = logging.LogRecord("web", logging.ERROR, "", 0, "broke", (), sys.exc_info())

    told = WithoutValues("%(levelname)s %(message)s").format(record)

    assert told.startswith("ERROR broke\n")
    assert told.index("builtins.ValueError") < told.index("builtins.LookupError")
    assert __file__ in told
    assert typed not in told
