"""A plan that does not work: steps as facts with their clock, and what they entitle to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries
from fairroam.apps.refunds.models import Decision, Trouble
from fairroam.apps.refunds.refusals import NoOpenTrouble, NothingPaid
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.lines_given import a_ready_line, ask, prove_off, use
from tests.apps.refunds_given import GIGABYTE, events
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
ABROAD = NOON + timedelta(days=20)  # after the cooling-off period
CURED_BY = ABROAD + timedelta(hours=48)


def a_line_abroad():
    """It was seen by a network and used a little, days ago."""
    line = a_ready_line()
    use(line, GIGABYTE // 1000, at=ABROAD - timedelta(days=1))
    return line


def open_trouble(line, *, cause: str = "technical", now=ABROAD) -> Trouble:
    return refunds.open_trouble(
        order_line_id=line.pk, customer_id=line.order.customer_id, cause=cause, now=now
    )


def step(line, kind: str, *, has_helped: bool = False, now=ABROAD) -> None:
    refunds.record_step(
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        kind=kind,
        has_helped=has_helped,
        now=now,
    )


def steps(line, *kinds: str) -> None:
    for minutes, kind in enumerate(kinds):
        step(line, kind, now=ABROAD + timedelta(minutes=minutes))


FOUR = ("roaming", "apn", "operator", "restart")


@pytest.mark.promise(18)
@pytest.mark.promise(39)
def test_a_fault_that_four_steps_and_two_days_did_not_cure_gives_all_back():
    line = a_line_abroad()
    open_trouble(line)
    steps(line, *FOUR)
    assert queries.quote(line.pk, now=CURED_BY - timedelta(seconds=1)).due == 0

    quote = queries.quote(line.pk, now=CURED_BY)

    assert (quote.due, quote.decision["ground"], quote.decision["pack"]) == (
        1900,
        "unusable",
        "house@2",
    )
    assert quote.facts["trouble"] == {
        "opened_at": "2026-11-22T12:00:00+00:00",
        "steps_done": 4,
        "restored_at": None,
        "cause": "technical",
    }
    refund = ask(line, now=CURED_BY)
    prove_off(line, now=CURED_BY + timedelta(minutes=1))
    refund.refresh_from_db()
    assert refund.stage in ("approved", "under_review")
    assert Decision.objects.latest("pk").due_minor == 1900
    assert list(find_faults()) == []


@pytest.mark.promise(38)
def test_every_step_is_recorded_with_its_time_its_result_and_what_the_network_knew():
    line = a_line_abroad()
    trouble = open_trouble(line)
    steps(line, "roaming", "apn")
    step(line, "apn", has_helped=False, now=ABROAD + timedelta(hours=1))  # told again

    row = queries.trouble_of(line.pk)

    assert [(one.kind, one.has_helped) for one in row.steps if one.done_at] == [
        ("roaming", False),
        ("apn", False),
    ]
    assert row.steps[1].done_at == ABROAD + timedelta(minutes=1)
    told = trouble.steps.get(kind="apn").network
    assert told["used"] == {"data": GIGABYTE // 1000}
    assert told["used_at"] == told["attached_at"] == (ABROAD - timedelta(days=1)).isoformat()
    assert [event["step"] for event in events("trouble.step_done")] == ["roaming", "apn"]


def test_too_few_steps_give_nothing_however_long_it_lasts():
    line = a_line_abroad()
    open_trouble(line)
    steps(line, *FOUR[:3])

    assert queries.quote(line.pk, now=CURED_BY + timedelta(days=3)).due == 0


@pytest.mark.promise(38)
def test_a_step_that_helped_ends_the_trouble_and_a_later_one_begins_anew():
    line = a_line_abroad()
    open_trouble(line)
    steps(line, *FOUR[:3])
    step(line, "restart", has_helped=True, now=ABROAD + timedelta(hours=1))

    assert queries.trouble_of(line.pk).restored_at == ABROAD + timedelta(hours=1)
    assert queries.quote(line.pk, now=CURED_BY).due == 0
    with pytest.raises(NoOpenTrouble):
        step(line, "reinstall")
    again = open_trouble(line, now=CURED_BY)
    assert (Trouble.objects.count(), queries.trouble_of(line.pk).steps_done) == (2, 0)
    assert open_trouble(line, cause="no_coverage", now=CURED_BY) == again, "one is open at a time"


def test_use_since_then_shows_that_it_works_but_a_few_kilobytes_do_not():
    line = a_line_abroad()
    open_trouble(line)
    steps(line, *FOUR)
    use(line, 20_000, at=ABROAD + timedelta(hours=1))
    assert queries.trouble_of(line.pk).restored_at is None

    use(line, 5_000_000, at=ABROAD + timedelta(hours=2))

    row = queries.trouble_of(line.pk)
    assert row.is_restored_by_network
    assert row.restored_at == ABROAD + timedelta(hours=2)
    assert queries.quote(line.pk, now=CURED_BY).due == 0


def test_a_phone_that_cannot_use_it_gives_all_back_without_steps_while_nothing_was_used():
    line = a_ready_line()
    use(line, 1, at=ABROAD)  # the network saw it; the period of the law is over
    other = a_ready_line(email="bob@example.com")
    for one in (line, other):
        open_trouble(one, cause="device_incompatible")

    used, unused = (queries.quote(one.pk, now=ABROAD) for one in (line, other))

    grounds = {
        reason["ground"]: reason["outcome"]
        for reason in unused.decision["reasons"]
        if "ground" in reason
    }
    assert grounds["incompatible"] in ("chosen", "not_better")
    assert (used.due, unused.due) == (0, 1900)


def test_trouble_is_told_by_its_owner_alone_and_of_what_was_paid():
    line = a_ready_line()
    stranger = given.a_customer("mallory@example.com")
    unpaid = given.an_order(email="bob@example.com").lines.select_related("order").get()

    with pytest.raises(NotAmongYours):
        refunds.open_trouble(
            order_line_id=line.pk, customer_id=stranger.pk, cause="technical", now=ABROAD
        )
    with pytest.raises(NothingPaid):
        open_trouble(unpaid)
    with pytest.raises(NoOpenTrouble):
        refunds.report_restored(
            order_line_id=line.pk, customer_id=line.order.customer_id, now=ABROAD
        )
    assert Trouble.objects.count() == 0
