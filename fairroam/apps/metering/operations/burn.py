"""How a use burns in the packs of its line, and how a correction is given back to them.

Nothing here depends on how records are cut into batches, and what the meters of running packs
show at the end depends on the sum of the use alone, in whatever order it comes.
"""

from __future__ import annotations

from datetime import datetime

from fairroam.apps.metering.operations.arrivals import Arrival
from fairroam.apps.metering.operations.packs import Allowance, Pack

ATTACH = "attach"


def burn(packs: list[Pack], arrival: Arrival, now: datetime) -> None:
    """Share a use over the packs that run at its time: the earliest to expire burns first.

    What exceeds them all stays with the last: it was used, so no meter hides it. The line's own
    pack begins with its first attach or use; a top-up with the first use that burns in it.
    """
    running = [pack for pack in packs if pack.runs_at(arrival.started_at)]
    if not running:
        arrival.outcome = "after_end"
        return
    own = next((pack for pack in running if pack.is_base), None)
    if own is not None and own.ends_at is None:
        _begin(own, packs, arrival, now)
        running.sort(key=lambda pack: pack.rank)
    if arrival.kind == ATTACH:
        return
    holding = [pack for pack in running if arrival.kind in pack.allowances]
    if holding:
        arrival.shares = _spread(holding, packs, arrival, now)
    else:
        arrival.outcome = "not_in_plan"


def give_back(packs: list[Pack], correction: Arrival) -> None:
    """Take a correction's quantity back from the packs that burned last; none falls below zero.

    So the meters show what they would without the bytes that never were. Packs whose money is
    gone, refunded or over, come after all others.
    """
    holding = [pack for pack in reversed(packs) if correction.kind in pack.allowances]
    holding.sort(key=lambda pack: pack.is_settled)  # stable
    left = -correction.quantity
    shares = []
    for pack in holding:
        allowance = pack.allowances[correction.kind]
        part = min(allowance.used, left)
        if part:
            allowance.move(-part)
            shares.append((pack.run.pk, -part))
            left -= part
    assert not left, "more was corrected than was counted"
    correction.shares = tuple(shares)


def _spread(
    holding: list[Pack], packs: list[Pack], arrival: Arrival, now: datetime
) -> tuple[tuple[int, int], ...]:
    left = arrival.quantity
    shares = []
    for pack in holding:
        allowance = pack.allowances[arrival.kind]
        part = left if pack is holding[-1] else min(left, _room(allowance, left))
        if not part:
            continue
        if pack.ends_at is None:
            _begin(pack, packs, arrival, now)
        allowance.move(part)
        shares.append((pack.run.pk, part))
        left -= part
        if not left:
            break
    return tuple(shares)


def _room(allowance: Allowance, wanted: int) -> int:
    if allowance.granted is None:
        return wanted
    return max(allowance.granted - allowance.used, 0)


def _begin(pack: Pack, packs: list[Pack], arrival: Arrival, now: datetime) -> None:
    pack.begin(arrival.started_at, now)
    packs.sort(key=lambda pack: pack.rank)
