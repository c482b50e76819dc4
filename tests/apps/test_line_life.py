"""The life of a line against the carrier's and the network's stand-ins as real processes.

The judge of what happened outside is the stand-ins' own log of effects.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from fairroam.apps.esims import operations, personal, queries, tasks
from fairroam.apps.esims.models import CALLS, Line, LineAct, Profile
from fairroam.apps.esims.refusals import (
    ActUnderWay,
    CodeStillUnused,
    NetworkNotInPlan,
    NotOffered,
    StillInAPhone,
)
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import KeyReused, MoveNotAllowed, NotAmongYours
from fairroam.apps.metering import operations as metering
from fairroam.apps.metering import queries as meters
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders.models import OrderLine
from fairroam.gateways.calls import GatewayUnreachable
from fairroam.gateways.lines import Capabilities, NetworkRecord, RecordKind
from fairroam.gateways.profiles import NoticeKind, ProgressNotice
from fairroam.rules import stages
from fairroam.worker import jobs
from fairroam.worker.reactions import REACTIONS
from sandbox.processes import SandboxProcess
from tests import given
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue", "carrier", "network", "sound_books")
ABLE = Capabilities(suspends=True, steers=True)
LATER = NOON + timedelta(hours=1)
FAULTS = ("error_before_effect", "error_after_effect", "time_out_after_effect", "broken_json")
NETWORKS = {"JP": ["First Mobile", "Second Mobile"]}

# stage: the moves out of it and where they lead. What is not written here must be refused.
LINE = """
pending       activate: active          terminate: terminating
active        suspend: suspending       deactivate: deactivating   change_phone: reissuing
active        choose_network: active    terminate: terminating
suspending    confirm: suspended        refuse: active             terminate: terminating
suspended     resume: resuming          deactivate: deactivating   change_phone: reissuing
suspended     choose_network: suspended                            terminate: terminating
resuming      confirm: active           refuse: suspended          terminate: terminating
deactivating  confirm: inactive         terminate: terminating
inactive      activate_again: reissuing change_phone: reissuing    terminate: terminating
reissuing     activate: active          refuse: inactive           terminate: terminating
terminating   end: terminated
terminated
"""
LINE_ACT = """
asked    succeed: done   refuse: refused   overtake: overtaken
done
refused
overtaken
"""


def read_table(text: str) -> tuple[set[str], dict[tuple[str, str], str]]:
    """(the stages, what each allowed pair leads to)."""
    known, pairs = set(), {}
    for row in text.strip().splitlines():
        stage, *words = row.split()
        known.add(stage)
        moves = zip(words[::2], words[1::2], strict=True)
        pairs |= {(stage, move.removesuffix(":")): after for move, after in moves}
    return known, pairs


@pytest.mark.parametrize(
    ("table", "text"), [(stages.LINE, LINE), (stages.LINE_ACT, LINE_ACT)], ids=["line", "act"]
)
def test_every_pair_of_stage_and_move_is_allowed_or_refused(table, text):
    known, allowed = read_table(text)
    assert known == stages.stages(table)

    for pair in product(sorted(known), sorted({move for _, move in table})):
        if pair in allowed:
            assert stages.next_stage(table, *pair) == allowed[pair]
        else:
            with pytest.raises(stages.MoveNotAllowed):
                stages.next_stage(table, *pair)


# What happens outside ----------------------------------------------------------------------------


@pytest.fixture
def sound_books(db) -> Iterator[None]:
    yield
    assert list(queries.find_faults()) == []


def a_ready_line(*, is_reusable: bool = False, **words: Any) -> OrderLine:
    """A paid line whose code waits for a phone."""
    line = given.a_paid_line(**words)
    line.plan_copy |= {"networks": NETWORKS}
    line.save()
    metering.open_meters(order_line_id=line.pk, now=NOON)
    operations.plan_line(
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        profile_type="travel-reusable" if is_reusable else "travel-data",
        is_reusable=is_reusable,
        now=NOON,
    )
    tasks.provision(profile_id=present(line).pk, now=NOON)
    return line


def a_line_in_use(carrier: SandboxProcess, **words: Any) -> OrderLine:
    """A line on a phone that is switched on."""
    line = a_ready_line(**words)
    fetch(carrier, line)
    return line


def present(line: OrderLine) -> Profile:
    """The profile that carries the line, or carried it last."""
    return Profile.objects.filter(line_id=line.pk).latest("planned_at", "pk")


def stage_of(line: OrderLine) -> str:
    return Line.objects.values_list("stage", flat=True).get(pk=line.pk)


def fetch(carrier: SandboxProcess, line: OrderLine, *, at: datetime = NOON) -> None:
    """A phone downloads, installs and switches on what the line's code leads to."""
    code = queries.line_page(line.pk, line.order.customer_id).code
    assert code is not None
    iccid = present(line).iccid
    carrier.ask("POST", "/phone/download", json={"activation_code": code.lpa})
    carrier.ask("POST", "/phone/install", json={"iccid": iccid})
    carrier.ask("POST", "/phone/enable", json={"iccid": iccid, "country": "JP"})
    for kind in (NoticeKind.DOWNLOADED, NoticeKind.INSTALLED, NoticeKind.ENABLED):
        hear(line, kind, at=at)


