"""Let acts happen at the same moment, each on a connection of its own."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import psycopg
from django.db import OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from fairroam.project.database import OWNER_ROLE, Cluster
from tests.tables import empty_all_tables

PATIENCE_SECONDS = 120  # for a loaded machine
LOOK_EVERY_SECONDS = 0.01
WAITING = "SELECT count(*) FROM unnest(%s::int[]) AS hand WHERE pg_blocking_pids(hand) <> '{}'"


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Start all acts at one barrier; what each returned or raised, in their order.

    They wait for locks as long as it takes: how many get on in the seconds that the program has
    patience for is a matter of the machine.
    """
    barrier = threading.Barrier(len(acts))
    ends: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = 0")
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
    others_begin_there: bool = False,
) -> list[Any]:
    """Let all happen, but hold one up before the statement `at` until no other gets any further.

    Then each of them is done or, where something guards, stands in line at a lock. How each ended,
    the held one first. others_begin_there: they begin once it is held; else all together.
    """
    others_may_begin = threading.Event()
    if not others_begin_there:
        others_may_begin.set()
    places: list[int | None] = [None] * len(others)  # the server's process, 0 for who is done

    def hold(execute: Callable[..., Any], sql: Any, *words: Any) -> Any:
        if at in str(sql):
            others_may_begin.set()
            _wait_until_none_gets_on(places)
        return execute(sql, *words)

    def slowed() -> Any:
        with connection.execute_wrapper(hold):
            return held()

    def placed(place: int, act: Callable[[], Any]) -> Any:
        others_may_begin.wait(PATIENCE_SECONDS)
        places[place] = connection.connection.info.backend_pid
        try:
            return act()
        finally:
            connection.close()
            places[place] = 0

    return together(slowed, *[partial(placed, *pair) for pair in enumerate(others)])


def _wait_until_none_gets_on(places: Sequence[int | None]) -> None:
    """Ask the server who waits for a lock; two looks in a row, as between two one may be freed."""
    patience_ends = time.monotonic() + PATIENCE_SECONDS
    with closing(connection.copy()) as onlooker:
        looks = 0
        while looks < 2:
            assert time.monotonic() < patience_ends, "somebody neither ends nor waits for a lock"
            looks = looks + 1 if _stand_in_line(onlooker, places) else 0
            time.sleep(LOOK_EVERY_SECONDS)


def _stand_in_line(onlooker: BaseDatabaseWrapper, places: Sequence[int | None]) -> bool:
    """Whether all who are not done wait for a lock that another has."""
    if None in places:
        return False
    at_work = [process for process in places if process]
    with onlooker.cursor() as cursor:
        cursor.execute(WAITING, [at_work])
        return cursor.fetchone() == (len(at_work),)


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
