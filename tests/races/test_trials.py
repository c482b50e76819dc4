"""Many hands at one trial: the constraints let one begin per mailbox, and one keep a chip."""

from __future__ import annotations

from functools import partial

import pytest

from fairroam.apps.orders.models import Order, Trial
from fairroam.apps.orders.operations import trials
from tests.apps.test_trials import EID, begin
from tests.given import NOON
from tests.races.test_money_races import a_buyer
from tests.races.together import kinds_of, together

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.promise(48)]
HANDS = 8


def test_of_many_trials_for_one_mailbox_one_begins():
    name, _, host = a_buyer().partition("@")
    ends = together(*(partial(begin, f"{name}+{place}@{host}") for place in range(HANDS)))

    assert kinds_of(ends) == {"TrialUsed": HANDS - 1, "done": 1}
    assert (Trial.objects.count(), Order.objects.count()) == (1, 1)


def test_of_many_trials_on_one_chip_one_stays():
    lines = [begin(a_buyer()) for _ in range(4)]
    ends = together(
        *(partial(trials.claim_chip, order_line_id=line.pk, eid=EID, now=NOON) for line in lines)
    )

    assert sorted(ends) == [False, False, False, True]
    assert Trial.objects.filter(declined_at__isnull=True).count() == 1
