"""Ask suppliers, by the clock or after a hint: usage, states, credit, what became of claims."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from django.conf import settings

from fairroam.apps.esims import queries as esims
from fairroam.apps.esims.tasks import UNFINISHED_AFTER
from fairroam.apps.journal.tasks import alone
from fairroam.apps.metering import queries as metering
from fairroam.apps.suppliers import operations, queries
from fairroam.apps.suppliers.queries import Bought
from fairroam.apps.suppliers.tasks.acts import do_act
from fairroam.apps.suppliers.tasks.end import end_esim
from fairroam.apps.suppliers.tasks.gateways import gateway, suppliers
from fairroam.apps.suppliers.tasks.order import NotReady, order_esim
from fairroam.apps.suppliers.tasks.top_up import buy_top_up
from fairroam.gateways.suppliers import (
    AccessRefused,
    AnswerMismatch,
    GatewayUnreachable,
    OrderState,
    SupplierGateway,
    SupplierRefused,
)
from fairroam.rules.polling import PRESSING, Watched, next_ask

log = logging.getLogger(__name__)
NEVER_ASKED = datetime.min.replace(tzinfo=UTC)
POLL_MAX = 50  # eSIMs per supplier and run: below every supplier's limit of calls


@contextmanager
def _forgiving(supplier: str) -> Iterator[None]:
    """One supplier's silence or refusal of a look keeps nobody else waiting."""
    try:
        yield
    except (GatewayUnreachable, SupplierRefused, AnswerMismatch) as error:
        log.warning("supplier %s could not be asked: %s", supplier, error)


def resume_unfinished(*, now: datetime) -> None:
    """Go on with orders, packs, acts, ends and hints that were left; run it now and then."""
    operations.tell_held_hints(now=now)
    ordering, ending = queries.unfinished(now)
    for order_line_id in ordering:
        with alone(f"the order of line {order_line_id}", GatewayUnreachable, NotReady):
            order_esim(order_line_id=order_line_id, now=now)
    for order_line_id in queries.unfinished_top_ups(now):
        with alone(f"top-up {order_line_id}", GatewayUnreachable):
            buy_top_up(order_line_id=order_line_id, now=now)
    for act_id in esims.unfinished_acts(now - UNFINISHED_AFTER, is_resold=True):
        with alone(f"act {act_id}", GatewayUnreachable):
            do_act(act_id=act_id, now=now)
    for order_line_id in ending:
        with alone(f"the end of line {order_line_id}", GatewayUnreachable):
            end_esim(order_line_id=order_line_id, now=now)
    operations.note_silence(now=now)
    operations.note_silent_top_ups(now=now)


def poll_usage(*, now: datetime) -> None:
    """Ask what was used, first where an answer is due longest; states of lines that end, too.

    The nearer an eSIM is to its limit or its end, or to being paid back, the sooner it is due.
    """
    for name in suppliers():
        wanted = _due(queries.to_poll(name, asked_before=now - PRESSING, now=now), now)[:POLL_MAX]
        if wanted:
            with _forgiving(name):
                _poll(gateway(name), wanted, now)


def _due(orders: list[Bought], now: datetime) -> list[Bought]:
    watched = metering.watched_lines(now, [one.order_line_id for one in orders])
    due_at = {}
    for one in orders:
        at = next_ask(watched.get(one.order_line_id, Watched()), one.polled_at)
        due_at[one.order_line_id] = NEVER_ASKED if at is None else at
    due = [one for one in orders if due_at[one.order_line_id] <= now]
    return sorted(due, key=lambda one: due_at[one.order_line_id])


def _poll(supplier: SupplierGateway, wanted: list[Bought], now: datetime) -> None:
    try:
        _read_usage(supplier, wanted, now)
    except (SupplierRefused, AnswerMismatch) as error:
        if isinstance(error, AccessRefused) or len(wanted) == 1:
            raise
        for one in wanted:  # Something is wrong with one of them; the others are told all the same.
            with _forgiving(supplier.supplier):
                _read_usage(supplier, [one], now)
    for one in wanted:
        if one.is_ending:
            with _forgiving(supplier.supplier):
                look(order_line_id=one.order_line_id, now=now)


def _read_usage(supplier: SupplierGateway, wanted: list[Bought], now: datetime) -> None:
    for reading in supplier.usage(refs=[one.esim_ref for one in wanted], now=now):
        operations.record_reading(supplier=supplier.supplier, reading=reading, now=now)
    operations.note_polled(order_line_ids=[one.order_line_id for one in wanted], now=now)


def look(*, order_line_id: int, now: datetime) -> None:
    """Ask where an eSIM is, and record what that proves. Raises GatewayUnreachable."""
    order = queries.bought(order_line_id)
    assert order is not None
    state = gateway(order.supplier).esim_status(ref=order.esim_ref)
    operations.record_state(order_line_id=order_line_id, state=state, now=now)


def poll_balances(*, now: datetime) -> None:
    """Ask every supplier for our credit."""
    for name in suppliers():
        with _forgiving(name):
            _poll_balance(name, now)


def _poll_balance(supplier: str, now: datetime) -> None:
    operations.record_balance(
        supplier=supplier,
        balance=gateway(supplier).balance(),
        low_minor=settings.FAIRROAM_SUPPLIERS_BALANCE_LOW,
        now=now,
    )


def reconcile_claims(*, now: datetime) -> None:
    """Look whether orders that we claim for were paid back; what stays silent goes to a person."""
    for name in suppliers():
        for order in queries.to_reconcile(name):
            with _forgiving(name):
                found = gateway(name).look_up_order(key=order.key, order_ref=order.order_ref)
                if found is not None and found.state == OrderState.REFUNDED:
                    operations.settle_claim(
                        order_line_id=order.order_line_id,
                        is_credited=True,
                        actor="supplier",
                        now=now,
                    )
    operations.age_claims(now=now)


def hear(*, supplier: str, body: bytes, headers: Mapping[str, str], now: datetime) -> int:
    """Note a webhook; returns how many of its events were news.

    Raises KeyError for an unknown supplier, BadSignature, EventNotUnderstood.
    """
    told_by = gateway(supplier)
    return operations.hear(
        supplier=supplier,
        events=told_by.parse_event(body=body, headers=headers, now=now),
        is_signed=told_by.capabilities.signed_webhooks,
        now=now,
    )


def ask_again(*, supplier: str, order_line_id: int | None, now: datetime) -> None:
    """Something changed there: ask what. Raises GatewayUnreachable, NotReady."""
    if order_line_id is None:
        _poll_balance(supplier, now)
        return
    operations.begin_asking(order_line_id=order_line_id, now=now)
    order = queries.bought(order_line_id)
    assert order is not None
    if order.stage == "delivered":
        look(order_line_id=order_line_id, now=now)
        with _forgiving(supplier):
            _poll(gateway(supplier), [order], now)
    else:
        order_esim(order_line_id=order_line_id, now=now)
