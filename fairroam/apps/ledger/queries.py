"""Reads of the books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from msgspec.json import encode

from fairroam.apps.journal.queries.planned import question
from fairroam.apps.ledger.models import CUSTOMER_KINDS, Book, Transfer


@dataclass(frozen=True, slots=True)
class BookName:
    """Which book: its kind and currency, and whose it is. House books have no owner."""

    kind: str
    currency: str
    label: str = ""
    customer_id: int | None = None
    order_line_id: int | None = None

    @property
    def is_customers(self) -> bool:
        return self.kind in CUSTOMER_KINDS

    @property
    def columns(self) -> dict[str, Any]:
        """The name as the columns of its row."""
        return asdict(self)


NAMED = tuple(one.name for one in fields(BookName))


@dataclass(frozen=True, slots=True)
class BookBalance:
    """A book and what it holds now, in minor units."""

    name: BookName
    minor: int


def name_of(book: Book) -> BookName:
    """The name of a stored book."""
    return BookName(book.kind, book.currency, book.label, book.customer_id, book.order_line_id)


def find_book(name: BookName) -> Book | None:
    """The stored book of that name, if anything was ever booked in it."""
    return Book.objects.filter(**name.columns).first()


def find_books(names: Sequence[BookName]) -> dict[BookName, Book]:
    """The stored books of these names; those never used are left out.

    The books of order lines, of which a file of usage moves thousands, are found together.
    """
    of_lines = [name for name in names if name.customer_id and name.order_line_id]
    found = {} if not of_lines else {name_of(book): book for book in _books_of_lines(of_lines)}
    for name in names:
        if name not in found and not (name.customer_id and name.order_line_id):
            book = find_book(name)
            found |= {} if book is None else {name: book}
    return found


def _books_of_lines(names: Sequence[BookName]) -> Iterator[Book]:
    yield from Book.objects.raw(
        """
        SELECT book.* FROM json_to_recordset(%s) AS named
            (kind text, currency text, label text, customer_id bigint, order_line_id bigint)
        JOIN ledger_book book USING (kind, currency, label, customer_id, order_line_id)
        """,
        [encode(names).decode()],
    )


def sum_of(book: Book) -> int:
    """What came in less what went out, from the transfers themselves."""
    came_in = Transfer.objects.filter(target=book).aggregate(total=Sum("minor"))["total"] or 0
    went_out = Transfer.objects.filter(source=book).aggregate(total=Sum("minor"))["total"] or 0
    return came_in - went_out


def balance(name: BookName) -> int:
    """What the book holds now, in minor units; 0 for one that was never used."""
    book = find_book(name)
    if book is None:
        return 0
    return book.balance_minor if book.balance_minor is not None else sum_of(book)


def held_in(kind: str) -> dict[str, int]:
    """What all customers' books of one kind hold: minor units, by currency."""
    rows = Book.objects.filter(kind=kind, customer__isnull=False).values_list("currency")
    return dict(rows.annotate(minor=Sum("balance_minor")).order_by("currency"))


def balances_of(customer_id: int) -> list[BookBalance]:
    """All books of one customer, with what they hold."""
    books = Book.objects.filter(customer_id=customer_id).order_by("id")
    return [BookBalance(name_of(book), book.balance_minor or 0) for book in books]


def _credit(customer_ids: list[int]) -> QuerySet[Book, Any]:
    books: QuerySet[Book, Any] = Book.objects.filter(
        customer_id__any_of=customer_ids, kind__in=("paid_credit", "promo_credit")
    )
    held = books.exclude(balance_minor=0).order_by("id")
    return held.values("balance_minor", *NAMED)  # type: ignore[no-any-return]


def read_balances(rows: Sequence[dict[str, Any]]) -> list[BookBalance]:
    return [BookBalance(minor=row.pop("balance_minor"), name=BookName(**row)) for row in rows]


credit_asked = question(_credit, read_balances)  # What some customers have to spend, each kind.


