"""Reads of the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import QuerySet
from psycopg import Cursor

from fairroam.apps.journal.models import Answer, Event


def find_faults() -> Iterator[str]:
    """Keys that were taken but never answered: half of an act was committed."""
    for row in Answer.objects.filter(answer={})[:20]:
        yield f"answer {row.pk} ({row.route}) was never given"


def events() -> QuerySet[Event]:
    """All that happened, the newest first."""
    return Event.objects.order_by("-pk")


def ask(statement: str, *values: object) -> Callable[[], list[tuple[Any, ...]]]:
    """Run one statement that the server keeps planned; the function returned gives its rows.

    For what is asked with every record of use: there, planning costs more than running.
    """
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    link = database.connection
    link.prepare_threshold = 0  # Django's own cursors never prepare, whatever this says
    cursor: Cursor[tuple[Any, ...]] = Cursor(link)
    with database.wrap_database_errors:
        cursor.execute(statement, values)

    def rows() -> list[tuple[Any, ...]]:
        with database.wrap_database_errors:
            return cursor.fetchall()

    return rows


@contextmanager
def at_once() -> Iterator[None]:
    """Let statements inside that are asked by `ask` not wait for the answer to each."""
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield
