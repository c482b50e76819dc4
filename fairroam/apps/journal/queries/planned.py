"""Reads that every app makes often: their statements are written once and stay planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from functools import cache, cached_property
from inspect import signature
from typing import Any, Generic, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler
from psycopg import Cursor

Found = TypeVar("Found")
# Stands for a value while a statement is written: an id that no row has.
STAND_IN = 2**62
# `= ANY (…)` of a list of ids whose length no plan rests on: planned for the few that come, a
# statement would seem cheaper than planned for all, and be planned anew each time.
ANY_OF = "ANY ((SELECT %s::bigint[])::bigint[])"


@dataclass(frozen=True, slots=True)
class Question(Generic[Found]):
    """A SELECT with the values of its %s, to be asked beside others: see `together`.

    read: makes the answer of the rows, in their order. They come as JSON, column by name: an
    instant as ISO 8601 text, which `datetime.fromisoformat` reads to the microsecond.
    """

    statement: str
    values: Sequence[Any]
    read: Callable[[list[dict[str, Any]]], Found]


def question(
    write: Callable[[list[int]], QuerySet[Any, Any]], read: Callable[[list[dict[str, Any]]], Found]
) -> Callable[[Sequence[int]], Question[Found]]:
    """The question that a query set of `values` asks about some ids: its text is written once."""

    @cache
    def written() -> tuple[str, tuple[Any, ...]]:
        statement, values = write([STAND_IN]).query.sql_with_params()
        statement = statement.replace("ANY (%s)", ANY_OF)  # as the lookup `any_of` writes it
        assert ANY_OF in statement, statement
        return statement, values

    def asked(ids: Sequence[int]) -> Question[Found]:
        statement, values = written()
        wanted = list(ids)
        return Question(statement, [wanted if one == [STAND_IN] else one for one in values], read)

    return asked


def together(*questions: Question[Any]) -> list[Any]:
    """The answer to each of these questions, all read by one statement: as of one instant."""
    columns = ", ".join(
        f"(SELECT coalesce(json_agg(found), '[]') FROM ({one.statement}) found)"  # noqa: S608
        for one in questions
    )
    values = [value for one in questions for value in one.values]
    (answers,) = ask(f"SELECT {columns}", *values)()
    return [one.read(rows) for one, rows in zip(questions, answers, strict=True)]


def ask(statement: str, *values: object) -> Callable[[], list[tuple[Any, ...]]]:
    """Run one statement that the server keeps planned; the function returned gives its rows.

    For what is asked with every record of use, or with every page: there, planning costs more
    than running.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    is_unchecked = database.health_check_enabled and not database.health_check_done
    database.health_check_done = True  # A first read tells as well whether the connection lives.
    database.ensure_connection()
    if database.queries_logged:
        database.queries_log.append({"sql": statement, "time": "0"})
    with database.wrap_database_errors:
        try:
            cursor = _asked(database.connection, statement, values)
        except psycopg.OperationalError:
            if not is_unchecked or database.in_atomic_block or not database.connection.closed:
                raise
            database.close()
            database.ensure_connection()
            cursor = _asked(database.connection, statement, values)

    def rows() -> list[tuple[Any, ...]]:
        with database.wrap_database_errors:
            return cursor.fetchall()

    return rows


def _asked(
    link: psycopg.Connection[Any], statement: str, values: Sequence[object]
) -> Cursor[tuple[Any, ...]]:
    link.prepare_threshold = 0  # Django's own cursors never prepare, whatever this says
    return Cursor(link).execute(statement, values)


class Often(Generic[Found]):
    """A read that Django writes once and the server keeps planned: only its values change.

    write: gives the query set for some values, each an `int` or a list of them (for `any_of`), and
    the same one for all values but for these. For what pages ask: there, writing and planning a
    statement costs more than running it.
    """

    def __init__(self, write: Callable[..., QuerySet[Any, Found]]) -> None:
        self.write = write

    @cached_property
    def written(self) -> tuple[QuerySet[Any, Found], SQLCompiler, str, list[Any]]:
        """The query set of stand-ins, compiled: with its statement and values, places for ours."""
        kinds = [one.annotation for one in signature(self.write).parameters.values()]
        numbers = [STAND_IN + place for place in range(len(kinds))]
        stand_ins: list[Any] = [
            number if kind == "int" else [number]
            for number, kind in zip(numbers, kinds, strict=True)
        ]
        rows = self.write(*stand_ins)
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        statement, values = compiler.as_sql()
        places = [Place(stand_ins.index(one)) if one in stand_ins else one for one in values]
        assert {one for one in places if isinstance(one, Place)} == set(range(len(kinds)))
        return rows, compiler, statement, places

    @cached_property
    def converters(self) -> dict[int, Any]:
        """What makes Python's values of some columns, as the compiler finds it each time anew."""
        compiler = self.written[1]
        return compiler.get_converters([one for one, *_names in compiler.select or ()])

    def __call__(self, *values: int | list[int]) -> list[Found]:
        """The rows for these values, as the query set gives them."""
        if any(read is self and (value,) == values for read, value in _empty.get()):
            return []
        rows, compiler, statement, places = self.written
        given = [values[one] if isinstance(one, Place) else one for one in places]
        answer = ask(statement, *given)()
        if not answer:
            return []
        # The compiler that wrote the statement reads its answer, once for each.
        answered: Any = copy(compiler)
        answered.connection = connections[DEFAULT_DB_ALIAS]
        answered.execute_sql = lambda *_args, **_words: [answer]
        answered.get_converters = lambda _columns: self.converters
        rows = rows.all()
        query: Any = rows.query
        query.get_compiler = lambda *_args, **_words: answered
        return list(rows)


class Place(int):
    """Which of our values stands here."""


_empty: ContextVar[tuple[tuple[Often[Any], int], ...]] = ContextVar("empty", default=())


@contextmanager
def looked_through(
    reads: Sequence[Often[Any]], value: int, *others: Question[Any]
) -> Iterator[list[Any]]:
    """Ask in one statement which of these reads give anything: inside, the rest ask no more.

    Gives the answers to `others`, which the same statement reads.
    """
    statements, given = [], []
    for read in reads:
        _rows, _compiler, statement, places = read.written
        statements.append(f"EXISTS ({statement})")
        given += [value if isinstance(place, Place) else place for place in places]
    are_any = Question(f"SELECT ARRAY[{', '.join(statements)}] AS any", given, only_row)
    *answers, found = together(*others, are_any)
    nothing = [
        (read, value) for read, is_any in zip(reads, found["any"], strict=True) if not is_any
    ]
    token = _empty.set((*_empty.get(), *nothing))
    try:
        yield answers
    finally:
        _empty.reset(token)


def only_row(rows: list[dict[str, Any]]) -> dict[str, Any]:
    (row,) = rows
    return row


@contextmanager
def at_once() -> Iterator[None]:
    """Let statements inside that are asked by `ask` not wait for the answer to each."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield
