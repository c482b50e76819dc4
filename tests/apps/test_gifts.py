"""More data, or more days, on a plan that somebody has."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from fairroam.apps.journal.models import Event
from fairroam.apps.metering import operations as metering
from fairroam.apps.metering.models import Meter, PlanRun
from fairroam.apps.metering.operations.gifts import extend_period, grant_extra
from fairroam.apps.metering.queries import usage_of
from fairroam.apps.metering.refusals import PlanCannotGrow
from fairroam.worker.books import find_faults
from tests.apps.lines_given import a_ready_line, use
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")

GIGABYTE = 10**9


def test_data_given_is_burned_like_bought_data_and_runs_low_once_more():
    line = a_ready_line()
    use(line, 9 * GIGABYTE)
    assert Meter.objects.get(order_line=line, kind="data").marks_told == 1

    grant_extra(order_line_id=line.pk, extra_bytes=10 * GIGABYTE, now=NOON)
    use(line, 8 * GIGABYTE, at=NOON + timedelta(hours=1))

    data = Meter.objects.get(order_line=line, kind="data")
    assert (data.granted, data.used, data.marks_told) == (20 * GIGABYTE, 17 * GIGABYTE, 1)
    assert Event.objects.filter(kind="usage.low").count() == 2
    assert list(find_faults()) == []


def test_a_plan_that_runs_ends_later_and_one_that_has_not_begun_lasts_longer():
    running, waiting = a_ready_line(), a_ready_line(email="bo@example.com")
    use(running, GIGABYTE)
    before = usage_of(running.pk)

    extend_period(order_line_id=running.pk, days=7, now=NOON)
    extend_period(order_line_id=waiting.pk, days=7, now=NOON)
    use(waiting, GIGABYTE)

    assert usage_of(running.pk).ends_at == before.ends_at + timedelta(days=7)
    begun = usage_of(waiting.pk)
    assert begun.ends_at - begun.starts_at == timedelta(days=37)
    assert list(find_faults()) == []


def test_days_that_are_given_in_the_last_second_keep_a_plan_from_being_ended():
    first, second = a_ready_line(), a_ready_line(email="bo@example.com")
    for line in (first, second):
        use(line, GIGABYTE)
    over = usage_of(second.pk).ends_at

    def asked_back_meanwhile(order_line_id: int) -> bool:
        """While the first of those that were found is looked at, the second is given days."""
        if order_line_id == first.pk:
            extend_period(order_line_id=second.pk, days=7, now=over - timedelta(seconds=1))
        return False

    assert metering.end_plans(now=over, is_asked_back=asked_back_meanwhile) == 1

    use(second, GIGABYTE, at=over + timedelta(days=1))
    assert usage_of(second.pk).allowances[0].used == 2 * GIGABYTE
    assert PlanRun.objects.get(pk=second.pk).ended_at is None
    assert list(find_faults()) == []


@pytest.mark.parametrize(
    "give",
    [partial(grant_extra, extra_bytes=1), partial(extend_period, days=1)],
    ids=["data", "days"],
)
@pytest.mark.parametrize("state", ["stopped", "over", "ended", "unknown"])
def test_nothing_is_added_to_what_can_no_longer_be_used(give, state):
    line = a_ready_line()
    use(line, GIGABYTE)
    at = NOON + timedelta(days=40) if state in ("over", "ended") else NOON
    if state == "stopped":
        metering.stop_pack(line.pk, NOON)
    if state == "ended":
        metering.end_plans(now=at, is_asked_back=lambda _line: False)
    order_line_id = line.pk + 1000 if state == "unknown" else line.pk

    with pytest.raises(PlanCannotGrow):
        give(order_line_id=order_line_id, now=at)

    assert Meter.objects.get(order_line=line, kind="data").granted == 10 * GIGABYTE


def test_the_days_of_a_number_data_without_limit_and_the_esim_of_a_supplier_stay_as_they_are():
    resold = a_ready_line("world-1gb-7d")
    with pytest.raises(PlanCannotGrow):
        extend_period(order_line_id=resold.pk, days=1, now=NOON)
    with_number, unlimited = a_ready_line("keep-number-uk-90d"), a_ready_line("asia-day-pass-5d")
    with pytest.raises(PlanCannotGrow):
        extend_period(order_line_id=with_number.pk, days=1, now=NOON)
    with pytest.raises(PlanCannotGrow):
        grant_extra(order_line_id=unlimited.pk, extra_bytes=1, now=NOON)