def delete(carrier: SandboxProcess, line: OrderLine, *, at: datetime = LATER) -> None:
    """The phone deletes the eSIM, and the carrier tells."""
    carrier.ask("POST", "/phone/delete", json={"iccid": present(line).iccid})
    hear(line, NoticeKind.DELETED, at=at)


def hear(line: OrderLine, kind: NoticeKind, *, at: datetime) -> None:
    iccid = present(line).iccid
    assert iccid is not None
    notice = ProgressNotice(
        iccid=iccid,
        eid=None,
        kind=kind,
        point=str(kind),
        succeeded=True,
        happened_at=at,
        key=str(uuid4()),
    )
    operations.record_notice(notice=notice, now=at)


def ask(line: OrderLine, kind: str, *, key: UUID | None = None, **words: Any) -> LineAct:
    customer_id = words.pop("customer_id", line.order.customer_id)
    return operations.ask_act(
        kind=kind,
        order_line_id=line.pk,
        customer_id=customer_id,
        key=key or uuid4(),
        capabilities=words.pop("capabilities", ABLE),
        actor=f"customer:{customer_id}",
        now=words.pop("now", LATER),
        **words,
    )


def do(line: OrderLine, kind: str, **words: Any) -> LineAct:
    """Ask for an act, and run all that reacts to it."""
    act = ask(line, kind, **words)
    react(line, at=words.get("now", LATER))
    act.refresh_from_db()
    return act


def react(line: OrderLine, *, at: datetime) -> None:
    """Run the reactions to what was told of the acts of a line, until nothing new is told."""
    wanted = ("line.act_asked", "profile.planned", "line.act_done", "line.act_refused")
    last_seen = 0
    while True:
        fresh = Event.objects.filter(
            kind__in=wanted, facts__order_line_id=line.pk, facts__has_key="act_id", pk__gt=last_seen
        )
        events = list(fresh.order_by("pk"))
        if not events:
            return
        last_seen = events[-1].pk
        for event in events:
            for name in REACTIONS[event.kind]:
                getattr(jobs, name)(event, at)


def serves(network: SandboxProcess, iccid: str | None) -> bool:
    """Whether the network lets a phone with this eSIM use a byte."""
    use = {"iccid": iccid, "kind": "data", "quantity": 1, "country": "JP"}
    return network.call("POST", "/network/use", json=use).status_code == httpx.codes.OK


def effects_on(process: SandboxProcess, iccid: str | None, *names: str) -> list[str]:
    done = [effect["effect"] for effect in process.effects(iccid=iccid)]
    return [name for name in done if name in (names or CALLS)]


# Pausing -----------------------------------------------------------------------------------------


