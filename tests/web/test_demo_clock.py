"""Only the demo's clock can be moved, and signatures never go by it; its messages as they leave."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from fairroam import clock
from fairroam.apps.journal import operations as journal
from fairroam.apps.notices import operations as notices
from fairroam.web.demo import control
from fairroam.web.demo import urls as demo
from fairroam.worker import schedule
from sandbox import clock as their_clock
from sandbox.hooks import signature
from tests import given
from tests.given import NOON

WEEK = timedelta(days=7)
SECRET = "hook secret of this test"


@pytest.fixture
def folder(settings, tmp_path, monkeypatch):
    """The folder of a demo, which the stand-ins know as well."""
    settings.FAIRROAM_ENVIRONMENT, settings.FAIRROAM_FOLDER = "demo", tmp_path
    monkeypatch.setenv("SANDBOX_CLOCK", str(clock.clock_file()))
    return tmp_path


def test_the_clock_of_a_demo_moves_and_its_stand_ins_go_along(folder):
    assert clock.moved_by() == timedelta()

    control.set_clock(WEEK)

    for present in (clock.now(), their_clock.now()):
        assert abs(present - clock.real_now() - WEEK) <= timedelta(seconds=5)
    assert abs(clock.real_now() - datetime.now(UTC)) <= timedelta(seconds=5)


@pytest.mark.parametrize("environment", ["production", "test"])
def test_no_other_clock_can_be_moved(folder, settings, environment):
    control.set_clock(WEEK)
    settings.FAIRROAM_ENVIRONMENT = environment

    assert clock.moved_by() == timedelta()


def test_the_doors_of_the_demo_are_closed_everywhere_else(db):
    assert not any(str(door.pattern).startswith("demo") for door in get_resolver().url_patterns)
    paths = [f"/demo/{door.pattern}" for door in demo.urlpatterns]
    assert {Client().get(path).status_code for path in paths} == {404}
    assert {Client().post(path).status_code for path in paths} == {404}


@pytest.mark.parametrize(("signed_ago", "status"), [(timedelta(), 200), (WEEK, 401), (-WEEK, 401)])
def test_a_signature_is_judged_by_the_real_time(db, folder, settings, signed_ago, status):
    settings.FAIRROAM_USAGE_HOOK_SECRET = SECRET
    control.set_clock(WEEK)
    body = json.dumps({"source": "sandbox", "records": []}).encode()
    signed_at = int((clock.real_now() - signed_ago).timestamp())

    answer = Client().post(
        "/hooks/usage/sandbox",
        body,
        content_type="application/json",
        headers={"Sandbox-Signature": signature(SECRET.encode(), body, signed_at)},
    )

    assert answer.status_code == status


def test_what_the_clock_jumped_over_is_done_at_once(db):
    schedule.catch_up()

    queued = list(ProcrastinateJob.objects.values_list("task_name", flat=True))
    named = [periodic.task.name for periodic in app.periodic_registry.periodic_tasks.values()]
    assert sorted(queued) == sorted(named)
    assert {"end_plans", "keep_numbers", "resume_closings"} <= set(queued)


@pytest.mark.usefixtures("catalogue")
def test_what_goes_to_a_device_is_among_the_messages():
    customer = given.a_customer()
    notice = notices.queue(
        kind="customers.address_changed",
        act="test",
        address="ada@example.com",
        language="en",
        context={"changed_at": NOON, "zone": "UTC"},
        customer_id=customer.pk,
        now=NOON,
    )
    assert control.newest() == []
    with transaction.atomic():
        facts = {"customer_id": customer.pk, "notice_id": notice.pk}
        journal.tell("notice.pushed", actor="system", now=NOON, **facts)

    [shown] = control.newest()

    assert shown == control.Message("push", "ada@example.com", notice.subject, NOON)
