"""End what is under an account: refunds awaited, lines off, remains forfeited, messages dropped."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fairroam.apps.closures.models import Closure
from fairroam.apps.closures.queries import pots
from fairroam.apps.conversations import operations as conversations
from fairroam.apps.customers import operations as customers
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as esim_rows
from fairroam.apps.esims.queries import numbers
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.notices import operations as notices
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders.operations import let_rest
from fairroam.apps.payments import queries as payments
from fairroam.apps.refunds import queries as refunds
from fairroam.apps.wallet import operations as wallet

# What the customer chose not to take, as the checklist said; paid credit is never forfeited.
FORFEITED_KINDS = ("unearned",)  # and every gift in the wallet


class NotYet(Exception):
    """The step waits; its text names for what. An event brings the closing back."""


def await_refunds(closure: Closure, now: datetime) -> dict[str, Any]:
    """Go on only when every request is decided; money on its way needs no account."""
    customer_id = closure.customer_id
    if refunds.undecided_refunds_of(customer_id):
        raise NotYet("refunds")
    is_owed = any(pot.minor for pot in pots(customer_id, "refunds_owed"))
    if is_owed and not payments.on_their_way(customer_id):
        raise NotYet("money_owed")
    return {"refunds": refunds.count_of(customer_id)}


def end_lines(closure: Closure, now: datetime) -> dict[str, Any]:
    """Take every live line off; once all are proven off, what was not used is forfeited."""
    for line in esim_rows.live_lines_of(closure.customer_id):
        esims.take_off(order_line_id=line.order_line_id, now=now)
    if esim_rows.live_lines_of(closure.customer_id):
        raise NotYet("lines")
    pages = list(orders.orders_of(closure.customer_id))
    if any(is_owed_back(line.id) for page in pages if page.paid_at for line in page.lines):
        raise NotYet("money_owed")
    for page in pages:
        # An order whose lines were taken off before they were delivered has nothing to wait for.
        if page.paid_at and all(esim_rows.line_state(line.id).is_off for line in page.lines):
            let_rest(order_id=page.id)
    forfeited = forfeit_remains(closure, now)
    return {"lines": len(esim_rows.lines_of(closure.customer_id)), "forfeited": forfeited}


def is_owed_back(order_line_id: int) -> bool:
    """Whether its number was refused, and its price has yet to go back by a job of its own."""
    if not numbers.refused_line(order_line_id):
        return False
    terms = orders.terms_of(order_line_id)
    return terms.paid > terms.refunded + terms.pending


def forfeit_remains(closure: Closure, now: datetime) -> dict[str, int]:
    """Move what is left unearned, and promotional credit, to breakage; per currency."""
    cause = f"closure:{closure.pk}/{int(now.timestamp())}"
    forfeited = wallet.forfeit_gifts(customer_id=closure.customer_id, cause=cause, now=now)
    named = [book.name for book in books.balances_of(closure.customer_id)]
    locked = ledger.lock_books([name for name in named if name.kind in FORFEITED_KINDS])
    entries = []
    for name, book in locked.items():
        left = book.balance_minor or 0
        # The version is in the key: what comes in later is another act.
        key = f"closure:{closure.pk}/{book.pk}/{book.version}"
        entries.append(Entry(key, left, name, BookName("breakage", name.currency)))
        forfeited[name.currency] = forfeited.get(name.currency, 0) + left
    ledger.post(entries, now=now)
    return {currency: minor for currency, minor in forfeited.items() if minor}


def drop_notices(closure: Closure, now: datetime) -> dict[str, Any]:
    """Drop the messages that still wait, and close every conversation.

    Nothing but the last mail is sent from here on.
    """
    ended = conversations.end_threads(customer_id=closure.customer_id, now=now)
    dropped = notices.drop_queued(customer_id=closure.customer_id)
    return {"dropped": dropped, "conversations": ended}


def delete_sessions(closure: Closure, now: datetime) -> dict[str, Any]:
    """Sign the customer out everywhere; browsers that only bought see nothing from here on."""
    user_id = closure.customer.user_id
    ended = customers.end_sessions(user_id=user_id, now=now) if user_id is not None else 0
    return {"sessions": ended}