@pytest.mark.promise(55)
def test_a_paused_line_finds_no_network_until_it_is_resumed(carrier, network):
    line = a_line_in_use(carrier)
    iccid = present(line).iccid

    paused = do(line, "suspend")

    assert (paused.stage, stage_of(line)) == ("done", "suspended")
    assert not serves(network, iccid)
    assert do(line, "resume").stage == "done"
    assert stage_of(line) == "active"
    assert serves(network, iccid)
    assert effects_on(network, iccid) == ["suspend", "resume"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("kind", "call", "between", "after"),
    [
        ("suspend", "suspend", "suspending", "suspended"),
        ("resume", "resume", "resuming", "active"),
        ("deactivate", "end", "deactivating", "inactive"),
        ("change_phone", "end", "reissuing", "active"),
    ],
)
def test_an_unknown_outcome_is_visible_and_asked_again_with_the_same_key(
    carrier, network, kind, call, between, after, fault
):
    line = a_line_in_use(carrier)
    iccid = present(line).iccid
    if kind == "resume":
        do(line, "suspend")
    act = ask(line, kind, is_lost=kind == "change_phone")
    network.arm(f"{call}_line", fault, seconds=0.1)

    with pytest.raises(GatewayUnreachable):
        tasks.do_act(act_id=act.pk, now=LATER)

    assert stage_of(line) == between
    assert queries.acts_of(line.pk, line.order.customer_id)[0].stage == "asked"
    later = LATER + tasks.UNFINISHED_AFTER * 2
    tasks.resume_unfinished(now=later)
    tasks.resume_unfinished(now=later + tasks.UNFINISHED_AFTER * 2)
    assert stage_of(line) == after
    assert effects_on(network, iccid).count(call) == 1


def test_what_the_network_refuses_for_good_changes_nothing(carrier, network):
    line = a_line_in_use(carrier)
    tasks.line_gateway().end_line(iccid=present(line).iccid or "", key=uuid4())

    act = do(line, "suspend")

    assert (act.stage, act.reason, stage_of(line)) == ("refused", "line_ended", "active")
    assert Notice.objects.filter(act=f"esims.act:{act.pk}:refused").exists()


# Activating again --------------------------------------------------------------------------------


@pytest.mark.promise(55)
@pytest.mark.parametrize("is_downloaded", [False, True])
def test_a_profile_for_one_phone_is_ended_and_a_new_one_carries_the_line_on(
    carrier, network, is_downloaded
):
    line = a_line_in_use(carrier) if is_downloaded else a_ready_line()
    old = present(line)

    do(line, "deactivate")

    assert stage_of(line) == "inactive"
    assert queries.line_page(line.pk, line.order.customer_id).code is None
    if is_downloaded:
        assert not serves(network, old.iccid)
    else:
        assert effects_on(carrier, old.iccid, "cancel") == ["cancel"]

    assert do(line, "activate_again").stage == "done"
    assert stage_of(line) == "active"
    assert present(line).iccid != old.iccid
    fetch(carrier, line, at=LATER)
    assert serves(network, present(line).iccid)
    assert not queries.line_state(line.pk).is_off


@pytest.mark.promise(55)
def test_a_reusable_profile_gets_its_code_again_as_often_as_wanted(carrier, network):
    line = a_line_in_use(carrier, is_reusable=True)
    first = present(line)

    for hour in (1, 3):
        moment = NOON + timedelta(hours=hour)
        do(line, "deactivate", now=moment)
        assert not serves(network, first.iccid)
        delete(carrier, line, at=moment)
        do(line, "activate_again", now=moment + timedelta(hours=1))

        again = present(line)
        assert (again.iccid, again.matching_id) == (first.iccid, first.matching_id)
        fetch(carrier, line, at=moment + timedelta(hours=1))
        assert serves(network, first.iccid)

    assert effects_on(carrier, first.iccid, "order", "delete") == ["order", "delete"] * 2 + [
        "order"
    ]
    acts = queries.acts_of(line.pk, line.order.customer_id)
    assert [act.kind for act in acts] == ["activate_again", "deactivate"] * 2
    assert {act.stage for act in acts} == {"done"}


def test_a_reusable_profile_that_stayed_on_its_phone_is_only_resumed(carrier, network):
    line = a_line_in_use(carrier, is_reusable=True)
    profile = present(line)

    do(line, "deactivate")
    do(line, "activate_again")

    assert present(line).pk == profile.pk
    assert stage_of(line) == "active"
    assert effects_on(network, profile.iccid) == ["suspend", "resume"]