def moved_out(customer_id: int, *, until: datetime) -> dict[tuple[str, str, str], int]:
    """What left the customer's books for the house's up to `until`, less what was moved back.

    Keys are (kind of the customer's book, kind of the house's, currency); minor units.
    """
    moved: dict[tuple[str, str, str], int] = {}
    transfers = Transfer.objects.filter(
        Q(source__customer_id=customer_id, target__customer__isnull=True)
        | Q(target__customer_id=customer_id, source__customer__isnull=True, reverses__isnull=False),
        booked_at__lte=until,
    )
    for transfer in transfers.select_related("source", "target"):
        source, target, minor = transfer.source, transfer.target, transfer.minor
        if target.customer_id is not None:
            source, target, minor = target, source, -minor
        key = (source.kind, target.kind, transfer.currency)
        moved[key] = moved.get(key, 0) + minor
    return moved


def transfers() -> QuerySet[Transfer]:
    """Every transfer with its two books, the newest first."""
    return Transfer.objects.select_related("source", "target").order_by("-pk")


def trial_balance() -> list[BookBalance]:
    """Every kind of book, summed per currency and label; each currency adds up to zero."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT b.kind, b.currency, b.label, sum(moved.minor)::bigint
            FROM ledger_book b
            JOIN (SELECT target_id AS book_id, minor FROM ledger_transfer
                  UNION ALL SELECT source_id, -minor FROM ledger_transfer) moved
              ON moved.book_id = b.id
            GROUP BY b.kind, b.currency, b.label ORDER BY b.currency, b.kind, b.label
            """
        )
        return [
            BookBalance(BookName(kind, currency, label), minor)
            for kind, currency, label, minor in cursor.fetchall()
        ]


FAULTS = {
    # I3: the stored balance is the sum of the book's transfers.
    "book {} does not hold what its transfers add up to": """
        SELECT b.id FROM ledger_book b
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(minor) FILTER (WHERE target_id = b.id), 0)
                 - coalesce(sum(minor) FILTER (WHERE source_id = b.id), 0) AS minor
            FROM ledger_transfer WHERE b.id IN (source_id, target_id)) moved ON true
        WHERE b.balance_minor IS NOT NULL AND b.balance_minor <> moved.minor""",
    # I3: versions run from 1 to n without a gap, each balance follows from the one before.
    "book {} has a gap in its versions or a balance that does not follow": """
        SELECT DISTINCT book_id FROM (
            SELECT book_id, version, balance, minor,
                   row_number() OVER w AS place,
                   lag(balance, 1, 0) OVER w AS before
            FROM (SELECT source_id AS book_id, source_version AS version,
                         source_balance_minor AS balance, -minor AS minor FROM ledger_transfer
                  UNION ALL
                  SELECT target_id, target_version, target_balance_minor, minor
                  FROM ledger_transfer) entries
            WHERE version IS NOT NULL
            WINDOW w AS (PARTITION BY book_id ORDER BY version)) numbered
        WHERE version <> place OR balance <> before + minor""",
    # I1: a reversal moves the same amount back.
    "transfer {} does not reverse what it names": """
        SELECT r.id FROM ledger_transfer r JOIN ledger_transfer t ON t.id = r.reverses_id
        WHERE (r.source_id, r.target_id, r.minor) <> (t.target_id, t.source_id, t.minor)""",
}


@dataclass(frozen=True, slots=True)
class TaxRow:
    """The tax of one country and rate within a period, in minor units; `back` went to customers."""

    label: str  # "DE 0.19"
    currency: str
    charged: int
    back: int

    @property
    def owed(self) -> int:
        return self.charged - self.back


def tax_between(since: datetime, until: datetime) -> list[TaxRow]:
    """What moved into and out of each book of tax from `since` up to, not including, `until`."""
    within = Transfer.objects.filter(booked_at__gte=since, booked_at__lt=until)

    def sums(side: str) -> dict[tuple[str, str], int]:
        of_tax = within.filter(**{f"{side}__kind": "tax"})
        rows = of_tax.values_list(f"{side}__label", f"{side}__currency").annotate(Sum("minor"))
        return {(label, currency): minor for label, currency, minor in rows}

    charged, back = sums("target"), sums("source")
    return [
        TaxRow(*name, charged.get(name, 0), back.get(name, 0))
        for name in sorted(charged.keys() | back.keys())
    ]


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
    sums: dict[str, int] = {}
    for line in trial_balance():
        sums[line.name.currency] = sums.get(line.name.currency, 0) + line.minor
    yield from (
        f"the books in {currency} add up to {total}" for currency, total in sums.items() if total
    )
