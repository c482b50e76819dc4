"""What a traveller is told of a plan before and while it is used."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Profile
from fairroam.apps.journal.models import Event
from fairroam.apps.metering.operations.gifts import grant_extra
from fairroam.apps.notices.models import Notice
from fairroam.apps.notices.queries import push_topic_of
from fairroam.worker import jobs, usage
from tests.apps.lines_given import a_ready_line, use
from tests.apps.refunds_given import GIGABYTE
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
HOUR = timedelta(hours=1)


def tell_usage() -> None:
    for event in Event.objects.filter(kind__in=["usage.low", "usage.used_up"]).order_by("pk"):
        jobs.app.tasks["tell_usage"](event_id=event.pk)


def told(*kinds: str) -> list[str]:
    notices = Notice.objects.filter(kind__in=kinds).order_by("pk")
    return list(notices.values_list("kind", flat=True))


def test_data_that_runs_low_and_out_is_told_once_each_and_pushed_as_data():
    line = a_ready_line()
    for used in (8, 3):
        use(line, used * GIGABYTE)
        tell_usage()
        tell_usage()

    assert told("metering.low", "metering.used_up") == ["metering.low", "metering.used_up"]
    assert {push_topic_of(kind) for kind in ("metering.low", "metering.used_up")} == {"data"}
    assert f"/account/lines/{line.pk}/" in Notice.objects.get(kind="metering.low").text


def test_data_that_ran_out_before_it_could_be_called_low_is_told_to_be_used_up_alone():
    line = a_ready_line()
    use(line, 8 * GIGABYTE)
    use(line, 3 * GIGABYTE)
    tell_usage()

    assert told("metering.low", "metering.used_up") == ["metering.used_up"]


def test_data_given_as_goodwill_that_runs_low_too_is_told_once_more():
    line = a_ready_line()
    use(line, 8 * GIGABYTE)
    grant_extra(order_line_id=line.pk, extra_bytes=10 * GIGABYTE, now=NOON)
    use(line, 9 * GIGABYTE)
    for event in Event.objects.filter(kind="usage.low").order_by("pk"):
        for _ in range(2):
            jobs.app.tasks["tell_usage"](event_id=event.pk)

    assert told("metering.low") == ["metering.low", "metering.low"]


@pytest.mark.parametrize(
    ("hours", "is_downloaded", "is_reminded"),
    [
        (23, False, False),
        (25, False, True),
        (47, False, True),
        (49, False, False),
        (25, True, False),
    ],
)
def test_who_bought_ahead_and_installed_nothing_is_led_to_the_page_before_a_trip(
    hours, is_downloaded, is_reminded
):
    line = a_ready_line()
    ready_at = Event.objects.get(kind="line.ready").happened_at
    if is_downloaded:
        esims.record_fact(
            profile_id=Profile.objects.get(line_id=line.pk).pk,
            kind="downloaded",
            happened_at=NOON,
            source="es2plus",
            now=NOON,
        )
    for _ in range(2):
        usage.remind_each(at=ready_at + hours * HOUR)

    assert told("esims.get_ready") == ["esims.get_ready"] * is_reminded
    assert all("/ready/" in notice.text for notice in Notice.objects.filter(kind="esims.get_ready"))
