"""How much of many plans is used, read together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Min

from fairroam.apps.metering.models import Meter, PlanPeriod, UsageRecord
from fairroam.apps.metering.queries.usage import AllowanceUse, Usage
from fairroam.apps.orders.models import OrderLine


def usage_of_each(order_line_ids: Sequence[int]) -> dict[int, Usage]:
    """What `usage_of` says of each of those lines, but for what its figures rest on."""
    during = dict(
        PlanPeriod.objects.filter(order_line_id__any_of=order_line_ids)
        .order_by("-pk")  # the first period of a line counts
        .values_list("order_line_id", "during")
    )
    meters: dict[int, list[AllowanceUse]] = {}
    rows = Meter.objects.filter(order_line_id__any_of=order_line_ids).order_by("pk")
    for line_id, kind, granted, used, weight in rows.values_list(
        "order_line_id", "kind", "granted", "used", "weight"
    ):
        use = AllowanceUse(kind=kind, granted=granted, used=used, weight=weight)
        meters.setdefault(line_id, []).append(use)
    unopened = [line_id for line_id in order_line_ids if line_id not in meters]
    sold = OrderLine.objects.filter(pk__in=unopened).values_list("pk", "plan_copy")
    for line_id, plan_copy in sold:
        meters[line_id] = [as_sold(allowance) for allowance in plan_copy["allowances"]]
    return {
        line_id: Usage(
            allowances=tuple(meters[line_id]),
            starts_at=during[line_id].lower if line_id in during else None,
            ends_at=during[line_id].upper if line_id in during else None,
            reading=None,
        )
        for line_id in order_line_ids
    }


def countries_of_each(order_line_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Where each of those lines was used, in the order of the first use there."""
    places: dict[int, tuple[str, ...]] = {}
    used = UsageRecord.objects.filter(order_line_id__in=order_line_ids, outcome="counted")
    rows = used.values_list("order_line_id", "country").annotate(first=Min("started_at"))
    for line_id, country, _first in rows.order_by("first"):
        assert line_id is not None
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
