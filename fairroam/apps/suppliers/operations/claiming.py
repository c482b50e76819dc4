"""The other ledger: what came of our claims, and what is lost for good."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.orders import queries as orders
from fairroam.apps.suppliers.models import SupplierClaim, SupplierOrder
from fairroam.apps.suppliers.operations.moves import (
    book_loss,
    book_recovery,
    lock_claim,
    lock_order,
    move_claim,
    tell,
)

UNRECOVERED = ("not_possible", "rejected")


@transaction.atomic
def settle_claim(*, order_line_id: int, is_credited: bool, actor: str, now: datetime) -> None:
    """The supplier granted or rejected a claim, as its own order or a person says.

    Raises MoveNotAllowed for a claim that does not wait for an answer.
    """
    order = lock_order(order_line_id)
    claim = lock_claim(order, now)
    if is_credited:
        move_claim(claim, "credit", now=now, credited_minor=order.cost_minor)
        book_recovery(order, order.cost_minor, now=now)
    else:
        move_claim(claim, "reject", now=now)
        write_off_lost(order, claim, now=now)
    tell(order, "supplier.claim_settled", now=now, by=actor, is_credited=is_credited)


@transaction.atomic
def write_off(*, order_line_id: int, now: datetime) -> None:
    """A customer gets money back for a resold eSIM: book what we do not get back. Safe to repeat.

    Right also for lines that are not resold, and while nothing is known of the supplier's side.
    """
    if not SupplierClaim.objects.filter(pk=order_line_id).exists():
        return
    order = lock_order(order_line_id)
    write_off_lost(order, lock_claim(order, now), now=now)


def write_off_lost(order: SupplierOrder, claim: SupplierClaim, *, now: datetime) -> None:
    """Book as lost that part of the price which the customer's money back is of what they paid.

    Rounded up to a whole minor unit, so that no loss is hidden by rounding.
    """
    if claim.stage not in UNRECOVERED:
        return
    terms = orders.terms_of(order.pk)
    given_back = terms.refunded + terms.pending
    lost = -(-order.cost_minor * given_back // terms.paid)
    if lost > claim.lost_minor:
        book_loss(order, lost - claim.lost_minor, total=lost, now=now)
        SupplierClaim.objects.filter(pk=claim.pk).update(lost_minor=lost)