def test_a_reusable_profile_that_the_network_ended_is_replaced(carrier, network):
    line = a_line_in_use(carrier, is_reusable=True)
    old = present(line)
    do(line, "deactivate")
    delete(carrier, line)
    tasks.line_gateway().end_line(iccid=old.iccid or "", key=uuid4())

    assert do(line, "activate_again").stage == "done"

    assert present(line).iccid != old.iccid


def test_without_stock_the_plan_is_kept_and_can_be_ended(carrier):
    line = a_line_in_use(carrier)
    Profile.objects.update(profile_type="nothing-left")
    carrier.ask("POST", "/_stock", json={"profile_type": "nothing-left", "stock": 0})

    act = do(line, "change_phone", is_lost=True)

    assert (act.stage, act.reason, stage_of(line)) == ("refused", "out-of-stock", "inactive")
    assert not Event.objects.filter(kind="profile.failed").exists()
    operations.take_off(order_line_id=line.pk, now=LATER)
    assert queries.line_state(line.pk).is_off


def test_a_download_that_comes_between_is_stopped_by_the_network_instead(carrier, network):
    line = a_ready_line()
    act = ask(line, "deactivate")
    profile = present(line)  # The code is hidden by now; somebody had copied it before.
    lpa = f"LPA:1${profile.smdp_address}${profile.matching_id}"
    carrier.ask("POST", "/phone/download", json={"activation_code": lpa})

    tasks.do_act(act_id=act.pk, now=LATER)

    assert stage_of(line) == "inactive"
    assert not serves(network, profile.iccid)
    assert effects_on(network, profile.iccid, "end") == ["end"]


# Another phone -----------------------------------------------------------------------------------


@pytest.mark.promise(2)
@pytest.mark.parametrize("is_lost", [True, False])
def test_a_line_moves_to_a_new_phone_with_its_usage_and_period(carrier, network, is_lost):
    line = a_line_in_use(carrier)
    old = present(line)
    use(line, 10**9, at=NOON + timedelta(minutes=1))
    before = meters.usage_of(line.pk)
    if not is_lost:
        delete(carrier, line)

    do(line, "change_phone", is_lost=is_lost)

    assert not serves(network, old.iccid)
    assert effects_on(network, old.iccid, "end") == ["end"]
    page = queries.line_page(line.pk, line.order.customer_id)
    assert page.code is not None
    assert page.next_step == "scan"
    fetch(carrier, line, at=LATER)
    use(line, 10**9, at=LATER + timedelta(minutes=1))
    after = meters.usage_of(line.pk)
    assert (after.starts_at, after.ends_at) == (before.starts_at, before.ends_at)
    assert after.allowances[0].used == 2 * before.allowances[0].used
    assert queries.facts_of(line.pk).downloaded_at == NOON


def test_what_is_still_on_a_phone_or_was_on_none_is_not_moved(carrier):
    used, unused = a_line_in_use(carrier), a_ready_line()

    with pytest.raises(StillInAPhone):
        ask(used, "change_phone")
    with pytest.raises(CodeStillUnused):
        ask(unused, "change_phone", is_lost=True)

    assert (stage_of(used), stage_of(unused)) == ("active", "active")
    assert "change_phone" in possible(used)
    assert "change_phone" not in possible(unused)


def test_a_reusable_profile_moves_with_its_code_and_nothing_is_barred(carrier, network):
    line = a_line_in_use(carrier, is_reusable=True)
    old = present(line)
    delete(carrier, line)

    do(line, "change_phone")

    assert present(line).iccid == old.iccid
    assert effects_on(network, old.iccid) == []


@pytest.mark.promise(2)
def test_a_paused_or_inactive_line_moves_too_when_the_phone_is_gone(carrier, network):
    paused, inactive = a_line_in_use(carrier), a_line_in_use(carrier, is_reusable=True)
    old = [present(line).iccid for line in (paused, inactive)]
    do(paused, "suspend")
    do(inactive, "deactivate")

    for line in (paused, inactive):
        do(line, "change_phone", is_lost=True)

    for line, iccid in zip((paused, inactive), old, strict=True):
        assert stage_of(line) == "active"
        assert present(line).iccid != iccid
        assert not serves(network, iccid)


