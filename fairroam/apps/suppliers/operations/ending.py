"""End an eSIM at its supplier once its line is taken off, and settle what becomes of its price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as esim_queries
from fairroam.apps.suppliers.models import SupplierClaim
from fairroam.apps.suppliers.operations.claiming import write_off_lost
from fairroam.apps.suppliers.operations.moves import (
    book_recovery,
    lock_claim,
    lock_order,
    move_claim,
)
from fairroam.gateways.suppliers import Cancellation, ClaimReceipt


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedEnd:
    """An eSIM to end, as the calls for it need it."""

    profile_id: int
    esim_ref: str
    key: UUID
    is_in_phone: bool
    is_used: bool


@transaction.atomic
def claim_ending(*, order_line_id: int, pause: timedelta, now: datetime) -> WantedEnd | None:
    """Claim the calls that end an eSIM; nobody else makes them before `pause` is over.

    None: nothing is left to do, its line lives, or an earlier call may still be on its way.
    """
    order = lock_order(order_line_id)
    line = esim_queries.line_state(order_line_id)
    if order.stage != "delivered" or line.stage not in ("terminating", "terminated"):
        return None
    claim = lock_claim(order, now)
    if claim.stage != "open" or now < claim.next_call_at:
        return None
    SupplierClaim.objects.filter(pk=claim.pk).update(next_call_at=now + pause)
    return WantedEnd(
        profile_id=order.profile_id,
        esim_ref=order.esim_ref,
        key=claim.key,
        is_in_phone=esim_queries.is_in_phone(order.profile_id),
        is_used=order.used_bytes > 0,
    )


@transaction.atomic
def wait_to_end(*, order_line_id: int, until: datetime, now: datetime) -> None:
    """No answer: ask again after `until`; who waits for the proof is told after a while."""
    SupplierClaim.objects.filter(pk=order_line_id, stage="open").update(next_call_at=until)
    esims.note_silence(order_line_id=order_line_id, now=now)


@transaction.atomic
def record_cancelled(*, order_line_id: int, cancellation: Cancellation, now: datetime) -> None:
    """No phone had the eSIM: it is off, and its price is back on our credit."""
    order = lock_order(order_line_id)
    claim = lock_claim(order, now)
    if claim.stage == "open":
        back = cancellation.money_back
        minor = order.cost_minor if back is None else back.minor
        move_claim(claim, "cancel", now=now, credited_minor=minor)
        book_recovery(order, minor, now=now)
    if not esims.record_cancelled(order_line_id=order_line_id, now=now):
        # A phone has told of it since; cancelled is off all the same.
        esims.record_ended(order_line_id=order_line_id, now=now)


@transaction.atomic
def record_ended(*, order_line_id: int, now: datetime) -> None:
    """The supplier has ended the eSIM wherever it was, or it was over."""
    lock_order(order_line_id)
    esims.record_ended(order_line_id=order_line_id, now=now)


@transaction.atomic
def exclude_claim(*, order_line_id: int, now: datetime) -> None:
    """The supplier gives nothing back for this eSIM: what the customer got back is our loss."""
    order = lock_order(order_line_id)
    claim = lock_claim(order, now)
    if claim.stage == "open":
        move_claim(claim, "exclude", now=now)
        write_off_lost(order, claim, now=now)


@transaction.atomic
def record_request(*, order_line_id: int, receipt: ClaimReceipt, now: datetime) -> None:
    """The supplier has our claim, no more: it may be granted, refused or forgotten."""
    claim = lock_claim(lock_order(order_line_id), now)
    if claim.stage == "open":
        move_claim(claim, "request", now=now, claim_ref=receipt.claim_ref, requested_at=now)
