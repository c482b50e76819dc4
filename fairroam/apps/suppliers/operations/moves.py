"""Locks and guarded moves of supplier orders and claims, and the books that they move.

The supplier's order is locked before its claim, line and profile.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.suppliers.models import SupplierClaim, SupplierOrder
from fairroam.rules import stages


def lock_order(order_line_id: int) -> SupplierOrder:
    """Lock the order until the transaction ends. Raises SupplierOrder.DoesNotExist."""
    return SupplierOrder.objects.select_for_update(no_key=True).get(pk=order_line_id)


def lock_claim(order: SupplierOrder, now: datetime) -> SupplierClaim:
    """The claim of a locked order, opened with its key when it is first needed."""
    claim, _is_new = SupplierClaim.objects.get_or_create(
        supplier_order=order,
        defaults={"key": uuid4(), "opened_at": now, "next_call_at": now},
    )
    return claim


def move_order(order: SupplierOrder, move: str, **changes: object) -> None:
    """Move on from the stage in which `order` was read. Raises MoveNotAllowed, MovedMeanwhile."""
    after = _after(stages.SUPPLIER_ORDER, order.stage, move, order.pk)
    journal.advance(order, after, **changes)
    order.refresh_from_db()


def move_claim(claim: SupplierClaim, move: str, *, now: datetime, **changes: object) -> None:
    """Move on from the stage in which `claim` was read. Raises as `move_order` does."""
    after = _after(stages.SUPPLIER_CLAIM, claim.stage, move, claim.pk)
    if after in stages.terminal(stages.SUPPLIER_CLAIM):
        changes["settled_at"] = now
    journal.advance(claim, after, **changes)
    claim.refresh_from_db()


def book_cost(order: SupplierOrder, *, now: datetime) -> None:
    """What the eSIM cost was taken from our credit there."""
    _post(order, "cost", order.cost_minor, ("wholesale", "supplier"), now)


def book_recovery(order: SupplierOrder, minor: int, *, now: datetime) -> None:
    """So much of the price is back on our credit there."""
    _post(order, "recovered", minor, ("supplier", "wholesale"), now)


def book_loss(order: SupplierOrder, minor: int, *, total: int, now: datetime) -> None:
    """So much more of the price is lost: `total` in all."""
    _post(order, f"lost:{total}", minor, ("loss", "wholesale"), now)


def tell(order: SupplierOrder, kind: str, *, now: datetime, **facts: Any) -> None:
    """Record an event of this order."""
    journal.tell(
        kind, actor="system", now=now, order_line_id=order.pk, supplier=order.supplier, **facts
    )


def _post(
    order: SupplierOrder, act: str, minor: int, books: tuple[str, str], now: datetime
) -> None:
    source, target = (BookName(kind, order.currency, label=order.supplier) for kind in books)
    ledger.post([Entry(f"supplier-order:{order.pk}/{act}", minor, source, target)], now=now)


def _after(table: stages.Moves, stage: str, move: str, order_line_id: int) -> str:
    try:
        return stages.next_stage(table, stage, move)
    except stages.MoveNotAllowed:
        raise MoveNotAllowed(order_line_id=order_line_id, stage=stage, move=move) from None
