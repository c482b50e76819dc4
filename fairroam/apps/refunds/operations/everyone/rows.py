"""Rows of many tables, written by COPY: the constraints and keys are those of a single INSERT."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED
from msgspec.json import encode
from psycopg import sql


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """The next `count` ids of a table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [found[0] for found in cursor.fetchall()]


def copy_in(rows: Sequence[models.Model]) -> None:
    """Write new rows of one table; without an id of their own they get the next ones."""
    if not rows:
        return
    meta = rows[0]._meta
    fields = [
        field
        for field in meta.concrete_fields
        if field.db_default is NOT_PROVIDED and not (field.primary_key and rows[0].pk is None)
    ]
    names = [field.attname for field in fields]
    copy_values(type(rows[0]), names, map(attrgetter(*names), rows))


def copy_values(
    model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows of values for two or more columns of one table."""
    known = {field.attname: field for field in model._meta.concrete_fields}
    fields = [known[name] for name in names]
    jsons = [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join([sql.Identifier(str(field.column)) for field in fields]),
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            values = list(row)
            for place in jsons:
                values[place] = encode(values[place]).decode()
            copy.write_row(values)


def add_each(model: type[models.Model], column: str, amounts: Mapping[int, int]) -> None:
    """Add to one column of many rows at once; the database refuses what its checks forbid."""
    statement = sql.SQL(
        "UPDATE {table} SET {column} = {table}.{column} + added.minor"
        " FROM json_to_recordset(%s) AS added (id bigint, minor bigint) WHERE {table}.id = added.id"
    ).format(table=sql.Identifier(model._meta.db_table), column=sql.Identifier(column))
    run_each(statement, [{"id": key, "minor": minor} for key, minor in amounts.items()])


def run_each(statement: sql.Composable | str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run one statement whose only value is a JSON list of `rows`."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [encode(rows).decode()])
