"""Move money from one book to another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from msgspec.json import encode

from fairroam.apps.journal.queries.planned import ask
from fairroam.apps.ledger.models import Book, Transfer
from fairroam.apps.ledger.queries import BookName, find_book, find_books, name_of
from fairroam.apps.ledger.refusals import NotEnough


@dataclass(frozen=True, slots=True)
class Entry:
    """One move of `minor` units; `key` names the act and happens once."""

    key: str
    minor: int
    source: BookName
    target: BookName
    reverses_id: int | None = None


def open_book(name: BookName) -> Book:
    """The book of that name, made when it is first needed."""
    book = find_book(name)
    if book is not None:
        return book
    start = 0 if name.is_customers else None
    opening = {"balance_minor": start, "version": start}
    return Book.objects.get_or_create(**name.columns, defaults=opening)[0]


def lock_books(names: Iterable[BookName]) -> dict[BookName, Book]:
    """Open the books and lock the customers' among them, ids ascending, until the end.

    House books are not locked: nobody reads their sum to decide, so nobody needs to queue.
    """
    wanted = list(dict.fromkeys(names))
    books = find_books(wanted)
    books |= {name: open_book(name) for name in wanted if name not in books}
    owned = sorted(book.pk for name, book in books.items() if name.is_customers)
    for book in Book.objects.select_for_update(no_key=True).filter(pk__in=owned).order_by("pk"):
        books[name_of(book)] = book
    return books


def shift(book: Book, minor: int) -> tuple[int | None, int | None]:
    """Move a locked book's balance by `minor`; the (balance, version) after it."""
    if book.balance_minor is None or book.version is None:
        return None, None
    if book.balance_minor + minor < 0:
        raise NotEnough(book_id=book.pk, left=book.balance_minor, asked=-minor)
    book.balance_minor += minor
    book.version += 1
    return book.balance_minor, book.version


def already_booked(entries: Sequence[Entry]) -> frozenset[str]:
    """The keys that were booked before. The same key with another content is a bug."""
    found = {
        transfer.key: transfer
        for transfer in Transfer.objects.select_related("source", "target").filter(
            key__in=[entry.key for entry in entries]
        )
    }
    for entry in entries:
        transfer = found.get(entry.key)
        if transfer is not None:
            same = (transfer.minor, name_of(transfer.source), name_of(transfer.target))
            assert same == (entry.minor, entry.source, entry.target), f"{entry.key} says otherwise"
    return frozenset(found)


@transaction.atomic
def post(entries: Sequence[Entry], *, now: datetime) -> None:
    """Book the entries, all or none; entries of 0 are left out.

    Safe to repeat: a key that is booked already is passed over. Raises NotEnough when a
    customer's book would fall below zero.
    """
    moving = [entry for entry in entries if entry.minor]
    books = lock_books([name for entry in moving for name in (entry.source, entry.target)])
    booked = already_booked(moving)  # after the locks: a twin has committed or waits for us
    post_locked([entry for entry in moving if entry.key not in booked], books, now=now)


def post_locked(entries: Sequence[Entry], books: Mapping[BookName, Book], *, now: datetime) -> None:
    """Book entries of new keys over books that `lock_books` locked: as `post`, for thousands.

    Raises NotEnough when a customer's book would fall below zero.
    """
    moved = [
        (
            entry.key,
            entry.minor,
            entry.source.currency,
            books[entry.source].pk,
            *shift(books[entry.source], -entry.minor),
            books[entry.target].pk,
            *shift(books[entry.target], entry.minor),
            entry.reverses_id,
        )
        for entry in entries
    ]
    touched = {book.pk: book for one in entries for book in (books[one.source], books[one.target])}
    owned = [book for book in touched.values() if book.balance_minor is not None]
    if not moved:
        return
    with connection.cursor() as cursor:
        balances = [(book.pk, book.balance_minor, book.version) for book in owned]
        cursor.execute(KEEP_BALANCES, columns(balances) or [[], [], []])
        cursor.execute(WRITE_TRANSFERS, [now, *columns(moved)])


def columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """The same values column by column, as `unnest` reads them."""
    return [list(column) for column in zip(*rows, strict=True)]


