"""End an eSIM at its supplier, and ask for its price back: claim, call, record."""

from __future__ import annotations

from datetime import datetime, timedelta

from fairroam import points
from fairroam.apps.esims import operations as esims
from fairroam.apps.suppliers import operations, queries
from fairroam.apps.suppliers.operations import WantedEnd
from fairroam.apps.suppliers.tasks.gateways import gateway, pause_of
from fairroam.gateways.suppliers import (
    AlreadyInstalled,
    AnswerMismatch,
    ClaimReason,
    GatewayUnreachable,
    NotCancellable,
    SupplierGateway,
    SupplierRefused,
)


def end_esim(*, order_line_id: int, now: datetime) -> None:
    """Prove an eSIM off: taken back while no phone has it, else ended wherever it is.

    The line is told off first; what the supplier owes us for it comes after that, on its own
    clock. Safe to repeat. Raises GatewayUnreachable: the outcome is unknown, run it again.
    """
    order = queries.bought(order_line_id)
    if order is None:
        return
    supplier = gateway(order.supplier)
    wanted = operations.claim_ending(order_line_id=order_line_id, pause=pause_of(supplier), now=now)
    if wanted is None:
        return
    points.reached("supplier.ending")
    try:
        if not _take_back(supplier, order_line_id, wanted, now):
            _end(supplier, order_line_id, wanted, now)
            _claim_back(supplier, order_line_id, wanted, now)
    except GatewayUnreachable:
        silence = timedelta(seconds=supplier.capabilities.repeat_after_seconds)
        operations.wait_to_end(order_line_id=order_line_id, until=now + silence, now=now)
        raise
    except AnswerMismatch:
        esims.record_refused_end(order_line_id=order_line_id, reason="answer-mismatch", now=now)
    except SupplierRefused as refusal:
        esims.record_refused_end(order_line_id=order_line_id, reason=refusal.code, now=now)


def _take_back(
    supplier: SupplierGateway, order_line_id: int, wanted: WantedEnd, now: datetime
) -> bool:
    """Give an eSIM back for its full price. Returns False when that is not to be had."""
    if wanted.is_in_phone or not supplier.capabilities.cancel_unreleased:
        return False
    try:
        cancellation = supplier.cancel(ref=wanted.esim_ref)
    except AlreadyInstalled:
        # Nobody says when; what the supplier tells of it later may bring an earlier instant.
        esims.record_fact(
            profile_id=wanted.profile_id,
            kind="downloaded",
            happened_at=now,
            source="supplier",
            now=now,
        )
        return False
    except NotCancellable:
        return False
    points.reached("supplier.cancelled")
    operations.record_cancelled(order_line_id=order_line_id, cancellation=cancellation, now=now)
    return True


def _end(supplier: SupplierGateway, order_line_id: int, wanted: WantedEnd, now: datetime) -> None:
    """End it without money back; who cannot, is asked whether it is over anyway."""
    if supplier.capabilities.revoke:
        supplier.revoke(ref=wanted.esim_ref)
        operations.record_ended(order_line_id=order_line_id, now=now)
        return
    state = supplier.esim_status(ref=wanted.esim_ref)
    operations.record_state(order_line_id=order_line_id, state=state, now=now)
    if state.plan in operations.OVER:
        operations.record_ended(order_line_id=order_line_id, now=now)
    else:
        esims.record_refused_end(order_line_id=order_line_id, reason="supplier-cannot-end", now=now)


def _claim_back(
    supplier: SupplierGateway, order_line_id: int, wanted: WantedEnd, now: datetime
) -> None:
    if wanted.is_used or not supplier.capabilities.refund_is_claim:
        operations.exclude_claim(order_line_id=order_line_id, now=now)
        return
    receipt = supplier.claim_refund(
        key=wanted.key, refs=[wanted.esim_ref], reason=ClaimReason.CHANGE_OF_PLAN
    )
    operations.record_request(order_line_id=order_line_id, receipt=receipt, now=now)
