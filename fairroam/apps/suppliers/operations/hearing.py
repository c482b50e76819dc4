"""What suppliers tell of their own accord: a hint to ask them, merged and bounded for each eSIM.

Some suppliers sign nothing, so anybody who knows a card number can send us notices about it. A
hint says no more than "ask again": one that comes while another waits to be asked about adds
nothing to it, one that comes after asking began leads to one more asking. Above HINTS_PER_HOUR a
hint is held, not lost: it is asked about as soon as the hour allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from fairroam.apps.journal import operations as journal
from fairroam.apps.suppliers.models import SupplierHint, SupplierOrder
from fairroam.apps.suppliers.operations.moves import lock_order
from fairroam.gateways.suppliers import EventKind, SupplierEvent

HOUR = timedelta(hours=1)
HINTS_PER_HOUR = 12  # of one eSIM; the busiest hour of an honest one has about half as many


@transaction.atomic
def hear(*, supplier: str, events: Sequence[SupplierEvent], is_signed: bool, now: datetime) -> int:
    """Note webhooks about what is ours, each once; `supplier.hinted` makes us ask.

    Returns how many were news. Only a signed one is believed that an order failed, and only
    where asking finds nothing. What names nothing of ours is not kept: anybody may send it.
    """
    news = 0
    for event in events:
        order = _order_of(supplier, event)
        if order is None and event.kind != EventKind.BALANCE_LOW:
            continue
        if order is not None:
            lock_order(order.pk)
            if event.kind == EventKind.ORDER_FAILED and is_signed:
                failed = SupplierOrder.objects.filter(pk=order.pk, stage="pending")
                failed.update(reason="told-failed")
            if _waiting().filter(supplier_order=order).exists():
                continue
        hint, is_new = SupplierHint.objects.get_or_create(
            supplier=supplier,
            event_id=event.event_id[:200],
            defaults={"supplier_order": order, "kind": str(event.kind), "heard_at": now},
        )
        if is_new:
            news += 1
            _tell(hint, now)
    return news


@transaction.atomic
def begin_asking(*, order_line_id: int, now: datetime) -> None:
    """We ask about this eSIM from now on: a hint that comes later makes us ask once more."""
    lock_order(order_line_id)
    _waiting().filter(supplier_order=order_line_id).update(asked_at=now)


def tell_held_hints(*, now: datetime) -> None:
    """Tell of hints that were held as soon as the hour allows; run it now and then.

    So are those again that nobody began to ask about for an hour: their job is gone.
    """
    gone = Q(told_at__isnull=True) | Q(told_at__lte=now - HOUR)
    held = _waiting().filter(gone).order_by("pk")
    for hint_id, order_line_id in held.values_list("pk", "supplier_order_id"):
        with transaction.atomic():
            lock_order(order_line_id)
            hint = _waiting().filter(gone, pk=hint_id).first()
            if hint is not None:
                _tell(hint, now)


def _tell(hint: SupplierHint, now: datetime) -> None:
    """Make us ask, unless this eSIM was asked about so often that it must wait."""
    about = hint.supplier_order_id  # None: our credit there, of which only signed ones tell
    recent = SupplierHint.objects.filter(supplier_order=about, told_at__gt=now - HOUR)
    if about is not None and recent.count() >= HINTS_PER_HOUR:
        return
    SupplierHint.objects.filter(pk=hint.pk).update(told_at=now)
    journal.tell(
        "supplier.hinted",
        actor="supplier",
        now=now,
        supplier=hint.supplier,
        hint=hint.kind,
        order_line_id=hint.supplier_order_id,
    )


def _waiting() -> QuerySet[SupplierHint]:
    """Hints about eSIMs whose asking has not begun."""
    return SupplierHint.objects.filter(supplier_order__isnull=False, asked_at__isnull=True)


def _order_of(supplier: str, event: SupplierEvent) -> SupplierOrder | None:
    """The order that a webhook is about, by whatever it names; an ICCID is its latest owner's."""
    named = {"key": event.key, "order_ref": event.order_ref, "esim_ref": event.ref}
    named["iccid"] = event.iccid
    wanted = Q(pk__in=())
    for name, value in named.items():
        if value:
            wanted |= Q(**{name: value})
    ours = SupplierOrder.objects.filter(wanted, supplier=supplier)
    return ours.order_by("planned_at", "pk").last()
