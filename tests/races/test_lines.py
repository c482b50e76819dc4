"""Two hands on one line at the same moment: real commits, real stand-ins, real threads.

The judge of what happened outside is the stand-ins' own log of effects.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from fairroam.apps.esims import operations, queries, tasks
from fairroam.apps.esims.models import LineAct, Profile
from fairroam.apps.esims.refusals import ActUnderWay
from fairroam.apps.journal.models import Event
from fairroam.apps.metering import operations as metering
from fairroam.apps.metering import queries as meters
from fairroam.apps.metering.models import UsageRecord
from fairroam.gateways.lines import Capabilities, NetworkRecord, RecordKind
from sandbox.processes import SandboxProcess
from tests import given
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("committed", "carrier")


def together(*acts: Callable[[], Any]) -> list[BaseException | None]:
    """Do all acts at once, each in a thread with a connection of its own; what each raised."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=60)
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as threads:
        return [done.exception() for done in [threads.submit(run, act) for act in acts]]


def planned() -> Profile:
    line = given.a_paid_line()
    metering.open_meters(order_line_id=line.pk, now=NOON)
    operations.plan_line(
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        profile_type="travel-data",
        now=NOON,
    )
    return Profile.objects.get(line_id=line.pk)


def effects_on(process: SandboxProcess, profile: Profile) -> list[str]:
    profile.refresh_from_db()
    return [effect["effect"] for effect in process.effects(iccid=profile.iccid)]


def test_workers_that_provide_many_lines_at_once_make_one_profile_each(carrier):
    profiles = [planned() for _ in range(3)]

    def provide(profile: Profile) -> Callable[[], None]:
        return lambda: tasks.provision(profile_id=profile.pk, now=NOON)

    raised = together(*[provide(profile) for profile in profiles for _ in range(2)])
    tasks.resume_unfinished(now=NOON + tasks.UNFINISHED_AFTER * 2)

    assert all(error is None or isinstance(error, tasks.StockContended) for error in raised)
    assert [effects_on(carrier, profile) for profile in profiles] == [["order", "confirm"]] * 3
    assert len({profile.iccid for profile in profiles}) == 3
    assert Event.objects.filter(kind="line.ready").count() == 3


@pytest.mark.parametrize("head_start", range(4))
def test_a_line_that_is_provided_and_taken_off_at_once_ends_off(carrier, head_start):
    """head_start: how many of the steps are done when the other hand comes."""
    profile = planned()
    for step in list(tasks.STEPS.values())[:head_start]:
        wanted = queries.provisioning(profile.pk)
        assert wanted is not None
        step(tasks.profile_gateway(), profile.pk, wanted, NOON)

    def take_off() -> None:
        operations.take_off(order_line_id=profile.line_id, now=NOON)
        tasks.take_off(line_id=profile.line_id, now=NOON)

    raised = together(lambda: tasks.provision(profile_id=profile.pk, now=NOON), take_off)

    assert raised == [None, None]
    assert queries.line_state(profile.line_id).is_off
    effects = effects_on(carrier, profile) if profile.iccid else []
    assert effects.count("order") == effects.count("cancel") <= 1
    assert effects[-1:] in ([], ["cancel"])
    assert Event.objects.filter(kind="line.off").count() == 1


def test_two_copies_of_a_file_are_counted_once():
    profile = planned()
    operations.reserve(profile_id=profile.pk, iccid="8999900000000000007")
    records = [
        NetworkRecord(
            source="sandbox",
            record_id=f"rec-{number}",
            iccid="8999900000000000007",
            kind=RecordKind.DATA,
            quantity=10**6,
            started_at=NOON,
            ended_at=NOON,
            country="JP",
            operator="Example Mobile",
        )
        for number in range(50)
    ]

    def report(batch: list[NetworkRecord]) -> Callable[[], None]:
        return lambda: metering.record_usage(source="sandbox", records=batch, now=NOON)

    raised = together(report(records), report(records[::-1]), report(records[20:]))

    assert raised == [None, None, None]
    assert UsageRecord.objects.count() == 50
    assert meters.usage_of(profile.line_id).allowances[0].used == 50 * 10**6


def test_acts_that_are_asked_for_at_once_are_done_one_after_the_other(processes):
    network = processes[1]
    profile = planned()
    tasks.provision(profile_id=profile.pk, now=NOON)

    def ask(kind: str) -> Callable[[], None]:
        return lambda: operations.ask_act(
            kind=kind,
            order_line_id=profile.line_id,
            customer_id=profile.customer_id,
            key=uuid4(),
            capabilities=Capabilities(suspends=True, steers=True),
            actor="customer",
            now=NOON,
        )

    raised = together(ask("suspend"), ask("suspend"), ask("deactivate"))
    (act,) = LineAct.objects.all()
    done = together(*[lambda: tasks.do_act(act_id=act.pk, now=NOON)] * 3)

    assert [type(error) for error in raised if error] == [ActUnderWay, ActUnderWay]
    assert done == [None] * 3
    assert LineAct.objects.get().stage == "done"
    stopped = effects_on(network, profile).count("suspend")
    assert stopped == (1 if act.kind == "suspend" else 0)


def test_an_act_and_the_end_of_its_line_at_once_leave_the_line_off(carrier, processes):
    profile = planned()
    tasks.provision(profile_id=profile.pk, now=NOON)
    act = operations.ask_act(
        kind="deactivate",
        order_line_id=profile.line_id,
        customer_id=profile.customer_id,
        key=uuid4(),
        capabilities=Capabilities(suspends=True, steers=True),
        actor="customer",
        now=NOON,
    )

    def take_off() -> None:
        operations.take_off(order_line_id=profile.line_id, now=NOON)
        tasks.take_off(line_id=profile.line_id, now=NOON)

    raised = together(lambda: tasks.do_act(act_id=act.pk, now=NOON), take_off)

    assert raised == [None, None]
    assert queries.line_state(profile.line_id).is_off
    assert effects_on(carrier, profile) == ["order", "confirm", "cancel"]
    assert LineAct.objects.get().stage in ("done", "overtaken")