def use(line: OrderLine, quantity: int, *, at: datetime) -> None:
    record = NetworkRecord(
        source="sandbox",
        record_id=str(uuid4()),
        iccid=present(line).iccid or "",
        kind=RecordKind.DATA,
        quantity=quantity,
        started_at=at,
        ended_at=at,
        country="JP",
        operator="First Mobile",
    )
    counted = metering.record_usage(source="sandbox", records=[record], now=at)
    assert counted.counted == 1


# Networks ----------------------------------------------------------------------------------------


def test_the_chosen_network_is_kept_told_and_told_again_for_a_new_profile(carrier, network):
    line = a_line_in_use(carrier)
    old = present(line)

    do(line, "choose_network", country="JP", operator="Second Mobile")

    assert stage_of(line) == "active"
    page = queries.line_page(line.pk, line.order.customer_id)
    assert page.preferred_networks == {"JP": "Second Mobile"}
    assert network.effects("prefer", iccid=old.iccid)[0]["operator"] == "Second Mobile"
    do(line, "change_phone", is_lost=True)
    assert network.effects("prefer", iccid=present(line).iccid)[0]["operator"] == "Second Mobile"
    do(line, "choose_network", country="JP", operator="")
    assert queries.preferences_of(line.pk)[1] == {}


@pytest.mark.parametrize(("country", "operator"), [("JP", "Elsewhere"), ("FR", "First Mobile")])
def test_a_network_that_the_plan_has_not_is_refused(country, operator):
    line = a_ready_line()

    with pytest.raises(NetworkNotInPlan):
        ask(line, "choose_network", country=country, operator=operator)

    assert queries.acts_of(line.pk, line.order.customer_id) == []


# Who, when, how often ----------------------------------------------------------------------------


def possible(line: OrderLine, capabilities: Capabilities = ABLE) -> tuple[str, ...]:
    owner_id = line.order.customer_id
    page, acts = queries.line_page(line.pk, owner_id), queries.acts_of(line.pk, owner_id)
    return queries.acts_on(page, acts, capabilities=capabilities)


def test_what_the_network_cannot_do_is_hidden_and_refused():
    line = a_ready_line()
    unable = Capabilities(suspends=False, steers=False)

    assert possible(line) == ("suspend", "deactivate", "choose_network")
    assert possible(line, capabilities=unable) == ("deactivate",)
    for kind in ("suspend", "choose_network", "terminate"):
        with pytest.raises(NotOffered):
            ask(line, kind, capabilities=unable, country="JP", operator="First Mobile")


def test_the_same_form_twice_is_one_act_and_a_second_one_waits():
    line, key = a_ready_line(), uuid4()

    first, second = (ask(line, "suspend", key=key) for _ in range(2))

    assert first.pk == second.pk
    with pytest.raises(KeyReused):
        ask(line, "deactivate", key=key)
    with pytest.raises(ActUnderWay):
        ask(line, "deactivate")
    assert possible(line) == ()


def test_a_line_obeys_its_owner_alone():
    line = a_ready_line()
    stranger = given.a_customer("bob@example.com").pk

    for attempt in (
        lambda: ask(line, "suspend", customer_id=stranger),
        lambda: queries.line_page(line.pk, stranger),
        lambda: operations.name_line(
            order_line_id=line.pk, customer_id=stranger, name="Mine", now=NOON
        ),
    ):
        with pytest.raises(NotAmongYours):
            attempt()

    assert queries.acts_of(line.pk, stranger) == []


@pytest.mark.parametrize("kind", ["suspend", "resume", "deactivate", "activate_again"])
@pytest.mark.parametrize("stage", sorted(stages.stages(stages.LINE)))
def test_each_act_is_asked_only_where_the_table_has_it(stage, kind):
    line = a_ready_line()
    ended = {"stage": stage, "is_live": None, "ended_at": NOON} if stage == "terminated" else {}
    Profile.objects.update(is_live=None if ended else True)
    Line.objects.update(**({"stage": stage, "end_key": uuid4(), "ending_at": NOON} | ended))

    if (stage, kind) in stages.LINE:
        assert ask(line, kind).kind == kind
    else:
        with pytest.raises(MoveNotAllowed):
            ask(line, kind)
    Line.objects.update(stage="pending", is_live=True, ended_at=None)
    LineAct.objects.all().delete()


