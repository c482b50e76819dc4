"""Buy a pack for an eSIM that a supplier sold us before: claimed before each call, recorded after.

The pack's order line is locked before the row of its purchase. What cannot be had is paid back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from fairroam.apps.esims import queries as esim_queries
from fairroam.apps.journal import operations as journal
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.metering import operations as metering
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_queries
from fairroam.apps.suppliers.models import SupplierOrder, SupplierTopUp
from fairroam.apps.suppliers.operations.ordering import (
    ASK_AGAIN_AFTER,
    GIVE_UP_AFTER,
    SILENT,
    SILENT_AFTER,
)
from fairroam.gateways.suppliers import TopUpReceipt
from fairroam.rules import stages

OPEN = ("planned", "sent")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTopUp:
    """A pack as the call for it needs it."""

    esim_ref: str
    package: str
    key: UUID


@transaction.atomic
def plan_top_up(*, order_line_id: int, now: datetime) -> None:
    """Note which pack to buy for a resold eSIM, once; tells `supplier.top_up_planned`.

    An eSIM that its supplier has not delivered takes none: the pack is paid back.
    """
    orders.lock_line(order_line_id)
    terms = order_queries.terms_of(order_line_id)
    assert terms.tops_up is not None
    if not SupplierOrder.objects.filter(pk=terms.tops_up, stage="delivered").exists():
        orders.give_up(order_line_id=order_line_id, now=now)
        return
    top_up, is_new = SupplierTopUp.objects.get_or_create(
        order_line_id=order_line_id,
        defaults={
            "esim_id": terms.tops_up,
            "package": terms.plan_copy["supplier_package"],
            "key": uuid4(),
            "cost_minor": terms.plan_copy["wholesale_minor"],
            "currency": terms.plan_copy["wholesale_currency"],
            "planned_at": now,
            "next_call_at": now,
        },
    )
    if is_new:
        _tell(top_up, "supplier.top_up_planned", now=now)


@transaction.atomic
def claim_top_up(*, order_line_id: int, pause: timedelta, now: datetime) -> WantedTopUp | None:
    """Claim the next call for a pack; nobody else makes one before `pause` is over.

    None: nothing is left to ask, or an earlier call may still be on its way. A pack for an eSIM
    that was taken off meanwhile is not bought, and paid back.
    """
    top_up = _lock(order_line_id)
    if top_up.stage not in OPEN or top_up.stuck_at is not None or now < top_up.next_call_at:
        return None
    if top_up.stage == "planned":
        if _is_ending(top_up):
            _move(top_up, "drop")
            orders.give_up(order_line_id=order_line_id, now=now)
            return None
        _move(top_up, "send")
    SupplierTopUp.objects.filter(pk=top_up.pk).update(next_call_at=now + pause)
    return WantedTopUp(esim_ref=top_up.esim.esim_ref, package=top_up.package, key=top_up.key)


@transaction.atomic
def wait_to_top_up(*, order_line_id: int, until: datetime) -> None:
    """The call is over without an answer that can be used: the next one not before `until`."""
    SupplierTopUp.objects.filter(pk=order_line_id, stage="sent").update(next_call_at=until)


@transaction.atomic
def record_top_up(*, order_line_id: int, receipt: TopUpReceipt, now: datetime) -> None:
    """The pack is on the eSIM: its cost is booked, its meters are open, its order is delivered.

    Where the eSIM was taken off in the meantime the customer gets all back, and the cost is lost.
    """
    top_up = _lock(order_line_id)
    if top_up.stage != "sent":
        return
    cost_minor = receipt.cost.minor if receipt.cost else top_up.cost_minor
    currency = receipt.cost.currency if receipt.cost else top_up.currency
    _move(
        top_up,
        "deliver",
        top_up_ref=receipt.top_up_ref,
        cost_minor=cost_minor,
        currency=currency,
        delivered_at=now,
        reason="",
    )
    _book(top_up, "cost", cost_minor, ("wholesale", "supplier"), now)
    if _is_ending(top_up):
        orders.give_up(order_line_id=order_line_id, now=now)
        write_off_top_up(order_line_id=order_line_id, now=now)
        return
    metering.open_meters(order_line_id=order_line_id, now=now)
    orders.record_delivery(order_line_id=order_line_id, now=now)


@transaction.atomic
def note_top_up_trouble(*, order_line_id: int, reason: str, now: datetime) -> None:
    """The supplier refuses for now: try later, for GIVE_UP_AFTER. Tells `supplier.trouble`."""
    top_up = _lock(order_line_id)
    if top_up.stage == "sent" and now >= top_up.planned_at + GIVE_UP_AFTER:
        _refuse(top_up, reason, now)
        return
    if top_up.reason != reason:
        _tell(top_up, "supplier.trouble", now=now, reason=reason)
    SupplierTopUp.objects.filter(pk=top_up.pk).update(
        reason=reason[:60], next_call_at=now + ASK_AGAIN_AFTER
    )


@transaction.atomic
def note_silent_top_ups(*, now: datetime) -> None:
    """Do as `note_silence` does, for packs."""
    silent = SupplierTopUp.objects.filter(
        stage="sent", reason="", planned_at__lte=now - SILENT_AFTER
    )
    for order_line_id in silent.order_by("pk").values_list("pk", flat=True):
        top_up = _lock(order_line_id)
        if top_up.stage == "sent" and not top_up.reason:
            SupplierTopUp.objects.filter(pk=top_up.pk).update(reason=SILENT)
            _tell(top_up, "supplier.trouble", now=now, reason=SILENT)


@transaction.atomic
def stick_top_up(*, order_line_id: int, now: datetime) -> None:
    """The supplier answered about something else: nothing is built on it, a person looks."""
    top_up = _lock(order_line_id)
    if top_up.stuck_at is None:
        SupplierTopUp.objects.filter(pk=top_up.pk).update(stuck_at=now, reason="answer-mismatch")
        _tell(top_up, "supplier.trouble", now=now, reason="answer-mismatch")


@transaction.atomic
def refuse_top_up(*, order_line_id: int, reason: str, now: datetime) -> None:
    """The eSIM takes no such pack and none was paid for: the customer gets the money back."""
    _refuse(_lock(order_line_id), reason, now)


@transaction.atomic
def write_off_top_up(*, order_line_id: int, now: datetime) -> None:
    """Book as lost that part of a pack's cost which the customer's money back is of the price.

    Rounded up to a whole minor unit. Safe to repeat; right also for lines that are no such pack.
    """
    found = SupplierTopUp.objects.select_for_update(no_key=True).filter(pk=order_line_id)
    top_up = found.first()
    if top_up is None or top_up.stage != "delivered":
        return
    terms = order_queries.terms_of(order_line_id)
    lost = -(-top_up.cost_minor * (terms.refunded + terms.pending) // terms.paid)
    if lost > top_up.lost_minor:
        _book(top_up, f"lost:{lost}", lost - top_up.lost_minor, ("loss", "wholesale"), now)
        SupplierTopUp.objects.filter(pk=top_up.pk).update(lost_minor=lost)


def _lock(order_line_id: int) -> SupplierTopUp:
    orders.lock_line(order_line_id)
    top_up = SupplierTopUp.objects.select_for_update(no_key=True).get(pk=order_line_id)
    top_up.esim = SupplierOrder.objects.get(pk=top_up.esim_id)
    return top_up


def _is_ending(top_up: SupplierTopUp) -> bool:
    return esim_queries.line_state(top_up.esim_id).stage in ("terminating", "terminated")


def _refuse(top_up: SupplierTopUp, reason: str, now: datetime) -> None:
    if top_up.stage == "sent":
        _move(top_up, "refuse", reason=reason[:60])
        orders.give_up(order_line_id=top_up.pk, now=now)


def _move(top_up: SupplierTopUp, move: str, **changes: object) -> None:
    after = stages.next_stage(stages.SUPPLIER_TOP_UP, top_up.stage, move)
    journal.advance(top_up, after, **changes)


def _book(
    top_up: SupplierTopUp, act: str, minor: int, books: tuple[str, str], now: datetime
) -> None:
    label = top_up.esim.supplier
    source, target = (BookName(kind, top_up.currency, label=label) for kind in books)
    ledger.post([Entry(f"supplier-top-up:{top_up.pk}/{act}", minor, source, target)], now=now)


def _tell(top_up: SupplierTopUp, kind: str, *, now: datetime, **facts: Any) -> None:
    journal.tell(
        kind,
        actor="system",
        now=now,
        order_line_id=top_up.pk,
        supplier=top_up.esim.supplier,
        **facts,
    )
