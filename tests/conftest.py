"""The ground of all tests: one real PostgreSQL, tables made as in production, the app's role."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

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

# How fast examples come is a matter of the machine.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

import django  # noqa: E402 - the settings come first

from fairroam.project.database import Cluster  # noqa: E402
from sandbox.processes import SandboxProcess  # noqa: E402
from tests import carriers  # noqa: E402
from tests.clusters import migrated  # noqa: E402
from tests.tables import empty_all_tables, furnish_again, keep_what_is_furnished  # noqa: E402

django.setup()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--night", action="store_true", help="all races, crash points and pages")


# What takes long begins first, so that no process waits for another at the end.
LONG_FIRST = ("stories", "crashes", "races", "project", "web", "apps", "gateways")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return LONG_FIRST.index(folder) if folder in LONG_FIRST else len(LONG_FIRST)

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Processes share the files of tests, in our order."""
    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


@pytest.fixture(scope="session")
def night(request: pytest.FixtureRequest) -> bool:
    """Whether everything is tried, and not only a seeded sample of it."""
    return bool(request.config.getoption("--night"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running server with all tables and rights, as `fairroam migrate` makes them."""
    made = migrated(tmp_path_factory.mktemp("cluster"))
    with made:
        yield made
    made.remove()


@pytest.fixture(scope="session")
def django_db_setup(cluster: Cluster, django_db_blocker: Any) -> None:
    """The program's own role on the real tables, instead of a test database of Django's.

    The program furnishes a shop once, the tests copy its rows: a tenth of the time.
    """
    from django.db import connections

    from fairroam.project.settings import database
    from tests import given

    # Threads of tests end soon: a connection must not be kept for later.
    unkept = {"CONN_MAX_AGE": 0}
    connections["default"].settings_dict.update(database(cluster.url()) | unkept)
    with django_db_blocker.unblock():
        given.a_catalogue()
        connections.close_all()
    keep_what_is_furnished(cluster)
    empty_all_tables(cluster)


@pytest.fixture(autouse=True)
def no_language_stays() -> Iterator[None]:
    """A page of one test speaks for itself: what it activated is over with it."""
    from django.utils import translation

    yield
    translation.deactivate()


@pytest.fixture
def catalogue(db: None) -> None:
    """The packs, taxes, plans and brand that a fresh shop has."""
    furnish_again()


@pytest.fixture(scope="module")
def processes(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[SandboxProcess, SandboxProcess]]:
    """The carrier's and the network's stand-ins, as processes for the tests of one file."""
    with carriers.running(tmp_path_factory.mktemp("outside")) as both:
        yield both


@pytest.fixture
def carrier(
    processes: tuple[SandboxProcess, SandboxProcess], settings: Any
) -> Iterator[SandboxProcess]:
    """The carrier, called by the program and without faults; its network is led to, too."""
    carriers.lead_to(settings, *processes)
    yield processes[0]
    processes[0].disarm()


@pytest.fixture
def network(
    processes: tuple[SandboxProcess, SandboxProcess], carrier: SandboxProcess
) -> Iterator[SandboxProcess]:
    yield processes[1]
    processes[1].disarm()


@contextmanager
def fresh_tables(cluster: Cluster, blocker: Any) -> Iterator[None]:
    """Real commits, seen by other threads and processes; the books are checked at the end."""
    from django.db import connections

    from fairroam.worker.books import find_faults

    with blocker.unblock():
        furnish_again()
        try:
            yield
            faults = list(find_faults())
        finally:
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
