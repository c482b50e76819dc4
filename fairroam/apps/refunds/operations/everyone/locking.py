"""The locks of a batch, in the order of every other act: customer, order, line, payment, books."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from msgspec.json import encode

from fairroam.apps.customers.models import Customer
from fairroam.apps.ledger.models import Book
from fairroam.apps.ledger.operations import open_book
from fairroam.apps.ledger.queries import BookName, name_of
from fairroam.apps.orders.models import Order, OrderLine, Tender
from fairroam.apps.payments.models import Payment
from fairroam.apps.refunds.models import RefundRunLine

Books = dict[BookName, Book]
OF_OWNERS = ("is_open", "leaving_at", "residence", "zone", "language", "user__email")
NAMED = """json_to_recordset(%s) AS named
    (kind text, currency text, label text, customer_id bigint, order_line_id bigint)"""
IS_NAMED = """book.customer_id = named.customer_id AND book.kind = named.kind
    AND book.currency = named.currency AND book.label = named.label
    AND book.order_line_id IS NOT DISTINCT FROM named.order_line_id"""
# Somebody else may open the same one now.
OPEN = f"""
    INSERT INTO ledger_book (
        kind, currency, label, customer_id, order_line_id, balance_minor, version)
    SELECT named.*, 0, 0 FROM {NAMED}
    WHERE NOT EXISTS (SELECT FROM ledger_book book WHERE {IS_NAMED})
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - all of it is written above
LOCK = f"""
    SELECT book.* FROM {NAMED} JOIN ledger_book book ON {IS_NAMED}
    ORDER BY book.id FOR NO KEY UPDATE OF book
"""  # noqa: S608 - all of it is written above


def lock_owners(lines: Sequence[RefundRunLine]) -> dict[int, Customer]:
    """Lock the customers of these lines, with the sign-in that mail goes to."""
    found = Customer.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
    owners = found.filter(pk__any_of={line.customer_id for line in lines}).only(*OF_OWNERS)
    owners = owners.order_by("pk")
    return {owner.pk: owner for owner in owners}


def lock_payments(line_ids: Sequence[int]) -> dict[int, Payment]:
    """Lock the orders, the lines and then what paid for them."""
    order_ids = set(
        OrderLine.objects.filter(pk__any_of=line_ids).values_list("order_id", flat=True)
    )
    for model, keys in ((Order, order_ids), (OrderLine, line_ids)):
        locked = model.objects.select_for_update(no_key=True).filter(pk__any_of=keys).order_by("pk")
        assert len(locked.values_list("pk")) == len(keys)
    tenders = Tender.objects.filter(line_id__any_of=line_ids, payment__isnull=False)
    wanted = set(tenders.values_list("payment_id", flat=True))
    payments = (
        Payment.objects.select_for_update(no_key=True).filter(pk__any_of=wanted).order_by("pk")
    )
    return {payment.pk: payment for payment in payments}


def lock_books(names: Iterable[BookName]) -> Books:
    """Open and lock as `ledger.lock_books` does, with few statements for thousands of books."""
    wanted = dict.fromkeys(names)
    house = {name: open_book(name) for name in wanted if not name.is_customers}
    owned = encode([name for name in wanted if name.is_customers]).decode()
    with connection.cursor() as cursor:
        cursor.execute(OPEN, [owned])
    return house | {name_of(book): book for book in Book.objects.raw(LOCK, [owned])}
