"""How near lines are to a limit or an end: what decides how often their usage is asked for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from fairroam.rules.polling import Watched

# A line's last use is told by then: longer than the lag that any network or supplier states.
TOLD_AFTER_END = timedelta(hours=4)
STATE = """
    SELECT run.line_id, coalesce(sum(least(used, granted)), 0)::bigint,
           coalesce(sum(granted), 0)::bigint, min(upper(during)) FILTER (WHERE upper(during) > %s),
           coalesce(bool_or(stage = 'terminating' OR line.ended_at > %s), false)
    FROM metering_planrun run
    JOIN esims_line line ON line.order_line_id = run.line_id
    LEFT JOIN metering_planperiod period ON period.order_line_id = run.order_line_id
    LEFT JOIN metering_meter meter ON meter.order_line_id = run.order_line_id
        AND kind = 'data' AND granted IS NOT NULL
    WHERE run.ended_at IS NULL AND (stage <> 'terminated' OR line.ended_at > %s)
"""


def watched_lines(now: datetime, lines: Collection[int] | None = None) -> dict[int, Watched]:
    """How near each of these lines is, or each that is not over, by all of its running plans."""
    told = now - TOLD_AFTER_END
    statement = STATE
    values: list[Any] = [now, told, told]
    if lines is not None:
        statement, values = f"{STATE} AND run.line_id = ANY(%s)", [*values, list(lines)]
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} GROUP BY run.line_id", values)
        return {
            line_id: Watched(used=used, granted=granted, ends_at=ends_at, is_awaited=is_awaited)
            for line_id, used, granted, ends_at, is_awaited in cursor
        }
