"""The counters of a line and its tenders: what is on its way back, and what came back."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, QuerySet

from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.operations import Entry, open_book
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders.models import OrderLine, Tender


def lock_line(order_line_id: int) -> OrderLine:
    """Lock the order, then the line, until the transaction ends; both are read as they stand."""
    return _locked().get(pk=order_line_id)


def lock_own_line(order_line_id: int, customer_id: int) -> OrderLine:
    """As `lock_line`, for a line of that customer's. Raises NotAmongYours."""
    line = _locked().filter(pk=order_line_id, order__customer_id=customer_id).first()
    if line is None:
        raise NotAmongYours(order_line_id=order_line_id)
    return line


def _locked() -> QuerySet[OrderLine]:
    # PostgreSQL locks the rows of a join in the order in which OF names their tables.
    locked = OrderLine.objects.select_for_update(no_key=True, of=("order", "self"))
    return locked.select_related("order")


@transaction.atomic
def reserve(*, order_line_id: int, parts: Sequence[tuple[int, int]]) -> None:
    """Put (tender id, minor) parts of a line on their way back. The line must be locked.

    The database refuses (IntegrityError) more than a tender or the line has left.
    """
    for tender_id, minor in parts:
        Tender.objects.filter(pk=tender_id, line_id=order_line_id).update(
            pending_minor=F("pending_minor") + minor
        )
        OrderLine.objects.filter(pk=order_line_id).update(pending_minor=F("pending_minor") + minor)


@transaction.atomic
def settle(*, tender_id: int, minor: int) -> None:
    """What was on its way through a tender has come back."""
    shift(tender_id, pending=-minor, refunded=minor)


@transaction.atomic
def unsettle(*, tender_id: int, minor: int) -> None:
    """What had come back through a tender was sent back to us: it is on its way again."""
    shift(tender_id, pending=minor, refunded=-minor)


def shift(tender_id: int, *, pending: int, refunded: int) -> None:
    tender = Tender.objects.get(pk=tender_id)
    lock_line(tender.line_id)
    changes = {
        "pending_minor": F("pending_minor") + pending,
        "refunded_minor": F("refunded_minor") + refunded,
    }
    Tender.objects.filter(pk=tender_id).update(**changes)
    OrderLine.objects.filter(pk=tender.line_id).update(**changes)


def owe_entries(*, line: OrderLine, minor: int, tax: int, cause: str) -> list[Entry]:
    """The moves that make `minor` of a line (its tax included) owed to the customer.

    Unearned money goes first; what was earned already is taken back from there.
    """
    order = line.order
    currency, customer_id = order.currency, order.customer_id
    owed = BookName("refunds_owed", currency, customer_id=customer_id)
    unearned = BookName("unearned", currency, customer_id=customer_id, order_line_id=line.pk)
    open_book(unearned)
    net = minor - tax
    from_unearned = min(net, books.balance(unearned))
    return [
        Entry(f"{cause}/net", from_unearned, unearned, owed),
        Entry(f"{cause}/earned", net - from_unearned, BookName("earned", currency), owed),
        Entry(f"{cause}/tax", tax, tax_book(currency, order.residence, line.tax_rate), owed),
    ]


def tax_book(currency: str, residence: str, rate: str) -> BookName:
    """Where the tax on what somebody of that residence bought stands: per country and rate."""
    return BookName("tax", currency, label=f"{residence[:2]} {rate}")
