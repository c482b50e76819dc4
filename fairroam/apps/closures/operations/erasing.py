"""Erase what names a person, and look through the whole database for what was missed."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.db import connection

from fairroam.apps.closures import personal as closures
from fairroam.apps.closures.models import Closure
from fairroam.apps.contacts import personal as contacts
from fairroam.apps.conversations import personal as conversations
from fairroam.apps.customers import personal as customers
from fairroam.apps.esims import personal as esims
from fairroam.apps.evidence import personal as evidence
from fairroam.apps.notices import personal as notices
from fairroam.apps.payments import personal as payments
from fairroam.apps.refunds import personal as refunds

# Downwards: who points goes before what it points to.
ROOMS = (closures, refunds, esims, conversations, evidence, payments, notices, contacts, customers)
SEALED = {("closures_closure", "sealed_address"), ("closures_closure", "payout_contact")}
# Joined with one of these it is another address: joann@ is not ann@, .com.au is not .com. JSON
# writes the end of a line before an address as two letters.
BEFORE, AFTER = r"(^|[^[:alnum:]._+%-]|\\[bfnrt])", r"($|[^[:alnum:]_.-]|[.]($|[^[:alnum:]]))"


def erase(closure: Closure, now: datetime) -> dict[str, Any]:
    """Empty every personal field below, and prove it: nothing remains, the address is nowhere.

    A value that is found all the same is a bug of ours: nothing is certified before a person has
    mended it.
    """
    erased: dict[str, int] = {}
    for room in ROOMS:
        erased |= room.erase(closure.customer_id)
    remaining = sum(room.remains(closure.customer_id) for room in ROOMS)
    assert remaining == 0, f"closing {closure.pk}: {remaining} personal values remain"
    assert closure.sealed_address is not None
    searched, found = search_everywhere(closure.sealed_address, whose=closure.customer_id)
    assert not found, f"closing {closure.pk}: the address is still in {', '.join(found)}"
    return {"erased": erased, "searched_columns": searched}


def search_everywhere(address: str, *, whose: int | None = None) -> tuple[int, list[str]]:
    """(How many columns were searched, those that hold the whole `address`), whatever its case.

    Every column of the database that can hold it: text and JSON. One pass over each table. whose:
    leave out rows of other customers, who may write to us of whom they like.
    """
    tables: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT table_name, column_name FROM information_schema.columns
               WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'jsonb')
                 AND coalesce(character_maximum_length, 1000) >= %s
                 ORDER BY 1, 2""",
            [len(address)],
        )
        for table, column in cursor.fetchall():
            if (table, column) not in SEALED:
                tables.setdefault(table, []).append(column)
        cursor.execute(
            """SELECT table_name FROM information_schema.columns
               WHERE table_schema = 'public' AND column_name = 'customer_id'"""
        )
        owned = {table for (table,) in cursor.fetchall()}
        found = []
        for table, columns in tables.items():
            hits = _hits(cursor, table, columns, address, whose if table in owned else None)
            found += [f"{table}.{column}" for column in hits]
    return sum(len(columns) for columns in tables.values()), found


def _hits(
    cursor: Any, table: str, columns: list[str], address: str, whose: int | None
) -> list[str]:
    quote = connection.ops.quote_name
    tests = ", ".join(f"bool_or(lower({quote(column)}::text) ~ %s)" for column in columns)
    rows = "true" if whose is None else "coalesce(customer_id, %s) = %s"
    pattern = f"{BEFORE}{re.escape(address.lower())}{AFTER}"
    cursor.execute(
        f"SELECT {tests} FROM {quote(table)} WHERE {rows}",  # noqa: S608 - names out of the catalogue
        [pattern] * len(columns) + ([] if whose is None else [whose, whose]),
    )
    return [column for column, is_hit in zip(columns, cursor.fetchone(), strict=True) if is_hit]
