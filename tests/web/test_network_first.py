"""Network first: what is waited for stands on the page, with its clock; silence ends in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Profile
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries
from fairroam.apps.refunds.models import Decision
from fairroam.worker.books import find_faults
from fairroam.worker.refund_clocks import keep_clocks
from tests.apps.lines_given import LATER, a_ready_line, ask, prove_off
from tests.apps.refunds_given import events
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
DAY = timedelta(days=1)


def shown(line, refund) -> str:
    client = Client()
    client.force_login(line.order.customer.user)
    return words_of(client.get(f"/account/refunds/{refund.pk}/"))


@pytest.mark.promise(34)
def test_days_of_silence_reach_a_person_at_once_and_the_money_leaves_in_time():
    line = a_ready_line()
    with time_machine.travel(LATER, tick=False):
        refund = ask(line)
        page = shown(line, refund)
        assert "Your request counts from Mon 2 November 2026, 16:00, Berlin time" in page
        assert "a person decides by Thu 5 November 2026, 24:00, Berlin time" in page

    asked_again = [LATER + timedelta(minutes=29), LATER + timedelta(minutes=31)]
    asked_again += [LATER + days * DAY for days in range(1, 13)]
    for at in asked_again:  # the carrier gives no answer, each time that it is asked
        esims.note_silence(order_line_id=line.pk, now=at)
        for _stuck in events("line.stuck"):
            refunds.network_is_silent(order_line_id=line.pk, now=at)
        keep_clocks(now=at)
        stage = queries.refund(refund.pk, line.order.customer_id).stage
        assert stage == ("waiting_for_network" if at == asked_again[0] else "under_review")

    assert len(events("line.stuck")) == 1
    case = queries.case(refund.pk)
    assert case.doubts == ("line_still_on",)
    keep_clocks(now=LATER + 13 * DAY)
    decision = Decision.objects.latest("pk")
    assert (decision.due_minor, decision.result["pay_by"]) == (1900, "2026-11-16")
    assert queries.refund(refund.pk, line.order.customer_id).stage == "approved"
    assert list(find_faults()) == []


@pytest.mark.promise(15)
def test_abuse_25_installed_between_the_request_and_the_carrier_s_answer():
    line = a_ready_line()
    refund = ask(line)
    profile = Profile.objects.get(line_id=line.pk)
    at = LATER + timedelta(minutes=1)
    for kind in ("downloaded", "installed"):
        esims.record_fact(
            profile_id=profile.pk, kind=kind, happened_at=at, source="es2plus", now=at
        )
    assert esims.record_cancelled(order_line_id=line.pk, now=at) is False, "a phone has it"
    assert Decision.objects.count() == 0, "nothing is paid before the network has ended it"

    prove_off(line, now=at + timedelta(minutes=1))

    decision = Decision.objects.get()
    assert decision.facts["installed_at"] == at.isoformat()
    page = shown(line, refund)
    assert "Meanwhile something happened, so it was decided again with it" in page
    assert "The eSIM was installed: Mon 2 November 2026, 16:01, Berlin time." in page
    assert "your plan goes on meanwhile" not in page, "it is off, as the timeline beside it says"
    refund.refresh_from_db()
    assert refund.stage == "under_review", "a person looks at what happened after the request"
    assert list(find_faults()) == []
