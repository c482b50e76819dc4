"""The books: balanced by construction, booked once, never below zero, never edited."""

from __future__ import annotations

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.models import Book, Transfer
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.ledger.refusals import NotEnough
from tests import given
from tests.given import NOON

pytestmark = pytest.mark.django_db

CLEARING = BookName("clearing", "EUR", label="sandbox")


@pytest.fixture
def credit() -> BookName:
    return BookName("paid_credit", "EUR", customer_id=given.a_customer().pk)


def pay_in(credit: BookName, minor: int, key: str = "top-up:1") -> None:
    ledger.post([Entry(key, minor, CLEARING, credit)], now=NOON)


def test_a_key_is_booked_once(credit):
    pay_in(credit, 500)
    pay_in(credit, 500)

    assert books.balance(credit) == 500
    assert books.balance(CLEARING) == -500


def test_a_key_with_other_content_is_a_bug(credit):
    pay_in(credit, 500)

    with pytest.raises(AssertionError, match="says otherwise"):
        pay_in(credit, 501)


def test_a_customer_s_book_never_falls_below_zero(credit):
    pay_in(credit, 500)

    with pytest.raises(NotEnough) as refused:
        ledger.post([Entry("spend:1", 501, credit, BookName("earned", "EUR"))], now=NOON)
    assert refused.value.facts["left"] == 500
    assert books.balance(credit) == 500


def test_a_mistake_is_moved_back_once(credit):
    pay_in(credit, 500)

    ledger.reverse("top-up:1", now=NOON)
    ledger.reverse("top-up:1", now=NOON)

    assert books.balance(credit) == 0
    assert Transfer.objects.get(key="top-up:1/back").reverses.key == "top-up:1"
    assert list(books.find_faults()) == []


def test_versions_and_balances_follow_one_another(credit):
    for number in range(1, 4):
        pay_in(credit, 100, key=f"top-up:{number}")

    rows = Transfer.objects.order_by("target_version")
    assert [(row.target_version, row.target_balance_minor) for row in rows] == [
        (1, 100),
        (2, 200),
        (3, 300),
    ]


@pytest.mark.parametrize(
    ("minor", "is_same", "constraint"),
    [
        (0, False, "transfer_moves_something"),
        (-5, False, "transfer_moves_something"),
        (5, True, "transfer_joins_two_different_books"),
    ],
)
def test_the_database_itself_refuses_what_is_no_transfer(minor, is_same, constraint):
    one = ledger.open_book(CLEARING)
    other = one if is_same else ledger.open_book(BookName("earned", "EUR"))

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Transfer.objects.create(
            source=one, target=other, currency="EUR", minor=minor, key="x", booked_at=NOON
        )


def test_a_transfer_between_currencies_is_refused_by_the_database():
    euros = ledger.open_book(CLEARING)
    yen = ledger.open_book(BookName("earned", "JPY"))

    with (
        pytest.raises(IntegrityError, match="transfer_and_its_target_share_a_currency"),
        transaction.atomic(),
    ):
        Transfer.objects.create(
            source=euros, target=yen, currency="EUR", minor=5, key="x", booked_at=NOON
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_transfer SET minor = 1",
        "DELETE FROM ledger_transfer",
        "TRUNCATE ledger_transfer",
        "UPDATE journal_event SET kind = 'x'",
        "DELETE FROM journal_event",
        "UPDATE refunds_decision SET due_minor = 0",
        "DELETE FROM refunds_decision",
    ],
)
def test_the_program_cannot_edit_what_was_written(statement):
    with (
        pytest.raises(Exception, match="permission denied") as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_a_wrong_balance_is_found(credit):
    pay_in(credit, 500)
    Book.objects.filter(kind="paid_credit").update(balance_minor=499)

    assert any("does not hold" in fault for fault in books.find_faults())
