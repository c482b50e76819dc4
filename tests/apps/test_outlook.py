"""What would change the amount: computed by the rules on facts with one thing otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from fairroam.apps.orders import queries as orders
from fairroam.apps.refunds import queries
from fairroam.apps.refunds.queries.outlook import Outlook, outlook
from tests.apps.lines_given import LATER, a_ready_line, use
from tests.apps.refunds_given import GIGABYTE
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
END_OF_WITHDRAWAL = datetime.fromisoformat("2026-11-16T23:00:00+00:00")


def outlook_of(line, *, now: datetime = LATER, asked: int | None = None) -> tuple[Outlook, ...]:
    validity_days = orders.terms_of(line.pk).plan_copy["validity_days"]
    return outlook(queries.quote(line.pk, now=now, asked=asked), validity_days=validity_days)


@pytest.mark.promise(15)
def test_an_unused_plan_is_worth_less_once_it_is_used_and_once_its_window_is_over():
    line = a_ready_line()

    found = {one.kind: one for one in outlook_of(line)}

    assert found["used_tenth"].due == 1710
    assert found["later"].due == 0
    assert found["later"].at == datetime.fromisoformat("2027-05-01T22:00:00+00:00")  # 180 days
    assert "switched_on" not in found, "the law pays a plan whole that was switched on, not used"


def test_a_used_plan_loses_all_with_the_period_of_the_law():
    line = a_ready_line()
    use(line, GIGABYTE)

    found = outlook_of(line)

    assert Outlook("later", 0, END_OF_WITHDRAWAL) in found
    assert Outlook("used_tenth", 1520) in found


def test_what_it_says_of_later_is_what_the_rules_say_then():
    line = a_ready_line()
    use(line, GIGABYTE)
    before = queries.quote(line.pk, now=END_OF_WITHDRAWAL - timedelta(seconds=1))

    assert (before.due, queries.quote(line.pk, now=END_OF_WITHDRAWAL).due) == (1710, 0)


def test_after_the_windows_a_fault_or_an_outage_would_still_bring_money_back():
    line = a_ready_line()
    late = NOON + timedelta(days=20)
    use(line, GIGABYTE, at=late - timedelta(days=2))

    found = {one.kind: one for one in outlook_of(line, now=late)}

    assert found["not_repaired"] == Outlook("not_repaired", 1710, late + timedelta(days=2))
    assert found["outage_day"].due == 64  # a thirtieth of 19.00, rounded up for the customer


def test_a_part_that_was_asked_for_does_not_narrow_the_view():
    line = a_ready_line()

    assert outlook_of(line, asked=100) == outlook_of(line)
