"""How a plan runs: opened with the order, begun with the first attach, earned by use, ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.journal.operations import tell
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.metering import queries
from fairroam.apps.metering.models import Meter, PlanPeriod, PlanRun
from fairroam.apps.metering.operations.earn import earn
from fairroam.apps.metering.operations.keep import keep_packs
from fairroam.apps.metering.operations.packs import read_pack
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_queries
from fairroam.rules import compile_packs
from fairroam.rules.shares import Measure

DEFAULT_MEASURE = Measure("weights", "second")


@transaction.atomic
def open_meters(*, order_line_id: int, now: datetime) -> None:
    """Make the meters of a paid order line, all at zero; a repeat changes nothing."""
    terms = order_queries.terms_of(order_line_id)
    measure = _measure_of(terms.packs)
    _run, is_new = PlanRun.objects.get_or_create(
        order_line_id=order_line_id,
        defaults={
            "customer_id": terms.customer_id,
            "currency": terms.currency,
            "net_minor": terms.paid - terms.tax,
            "validity_days": terms.plan_copy["validity_days"],
            "measure_by": measure.by,
            "measure_unit": measure.time_unit,
            "line_id": terms.tops_up or order_line_id,
            "bought_at": (terms.paid_at or now).replace(microsecond=0),
            "opened_at": now,
        },
    )
    if is_new:
        Meter.objects.bulk_create(
            Meter(
                order_line_id=order_line_id,
                kind=allowance["kind"],
                granted=allowance["granted"],
                weight=allowance["weight"],
            )
            for allowance in terms.plan_copy["allowances"]
        )


@transaction.atomic(savepoint=False)  # Whoever asks for it as a part of theirs fails with it.
def stop_pack(order_line_id: int, now: datetime) -> datetime:
    """Let a pack burn no more for any use that begins from now on; since when it does not.

    What was used before still counts, however late it is told. Refunding a top-up begins here.
    A repeat changes nothing.
    """
    run = PlanRun.objects.select_for_update(no_key=True).get(pk=order_line_id)
    if run.stopped_at is None:
        PlanRun.objects.filter(pk=order_line_id).update(stopped_at=now)
        tell(
            "pack.stopped",
            actor="system",
            now=now,
            customer_id=run.customer_id,
            order_line_id=order_line_id,
        )
    return run.stopped_at or now


def end_plans(*, now: datetime, is_asked_back: Callable[[int], bool]) -> int:
    """End the plans whose period is over; returns how many. Run it now and then.

    What was paid for and not used is breakage from then on. A line from which money is on its way
    back, or asked back (`is_asked_back` of its order line, whose lock is held), is left for later.
    """
    ended = (
        _end_plan(order_line_id, is_asked_back, now) for order_line_id in queries.plans_to_end(now)
    )
    return sum(ended)


@transaction.atomic
def _end_plan(order_line_id: int, is_asked_back: Callable[[int], bool], now: datetime) -> bool:
    line = orders.lock_line(order_line_id)
    run = PlanRun.objects.select_for_update(no_key=True).get(pk=order_line_id)
    is_over = PlanPeriod.objects.filter(order_line_id=order_line_id, during__endswith__lte=now)
    if run.ended_at is not None or line.pending_minor or not is_over.exists():
        return False  # Days may have been added since it was found.
    if is_asked_back(order_line_id):
        return False
    packs = [read_pack(order_line_id)]
    earn(packs, now=now)  # A part without a limit is earned by its time alone.
    keep_packs(packs)
    book = BookName(
        "unearned", run.currency, customer_id=run.customer_id, order_line_id=order_line_id
    )
    rest = ledger.lock_books([book])[book].balance_minor or 0
    breakage = BookName("breakage", run.currency)
    ledger.post([Entry(f"plan-end:{run.pk}", rest, book, breakage)], now=now)
    PlanRun.objects.filter(pk=run.pk).update(ended_at=now)
    tell(
        "plan.ended",
        actor="system",
        now=now,
        customer_id=run.customer_id,
        order_line_id=run.pk,
        unused_minor=rest,
    )
    return True


def _measure_of(pack_names: Sequence[str]) -> Measure:
    """How the seller's own pack measures use: what is earned is what could not be paid back."""
    packs = compile_packs([catalogue.pack_content(name) for name in pack_names])
    own = (pack.measure for pack in packs if not pack.is_statutory)
    return next(own, DEFAULT_MEASURE)
