"""Ask the network for what its notices may not have brought."""

from __future__ import annotations

from datetime import datetime

from fairroam.apps.esims.tasks import line_gateway
from fairroam.apps.metering import operations, queries

SOURCE = "sandbox"  # the network behind `line_gateway`, as its notices name it
PAGES_MAX = 100  # a job stays short; the next one goes on


def collect_usage(*, now: datetime) -> int:
    """Read on where we stopped; returns how many records were new. Run it now and then.

    Raises GatewayUnreachable: the next run begins at the same place.
    """
    gateway = line_gateway()
    counted = 0
    for _ in range(PAGES_MAX):
        page = gateway.list_usage(since=queries.cursor_of(SOURCE))
        counted += operations.record_page(source=SOURCE, page=page, now=now).counted
        if not page.records:
            break
    return counted
