"""Reads of what we bought from suppliers, what they owe us, and what is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, Sum

from fairroam.apps.esims import queries as esims
from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.orders import queries as order_rows
from fairroam.apps.suppliers.models import (
    SupplierBalance,
    SupplierClaim,
    SupplierOrder,
    SupplierTopUp,
)
from fairroam.rules.money import Money

# How long after the stated lag we still look for a last figure; the law does not wait for it.
SILENCE_MAX = timedelta(days=1)
POLLED_AFTER_END = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """An eSIM as its supplier knows it."""

    order_line_id: int
    supplier: str
    stage: str
    esim_ref: str
    key: UUID
    order_ref: str
    is_ending: bool  # its line is being taken off
    polled_at: datetime | None  # when it last answered what was used


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    """Our credit at a supplier.

    unexplained: how it moved since we first asked, without our books saying why: positive when
    somebody filled it up, negative when money is missing.
    """

    supplier: str
    balance: Money
    is_low: bool
    asked_at: datetime
    unexplained: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """What becomes of the price of one eSIM that was given back."""

    order_line_id: int
    supplier: str
    stage: str
    cost: Money
    claim_ref: str
    opened_at: datetime
    requested_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleRow:
    """An order of an eSIM or a pack that did not come yet and says why, or contradicts itself.

    reason: "silent" where nobody says why. order_ref: the supplier's name of it, if it gave one.
    """

    order_line_id: int
    supplier: str
    stage: str
    order_ref: str
    reason: str
    planned_at: datetime
    is_stuck: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRow:
    """One supplier's sums: bought, recovered, waited for, and refunded but not recovered."""

    supplier: str
    bought: Money
    recovered: Money
    waiting: Money
    lost: Money


def bought(order_line_id: int) -> Bought | None:
    """What was ordered for a line; None for one that is not resold, or not ordered yet."""
    order = SupplierOrder.objects.filter(pk=order_line_id).first()
    return _bought(order) if order else None


def unfinished(now: datetime) -> tuple[list[int], list[int]]:
    """(order lines whose order waits for a call, those whose eSIM is still to be ended)."""
    orders = SupplierOrder.objects.filter(
        stage__in=("planned", "sent", "pending"), stuck_at__isnull=True, next_call_at__lte=now
    )
    endings = SupplierOrder.objects.filter(
        Q(claim__isnull=True) | Q(claim__stage="open", claim__next_call_at__lte=now),
        stage="delivered",
        order_line__line__stage__in=("terminating", "terminated"),
    )
    return (
        list(orders.order_by("pk").values_list("pk", flat=True)),
        list(endings.order_by("pk").values_list("pk", flat=True)),
    )


def supplier_of_top_up(order_line_id: int) -> str:
    """Who sold the eSIM that a pack is for."""
    name: str = SupplierTopUp.objects.values_list("esim__supplier", flat=True).get(pk=order_line_id)
    return name


def unfinished_top_ups(now: datetime) -> list[int]:
    """The order lines of packs that wait for a call."""
    top_ups = SupplierTopUp.objects.filter(
        stage__in=("planned", "sent"), stuck_at__isnull=True, next_call_at__lte=now
    )
    return list(top_ups.order_by("pk").values_list("pk", flat=True))


def to_poll(supplier: str, *, asked_before: datetime, now: datetime) -> list[Bought]:
    """eSIMs whose figures may have moved, the longest unasked first.

    Those that were taken off are asked about until what they used before must have been told.
    """
    orders = SupplierOrder.objects.filter(
        Q(order_line__line__is_live=True)
        | Q(order_line__line__ended_at__gt=now - POLLED_AFTER_END),
        Q(polled_at__isnull=True) | Q(polled_at__lt=asked_before),
        supplier=supplier,
        stage="delivered",
    )
    return [_bought(order) for order in orders.order_by(F("polled_at").asc(nulls_first=True), "pk")]


def to_reconcile(supplier: str) -> list[Bought]:
    """The orders whose claims wait for the supplier's answer."""
    claimed = SupplierOrder.objects.filter(
        supplier=supplier, claim__stage__in=("requested", "unknown")
    )
    return [_bought(order) for order in claimed.order_by("pk")]


def is_usage_told(order_line_id: int, *, until: datetime, now: datetime) -> bool:
    """Whether the supplier must have told what was used before `until`.

    True at once for lines that are not resold and for eSIMs that no phone ever had. What a pack
    was used for is told with its eSIM.
    """
    esim_id = order_rows.base_of(order_line_id)
    order = SupplierOrder.objects.filter(pk=esim_id, stage="delivered").first()
    if order is None or SupplierClaim.objects.filter(pk=order.pk, stage="auto_cancelled").exists():
        return True
    told_at = until + timedelta(seconds=order.usage_lag_seconds)
    is_fresh = order.polled_at is not None and order.polled_at >= told_at
    return is_fresh or now >= told_at + SILENCE_MAX


