"""Many hands on numbers at the same moment: real commits, threads with connections of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fairroam.apps.esims.models import KeepAlive, Keeping, Number
from fairroam.apps.esims.operations import numbers_give, numbers_keep, numbers_renew
from fairroam.apps.esims.queries import numbers
from fairroam.apps.journal.models import Event
from tests.apps.numbers_given import a_kept_number, a_wish, be_known
from tests.given import NOON
from tests.races.together import together

pytestmark = pytest.mark.usefixtures("committed")
HANDS = 4


def wishes_of(*persons: str) -> list[int]:
    """Lines that wait for a number, each of an account of its own; these persons are behind it."""
    lines = []
    for index, person in enumerate(persons):
        line = a_wish(f"account{index}@example.com")
        be_known(line.order.customer_id, person=person)
        lines.append(line.pk)
    return lines


def considering(line_id: int) -> Callable[[], Any]:
    return lambda: numbers_give.consider(line_id=line_id, now=NOON)


def stages_of(line_ids: list[int]) -> list[str]:
    found = Keeping.objects.filter(pk__in=line_ids).values_list("stage", "review_reason")
    return sorted(f"{stage} {reason}".strip() for stage, reason in found)


@pytest.mark.promise(51)
def test_one_person_behind_many_accounts_gets_one_number_at_once():
    lines = wishes_of(*["vera"] * HANDS)

    raised = together(*map(considering, lines))

    assert raised == [None] * HANDS
    assert stages_of(lines) == ["kept"] + ["under_review soon_again"] * (HANDS - 1)


def test_the_last_number_goes_to_one_of_many_persons():
    Number.objects.exclude(e164="+447700900100").delete()
    lines = wishes_of(*[f"person {index}" for index in range(HANDS)])

    raised = together(*map(considering, lines))

    assert raised == [None] * HANDS
    assert stages_of(lines) == ["kept"] + ["under_review no_number"] * (HANDS - 1)


def test_many_workers_ask_for_one_automatic_act_and_tell_of_one_warning():
    keeping = a_kept_number()
    page = numbers.keeping_page(keeping.pk, keeping.customer_id, now=NOON)
    deadline = page.forecast.deadline
    numbers_renew.record_period(
        order_line_id=keeping.pk, ends_at=deadline + timedelta(days=30), now=NOON
    )
    numbers_keep.agree_automatic(
        line_id=keeping.pk, customer_id=keeping.customer_id, rule=page.rule.name, now=NOON
    )

    def follow() -> None:
        numbers_keep.follow_clock(line_id=keeping.pk, now=deadline - timedelta(days=14))

    raised = together(*[follow] * HANDS)

    assert raised == [None] * HANDS
    assert KeepAlive.objects.count() == 1
    assert Event.objects.filter(kind="number.warned").count() == 1
