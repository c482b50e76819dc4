"""How much of many plans is used, read together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fairroam.apps.journal.queries.planned import ANY_OF, Question, together
from fairroam.apps.metering.queries.usage import AllowanceUse, Usage

# The first period of a line counts; while no meter is open, all is as it was sold.
USES = f"""
    SELECT line.id, lower(period.during) AS starts_at, upper(period.during) AS ends_at, coalesce(
        (SELECT json_agg(meter ORDER BY meter.id) FROM metering_meter meter
         WHERE meter.order_line_id = line.id),
        (line.plan_copy -> 'allowances')::json) AS allowances
    FROM orders_orderline line
    LEFT JOIN LATERAL (
        SELECT during FROM metering_planperiod WHERE order_line_id = line.id ORDER BY id LIMIT 1
    ) period ON true
    WHERE line.id = {ANY_OF}
"""  # noqa: S608 - no word of it comes from elsewhere


def usage_of_each(order_line_ids: Sequence[int]) -> dict[int, Usage]:
    """What `usage_of` says of each of those lines, but for what its figures rest on."""
    (found,) = together(uses_asked(order_line_ids))
    uses: dict[int, Usage] = found
    return uses


def uses_asked(order_line_ids: Sequence[int]) -> Question[dict[int, Usage]]:
    """The question whose answer `usage_of_each` is."""
    return Question(USES, [list(order_line_ids)], read_uses)


def read_uses(rows: Sequence[dict[str, Any]]) -> dict[int, Usage]:
    return {
        row["id"]: Usage(
            allowances=tuple(
                AllowanceUse(
                    kind=one["kind"],
                    granted=one["granted"],
                    used=one.get("used", 0),
                    weight=one["weight"],
                )
                for one in row["allowances"]
            ),
            starts_at=datetime.fromisoformat(row["starts_at"]) if row["starts_at"] else None,
            ends_at=datetime.fromisoformat(row["ends_at"]) if row["ends_at"] else None,
            reading=None,
        )
        for row in rows
    }


COUNTRIES = f"""
    SELECT order_line_id, country FROM metering_usagerecord
     WHERE order_line_id = {ANY_OF} AND outcome = 'counted'
     GROUP BY order_line_id, country ORDER BY min(started_at)
"""  # noqa: S608


def countries_asked(order_line_ids: Sequence[int]) -> Question[dict[int, tuple[str, ...]]]:
    """Where each of those lines was used, in the order of the first use there."""
    return Question(COUNTRIES, [list(order_line_ids)], read_countries)


def read_countries(rows: Sequence[dict[str, Any]]) -> dict[int, tuple[str, ...]]:
    places: dict[int, tuple[str, ...]] = {}
    for row in rows:
        places[row["order_line_id"]] = (*places.get(row["order_line_id"], ()), row["country"])
    return places