# What the desk asks -----------------------------------------------------------------------------


def balances() -> list[BalanceRow]:
    """The newest reading of each supplier's credit."""
    rows = []
    suppliers = SupplierBalance.objects.order_by("supplier").values_list("supplier", flat=True)
    for supplier in suppliers.distinct():
        readings = SupplierBalance.objects.filter(supplier=supplier).order_by("asked_at", "pk")
        first, last = readings[0], readings.reverse()[0]
        explained = first.booked_minor - last.booked_minor
        rows.append(
            BalanceRow(
                supplier=supplier,
                balance=Money(last.minor, last.currency),
                is_low=last.is_low,
                asked_at=last.asked_at,
                unexplained=Money(last.minor - first.minor - explained, last.currency),
            )
        )
    return rows


def open_claims() -> Rows[ClaimRow]:
    """Claims without an outcome, oldest first."""
    claims = SupplierClaim.objects.filter(settled_at__isnull=True).select_related("supplier_order")
    return Rows(claims.order_by("opened_at", "pk"), claim_row)


def claim_row(claim: SupplierClaim) -> ClaimRow:
    return ClaimRow(
        order_line_id=claim.pk,
        supplier=claim.supplier_order.supplier,
        stage=claim.stage,
        cost=Money(claim.supplier_order.cost_minor, claim.supplier_order.currency),
        claim_ref=claim.claim_ref,
        opened_at=claim.opened_at,
        requested_at=claim.requested_at,
    )


def troubles() -> list[TroubleRow]:
    """Orders that wait for a person or for better times."""
    orders = SupplierOrder.objects.filter(stage__in=("sent", "pending")).exclude(reason="")
    top_ups = SupplierTopUp.objects.filter(stage="sent").exclude(reason="")
    waiting: list[tuple[SupplierOrder | SupplierTopUp, str]] = [
        *((order, order.supplier) for order in orders),
        *((top_up, top_up.esim.supplier) for top_up in top_ups.select_related("esim")),
    ]
    rows = [
        TroubleRow(
            order_line_id=order.pk,
            supplier=supplier,
            stage=order.stage,
            order_ref=order.order_ref if isinstance(order, SupplierOrder) else order.top_up_ref,
            reason=order.reason,
            planned_at=order.planned_at,
            is_stuck=order.stuck_at is not None,
        )
        for order, supplier in waiting
    ]
    return sorted(rows, key=lambda row: (row.planned_at, row.order_line_id))


def recoveries() -> list[RecoveryRow]:
    """Per supplier and currency: what we paid, got back, wait for, and lost; packs included."""
    packs = {
        (row["esim__supplier"], row["currency"]): row
        for row in SupplierTopUp.objects.filter(stage="delivered")
        .values("esim__supplier", "currency")
        .annotate(bought=Sum("cost_minor"), lost=Sum("lost_minor"))
    }
    none = {"bought": 0, "lost": 0}
    delivered = SupplierOrder.objects.filter(stage="delivered")
    waiting = Q(claim__stage__in=("open", "requested", "unknown"))
    sums = delivered.values("supplier", "currency").annotate(
        bought=Sum("cost_minor"),
        recovered=Sum("claim__credited_minor", default=0),
        lost=Sum("claim__lost_minor", default=0),
        waiting=Sum("cost_minor", filter=waiting, default=0),
    )
    rows = []
    for row in sums.order_by("supplier", "currency"):
        pack = packs.get((row["supplier"], row["currency"]), none)
        rows.append(
            RecoveryRow(
                supplier=row["supplier"],
                bought=Money(row["bought"] + pack["bought"], row["currency"]),
                recovered=Money(row["recovered"], row["currency"]),
                waiting=Money(row["waiting"], row["currency"]),
                lost=Money(row["lost"] + pack["lost"], row["currency"]),
            )
        )
    return rows


# What contradicts the books ---------------------------------------------------------------------

