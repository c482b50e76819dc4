"""Money follows use: from unearned to earned, and back where a correction takes use away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection

from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.metering import queries
from fairroam.apps.metering.models import PlanRun
from fairroam.apps.metering.operations.packs import Pack
from fairroam.rules.shares import Measure


def earn(packs: Sequence[Pack], *, returning: Collection[int] = (), now: datetime) -> None:
    """Move what the use of locked packs has earned; never more than what is still unearned.

    Half a cent is not earned yet: the share is rounded down, for the customer. returning: the
    packs (order lines) that a correction gave something back to; only theirs may move back.
    """
    dues = {pack.run.pk: _due(pack, now) for pack in packs}
    moving = [
        pack
        for pack in packs
        if dues[pack.run.pk] > 0 or (dues[pack.run.pk] < 0 and pack.run.pk in returning)
    ]
    if not moving:
        return
    runs = [pack.run for pack in moving]
    books = ledger.lock_books([unearned(run) for run in runs] + [earned(run) for run in runs])
    entries = []
    for run in runs:
        minor = min(dues[run.pk], books[unearned(run)].balance_minor or 0)
        if not minor:
            continue
        run.earnings += 1
        run.earned_minor += minor
        ends = (unearned(run), earned(run)) if minor > 0 else (earned(run), unearned(run))
        entries.append(Entry(f"usage:{run.pk}/{run.earnings}", abs(minor), *ends))
    ledger.post_locked(entries, books=books, now=now)
    _keep(runs)


def unearned(run: PlanRun) -> BookName:
    """The book of what was paid for this pack and is not used yet."""
    return BookName("unearned", run.currency, customer_id=run.customer_id, order_line_id=run.pk)


def earned(run: PlanRun) -> BookName:
    """The house's book of what use has earned."""
    return BookName("earned", run.currency)


def _due(pack: Pack, now: datetime) -> int:
    share = queries.used_share(
        allowances=pack.allowances.values(),
        measure=Measure(pack.run.measure_by, pack.run.measure_unit),
        starts_at=pack.starts_at,
        ends_at=pack.ends_at,
        now=now,
    )
    return share.floor_of(pack.run.net_minor) - pack.run.earned_minor


def _keep(runs: Sequence[PlanRun]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE metering_planrun run SET earned_minor = moved.earned_minor,
                                            earnings = moved.earnings
            FROM unnest(%s::bigint[], %s::bigint[], %s::int[])
                AS moved (order_line_id, earned_minor, earnings)
            WHERE run.order_line_id = moved.order_line_id
            """,
            [
                [run.pk for run in runs],
                [run.earned_minor for run in runs],
                [run.earnings for run in runs],
            ],
        )