@pytest.mark.parametrize("kind", ["suspend", "deactivate", "change_phone", "activate_again"])
@pytest.mark.parametrize("is_answered", [False, True])
def test_leaving_overtakes_whatever_is_under_way(carrier, network, kind, is_answered):
    line = a_line_in_use(carrier)
    if kind == "activate_again":
        do(line, "deactivate")
    act = ask(line, kind, is_lost=kind == "change_phone")
    if is_answered:
        tasks.do_act(act_id=act.pk, now=LATER)

    operations.take_off(order_line_id=line.pk, now=LATER)
    tasks.take_off(line_id=line.pk, now=LATER)
    tasks.do_act(act_id=act.pk, now=LATER)

    act.refresh_from_db()
    is_over = is_answered and kind in ("suspend", "deactivate")
    assert act.stage == ("done" if is_over else "overtaken")
    assert queries.line_state(line.pk).is_off
    for iccid in Profile.objects.filter(iccid__isnull=False).values_list("iccid", flat=True):
        assert not serves(network, iccid)


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    ("kind", "language", "subject"),
    [
        ("suspend", "en", "Paused: Japan 10 GB"),
        ("deactivate", "en", "Deactivated: Japan 10 GB"),
        ("choose_network", "en", "Network chosen: Japan 10 GB"),
        ("suspend", "zh-Hans", "已暂停：日本 10 GB"),
    ],
)
def test_each_end_of_an_act_is_mailed_without_the_code(kind, language, subject):
    line = a_ready_line(language=language)

    act = do(line, kind, country="JP", operator="First Mobile")

    mail = Notice.objects.get(act=f"esims.act:{act.pk}:done")
    assert mail.subject == subject
    assert present(line).matching_id not in mail.text


# Names and help ----------------------------------------------------------------------------------


@pytest.mark.promise(1)
def test_lines_of_a_family_have_names_that_go_with_the_account():
    line = a_ready_line()
    customer_id = line.order.customer_id

    operations.name_line(
        order_line_id=line.pk, customer_id=customer_id, name="  Mum's phone ", now=NOON
    )

    assert queries.line_state(line.pk).name == "Mum's phone"
    assert "Mum" not in str(list(Event.objects.values_list("facts", flat=True)))
    assert personal.erase(customer_id)["esims_line.name"] == 1
    assert queries.line_state(line.pk).name == ""


STEPS = ("scan", "install", "enable", "attach", "use", "")
FACTS = ("downloaded", "installed", "enabled", "first_attach", "first_usage")


def test_the_next_step_follows_the_facts():
    line = a_ready_line()
    steps = []

    for kind in (*FACTS, "deleted"):
        steps.append(queries.line_page(line.pk, line.order.customer_id).next_step)
        operations.record_fact(
            profile_id=present(line).pk, kind=kind, happened_at=NOON, source="network", now=NOON
        )

    assert tuple(steps) == STEPS


@pytest.mark.promise(11)
@pytest.mark.parametrize(
    ("facts", "hours", "is_noticed"),
    [
        (["installed"], 24, True),
        (["installed", "enabled"], 30, True),
        (["installed"], 23, False),
        (["downloaded"], 48, False),
        (["installed", "first_attach"], 48, False),
        (["installed", "deleted"], 48, False),
    ],
)
def test_installed_but_never_attached_is_noticed_after_a_day_once(facts, hours, is_noticed):
    line = a_ready_line()
    for kind in facts:
        operations.record_fact(
            profile_id=present(line).pk, kind=kind, happened_at=NOON, source="es2plus", now=NOON
        )
    moment = NOON + timedelta(hours=hours)

    noticed = [operations.notice_never_attached(now=moment) for _ in range(2)]

    assert noticed == [int(is_noticed), 0]
    for event in Event.objects.filter(kind="line.never_attached"):
        jobs.app.tasks["help_to_attach"](event_id=event.pk)
    mails = Notice.objects.filter(kind="esims.never_attached")
    assert [("data roaming" in mail.text.lower()) for mail in mails] == [True] * is_noticed
