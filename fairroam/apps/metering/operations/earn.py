"""Money follows use: from unearned to earned, and back where a correction takes use away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Earning
from fairroam.apps.metering import queries
from fairroam.apps.metering.operations.packs import Pack
from fairroam.rules.shares import Measure


def earn(packs: Sequence[Pack], *, returning: Collection[int] = (), now: datetime) -> None:
    """Move what the use of locked packs has earned; never more than what is still unearned.

    Half a cent is not earned yet: the share is rounded down, for the customer. returning: the
    packs (order lines) that a correction gave something back to; only theirs may move back. The
    caller writes the runs.
    """
    dues = {pack.order_line_id: _due(pack, now) for pack in packs}
    moving = [
        pack
        for pack in packs
        if dues[pack.order_line_id] > 0
        or (dues[pack.order_line_id] < 0 and pack.order_line_id in returning)
    ]
    earnings = {f"usage:{pack.order_line_id}/{pack.run.earnings + 1}": pack for pack in moving}
    moved = ledger.earn_each(
        [
            Earning(
                key,
                dues[pack.order_line_id],
                pack.run.currency,
                pack.run.customer_id,
                pack.order_line_id,
            )
            for key, pack in earnings.items()
        ],
        now=now,
    )
    for key, minor in moved.items():
        pack = earnings[key]
        pack.run.earnings += 1
        pack.run.earned_minor += minor
        pack.has_earned_now = True


def _due(pack: Pack, now: datetime) -> int:
    share = queries.used_share(
        allowances=pack.allowances.values(),
        measure=Measure(pack.run.measure_by, pack.run.measure_unit),
        starts_at=pack.starts_at,
        ends_at=pack.ends_at,
        now=now,
    )
    return share.floor_of(pack.run.net_minor) - pack.run.earned_minor
