"""How a use burns in the packs of its line, and how a correction is given back to them.

Nothing here depends on how records are cut into batches, and what the meters of running packs
show at the end depends on the sum of the use alone, in whatever order it comes.
"""

from __future__ import annotations

from datetime import datetime

from fairroam.apps.metering.operations.arrivals import Arrival
from fairroam.apps.metering.operations.packs import Allowance, LinePacks, Pack

ATTACH = "attach"


def burn(line: LinePacks, arrival: Arrival, now: datetime) -> None:
    """Share a use over the packs that run at its time: the earliest to expire burns first.

    What exceeds them all stays with the last: it was used, so no meter hides it. The line's own
    pack begins with its first attach or use; a top-up with the first use that burns in it.
    """
    moment = arrival.started_at
    if not line.same_from <= moment < line.same_until:
        line.look(moment)
        _begin_own(line, moment, now)
    if not line.running:
        arrival.outcome = "after_end"
        return
    holding = line.holding.get(arrival.kind)
    if holding is not None:
        _spread(line, holding, arrival, now)
    elif arrival.kind != ATTACH:
        arrival.outcome = "not_in_plan"


def _begin_own(line: LinePacks, moment: datetime, now: datetime) -> None:
    for pack in line.running:
        if pack.is_own and pack.starts_at is None:
            line.begin(pack, moment, now)
            line.look(moment)
            return


def _spread(
    line: LinePacks, holding: list[tuple[Pack, Allowance]], arrival: Arrival, now: datetime
) -> None:
    left, last = arrival.quantity, holding[-1][0]
    shares = []
    for pack, allowance in holding:
        part = left
        if allowance.granted is not None and pack is not last:
            room = allowance.granted - allowance.used
            if room < left:
                part = room
        if part <= 0:
            continue
        if pack.starts_at is None:
            line.begin(pack, arrival.started_at, now)
        allowance.used += part
        allowance.is_moved = True
        shares.append((pack.order_line_id, part))
        left -= part
        if not left:
            break
    arrival.burn_in(shares)


def give_back(line: LinePacks, correction: Arrival) -> None:
    """Take a correction's quantity back from the packs that burned last; none falls below zero.

    So the meters show what they would without the bytes that never were. Packs whose money is
    gone, refunded or over, come after all others.
    """
    holding = [pack for pack in reversed(line.packs) if correction.kind in pack.allowances]
    holding.sort(key=lambda pack: pack.is_settled)  # stable
    left = -correction.quantity
    shares = []
    for pack in holding:
        allowance = pack.allowances[correction.kind]
        part = min(allowance.used, left)
        if part:
            allowance.used -= part
            allowance.is_moved = True
            shares.append((pack.order_line_id, -part))
            left -= part
    assert not left, "more was corrected than was counted"
    correction.burn_in(shares)
