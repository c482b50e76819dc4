"""How much of many plans is used, read together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fairroam.apps.journal.queries import ask
from fairroam.apps.metering.queries.usage import AllowanceUse, Usage
from fairroam.apps.orders.models import OrderLine

UNBEGUN = (None, None)
PERIODS = """
    SELECT DISTINCT ON (order_line_id) order_line_id, lower(during), upper(during)
      FROM metering_planperiod WHERE order_line_id = ANY(%s::bigint[]) ORDER BY order_line_id, id
"""
METERS = """
    SELECT order_line_id, kind, granted, used, weight FROM metering_meter
     WHERE order_line_id = ANY(%s::bigint[]) ORDER BY id
"""


def usage_of_each(order_line_ids: Sequence[int]) -> dict[int, Usage]:
    """What `usage_of` says of each of those lines, but for what its figures rest on."""
    wanted = list(order_line_ids)
    during = {line_id: (starts, ends) for line_id, starts, ends in ask(PERIODS, wanted)()}
    meters: dict[int, list[AllowanceUse]] = {}
    for line_id, kind, granted, used, weight in ask(METERS, wanted)():
        use = AllowanceUse(kind=kind, granted=granted, used=used, weight=weight)
        meters.setdefault(line_id, []).append(use)
    unopened = [line_id for line_id in order_line_ids if line_id not in meters]
    sold = OrderLine.objects.filter(pk__in=unopened).values_list("pk", "plan_copy")
    for line_id, plan_copy in sold if unopened else ():
        meters[line_id] = [as_sold(allowance) for allowance in plan_copy["allowances"]]
    return {
        line_id: Usage(
            allowances=tuple(meters[line_id]),
            starts_at=during.get(line_id, UNBEGUN)[0],
            ends_at=during.get(line_id, UNBEGUN)[1],
            reading=None,
        )
        for line_id in order_line_ids
    }


COUNTRIES = """
    SELECT order_line_id, country FROM metering_usagerecord
     WHERE order_line_id = ANY(%s::bigint[]) AND outcome = 'counted'
     GROUP BY order_line_id, country ORDER BY min(started_at)
"""


def countries_of_each(order_line_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Where each of those lines was used, in the order of the first use there."""
    places: dict[int, tuple[str, ...]] = {}
    for line_id, country in ask(COUNTRIES, list(order_line_ids))():
        places[line_id] = (*places.get(line_id, ()), country)
    return places


def as_sold(allowance: dict[str, Any]) -> AllowanceUse:
    """An allowance of which nothing is used."""
    return AllowanceUse(
        kind=allowance["kind"],
        granted=allowance["granted"],
        used=0,
        weight=allowance["weight"],
    )
