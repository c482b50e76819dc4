"""The ground of all tests: one real PostgreSQL, tables made as in production, the app's role."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.stack import Stack

ROOT = Path(__file__).parent.parent
FOLDER = tempfile.mkdtemp(prefix="fairroam-tests-")  # keys and the like, of this run alone
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
os.environ.update(
    DJANGO_SETTINGS_MODULE="fairroam.project.settings",
    FAIRROAM_ENVIRONMENT="test",
    FAIRROAM_FOLDER=FOLDER,
    FAIRROAM_SECRET_KEY="tests only: long enough to be taken, and known to everybody",
)

import django  # noqa: E402 - the settings come first

from fairroam.project.database import OWNER_ROLE, Cluster  # noqa: E402

django.setup()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--night", action="store_true", help="all races, crash points and pages")


@pytest.fixture(scope="session")
def night(request: pytest.FixtureRequest) -> bool:
    """Whether everything is tried, and not only a seeded sample of it."""
    return bool(request.config.getoption("--night"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running server with all tables and rights, as `fairroam migrate` makes them."""
    made = Cluster(tmp_path_factory.mktemp("cluster"), durable=False)
    with made:
        environment = os.environ | {
            "DATABASE_URL": made.url(),
            "DATABASE_OWNER_URL": made.url(role=OWNER_ROLE),
        }
        subprocess.run(
            [ROOT / ".venv/bin/fairroam", "migrate"],
            env=environment,
            check=True,
            capture_output=True,
        )
        yield made
    made.remove()


@pytest.fixture(scope="session")
def django_db_setup(cluster: Cluster) -> None:
    """The program's own role on the real tables, instead of a test database of Django's."""
    from django.db import connections

    from fairroam.project.settings import database

    # Threads of tests end soon: a connection must not be kept for later.
    unkept = {"CONN_MAX_AGE": 0}
    connections["default"].settings_dict.update(database(cluster.url()) | unkept)


@pytest.fixture
def catalogue(db: None) -> None:
    """The packs, taxes, plans and brand that a fresh shop has."""
    from tests import given

    given.a_catalogue()


def empty_all_tables(cluster: Cluster) -> None:
    """Take every row out, as the owner: the app's role may not."""
    with psycopg.connect(cluster.url(role=OWNER_ROLE), autocommit=True) as connection:
        names = connection.execute(
            """SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables
               WHERE schemaname = 'public' AND tablename NOT IN
               ('django_migrations', 'django_content_type', 'auth_permission')"""
        ).fetchone()
        assert names is not None
        connection.execute(f"TRUNCATE {names[0]} RESTART IDENTITY CASCADE")


@contextmanager
def fresh_tables(cluster: Cluster, blocker: Any) -> Iterator[None]:
    """Real commits, seen by other threads and processes; the books are checked at the end."""
    from django.db import connections

    from fairroam.worker.books import find_faults
    from tests import given

    with blocker.unblock():
        empty_all_tables(cluster)
        given.a_catalogue()
        yield
        faults = list(find_faults())
        connections.close_all()
        empty_all_tables(cluster)
    assert faults == []


@pytest.fixture
def committed(cluster: Cluster, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A test on tables of its own; see `fresh_tables`."""
    with fresh_tables(cluster, django_db_blocker):
        yield


@pytest.fixture(scope="session")
def outside(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stand-ins and the web server that hears them, for the whole run of tests."""
    from tests.stack import running_stack

    with running_stack(tmp_path_factory.mktemp("outside")) as started:
        yield started


@pytest.fixture
def stack(outside: Stack, committed: None, settings: Any) -> Iterator[Stack]:
    """The whole service on real parts, with empty tables and an outside without faults."""
    for name, value in outside.settings.items():
        setattr(settings, name, value)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", outside.smtp_port
    outside.begin()
    yield outside
    outside.end()
