"""Ask for money back, or take the request back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.esims import operations as esims
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.metering import operations as metering
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_rows
from fairroam.apps.refunds.models import Quote, RefundRequest
from fairroam.apps.refunds.operations import deciding
from fairroam.apps.refunds.operations.moves import lock_request, move, tell
from fairroam.apps.refunds.queries.facts import burns_no_more_since, quote_terms
from fairroam.apps.refunds.refusals import AlreadyAsked

# Wishes that a person must fulfil: the plan goes on until they have.
FOR_A_PERSON = ("replacement", "credit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for. asked_minor: a part, at least 1; None asks for all that is due.

    wish, wish_minor: what they would like beyond that; more than is due is a person's to give,
    and never blocks. words: optional, theirs. quote: the one they confirmed, if any.
    """

    asked_minor: int | None = None
    wish: str = ""
    wish_minor: int | None = None
    destination: str = "original"
    words: str = ""
    quote: Quote | None = None


def request_refund(
    *,
    order_line_id: int,
    customer_id: int,
    key: UUID,
    asked_minor: int | None,
    words: str,
    wish_minor: int | None,
    declared_at: datetime,
    now: datetime,
    actor: str,
) -> RefundRequest:
    """Open the request for money back for one order line without a quote; no reason is needed.

    asked_minor, wish_minor, words: see Wanted. declared_at: when it reached a door of ours: the
    instant that counts for the right. key: of the act; sent again it gives the same request.
    Where money is due the line is taken off first, and decided after.
    Raises NotAmongYours, NothingPaid, AlreadyAsked, AccountClosed, KeyReused.
    """

    def work() -> dict[str, Any]:
        refund = open_request(
            order_line_id=order_line_id,
            customer_id=customer_id,
            wanted=Wanted(asked_minor=asked_minor, wish_minor=wish_minor, words=words),
            refuse=lambda: None,
            declared_at=declared_at,
            received_at=now,
            now=now,
            actor=actor,
        )
        return {"refund_id": refund.pk}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="refund",
        key=str(key),
        request={
            "order_line_id": order_line_id,
            "asked_minor": asked_minor,
            "wish_minor": wish_minor,
            "words": words,
        },
        work=work,
        now=now,
    )
    return RefundRequest.objects.get(pk=answer["refund_id"])


@transaction.atomic
def open_request(
    *,
    order_line_id: int,
    customer_id: int,
    wanted: Wanted,
    refuse: Callable[[], None],
    declared_at: datetime,
    received_at: datetime,
    now: datetime,
    actor: str,
) -> RefundRequest:
    """Lock, look what is due, open the request, and take the line off or decide at once.

    refuse: a last look under the locks, which may raise a refusal of its own.
    """
    assert declared_at <= received_at <= now
    customers.lock_for_new(customer_id)
    if order_rows.terms_of(order_line_id).customer_id != customer_id:
        raise NotAmongYours(order_line_id=order_line_id)
    orders.lock_line(order_line_id)
    open_now = RefundRequest.objects.filter(order_line_id=order_line_id, is_live=True).first()
    if open_now is not None:
        raise AlreadyAsked(refund_id=open_now.pk)
    refuse()
    terms = order_rows.terms_of(order_line_id)  # again: the counters of a locked line hold still
    due = quote_terms(terms, declared_at=declared_at, received_at=received_at).due
    asked_minor, wish_minor = wanted.asked_minor, wanted.wish_minor
    if asked_minor is not None and asked_minor > due:
        wish_minor = max(asked_minor, wish_minor or 0)
        asked_minor = None
    refund = RefundRequest.objects.create(
        order_line_id=order_line_id,
        customer_id=customer_id,
        declared_at=declared_at,
        received_at=received_at,
        asked_minor=asked_minor,
        wish=wanted.wish,
        wish_minor=wish_minor,
        destination=wanted.destination,
        words=wanted.words,
        quote=wanted.quote,
    )
    tell(refund, "refund.requested", actor=actor, now=now, due_minor=due)
    if due and wanted.wish not in FOR_A_PERSON:
        await_network(refund, now=now)
    else:
        deciding.decide(refund, now=now)  # The line may live on: a person looks.
    return refund


def await_network(refund: RefundRequest, *, now: datetime) -> None:
    """Have the line taken off; what was taken off before is decided at once."""
    move(refund, "await_network", now=now)
    take_off(refund.order_line_id, now=now)
    if burns_no_more_since(refund.order_line_id) is not None:
        deciding.await_usage(refund, now=now)


def take_off(order_line_id: int, *, now: datetime) -> None:
    """Let nothing be used for that line any more.

    A top-up leaves its eSIM alone: its pack is stopped, so that no use counts for it any more.
    """
    if order_rows.base_of(order_line_id) != order_line_id:
        metering.stop_pack(order_line_id, now)
    else:
        esims.take_off(order_line_id=order_line_id, now=now)


@transaction.atomic
def withdraw_request(*, request_id: int, customer_id: int, now: datetime) -> None:
    """Take a request back while nobody has decided. Raises NotAmongYours, MoveNotAllowed."""
    if not RefundRequest.objects.filter(pk=request_id, customer_id=customer_id).exists():
        raise NotAmongYours(refund_id=request_id)
    refund = lock_request(request_id)
    move(refund, "withdraw", now=now)
    tell(refund, "refund.withdrawn", actor=f"customer:{customer_id}", now=now)
