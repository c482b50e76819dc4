"""Buy an eSIM for a line: claimed before each call, recorded after it.

Somebody may take the line off at any moment: what then still comes is given back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as esim_queries
from fairroam.apps.esims.models import Profile
from fairroam.apps.orders import queries as orders
from fairroam.apps.suppliers.models import SupplierOrder
from fairroam.apps.suppliers.operations.moves import book_cost, lock_order, move_order, tell
from fairroam.gateways import suppliers as gateways
from fairroam.gateways.suppliers import OrderState, SupplierEsim
from fairroam.rules.money import Money

GIVE_UP_AFTER = timedelta(hours=1)  # of refusals that may pass: the customer gets the money back
ASK_AGAIN_AFTER = timedelta(minutes=5)
SILENT_AFTER = timedelta(minutes=30)  # Suppliers who make eSIMs later promise half a minute.
SILENT = "silent"  # the reason of an order that did not come, while nobody says why
OPEN = ("planned", "sent", "pending")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOrder:
    """An order as its next call needs it. is_wanted: its line still waits for the eSIM."""

    stage: str
    package: str
    key: UUID
    order_ref: str
    unit_cost: Money
    is_wanted: bool
    is_told_failed: bool


@transaction.atomic
def plan_order(*, order_line_id: int, profile_id: int, now: datetime) -> str:
    """Note what to buy for a resold line, once; returns the supplier's name."""
    sold = orders.terms_of(order_line_id).plan_copy
    SupplierOrder.objects.get_or_create(
        order_line_id=order_line_id,
        defaults={
            "profile_id": profile_id,
            "supplier": sold["supplier"],
            "package": sold["supplier_package"],
            "key": uuid4(),
            "cost_minor": sold["wholesale_minor"],
            "currency": sold["wholesale_currency"],
            "planned_at": now,
            "next_call_at": now,
        },
    )
    return str(sold["supplier"])


@transaction.atomic
def claim_call(*, order_line_id: int, pause: timedelta, now: datetime) -> WantedOrder | None:
    """Claim the next call about an order; nobody else makes one before `pause` is over.

    None: nothing is left to ask, or an earlier call may still be on its way.
    """
    order = lock_order(order_line_id)
    if order.stage not in OPEN or order.stuck_at is not None or now < order.next_call_at:
        return None
    is_wanted = esim_queries.provisioning(order.profile_id) is not None
    if order.stage == "planned":
        if not is_wanted:
            move_order(order, "drop")
            return None
        move_order(order, "send")
    SupplierOrder.objects.filter(pk=order.pk).update(next_call_at=now + pause)
    return WantedOrder(
        stage=order.stage,
        package=order.package,
        key=order.key,
        order_ref=order.order_ref,
        unit_cost=Money(order.cost_minor, order.currency),
        is_wanted=is_wanted,
        is_told_failed=order.reason == "told-failed",
    )


@transaction.atomic
def wait(*, order_line_id: int, until: datetime) -> None:
    """The call is over without an answer that can be used: the next one not before `until`."""
    SupplierOrder.objects.filter(pk=order_line_id, stage__in=OPEN).update(next_call_at=until)


@transaction.atomic
def record_answer(
    *, order_line_id: int, answer: gateways.SupplierOrder | None, lag_seconds: int, now: datetime
) -> bool:
    """Record how far the supplier is with an order; returns whether it is over.

    answer: None when nothing is known of it there yet. lag_seconds: how late usage is told.
    """
    order = lock_order(order_line_id)
    if order.stage not in ("sent", "pending"):
        return True
    if answer is None or answer.state == OrderState.PENDING:
        if answer is not None and order.stage == "sent":
            move_order(order, "await", order_ref=answer.order_ref)
        SupplierOrder.objects.filter(pk=order.pk).update(next_call_at=now)
        return False
    if answer.state == OrderState.FAILED:
        _refuse(order, "failed", now)
    elif reason := _contradiction(order, answer):
        _stick(order, reason, now)
    else:
        cost = answer.cost or Money(order.cost_minor, order.currency)
        (esim,) = answer.esims
        move_order(
            order,
            "deliver",
            order_ref=answer.order_ref,
            esim_ref=esim.ref,
            iccid=esim.iccid,
            cost_minor=cost.minor,
            currency=cost.currency,
            usage_lag_seconds=lag_seconds,
            delivered_at=now,
            reason="",
        )
        book_cost(order, now=now)
        _hand_over(order, esim, now)
    return True