FAULTS = {
    "order line {} has an eSIM of a supplier whose cost is not booked": """
        SELECT o.order_line_id FROM suppliers_supplierorder o
        WHERE o.stage = 'delivered' AND o.cost_minor <> coalesce((
            SELECT t.minor FROM ledger_transfer t
            WHERE t.key = 'supplier-order:' || o.order_line_id || '/cost'), 0)""",
    "order line {} has another recovery than the books": """
        SELECT c.supplier_order_id FROM suppliers_supplierclaim c
        WHERE c.credited_minor <> coalesce((
            SELECT t.minor FROM ledger_transfer t
            WHERE t.key = 'supplier-order:' || c.supplier_order_id || '/recovered'), 0)""",
    "order line {} has another loss than the books": """
        SELECT c.supplier_order_id FROM suppliers_supplierclaim c
        WHERE c.lost_minor <> coalesce((
            SELECT sum(t.minor) FROM ledger_transfer t
            WHERE t.key LIKE 'supplier-order:' || c.supplier_order_id || '/lost:%'), 0)""",
    "order line {} is a supplier's pack whose cost or loss is not booked": """
        SELECT u.order_line_id FROM suppliers_suppliertopup u
        WHERE u.stage = 'delivered' AND (u.cost_minor <> coalesce((
            SELECT t.minor FROM ledger_transfer t
            WHERE t.key = 'supplier-top-up:' || u.order_line_id || '/cost'), 0)
        OR u.lost_minor <> coalesce((
            SELECT sum(t.minor) FROM ledger_transfer t
            WHERE t.key LIKE 'supplier-top-up:' || u.order_line_id || '/lost:%'), 0))""",
    "order line {} is a pack on a resold eSIM that no supplier delivered": """
        SELECT l.id FROM orders_orderline l JOIN orders_orderline b ON b.id = l.tops_up_id
        WHERE l.delivered_at IS NOT NULL AND coalesce(b.plan_copy ->> 'supplier', '') <> ''
        AND NOT EXISTS (SELECT 1 FROM suppliers_suppliertopup u
            WHERE u.order_line_id = l.id AND u.stage = 'delivered')""",
    "order line {} got an eSIM of a supplier for another line's profile": """
        SELECT o.order_line_id FROM suppliers_supplierorder o
        JOIN esims_profile p ON p.id = o.profile_id WHERE p.line_id <> o.order_line_id""",
    "order line {} is served by a resold eSIM that no supplier delivered": """
        SELECT l.order_line_id FROM esims_line l JOIN orders_orderline s ON s.id = l.order_line_id
        WHERE l.stage = 'active' AND coalesce(s.plan_copy ->> 'supplier', '') <> ''
        AND NOT EXISTS (SELECT 1 FROM suppliers_supplierorder o
            WHERE o.order_line_id = l.order_line_id AND o.stage = 'delivered')""",
}


# Lines paid within a period, by plan and the currency of what they cost us, if that is known.
MARGINS = """
    SELECT p.code, o.currency, coalesce(s.currency, t.currency, ''), count(*),
           sum(l.price_minor - l.tax_minor), sum(l.refunded_minor),
           coalesce(sum(coalesce(s.cost_minor, t.cost_minor)), 0)
    FROM orders_orderline l
    JOIN orders_order o ON o.id = l.order_id
    JOIN catalogue_plan p ON p.id = l.plan_id
    LEFT JOIN suppliers_supplierorder s ON s.order_line_id = l.id AND s.stage = 'delivered'
    LEFT JOIN suppliers_suppliertopup t ON t.order_line_id = l.id AND t.stage = 'delivered'
    WHERE o.paid_at >= %s AND o.paid_at < %s
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class MarginRow:
    """What one plan brought in: minor units of `currency`, its cost in those of `cost_currency`.

    revenue: without tax, before refunds; refunded: with the tax in it, so far; cost_currency
    empty: no supplier sells it to us, and what our own network costs is not known by line.
    """

    plan: str
    currency: str
    cost_currency: str
    count: int
    revenue: int
    refunded: int
    cost: int

    @property
    def margin(self) -> int | None:
        """Revenue minus cost, refunds apart; None where the two are no amounts of one currency."""
        return self.revenue - self.cost if self.cost_currency == self.currency else None


def margins(since: datetime, until: datetime) -> list[MarginRow]:
    """Every plan that was paid for from `since` up to, not including, `until`."""
    with connection.cursor() as cursor:
        cursor.execute(MARGINS, [since, until])
        return [MarginRow(*row[:3], *(int(one) for one in row[3:])) for row in cursor.fetchall()]


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())


def _bought(order: SupplierOrder) -> Bought:
    return Bought(
        order_line_id=order.pk,
        supplier=order.supplier,
        stage=order.stage,
        esim_ref=order.esim_ref,
        key=order.key,
        order_ref=order.order_ref,
        is_ending=esims.line_state(order.pk).stage == "terminating",
        polled_at=order.polled_at,
    )
