"""The books name nobody but by the customer's id; tax law wants them kept."""

from __future__ import annotations

from django.db.models import Q

from fairroam.apps.journal.personal import BOOKS, KEY, PROGRAM, Table


def _moved(customer_id: int) -> Q:
    return Q(source__customer_id=customer_id) | Q(target__customer_id=customer_id)


TABLES = (
    Table(
        name="ledger_book",
        about="money",
        whose="customer_id",
        why=BOOKS,
        kept="id kind currency label order_line_id balance_minor",
        ours={KEY: "customer_id", PROGRAM: "version"},
    ),
    # A transfer to another customer names the other's book by a number that says nothing else.
    Table(
        name="ledger_transfer",
        about="money",
        whose=_moved,
        why=BOOKS,
        kept="id source_id target_id currency minor reverses_id booked_at",
        ours={
            KEY: "key",
            PROGRAM: "recorded_at source_balance_minor source_version target_balance_minor"
            " target_version",
        },
    ),
)