# Customers' books as `shift` left them.
KEEP_BALANCES = """
    UPDATE ledger_book book SET balance_minor = moved.balance_minor, version = moved.version
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS moved (id, balance_minor, version)
    WHERE book.id = moved.id
"""
WRITE_TRANSFERS = """
    INSERT INTO ledger_transfer (
        booked_at, key, minor, currency, source_id, source_balance_minor, source_version,
        target_id, target_balance_minor, target_version, reverses_id)
    SELECT %s, moved.* FROM unnest(
        %s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS moved
"""
ASKED = """json_to_recordset(%s) AS asked (
    key text, minor bigint, currency text, customer_id bigint, order_line_id bigint)"""
IS_THEIRS = """book.kind = 'unearned' AND book.currency = asked.currency AND book.label = ''
    AND book.customer_id = asked.customer_id AND book.order_line_id = asked.order_line_id"""
LEFT = f"""
    SELECT key, balance_minor FROM {ASKED} JOIN ledger_book book ON {IS_THEIRS}
    ORDER BY book.id FOR NO KEY UPDATE OF book
"""  # noqa: S608 - both parts are written above
MOVE = f"""
    WITH moved AS (
        UPDATE ledger_book book
        SET balance_minor = book.balance_minor - asked.minor, version = book.version + 1
        FROM {ASKED} JOIN ledger_book house ON house.kind = 'earned' AND house.label = ''
            AND house.currency = asked.currency AND house.customer_id IS NULL
        WHERE {IS_THEIRS} AND book.balance_minor >= asked.minor
        RETURNING book.id, house.id AS house_id, book.currency, asked.minor, key,
                  book.balance_minor, book.version, asked.minor > 0 AS leaves)
    INSERT INTO ledger_transfer (
        source_id, target_id, currency, minor, key, booked_at, source_balance_minor,
        source_version, target_balance_minor, target_version)
    SELECT CASE WHEN leaves THEN id ELSE house_id END, CASE WHEN leaves THEN house_id ELSE id END,
           currency, abs(minor), key, %s,
           CASE WHEN leaves THEN balance_minor END, CASE WHEN leaves THEN version END,
           CASE WHEN NOT leaves THEN balance_minor END, CASE WHEN NOT leaves THEN version END
    FROM moved
    RETURNING key, CASE WHEN source_version IS NULL THEN -minor ELSE minor END
"""  # noqa: S608 - both parts are written above


@dataclass(frozen=True, slots=True)
class Earning:
    """`minor` units of what an order line is paid and not used; below 0: back from earned."""

    key: str
    minor: int
    currency: str
    customer_id: int
    order_line_id: int


def earn_each(earnings: Sequence[Earning], *, now: datetime) -> dict[str, int]:
    """Book what the use of thousands of order lines earned, each line once, by new keys.

    Never more than a line has left: returns what was moved, by key. As `post`, but one statement
    moves the books and writes the transfers; only lines with too little left are looked at again.
    """
    if len(earnings) > 1:
        _left_of(earnings)  # locks the books, ids ascending: one alone needs no order
    moved = _move(earnings, now)
    rest = [earning for earning in earnings if earning.key not in moved]
    if rest:
        for currency in {earning.currency for earning in rest}:
            open_book(BookName("earned", currency))
        left = _left_of(rest)
        capped = [replace(one, minor=min(one.minor, left.get(one.key, 0))) for one in rest]
        moved |= _move([one for one in capped if one.minor], now)
    return moved


def _left_of(earnings: Sequence[Earning]) -> dict[str, int]:
    """Lock the lines' books until the transaction ends; what is unearned in each, by key."""
    return dict(ask(LEFT, encode(earnings).decode())())


def _move(earnings: Sequence[Earning], now: datetime) -> dict[str, int]:
    """Move what the books hold in full; what was moved, by key."""
    return dict(ask(MOVE, encode(earnings).decode(), now)())


@transaction.atomic
def reverse(key: str, *, now: datetime) -> None:
    """Move the transfer of that key back; once, however often it is asked."""
    original = Transfer.objects.select_related("source", "target").get(key=key)
    back = Entry(
        f"{key}/back",
        original.minor,
        name_of(original.target),
        name_of(original.source),
        reverses_id=original.pk,
    )
    post([back], now=now)