@transaction.atomic
def note_trouble(*, order_line_id: int, reason: str, now: datetime) -> None:
    """The supplier refuses for now: try later, for GIVE_UP_AFTER. Tells `supplier.trouble`."""
    order = lock_order(order_line_id)
    if order.stage == "sent" and now >= order.planned_at + GIVE_UP_AFTER:
        _refuse(order, reason, now)
        return
    if order.reason != reason:
        tell(order, "supplier.trouble", now=now, reason=reason)
    SupplierOrder.objects.filter(pk=order.pk).update(
        reason=reason, next_call_at=now + ASK_AGAIN_AFTER
    )


@transaction.atomic
def note_silence(*, now: datetime) -> None:
    """Orders that did not come for SILENT_AFTER without a reason are in trouble: a person asks.

    We go on asking, too: nobody may guess whether such an eSIM was bought. Tells
    `supplier.trouble`.
    """
    silent = SupplierOrder.objects.select_for_update(no_key=True).filter(
        stage__in=("sent", "pending"), reason="", planned_at__lte=now - SILENT_AFTER
    )
    for order in silent.order_by("pk"):
        SupplierOrder.objects.filter(pk=order.pk).update(reason=SILENT)
        tell(order, "supplier.trouble", now=now, reason=SILENT)


@transaction.atomic
def note_mismatch(*, order_line_id: int, now: datetime) -> None:
    """The supplier answered about something else: nothing is built on it, a person looks."""
    _stick(lock_order(order_line_id), "answer-mismatch", now)


@transaction.atomic
def refuse(*, order_line_id: int, reason: str, now: datetime) -> None:
    """No eSIM will come and none was paid for: the line ends unused, `orders` pays it back."""
    _refuse(lock_order(order_line_id), reason, now)


def _refuse(order: SupplierOrder, reason: str, now: datetime) -> None:
    if order.stage in ("sent", "pending"):
        move_order(order, "refuse", reason=reason)
        esims.give_up(profile_id=order.profile_id, reason=reason, now=now)


def _stick(order: SupplierOrder, reason: str, now: datetime) -> None:
    if order.stuck_at is None:
        SupplierOrder.objects.filter(pk=order.pk).update(stuck_at=now, reason=reason)
        tell(order, "supplier.trouble", now=now, reason=reason)


def _contradiction(order: SupplierOrder, answer: gateways.SupplierOrder) -> str:
    """Why nothing may be built on an answer; empty when all is well."""
    if answer.state != OrderState.READY or len(answer.esims) != 1:
        return f"order-{answer.state}-{len(answer.esims)}"
    (esim,) = answer.esims
    if SupplierOrder.objects.filter(supplier=order.supplier, esim_ref=esim.ref).exists():
        return "esim-sold-twice"
    if Profile.objects.filter(iccid=esim.iccid, is_live=True).exists():
        return "iccid-in-use"
    return ""


def _hand_over(order: SupplierOrder, esim: SupplierEsim, now: datetime) -> None:
    """Give the eSIM to its line; one that nobody waits for any more goes back."""
    is_taken = esims.deliver(
        profile_id=order.profile_id,
        iccid=esim.iccid,
        matching_id=esim.activation.matching_id,
        smdp_address=esim.activation.smdp_address,
        now=now,
    )
    if not is_taken:
        tell(order, "supplier.unwanted", now=now)
