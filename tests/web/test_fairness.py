"""Public figures of fairness: counted, never typed in, and silent about single persons."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.refunds.queries import targets
from tests.apps import refunds_given
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.mark.promise(79)
def test_with_few_cases_no_figure_is_shown(client):
    page = words_of(client.get("/fairness/"))

    assert "too few cases to tell" in page
    assert "%" not in page


@pytest.mark.promise(79)
@pytest.mark.parametrize(
    ("decided_after", "in_time"),
    # Monday noon in Berlin: the third working day after is Thursday, which ends at 23:00 UTC.
    [(timedelta(), 1), (timedelta(days=3, hours=9), 1), (timedelta(days=3, hours=11), 0)],
)
def test_a_decision_is_in_time_until_the_third_working_day_has_ended(decided_after, in_time):
    _line, refund = refunds_given.a_case_with_nothing_due()
    RefundRequest.objects.update(received_at=NOON, stage="approved")
    Decision.objects.filter(request=refund).update(decided_at=NOON + decided_after)

    kept = targets.decisions_in_time(since=NOON, until=NOON + timedelta(days=30))

    assert (kept.in_time, kept.cases) == (in_time, 1)
