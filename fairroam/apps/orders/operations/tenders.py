"""By what means an order is paid: card, paid credit, promotional credit; line by line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders.models import Order, OrderLine, Tender
from fairroam.apps.orders.operations.refund import tax_book
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet.operations import Piece, Return
from fairroam.rules.money import share_by_weight

# Kind of credit in the wallet -> (kind of tender, its method, the book it is paid out of).
CREDIT = {
    "paid": ("credit", "wallet", "paid_credit"),
    "promo": ("promo", "promo", "promo_credit"),
}


def cause_of(order_line_id: int) -> str:
    """What the wallet calls the purchase of that line."""
    return f"order-line:{order_line_id}"


def causes_of(order: Order) -> list[str]:
    """What the wallet calls the purchases of an order."""
    return [cause_of(line.pk) for line in order.lines.all()]


def reserve_credit(order: Order, pieces: Sequence[Piece]) -> None:
    """Keep these pieces of the wallet for the order's lines, each in its share of the price.

    Each kind of credit is divided over the lines by what of them is not paid yet, by largest
    remainder: the tenders of a line add up to its price, those of a kind to what the wallet gives.
    """
    if not pieces:
        return
    lines = list(order.lines.order_by("position"))
    open_minor = [line.price_minor for line in lines]
    given: list[list[Piece]] = [[] for _ in lines]
    for kind in CREDIT:
        mine = [piece for piece in pieces if piece.kind == kind]
        if not mine:
            continue
        shares = share_by_weight(sum(piece.minor for piece in mine), open_minor)
        open_minor = [whole - share for whole, share in zip(open_minor, shares, strict=True)]
        for place, share in enumerate(shares):
            given[place] += cut(mine, share)
    for line, parts in zip(lines, given, strict=True):
        wallet.reserve(cause=cause_of(line.pk), pieces=parts)


def cut(pieces: list[Piece], minor: int) -> list[Piece]:
    """Take `minor` off the front of `pieces`, which keeps the rest."""
    taken = []
    while minor:
        first = pieces.pop(0)
        part = min(first.minor, minor)
        taken.append(Piece(first.lot_id, first.kind, part))
        if part < first.minor:
            pieces.insert(0, Piece(first.lot_id, first.kind, first.minor - part))
        minor -= part
    return taken


def tenders_of(order: Order, lines: Sequence[OrderLine], now: datetime) -> list[Tender]:
    """Capture the credit of each line; its tenders, unsaved: cash is what is left of the price."""
    tenders = []
    for line in lines:
        spent = wallet.capture(cause=cause_of(line.pk), now=now)
        cash = line.price_minor - sum(spent.values())
        parts = [("cash", order.payment.method, cash)] if order.payment and cash else []
        parts += [
            (kind, method, spent[name])
            for name, (kind, method, _) in CREDIT.items()
            if spent.get(name)
        ]
        assert sum(minor for _, _, minor in parts) == line.price_minor
        tenders += [
            Tender(
                line=line,
                position=position,
                kind=kind,
                method=method,
                payment_id=order.payment_id if kind == "cash" else None,
                captured_minor=minor,
            )
            for position, (kind, method, minor) in enumerate(parts, 1)
        ]
    return tenders


def capture_entries(line: OrderLine, tenders: Sequence[Tender]) -> list[Entry]:
    """What a line's payment means to the books: its net is unearned, its tax is the state's.

    Each tender pays its share of the tax, by largest remainder.
    """
    if not tenders:
        return []  # A free trial: nothing was paid, and nothing moves.
    order = line.order
    unearned = BookName(
        "unearned", order.currency, customer_id=order.customer_id, order_line_id=line.pk
    )
    tax_due = tax_book(order.currency, order.residence, line.tax_rate)
    taxes = share_by_weight(line.tax_minor, [tender.captured_minor for tender in tenders])
    entries = []
    for tender, tax in zip(tenders, taxes, strict=True):
        # The books look for the first of them; the others have their place in the key.
        place = "" if tender.position == 1 else f":{tender.position}"
        source, net = paid_from(tender, order), tender.captured_minor - tax
        entries += [
            Entry(f"capture:{line.pk}/net{place}", net, source, unearned),
            Entry(f"capture:{line.pk}/tax{place}", tax, source, tax_due),
        ]
    return entries


def paid_from(tender: Tender, order: Order) -> BookName:
    """The book that a tender pays out of."""
    for kind, _, book in CREDIT.values():
        if tender.kind == kind:
            return BookName(book, order.currency, customer_id=order.customer_id)
    assert order.payment is not None
    return BookName("clearing", order.currency, label=order.payment.provider)


def give_back_credit(line: OrderLine, kind: str, minor: int, *, why: str, now: datetime) -> None:
    """Put credit of a tender back into the lots that it came from; the books are the caller's."""
    names = {tender: name for name, (tender, _, _) in CREDIT.items()}
    wallet.give_back(cause=cause_of(line.pk), kind=names[kind], minor=minor, why=why, now=now)


def returned(order_line_id: int, kind: str, minor: int, *, why: str) -> Return:
    """What `give_back_credit` would put back, for `wallet.give_back_each`."""
    names = {tender: name for name, (tender, _, _) in CREDIT.items()}
    return Return(cause_of(order_line_id), names[kind], minor, why)


def credit_book(kind: str, currency: str, customer_id: int) -> BookName:
    """The book of credit that a tender of that kind was paid out of."""
    books = {tender: book for tender, _, book in CREDIT.values()}
    return BookName(books[kind], currency, customer_id=customer_id)
