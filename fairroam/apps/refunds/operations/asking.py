"""Ask for money back, or take the request back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import operations as esims
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.metering import operations as metering
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.refunds.models import Quote, RefundRequest
from fairroam.apps.refunds.models.quotes import INSTEAD_OF_MONEY
from fairroam.apps.refunds.operations import deciding
from fairroam.apps.refunds.operations.moves import lock_request, move, tell
from fairroam.apps.refunds.queries.facts import Standing, standing_of
from fairroam.apps.refunds.queries.pages import open_asked
from fairroam.apps.refunds.refusals import AlreadyAsked, OrderedLater
from fairroam.rules import stages


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
    Raises NotAmongYours, NothingPaid, AlreadyAsked, OrderedLater, AccountClosed, KeyReused.
    """

    def work() -> dict[str, Any]:
        refund = open_request(
            order_line_id=order_line_id,
            customer_id=customer_id,
            wanted=Wanted(asked_minor=asked_minor, wish_minor=wish_minor, words=words),
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
    declared_at: datetime,
    received_at: datetime,
    now: datetime,
    actor: str,
) -> RefundRequest:
    """Lock, look what is due, open the request, and go on with it as `open_locked` does.

    What was said while the payment was on its way counts from when it had arrived: no right is
    older than its contract. Raises OrderedLater, and as `request_refund`.
    """
    customer = customers.lock_for_new(customer_id)
    line = orders.lock_own_line(order_line_id, customer_id)
    standing, open_now = standing_of(order_line_id, open_asked([order_line_id]))
    if open_now is not None:
        raise AlreadyAsked(refund_id=open_now)
    if declared_at < standing.terms.placed_at:
        raise OrderedLater(order_line_id=order_line_id)
    declared_at = max(declared_at, standing.terms.concluded_at or declared_at)
    received_at = max(received_at, declared_at)
    return open_locked(
        Locked(customer, line, standing),
        wanted,
        declared_at=declared_at,
        received_at=received_at,
        now=now,
        actor=actor,
    )


@dataclass(frozen=True, slots=True)
class Locked:
    """A customer, a line of theirs with its order, and how it stands: read under the locks."""

    customer: Customer
    line: OrderLine
    standing: Standing


def open_locked(
    locked: Locked,
    wanted: Wanted,
    *,
    declared_at: datetime,
    received_at: datetime,
    now: datetime,
    actor: str,
) -> RefundRequest:
    """Open the request for a locked line, and take the line off or have a person look.

    A line that is off already waits for nothing but `usage_is_known`, as `refund.requested` asks.
    """
    assert declared_at <= received_at <= now
    due = locked.standing.quote(declared_at, received_at).due
    asked_minor, wish_minor = wanted.asked_minor, wanted.wish_minor
    if asked_minor is not None and asked_minor > due:
        wish_minor = max(asked_minor, wish_minor or 0)
        asked_minor = None
    ends_line = due > 0 and wanted.wish not in INSTEAD_OF_MONEY
    first = "submitted"
    refund = RefundRequest.objects.create(
        order_line=locked.line,
        customer=locked.customer,
        stage=stages.next_stage(stages.REFUND, first, "await_network") if ends_line else first,
        declared_at=declared_at,
        received_at=received_at,
        asked_minor=asked_minor,
        wish=wanted.wish,
        wish_minor=wish_minor,
        destination=wanted.destination,
        words=wanted.words,
        quote=wanted.quote,
    )
    with journal.telling_at_the_end():
        tell(refund, "refund.requested", actor=actor, now=now, due_minor=due)
        if not ends_line:
            deciding.decide(refund, now=now)  # The line may live on: a person looks.
        elif take_off(locked.line, now=now) is not None:
            move(refund, "await_usage", now=now)  # The event has it decided.
    return refund


def take_off(line: OrderLine, *, now: datetime) -> datetime | None:
    """Let nothing be used for that line any more; since when nothing can be, if that is proven.

    A top-up leaves its eSIM alone: its pack is stopped, so that no use counts for it any more.
    """
    if line.tops_up_id is None:
        return esims.take_off(order_line_id=line.pk, now=now)
    return metering.stop_pack(line.pk, now)


@transaction.atomic
def withdraw_request(*, request_id: int, customer_id: int, now: datetime) -> None:
    """Take a request back while nobody has decided. Raises NotAmongYours, MoveNotAllowed."""
    if not RefundRequest.objects.filter(pk=request_id, customer_id=customer_id).exists():
        raise NotAmongYours(refund_id=request_id)
    refund = lock_request(request_id)
    move(refund, "withdraw", now=now)
    tell(refund, "refund.withdrawn", actor=f"customer:{customer_id}", now=now)
