"""Follow the parts of an approved refund until the last has arrived."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from fairroam.apps.customers import queries as customers
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.operations.refund import settle, unsettle
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payout
from fairroam.apps.refunds.models import RefundPart, RefundRequest
from fairroam.apps.refunds.operations.moves import lock_request, move, tell
from fairroam.apps.refunds.operations.papering import issue_receipt


def lock_part(payout_id: int) -> tuple[RefundPart, RefundRequest] | None:
    """Lock the line that a payout is for; None for a payout that is not a refund's.

    What came back for a closed account is sent on by a payout of its own, which counts for the
    same part. The account may be closed by then, so the customer's row is left alone.
    """
    is_its = Q(payout_id=payout_id) | Q(payout__late__sending_id=payout_id)
    found = RefundPart.objects.filter(is_its)
    line_id = found.values_list("request__order_line_id", flat=True).first()
    if line_id is None:
        return None
    orders.lock_line(line_id)
    part = found.select_related("request", "payout").get()
    return part, part.request


@transaction.atomic
def payout_succeeded(*, payout_id: int, now: datetime) -> None:
    """A part has arrived; with the last of them the refund is paid. Safe to repeat."""
    locked = lock_part(payout_id)
    if locked is None or locked[0].arrived_at is not None:
        return
    part, refund = locked
    payout = Payout.objects.get(pk=payout_id)
    if payout.stage not in ("succeeded", "settled_by_chargeback"):
        return  # It came back to us before we got here.
    RefundPart.objects.filter(pk=part.pk).update(payout=payout, arrived_at=now)
    settle(tender_id=part.tender_id, minor=part.amount_minor)
    if refund.stage != "paid":  # It came back after it had been paid, and has arrived again.
        pay_if_all_arrived(refund, now=now)


@transaction.atomic
def payout_failed(*, payout_id: int, now: datetime) -> None:
    """The provider will not deliver a part, or sent it back to us.

    The money stays owed; only the way it took has failed, and a person finds another. Safe to
    repeat, and silent when the payout went on in the meantime.
    """
    locked = lock_part(payout_id)
    if locked is None:
        return
    part, refund = locked
    if part.payout is None or part.payout_id != payout_id:
        return  # Late money that failed again: a person has it in hand.
    if part.payout.stage == "returned":
        take_back_arrival(part)
    elif part.payout.stage != "failed":
        return
    if refund.stage == "approved":
        stall(refund, "stall", part.payout, now=now)
    elif refund.stage == "paid" and customers.customer(refund.customer_id).is_open:
        # Under a closed account the books alone say so: nothing lives there any more.
        stall(refund, "return", part.payout, now=now)


def take_back_arrival(part: RefundPart) -> None:
    """What had arrived is on its way again, as from a closed card: once per arrival."""
    if part.arrived_at is not None:
        RefundPart.objects.filter(pk=part.pk).update(arrived_at=None)
        unsettle(tender_id=part.tender_id, minor=part.amount_minor)


def stall(refund: RefundRequest, step: str, payout: Payout, *, now: datetime) -> None:
    move(refund, step, now=now)
    tell(
        refund,
        "refund.stalled",
        actor="system",
        now=now,
        payout_id=payout.pk,
        reason=payout.reason,
    )


@transaction.atomic
def retry_payouts(*, request_id: int, staff_user_id: int, now: datetime) -> None:
    """A person has the failed parts sent again by the same way; each try is a payout of its own.

    Raises MoveNotAllowed, NotAmongYours, AccountClosed.
    """
    refund = lock_request(request_id)
    stuck = refund.parts.filter(arrived_at__isnull=True).select_related("payout__payment")
    failed = stuck.filter(payout__stage__in=["failed", "returned"]).order_by("pk")
    if refund.stage != "payout_failed" or not failed:
        raise MoveNotAllowed(refund_id=refund.pk, stage=refund.stage)
    for part in failed:
        assert part.payout is not None
        take_back_arrival(part)
        part.payout = payments.send_again(payout_id=part.payout.pk, now=now)
        part.save(update_fields=["payout"])
    move(refund, "retry", now=now)
    tell(refund, "refund.retried", actor=f"staff:{staff_user_id}", now=now)


def pay_if_all_arrived(refund: RefundRequest, *, now: datetime) -> None:
    """Close the request once every part is back with the customer."""
    if refund.parts.filter(arrived_at__isnull=True).exists():
        return
    move(refund, "pay", now=now)
    paid_minor = sum(refund.parts.values_list("amount_minor", flat=True))
    tell(refund, "refund.paid", actor="system", now=now, amount_minor=paid_minor)
    issue_receipt(refund, now=now)
