"""Public figures of fairness: counted, never typed in, and silent about single persons."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fairroam.apps.esims.models import ActivationFact
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.refunds.queries import targets
from fairroam.clock import now
from tests.apps import refunds_given
from tests.apps.lines_given import a_ready_line
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.mark.promise(79)
def test_with_few_cases_no_figure_is_shown(client):
    page = words_of(client.get("/fairness/"))

    assert "too few cases to tell" in page
    assert "%" not in page


@pytest.mark.promise(79)
@pytest.mark.parametrize(
    ("asked_before", "in_time"),
    # Decided on a Friday at 14:00 in Berlin: the third working day after a Tuesday, which began
    # there at 22:00 UTC of the Monday before.
    [
        (timedelta(), 1),
        (timedelta(days=3, hours=13), 1),
        (timedelta(days=3, hours=15), 0),
    ],
)
def test_a_decision_is_in_time_until_the_third_working_day_has_ended(asked_before, in_time):
    _line, refund = refunds_given.a_case_with_nothing_due()
    decided_at = Decision.objects.get(request=refund).decided_at
    assert decided_at == refunds_given.MONTHS_LATER
    RefundRequest.objects.update(received_at=decided_at - asked_before, stage="approved")

    kept = targets.decisions_in_time(since=decided_at, until=decided_at + timedelta(days=30))

    assert (kept.in_time, kept.cases) == (in_time, 1)


@pytest.mark.promise(54)
def test_that_nothing_is_made_or_mailed_is_said_with_the_figure_behind_it_or_not_at_all(client):
    def a_phone_fetches_one() -> str:
        yesterday = now() - timedelta(days=1)
        ActivationFact.objects.create(
            profile=a_ready_line().line.profiles.get(),
            kind="downloaded",
            happened_at=yesterday,
            source="es2plus",
            recorded_at=yesterday,
        )
        return words_of(client.get("/fairness/"))

    assert not any("card" in a_phone_fetches_one() for _ in range(4))
    assert "Phones fetched 5 eSIMs over the network" in a_phone_fetches_one()
