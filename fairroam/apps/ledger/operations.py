"""Move money from one book to another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

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
def post(entries: Sequence[Entry], *, now: datetime) -> list[Transfer]:
    """Book the entries, all or none; entries of 0 are left out.

    Safe to repeat: a key that is booked already is passed over. Raises NotEnough when a
    customer's book would fall below zero.
    """
    moving = [entry for entry in entries if entry.minor]
    books = lock_books([name for entry in moving for name in (entry.source, entry.target)])
    booked = already_booked(moving)  # after the locks: a twin has committed or waits for us
    return post_locked([entry for entry in moving if entry.key not in booked], books, now=now)


def post_locked(
    entries: Sequence[Entry], books: Mapping[BookName, Book], *, now: datetime
) -> list[Transfer]:
    """Book entries of new keys over books that `lock_books` locked: as `post`, for thousands.

    Raises NotEnough when a customer's book would fall below zero.
    """
    transfers = []
    for entry in entries:
        source, target = books[entry.source], books[entry.target]
        source_balance, source_version = shift(source, -entry.minor)
        target_balance, target_version = shift(target, entry.minor)
        transfers.append(
            Transfer(
                source=source,
                target=target,
                currency=entry.source.currency,
                minor=entry.minor,
                key=entry.key,
                reverses_id=entry.reverses_id,
                booked_at=now,
                source_balance_minor=source_balance,
                source_version=source_version,
                target_balance_minor=target_balance,
                target_version=target_version,
            )
        )
    keep_balances({name: books[name] for one in entries for name in (one.source, one.target)})
    return Transfer.objects.bulk_create(transfers)


def keep_balances(books: Mapping[BookName, Book]) -> None:
    """Write the balances of customers' books as `shift` left them."""
    owned = [book for book in books.values() if book.balance_minor is not None]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE ledger_book book SET balance_minor = moved.balance_minor, version = moved.version
            FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])
                AS moved (id, balance_minor, version)
            WHERE book.id = moved.id
            """,
            [
                [book.pk for book in owned],
                [book.balance_minor for book in owned],
                [book.version for book in owned],
            ],
        )


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
