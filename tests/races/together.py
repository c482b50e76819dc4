"""Let acts happen at the same moment, each on a connection of its own."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import psycopg
from django.db import OperationalError, connection, connections
from django.db.models import Model

from fairroam.project.database import OWNER_ROLE, Cluster
from tests.tables import empty_all_tables

PATIENCE_SECONDS = 30


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Start all acts at one barrier; what each returned or raised, in their order."""
    barrier = threading.Barrier(len(acts))
    ends: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            connections["default"].ensure_connection()
            barrier.wait(PATIENCE_SECONDS)
            ends[place] = act()
        except Exception as error:
            ends[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def kinds_of(ends: Sequence[Any]) -> dict[str, int]:
    """How often which end; see `kind_of`."""
    names = [kind_of(end) for end in ends]
    return {name: names.count(name) for name in sorted(set(names))}


def kind_of(end: Any) -> str:
    """The name of an error's class, of the database's own where there is one; "done" else."""
    if not isinstance(end, Exception):
        return "done"
    told = end.__cause__ if isinstance(end, OperationalError) and end.__cause__ else end
    return type(told).__name__


def with_one_held(
    held: Callable[[], Any],
    *others: Callable[[], Any],
    at: str,
    seconds_max: float,
    others_begin_there: bool = False,
) -> list[Any]:
    """Let all happen, but hold one up before the statement `at` until the others are done.

    It waits for so long at most, since with guards the others stand in line behind it. How each
    ended, the held one first. others_begin_there: they begin once it is held; else all together.
    """
    left, others_are_done, others_may_begin = len(others), threading.Event(), threading.Event()
    if not others_begin_there:
        others_may_begin.set()
    counting = threading.Lock()

    def hold(execute: Callable[..., Any], sql: Any, *words: Any) -> Any:
        if at in str(sql):
            others_may_begin.set()
            others_are_done.wait(seconds_max)
        return execute(sql, *words)

    def slowed() -> Any:
        with connection.execute_wrapper(hold):
            return held()

    def counted(act: Callable[[], Any]) -> Any:
        nonlocal left
        others_may_begin.wait(PATIENCE_SECONDS)
        try:
            return act()
        finally:
            with counting:
                left -= 1
                if left == 0:
                    others_are_done.set()

    return together(slowed, *[partial(counted, act) for act in others])


ROW_LOCK = re.compile(r"FOR (NO KEY )?UPDATE( OF [\w\", ]+)?")


@contextmanager
def without_row_locks(*tables: type[Model]) -> Iterator[None]:
    """Let no query of the program lock rows of these tables: for controls, which must go wrong."""
    execute = psycopg.Cursor.execute

    def look_only(cursor: Any, statement: Any, *values: Any, **how: Any) -> Any:
        named = [table for table in tables if table._meta.db_table in str(statement)]
        if named and isinstance(statement, str):
            statement = ROW_LOCK.sub("", statement)
        return execute(cursor, statement, *values, **how)

    with patch.object(psycopg.Cursor, "execute", look_only):
        yield


@contextmanager
def without_guards(cluster: Cluster, *names: str) -> Iterator[None]:
    """Drop these constraints and indexes of the database; put them back at the end.

    The tables are emptied before that, since what a control leaves behind breaks them.
    """
    with psycopg.connect(cluster.url(role=OWNER_ROLE), autocommit=True) as owner:
        rebuilding = [drop(owner, name) for name in names]
        try:
            yield
        finally:
            empty_all_tables(cluster)
            for statement in rebuilding:
                owner.execute(statement)


def drop(owner: psycopg.Connection[Any], name: str) -> Any:
    """Drop one guard; the statement that makes it again."""
    found = owner.execute(
        """SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
           WHERE conname = %s AND connamespace = 'public'::regnamespace""",
        [name],
    ).fetchone()
    if found is not None:
        owner.execute(f"ALTER TABLE {found[0]} DROP CONSTRAINT {name}")
        return f"ALTER TABLE {found[0]} ADD CONSTRAINT {name} {found[1]}"
    index = owner.execute("SELECT pg_get_indexdef(%s::regclass)", [name]).fetchone()
    assert index is not None
    owner.execute(f"DROP INDEX {name}")
    return index[0]
