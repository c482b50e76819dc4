"""Look for an address in the whole database: in small bites, none of which holds anybody up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q

from fairroam.apps.closures.personal import EVERYTHING

# Kept sealed until the last mail has left, or until a settlement is over.
SEALED = {("closures_closure", "sealed_address"), ("closures_closure", "payout_contact")}
# Written by networks and by us, row by row, out of numbers, codes and instants: there is no door by
# which a person's words could come in, and there are more of these rows than of all the others.
MEASURED = {"metering_usagerecord", "metering_usageshare", "ledger_transfer"}
BITE = 5_000  # rows of one statement
# Joined with one of these it is another address: joann@ is not ann@, .com.au is not .com. JSON
# writes the end of a line before an address as two letters.
BEFORE, AFTER = r"(^|[^[:alnum:]._+%-]|\\[bfnrt])", r"($|[^[:alnum:]_.-]|[.]($|[^[:alnum:]]))"


@dataclass(frozen=True, slots=True)
class Searched:
    """One table that can hold an address. key: its one-column primary key, "" for none."""

    table: str
    columns: tuple[str, ...]
    key: str
    has_customer: bool


COLUMNS = """
    SELECT c.table_name, c.column_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
      AND c.data_type IN ('text', 'character varying', 'jsonb')
      AND coalesce(c.character_maximum_length, 1000) >= %s ORDER BY 1, 2
"""
KEYS = """
    SELECT c.relname, min(a.attname) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
    WHERE i.indisprimary GROUP BY c.relname HAVING count(*) = 1
"""
OWNED = """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name = 'customer_id'
"""


def tables_for(address: str) -> list[Searched]:
    """Every table with a column that is wide enough for the address, but MEASURED ones."""
    columns: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [len(address)])
        for table, column in cursor.fetchall():
            if (table, column) not in SEALED and table not in MEASURED:
                columns.setdefault(table, []).append(column)
        cursor.execute(KEYS)
        keys = dict(cursor.fetchall())
        cursor.execute(OWNED)
        owned = {table for (table,) in cursor.fetchall()}
    return [
        Searched(table, tuple(names), keys.get(table, ""), table in owned)
        for table, names in columns.items()
    ]


def search_everywhere(address: str, *, whose: int | None = None) -> tuple[int, list[str]]:
    """(How many columns were searched, those that hold the whole `address`), whatever its case.

    whose: leave out rows of other customers, who may write to us of whom they like. Whose a row
    is says its `customer_id`, or what its room declares.
    """
    tables = tables_for(address)
    found = [
        f"{table.table}.{column}" for table in tables for column in hits(table, address, whose)
    ]
    return sum(len(table.columns) for table in tables), found


def search_own(address: str, *, whose: int) -> list[str]:
    """Those columns that hold the address in rows of this customer: found by their index."""
    return [
        f"{table.table}.{column}"
        for table in tables_for(address)
        if table.has_customer
        for column in _look(table, address, "customer_id = %s", [whose])
    ]


def hits(table: Searched, address: str, whose: int | None) -> list[str]:
    """The columns of one table that hold the address, looked at bite by bite."""
    condition, values = "true", list[Any]()
    if whose is not None and table.has_customer:
        condition, values = "(customer_id = %s OR customer_id IS NULL)", [whose]
    if not table.key:
        return _look(table, address, condition, values)
    found = set()
    for first, last in _bites(table):
        quoted = connection.ops.quote_name(table.key)
        within = f"{quoted} >= %s AND {quoted} <= %s AND {condition}"
        bounds = [first, last, *values]
        columns = _look(table, address, within, bounds)
        if columns and whose is not None and not table.has_customer:
            theirs, more = _not_of_others(table, whose)
            columns = _look(table, address, f"{within} AND {theirs}", [*bounds, *more])
        found |= set(columns)
    return sorted(found)


def _not_of_others(table: Searched, whose: int) -> tuple[str, list[Any]]:
    """A condition on rows that are this customer's or, as far as we know, nobody's."""
    declared = next((one for one in EVERYTHING if one.name == table.table), None)
    if declared is None or not declared.whose or callable(declared.whose):
        return "true", []
    path = declared.whose
    theirs = Q((path, whose)) | Q((f"{path}__isnull", True))
    rows = declared.model._default_manager.filter(theirs).values("pk").order_by()
    statement, values = rows.query.sql_with_params()
    return f"{connection.ops.quote_name(table.key)} IN ({statement})", list(values)


def _bites(table: Searched) -> Iterator[tuple[Any, Any]]:
    """First and last key of each BITE rows."""
    key, name = connection.ops.quote_name(table.key), connection.ops.quote_name(table.table)
    after: list[Any] = []
    while True:
        condition = f"WHERE {key} > %s" if after else ""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT (array_agg({key} ORDER BY {key}))[1],
                           (array_agg({key} ORDER BY {key} DESC))[1]
                    FROM (SELECT {key} FROM {name} {condition}
                          ORDER BY {key} LIMIT {BITE}) AS bite""",  # noqa: S608 - names out of the catalogue
                after,
            )
            first, last = cursor.fetchone()
        if first is None:
            return
        yield first, last
        after = [last]


def _look(table: Searched, address: str, condition: str, values: list[Any]) -> list[str]:
    quote = connection.ops.quote_name
    tests = ", ".join(f"bool_or(lower({quote(name)}::text) ~ %s)" for name in table.columns)
    pattern = f"{BEFORE}{re.escape(address.lower())}{AFTER}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {tests} FROM {quote(table.table)} WHERE {condition}",  # noqa: S608 - as above
            [pattern] * len(table.columns) + values,
        )
        found = cursor.fetchone()
    return [name for name, is_hit in zip(table.columns, found, strict=True) if is_hit]
