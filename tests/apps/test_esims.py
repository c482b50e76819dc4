"""Lines and profiles against the carrier's and the network's stand-ins as real processes.

The judge of what happened outside is the stand-ins' own log of effects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from fairroam.apps.esims import operations, queries, tasks
from fairroam.apps.esims.models import Line, Profile
from fairroam.apps.esims.operations.moves import move_line, move_profile
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MovedMeanwhile, NotAmongYours
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders.models import OrderLine
from fairroam.gateways.calls import GatewayUnreachable
from fairroam.gateways.lines import Capabilities
from fairroam.gateways.profiles import FinalState, NoticeKind, ProgressNotice, es2plus
from fairroam.worker import jobs
from fairroam.worker.reactions import REACTIONS
from sandbox.processes import SandboxProcess
from tests import given
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue", "carrier", "network", "sound_books")
FAULTS = ("error_before_effect", "error_after_effect", "time_out_after_effect", "broken_json")


@pytest.fixture
def sound_books(db) -> Iterator[None]:
    yield
    assert [*queries.find_faults(), *ledger.find_faults()] == []


def planned(**words: Any) -> Profile:
    """The profile of a paid order line, before anything was asked of the carrier."""
    line = given.a_paid_line(**words)
    return plan(line)


def plan(line: OrderLine) -> Profile:
    operations.plan_line(
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        profile_type=line.plan_copy["profile_type"],
        now=NOON,
    )
    return Profile.objects.get(line_id=line.pk)


def ready(**words: Any) -> Profile:
    profile = planned(**words)
    tasks.provision(profile_id=profile.pk, now=NOON)
    profile.refresh_from_db()
    return profile


def until_done(task: Callable[[], None], *, tries: int = 3) -> int:
    """Run a task as the queue does: again when nobody answered. Returns how often it broke off."""
    for attempt in range(tries):
        try:
            task()
        except GatewayUnreachable:
            continue
        return attempt
    raise AssertionError("it never came to its end")


def effects_on(process: SandboxProcess, profile: Profile) -> list[str]:
    profile.refresh_from_db()
    return [effect["effect"] for effect in process.effects(iccid=profile.iccid)]


def told(kind: str, profile: Profile) -> list[dict[str, Any]]:
    events = Event.objects.filter(kind=kind, facts__order_line_id=profile.line_id)
    return list(events.order_by("pk").values_list("facts", flat=True))


def notice(profile: Profile, kind: NoticeKind, *, minutes: int) -> ProgressNotice:
    return ProgressNotice(
        iccid=profile.iccid,
        eid=None,
        kind=kind,
        point=str(kind),
        succeeded=True,
        happened_at=NOON + timedelta(minutes=minutes),
        key=f"{profile.iccid} {kind} {minutes}",
    )


def download(carrier: SandboxProcess, profile: Profile) -> None:
    code = queries.line_page(profile.line_id, profile.customer_id).code
    assert code is not None
    carrier.ask("POST", "/phone/download", json={"activation_code": code.lpa})


# Providing ---------------------------------------------------------------------------------------


@pytest.mark.promise(5)
def test_the_code_that_is_shown_at_once_downloads_the_profile(carrier):
    profile = ready()

    download(carrier, profile)

    assert effects_on(carrier, profile) == ["order", "confirm", "download"]


@pytest.mark.promise(6)
def test_from_the_payment_to_the_ready_line_only_reactions_work():
    line = given.a_paid_line()
    wanted = {"order.paid", "profile.planned", "line.ready"}
    last_seen = 0
    while events := list(Event.objects.filter(pk__gt=last_seen, kind__in=wanted).order_by("pk")):
        for event in events:
            for name in REACTIONS[event.kind]:
                jobs.app.tasks[name](event_id=event.pk)
        last_seen = events[-1].pk

    line.order.refresh_from_db()
    assert line.order.stage == "fulfilled"
    assert queries.line_state(line.pk).stage == "active"
    assert Notice.objects.filter(act=f"esims.ready:{line.pk}").exists()


@pytest.mark.promise(1)
def test_what_has_not_ended_cannot_be_silent():
    line = Line.objects.get(pk=ready().line_id)
    act = operations.ask_act(
        kind="suspend",
        order_line_id=line.pk,
        customer_id=line.customer_id,
        key=uuid4(),
        capabilities=Capabilities(suspends=True, steers=False),
        actor="customer:1",
        now=NOON,
    )
    for row in (line, act):
        for is_live in (None, False):
            with pytest.raises(IntegrityError), transaction.atomic():
                type(row).objects.filter(pk=row.pk).update(is_live=is_live)


def test_a_line_is_a_thing_of_its_own_with_stage_facts_and_page():
    profile = ready()

    page = queries.line_page(profile.line_id, profile.customer_id)

    assert (page.line.stage, page.line.profile_stage, page.line.is_off) == (
        "active",
        "released",
        False,
    )
    assert page.facts.ready_at == NOON
    assert [fact.kind for fact in page.timeline] == ["ready"]
    assert page.plan_copy["countries"] == ["JP"]
    assert page.iccid == profile.iccid
    lines = queries.lines_of(profile.customer_id)
    assert [row.order_line_id for row in lines] == [profile.line_id]
    assert queries.live_lines_of(profile.customer_id) == lines


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", ["stock", "downloadOrder", "confirmOrder"])
def test_whatever_breaks_off_ends_in_exactly_one_profile(carrier, call, fault):
    profile = planned()
    orders_before = len(carrier.effects("order"))
    carrier.arm(call, fault, seconds=0.1)

    broken_off = until_done(lambda: tasks.provision(profile_id=profile.pk, now=NOON))

    assert broken_off == 1
    assert effects_on(carrier, profile) == ["order", "confirm"]
    assert len(carrier.effects("order")) == orders_before + 1
    assert len(told("line.ready", profile)) == 1


def test_a_ready_line_is_not_provided_again(carrier):
    profile = ready()

    tasks.provision(profile_id=profile.pk, now=NOON)
    again = plan(profile.line.order_line)

    assert again.pk == profile.pk
    assert effects_on(carrier, profile) == ["order", "confirm"]
    assert len(told("profile.planned", profile)) == 1


def test_without_stock_the_line_ends_unused_and_orders_hears_of_it(carrier):
    carrier.ask("POST", "/_stock", json={"profile_type": "sold-out", "stock": 0})
    line = given.a_paid_line()
    line.plan_copy["profile_type"] = "sold-out"
    profile = plan(line)

    tasks.provision(profile_id=profile.pk, now=NOON)

    (failed,) = told("profile.failed", profile)
    assert failed["reason"] == "out-of-stock"
    row = queries.line_state(line.pk)
    assert (row.stage, row.profile_stage, row.is_off) == ("terminated", "failed", True)
    assert queries.live_lines_of(profile.customer_id) == []


def test_what_was_set_aside_goes_back_when_the_carrier_refuses_to_release_it(carrier):
    profile = planned()
    refusal = {"call": "confirmOrder", "subject_code": "8.2.5", "reason_code": "1.2"}
    carrier.ask("POST", "/_refusals", json=refusal)

    tasks.provision(profile_id=profile.pk, now=NOON)

    assert effects_on(carrier, profile) == ["order", "cancel"]
    assert profile.stage == "failed"


def refuse(carrier: SandboxProcess, call: str, codes: str, *, times: int = 1) -> None:
    """The next calls are answered with these status codes, "subject reason"."""
    subject, reason = codes.split(" ")
    refusal = {"call": call, "subject_code": subject, "reason_code": reason, "times": times}
    carrier.ask("POST", "/_refusals", json=refusal)


@pytest.mark.parametrize("codes", ["8.2.6 3.3", "8.2.6 3.10", "8.2.6 3.8"])
def test_a_code_that_the_carrier_refuses_is_replaced_by_another(carrier, codes):
    profile = planned()
    tried = []
    for _ in range(2):  # to `allocated`, with the code that is about to be refused
        wanted = queries.provisioning(profile.pk)
        tasks.STEPS[wanted.stage](tasks.profile_gateway(), profile.pk, wanted, NOON)
        tried.append(queries.provisioning(profile.pk).matching_id)
    refuse(carrier, "confirmOrder", codes)

    tasks.provision(profile_id=profile.pk, now=NOON)

    assert effects_on(carrier, profile) == ["order", "confirm"]
    assert profile.stage == "released"
    assert profile.matching_id not in tried
    download(carrier, profile)


def test_a_carrier_that_refuses_every_code_ends_the_line_unused(carrier):
    profile = planned()
    refuse(carrier, "confirmOrder", "8.2.6 3.3", times=3)

    tasks.provision(profile_id=profile.pk, now=NOON)

    assert effects_on(carrier, profile) == ["order", "cancel"]
    assert told("profile.failed", profile)[0]["reason"] == "matching-id-in-use"


@pytest.mark.parametrize("codes", ["8.9 5.1", "8.9 4.2"])
def test_a_silent_discovery_server_is_waited_for_and_not_for_ever(carrier, codes):
    profile, other = planned(), planned()
    refuse(carrier, "confirmOrder", codes, times=3)

    for one in (profile, other):
        with pytest.raises(tasks.DiscoveryDown):
            tasks.provision(profile_id=one.pk, now=NOON + timedelta(minutes=59))
    tasks.provision(profile_id=other.pk, now=NOON + timedelta(hours=1))
    tasks.resume_unfinished(now=NOON + timedelta(hours=1))

    assert effects_on(carrier, other) == ["order", "cancel"]
    assert effects_on(carrier, profile) == ["order", "confirm"]
    assert (profile.stage, other.stage) == ("released", "failed")


def test_an_iccid_that_somebody_else_took_is_replaced_by_another(carrier):
    profile = planned()
    (first, *_) = tasks.profile_gateway().list_available(profile.profile_type)
    operations.reserve(profile_id=profile.pk, iccid=first)
    stranger = es2plus.connect(url=carrier.url, requester="1.2.3", timeout_seconds=30)
    stranger.order_profile(profile_type=profile.profile_type, iccid=first, call_id=uuid4())

    tasks.provision(profile_id=profile.pk, now=NOON)

    assert effects_on(carrier, profile) == ["order", "confirm"]
    assert profile.iccid != first


def test_two_profiles_never_reserve_the_same_iccid():
    one, other = planned(), planned()
    iccid = "8999900000000000007"

    assert operations.reserve(profile_id=one.pk, iccid=iccid)
    assert not operations.reserve(profile_id=other.pk, iccid=iccid)
    assert queries.provisioning(other.pk).stage == "planned"


def test_stock_that_others_are_just_taking_is_no_empty_stock(carrier):
    carrier.ask("POST", "/_stock", json={"profile_type": "last-one", "stock": 1})
    one, other = planned(), planned()
    Profile.objects.update(profile_type="last-one")
    (last,) = tasks.profile_gateway().list_available("last-one")
    operations.reserve(profile_id=one.pk, iccid=last)

    with pytest.raises(tasks.StockContended):
        tasks.provision(profile_id=other.pk, now=NOON)
    tasks.provision(profile_id=one.pk, now=NOON)
    tasks.provision(profile_id=other.pk, now=NOON)

    assert queries.line_state(one.line_id).stage == "active"
    assert queries.line_state(other.line_id).profile_stage == "failed"


def test_a_repeat_says_the_same_code():
    profile = planned()
    operations.reserve(profile_id=profile.pk, iccid="8999900000000000007")
    first = queries.provisioning(profile.pk)

    assert operations.reserve(profile_id=profile.pk, iccid="8999900000000000015")

    assert queries.provisioning(profile.pk) == first


def test_what_was_left_lying_is_taken_up_again(carrier):
    profile, going = planned(), ready()
    operations.take_off(order_line_id=going.line_id, now=NOON)

    tasks.resume_unfinished(now=NOON + timedelta(minutes=1))
    assert queries.line_state(profile.line_id).stage == "pending"
    tasks.resume_unfinished(now=NOON + timedelta(minutes=3))

    assert queries.line_state(profile.line_id).stage == "active"
    assert queries.line_state(going.line_id).is_off


# The code ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["DOWNLOADED", "INSTALLED", "ENABLED", "DELETED"])
def test_the_code_is_hidden_once_a_phone_has_the_profile(kind):
    profile = ready()

    operations.record_notice(notice=notice(profile, NoticeKind[kind], minutes=1), now=NOON)

    assert queries.line_page(profile.line_id, profile.customer_id).code is None


def test_the_code_is_for_its_owner_alone():
    profile = ready()
    stranger = given.a_customer("bob@example.com")

    with pytest.raises(NotAmongYours):
        queries.line_page(profile.line_id, stranger.pk)


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Your eSIM is ready: Japan 10 GB"),
        ("zh-Hans", "已就绪：日本 10 GB"),
        ("zh-Hant", "已就緒：日本 10 GB"),
    ],
)
def test_the_mail_brings_the_page_and_never_the_code(language, subject):
    profile = ready(language=language)

    tasks.tell_customer(order_line_id=profile.line_id, now=NOON)
    tasks.tell_customer(order_line_id=profile.line_id, now=NOON)

    mail = Notice.objects.get(act=f"esims.ready:{profile.line_id}")
    assert mail.subject.endswith(subject)
    assert f"/account/lines/{profile.line_id}/" in mail.text
    assert profile.matching_id not in mail.subject + mail.text


# What the carrier tells --------------------------------------------------------------------------

STORY = (
    NoticeKind.DOWNLOADED,
    NoticeKind.INSTALLED,
    NoticeKind.ENABLED,
    NoticeKind.DISABLED,
    NoticeKind.DELETED,
)


@pytest.mark.parametrize("length", [3, 5])
def test_notices_in_any_order_end_in_the_same_state(length):
    profile = ready()
    notices = [
        notice(profile, kind, minutes=minute) for minute, kind in enumerate(STORY[:length], 1)
    ]
    ends = set()
    for order in permutations(notices):
        with transaction.atomic():
            for one in (*order, order[0]):
                operations.record_notice(notice=one, now=NOON + timedelta(hours=1))
            facts = queries.facts_of(profile.line_id)
            ends.add((queries.line_state(profile.line_id), facts))
            transaction.set_rollback(True)

    (end,) = ends
    assert end[0].profile_stage == ("installed" if length == 3 else "deleted")
    assert end[1].installed_at == NOON + timedelta(minutes=2)


def test_a_copy_of_a_notice_changes_nothing():
    profile = ready()
    downloaded = notice(profile, NoticeKind.DOWNLOADED, minutes=1)

    assert operations.record_notice(notice=downloaded, now=NOON)
    assert not operations.record_notice(notice=downloaded, now=NOON)
    assert len(told("profile.fact", profile)) == 1


@pytest.mark.parametrize(
    "words",
    [
        {"succeeded": False},
        {"kind": NoticeKind.UNKNOWN, "point": "999\0" * 20},
        {"iccid": "8999900000000000999"},
        {"kind": NoticeKind.ELIGIBILITY, "happened_at": None},
    ],
)
def test_what_proves_nothing_is_kept_and_moves_nothing(words):
    profile = ready()

    heard = replace(notice(profile, NoticeKind.DOWNLOADED, minutes=1), **words)

    assert operations.record_notice(notice=heard, now=NOON)
    assert told("profile.fact", profile) == []
    assert queries.line_state(profile.line_id).profile_stage == "released"


def test_a_clock_that_is_ahead_of_ours_counts_as_now_and_an_earlier_word_wins():
    profile = ready()
    for minutes in (10_000, -5):
        heard = notice(profile, NoticeKind.DOWNLOADED, minutes=minutes)
        operations.record_notice(notice=heard, now=NOON)

    assert queries.facts_of(profile.line_id).downloaded_at == NOON - timedelta(minutes=5)


def test_a_lost_notice_is_proven_by_a_later_one():
    profile = ready()
    moment = NOON + timedelta(minutes=9)

    operations.record_fact(
        profile_id=profile.pk, kind="first_usage", happened_at=moment, source="network", now=moment
    )

    facts = queries.facts_of(profile.line_id)
    assert facts.downloaded_at == facts.installed_at == facts.first_attach_at == moment


def test_a_notice_that_overtakes_the_answer_is_not_lost():
    profile = planned()
    operations.reserve(profile_id=profile.pk, iccid="8999900000000000007")
    operations.record_order(profile_id=profile.pk)
    profile.refresh_from_db()
    operations.record_notice(notice=notice(profile, NoticeKind.DOWNLOADED, minutes=0), now=NOON)

    operations.record_release(
        profile_id=profile.pk, matching_id="A-1", smdp_address="smdp.example", now=NOON
    )

    assert queries.line_state(profile.line_id).profile_stage == "downloaded"


# Taking off --------------------------------------------------------------------------------------


def take_off(profile: Profile) -> None:
    """Begin it twice, as an impatient customer does, and run the task until it is through."""
    for _ in range(2):
        operations.take_off(order_line_id=profile.line_id, now=NOON)
    until_done(lambda: tasks.take_off(line_id=profile.line_id, now=NOON))
    tasks.take_off(line_id=profile.line_id, now=NOON)


def test_a_line_that_was_never_ordered_is_off_at_once():
    profile = planned()

    operations.take_off(order_line_id=profile.line_id, now=NOON)
    tasks.provision(profile_id=profile.pk, now=NOON)

    assert queries.line_state(profile.line_id).is_off
    assert told("line.off", profile)[0]["was_downloaded"] is False
    assert told("line.ready", profile) == []


def test_a_line_that_nobody_began_is_off_and_never_begins():
    line = given.a_paid_line()
    assert queries.line_state(line.pk).stage == "pending"

    operations.take_off(order_line_id=line.pk, now=NOON)
    operations.plan_line(
        order_line_id=line.pk, customer_id=line.order.customer_id, profile_type="any", now=NOON
    )

    assert queries.line_state(line.pk).is_off
    assert not Profile.objects.filter(line_id=line.pk).exists()
    assert queries.line_page(line.pk, line.order.customer_id).code is None


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_an_unused_profile_is_scrapped_once_before_the_line_counts_as_off(carrier, network, fault):
    profile = ready()
    if fault:
        carrier.arm("cancelOrder", fault, seconds=0.1)

    take_off(profile)

    assert effects_on(carrier, profile) == ["order", "confirm", "cancel"]
    assert effects_on(network, profile) == []
    (off,) = told("line.off", profile)
    assert off["was_downloaded"] is False
    assert profile.stage == "cancelled"
    assert queries.line_page(profile.line_id, profile.customer_id).code is None


@pytest.mark.parametrize("fault", ["error_before_effect", "error_after_effect"])
def test_an_order_without_an_answer_is_found_out_before_it_is_scrapped(carrier, fault):
    profile = planned()
    carrier.arm("downloadOrder", fault)
    with pytest.raises(GatewayUnreachable):
        tasks.provision(profile_id=profile.pk, now=NOON)

    take_off(profile)

    assert effects_on(carrier, profile) == ["order", "cancel"]
    assert profile.stage == "cancelled"


def test_a_reserved_iccid_that_went_to_somebody_else_is_simply_given_up(carrier):
    profile = planned()
    (first, *_) = tasks.profile_gateway().list_available(profile.profile_type)
    operations.reserve(profile_id=profile.pk, iccid=first)
    stranger = es2plus.connect(url=carrier.url, requester="1.2.3", timeout_seconds=30)
    stranger.order_profile(profile_type=profile.profile_type, iccid=first, call_id=uuid4())

    take_off(profile)

    assert effects_on(carrier, profile) == ["order"]  # the stranger's, untouched
    assert queries.line_state(profile.line_id).is_off


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_a_downloaded_profile_ends_at_the_network(carrier, network, is_told, fault):
    profile = ready()
    download(carrier, profile)
    if is_told:
        heard = notice(profile, NoticeKind.DOWNLOADED, minutes=1)
        operations.record_notice(notice=heard, now=NOON)
    if fault:
        network.arm("end_line", fault, seconds=0.1)

    take_off(profile)

    assert "cancel" not in effects_on(carrier, profile)
    assert effects_on(network, profile) == ["end"]
    (off,) = told("line.off", profile)
    assert off["was_downloaded"] is True
    assert queries.facts_of(profile.line_id).downloaded_at == NOON
    assert Line.objects.get(pk=profile.line_id).is_live is None


def test_a_profile_deleted_on_the_phone_leaves_a_line_that_the_network_ends(network):
    profile = ready()
    operations.record_notice(notice=notice(profile, NoticeKind.DELETED, minutes=1), now=NOON)
    assert queries.line_state(profile.line_id).stage == "active"

    take_off(profile)

    assert effects_on(network, profile) == ["end"]


def test_a_cancellation_that_a_phone_contradicts_proves_nothing(network):
    profile = ready()
    operations.take_off(order_line_id=profile.line_id, now=NOON)
    operations.record_notice(notice=notice(profile, NoticeKind.DOWNLOADED, minutes=1), now=NOON)

    assert not operations.record_cancelled(order_line_id=profile.line_id, now=NOON)
    tasks.take_off(line_id=profile.line_id, now=NOON)

    assert effects_on(network, profile) == ["end"]
    assert told("line.off", profile)[0]["was_downloaded"] is True


def test_a_second_proof_of_the_end_changes_nothing():
    profile = ready()
    take_off(profile)

    assert operations.record_cancelled(order_line_id=profile.line_id, now=NOON)
    operations.record_ended(order_line_id=profile.line_id, now=NOON)
    operations.note_silence(order_line_id=profile.line_id, now=NOON + timedelta(days=1))
    operations.record_refused_end(order_line_id=profile.line_id, reason="late", now=NOON)

    assert len(told("line.off", profile)) == 1
    assert told("line.stuck", profile) == []


@pytest.mark.parametrize("move", [move_line, move_profile])
def test_a_move_from_a_stage_that_is_gone_is_refused(move):
    profile = ready()
    thing = profile.line if move is move_line else profile
    take_off(profile)

    with pytest.raises(MovedMeanwhile):
        move(thing, "suspend" if move is move_line else "download")


def test_a_late_notice_does_not_wake_an_ended_line():
    profile = ready()
    download_told = notice(profile, NoticeKind.DOWNLOADED, minutes=0)
    operations.record_notice(notice=download_told, now=NOON)
    take_off(profile)

    late = notice(profile, NoticeKind.INSTALLED, minutes=2)
    operations.record_notice(notice=late, now=NOON + timedelta(hours=1))

    row = queries.line_state(profile.line_id)
    assert (row.stage, row.profile_stage) == ("terminated", "installed")


def test_being_off_is_told_again_to_whoever_asks_again():
    profile = ready()
    take_off(profile)

    operations.take_off(order_line_id=profile.line_id, now=NOON)

    assert len(told("line.off", profile)) == 2


def test_a_release_that_comes_after_the_line_was_taken_off_is_not_recorded(carrier):
    profile = planned()
    for step in list(tasks.STEPS.values())[:2]:
        step(tasks.profile_gateway(), profile.pk, queries.provisioning(profile.pk), NOON)
    operations.take_off(order_line_id=profile.line_id, now=NOON)
    tasks.take_off(line_id=profile.line_id, now=NOON)

    operations.record_release(
        profile_id=profile.pk, matching_id="A-1", smdp_address="smdp.example", now=NOON
    )
    operations.give_up(profile_id=profile.pk, reason="late", now=NOON)

    assert queries.line_state(profile.line_id).profile_stage == "cancelled"
    assert told("line.ready", profile) == told("profile.failed", profile) == []


def test_a_long_silence_is_told_once_and_we_go_on_asking(carrier):
    profile = ready()
    operations.take_off(order_line_id=profile.line_id, now=NOON)
    carrier.arm("cancelOrder", "error_before_effect", times=3)
    for minutes in (1, 31, 32):
        with pytest.raises(GatewayUnreachable):
            tasks.take_off(line_id=profile.line_id, now=NOON + timedelta(minutes=minutes))

    assert [fact["reason"] for fact in told("line.stuck", profile)] == ["unreachable"]
    tasks.take_off(line_id=profile.line_id, now=NOON + timedelta(hours=1))
    assert queries.line_state(profile.line_id).is_off


def test_a_refused_end_waits_for_a_person_who_may_try_again(carrier):
    profile = ready()
    refusal = {"call": "cancelOrder", "subject_code": "8.2.1", "reason_code": "3.9"}
    carrier.ask("POST", "/_refusals", json=refusal)
    operations.take_off(order_line_id=profile.line_id, now=NOON)
    tasks.take_off(line_id=profile.line_id, now=NOON)

    assert [fact["reason"] for fact in told("line.stuck", profile)] == ["unknown-profile"]
    assert not queries.line_state(profile.line_id).is_off
    assert queries.unfinished(NOON + timedelta(days=1)) == ([], [])

    operations.take_off(order_line_id=profile.line_id, now=NOON)
    assert len(told("line.taken_off", profile)) == 2
    tasks.take_off(line_id=profile.line_id, now=NOON)
    assert queries.line_state(profile.line_id).is_off


def test_scrapped_is_final_so_a_late_repeat_takes_nothing_from_anybody(carrier):
    profile = ready()
    take_off(profile)

    tasks.profile_gateway().cancel_order(
        iccid=profile.iccid, call_id=uuid4(), final_state=FinalState.UNAVAILABLE
    )

    assert profile.iccid not in tasks.profile_gateway().list_available(profile.profile_type)
    assert effects_on(carrier, profile) == ["order", "confirm", "cancel"]


# The watch over it all ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE orders_order SET paid_at = NULL", "lives without a paid order"),
        ("DELETE FROM esims_activationfact", "without ever having been ready"),
        ("UPDATE esims_profile SET iccid = NULL", "without an ICCID"),
        (
            "UPDATE esims_line SET stage = 'terminated', is_live = NULL, ended_at = now()",
            "is terminated and its profile lives",
        ),
    ],
)
def test_a_contradiction_is_found(statement, fault):
    ready()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement)
        found = list(queries.find_faults())
        transaction.set_rollback(True)

    assert len(found) == 1
    assert fault in found[0]
