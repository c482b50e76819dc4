"""What says how often a line's usage is asked for, and that it is asked for within the budget."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fairroam.apps.esims import operations as esims
from fairroam.apps.metering import queries, tasks
from fairroam.apps.metering.models import UsageCursor
from fairroam.rules.polling import Watched
from tests.apps.lines_given import a_ready_line, ask, use
from tests.given import NOON

GB = 10**9
MINUTE = timedelta(minutes=1)


@pytest.mark.usefixtures("catalogue")
def test_a_line_is_watched_by_its_use_its_end_and_who_waits_for_it():
    line = a_ready_line()
    fresh = queries.watched_lines(NOON)[line.pk]
    use(line, 9 * GB, at=NOON)
    used = queries.watched_lines(NOON + MINUTE, [line.pk])[line.pk]
    ask(line, now=NOON + MINUTE)
    ending = queries.watched_lines(NOON + MINUTE)[line.pk]
    esims.record_ended(order_line_id=line.pk, now=NOON + MINUTE)
    ended = queries.watched_lines(NOON + 2 * MINUTE)[line.pk]

    end = NOON + timedelta(days=30)
    assert fresh == Watched(granted=10 * GB)
    assert used == Watched(used=9 * GB, granted=10 * GB, ends_at=end)
    assert ending == ended == Watched(used=9 * GB, granted=10 * GB, ends_at=end, is_awaited=True)
    assert line.pk not in queries.watched_lines(NOON + timedelta(days=1))
    assert queries.watched_lines(NOON, []) == {}


@pytest.mark.usefixtures("catalogue")
def test_the_network_is_asked_sooner_when_a_line_nears_its_limit():
    line = a_ready_line()
    assert tasks.is_usage_due(now=NOON)  # Nobody asked yet.
    UsageCursor.objects.create(source=tasks.SOURCE, cursor="c", read_at=NOON)

    assert not tasks.is_usage_due(now=NOON + 9 * MINUTE)
    assert tasks.is_usage_due(now=NOON + 10 * MINUTE)
    use(line, 8 * GB, at=NOON)
    assert not tasks.is_usage_due(now=NOON + 4 * MINUTE)
    assert tasks.is_usage_due(now=NOON + 5 * MINUTE)
