"""What suppliers tell when asked: usage, states, credit, silence about claims."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from fairroam.apps.esims import operations as esims
from fairroam.apps.journal import operations as journal
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.metering import operations as metering
from fairroam.apps.orders import queries as orders
from fairroam.apps.suppliers.models import (
    SupplierBalance,
    SupplierClaim,
    SupplierOrder,
)
from fairroam.apps.suppliers.operations.moves import lock_order, move_claim
from fairroam.gateways.lines import COUNTRY_UNKNOWN, NetworkRecord, RecordKind
from fairroam.gateways.suppliers import (
    EsimState,
    PlanStatus,
    ProfileStatus,
    UsageReading,
)
from fairroam.rules.money import Money

log = logging.getLogger(__name__)
CLAIM_ANSWERED_AFTER = timedelta(days=14)  # A claim that is silent for longer goes to a person.
BEGUN = (PlanStatus.IN_USE, PlanStatus.USED_UP)
OVER = (
    PlanStatus.USED_UP,
    PlanStatus.EXPIRED,
    PlanStatus.CANCELLED,
    PlanStatus.REVOKED,
    PlanStatus.RECYCLED,
)
FACTS = {
    ProfileStatus.DOWNLOADED: "downloaded",
    ProfileStatus.INSTALLED: "installed",
    ProfileStatus.ENABLED: "enabled",
    ProfileStatus.DISABLED: "installed",
    ProfileStatus.DELETED: "deleted",
}


@transaction.atomic
def record_reading(*, supplier: str, reading: UsageReading, now: datetime) -> None:
    """Count what is new in a total that a supplier told. An older total changes nothing.

    The use lies between the last reading and this one; it counts from the last one's instant. A
    plan whose use nobody counts begins when the supplier first says so: docs/decisions/0034.
    """
    found = SupplierOrder.objects.select_for_update(no_key=True).filter(
        supplier=supplier, esim_ref=reading.ref
    )
    order = found.get()
    assert order.delivered_at is not None
    since = order.used_as_of or order.delivered_at
    if reading.as_of <= since:
        return
    if reading.used_bytes is None:
        if order.used_as_of is None and reading.plan in BEGUN:
            _count(order, reading, RecordKind.ATTACH, 0, since=reading.as_of, now=now)
        return
    used_bytes = reading.used_bytes - order.used_bytes
    if used_bytes < 0:
        log.warning("order line %d: the supplier's total fell by %d", order.pk, -used_bytes)
        return
    _count(order, reading, RecordKind.DATA, used_bytes, since=since, now=now)


def _count(
    order: SupplierOrder,
    reading: UsageReading,
    kind: RecordKind,
    quantity: int,
    *,
    since: datetime,
    now: datetime,
) -> None:
    """Remember the reading, and let the meters hear what it tells."""
    SupplierOrder.objects.filter(pk=order.pk).update(
        used_bytes=reading.used_bytes or 0, used_as_of=reading.as_of
    )
    if quantity or kind == RecordKind.ATTACH:
        record = NetworkRecord(
            source=order.supplier,
            record_id=f"{reading.ref}@{reading.as_of.isoformat()}",
            iccid=order.iccid,
            kind=kind,
            quantity=quantity,
            started_at=since,
            ended_at=reading.as_of,
            country=_country(order),
            operator="",
        )
        metering.record_usage(source=order.supplier, records=[record], now=now)


def _country(order: SupplierOrder) -> str:
    """Where an eSIM was used: its plan's only country; suppliers tell of none."""
    countries = orders.terms_of(order.pk).plan_copy["countries"]
    return str(countries[0]) if len(countries) == 1 else COUNTRY_UNKNOWN


def note_polled(*, order_line_ids: Collection[int], now: datetime) -> None:
    """These were asked about and the supplier answered."""
    SupplierOrder.objects.filter(pk__in=order_line_ids).update(polled_at=now)


@transaction.atomic
def record_state(*, order_line_id: int, state: EsimState, now: datetime) -> None:
    """What the supplier says of the eSIM: facts for its owner, and the proof that it is over.

    While the calls that end it are under way they alone say so, and what came of its price.
    """
    order = lock_order(order_line_id)
    if fact := FACTS.get(state.profile):
        esims.record_fact(
            profile_id=order.profile_id, kind=fact, happened_at=now, source="supplier", now=now
        )
    calls_are_over = SupplierClaim.objects.exclude(stage="open").filter(pk=order.pk).exists()
    if state.plan in OVER and calls_are_over:
        esims.record_ended(order_line_id=order_line_id, now=now)


@transaction.atomic
def record_balance(*, supplier: str, balance: Money, low_minor: int, now: datetime) -> None:
    """Keep our credit at a supplier; tells `supplier.balance_low` when it falls below the limit."""
    before = SupplierBalance.objects.filter(supplier=supplier).order_by("asked_at").last()
    is_low = balance.minor < low_minor
    SupplierBalance.objects.create(
        supplier=supplier,
        currency=balance.currency,
        minor=balance.minor,
        booked_minor=ledger.balance(BookName("supplier", balance.currency, label=supplier)),
        is_low=is_low,
        asked_at=now,
    )
    if is_low and not (before and before.is_low):
        journal.tell(
            "supplier.balance_low",
            actor="system",
            now=now,
            supplier=supplier,
            currency=balance.currency,
            balance_minor=balance.minor,
        )


@transaction.atomic
def age_claims(*, now: datetime) -> None:
    """Claims that nobody answered for long wait for a person from now on."""
    silent = SupplierClaim.objects.select_for_update(no_key=True).filter(
        stage="requested", requested_at__lt=now - CLAIM_ANSWERED_AFTER
    )
    for claim in silent.order_by("pk"):
        move_claim(claim, "age", now=now)
