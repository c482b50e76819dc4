"""The money of an account as one calculation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from fairroam.apps.ledger import queries as ledger
from fairroam.apps.orders import queries as orders
from fairroam.apps.payments import queries as payments
from fairroam.apps.wallet import queries as wallet

FIGURES = (
    "PAID_IN",
    "GIFTED",
    "RECEIVED",
    "PAID_BACK",
    "ON_ITS_WAY",
    "GIVEN_AWAY",
    "WAIVED",
    "FORFEITED",
    "KEPT",
)
# Named only where there is something to say.
SELDOM = ("GIFTED", "RECEIVED", "ON_ITS_WAY", "GIVEN_AWAY", "WAIVED")
MOVES = {
    ("refunds_owed", "clearing"): "PAID_BACK",
    ("refunds_owed", "loss"): "PAID_BACK",  # by their own bank, in a dispute that we lost
    ("refunds_owed", "settlement"): "ON_ITS_WAY",
    ("paid_credit", "waived"): "WAIVED",
    ("unearned", "breakage"): "FORFEITED",
}


def figures_of(customer_id: int, *, until: datetime) -> list[tuple[str, str, int]]:
    """The account's money up to `until` as a calculation: (code, currency, minor units, signed).

    What was paid, less what came back and what was forfeited, less what is kept for use (with
    all tax): the lines of a currency add up to nothing left.
    """
    sums: dict[str, dict[str, int]] = {}
    for currency, minor in paid_in(customer_id, until):
        sums.setdefault(currency, dict.fromkeys(FIGURES, 0))["PAID_IN"] += minor
    for currency, told in wallet.figures_of(customer_id, until=until).items():
        figures = sums.setdefault(currency, dict.fromkeys(FIGURES, 0))
        for code, minor in told.items():
            figures[code] += minor
    for (kind, house, currency), minor in ledger.moved_out(customer_id, until=until).items():
        if (kind, house) in MOVES:
            sums[currency][MOVES[kind, house]] -= minor
    for figures in sums.values():
        figures["KEPT"] = -sum(figures.values())
    return [
        (code, currency, minor)
        for currency, figures in sorted(sums.items())
        for code, minor in figures.items()
        if minor or code not in SELDOM
    ]


def paid_in(customer_id: int, until: datetime) -> Iterator[tuple[str, int]]:
    """(Currency, minor units) of what was paid for orders, or came in and went back at once."""
    for page in orders.orders_of(customer_id):
        if page.paid_at is not None and page.paid_at <= until:
            yield page.currency, page.cash_minor
    yield from payments.sent_back_to(customer_id, until=until).items()
