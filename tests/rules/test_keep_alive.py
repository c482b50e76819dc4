"""When a number is lost for want of use: by each operator's rule, on its calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairroam.rules import BadPack, keep_alive, stages
from fairroam.rules.keep_alive import Act, Rule, add_period, forecast, forecast_at, in_force
from fairroam.rules.zones import load_zone

LONDON = load_zone("Europe/London")
ROWS = [rule for name in keep_alive.rule_names() for rule in keep_alive.versions_of(name)]
FIRST, SECOND = keep_alive.versions_of("example-mobile-uk")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def act(text: str, kind: str = "sms_out") -> Act:
    return Act(kind=kind, happened_at=at(text))


def every(period: str, **changes: object) -> Rule:
    return msgspec.structs.replace(FIRST, every=period, **changes)


@pytest.mark.promise(51)
@pytest.mark.parametrize(
    ("used_at", "period", "zone", "deadline"),
    [
        # Six months are not 180 days.
        ("2026-01-15T12:00:00Z", "P6M", "Europe/London", "2026-07-15T00:00:00+01:00"),
        ("2026-01-15T12:00:00Z", "P180D", "Europe/London", "2026-07-14T00:00:00+01:00"),
        # Month ends clamp, in leap years too.
        ("2026-08-31T12:00:00Z", "P6M", "Europe/London", "2027-02-28T00:00:00Z"),
        ("2027-08-31T12:00:00Z", "P6M", "Europe/London", "2028-02-29T00:00:00Z"),
        ("2028-02-29T12:00:00Z", "P1Y", "Europe/London", "2029-02-28T00:00:00Z"),
        # The clocks change in between: a day of the calendar, not 24 hours.
        ("2026-03-28T23:30:00Z", "P1D", "Europe/London", "2026-03-29T00:00:00Z"),
        ("2026-03-29T12:00:00Z", "P1D", "Europe/London", "2026-03-30T00:00:00+01:00"),
        ("2026-10-24T12:00:00Z", "P2D", "Europe/London", "2026-10-26T00:00:00Z"),
        # Which day it was is the operator's to say, not the traveller's.
        ("2026-06-30T23:30:00Z", "P6M", "Europe/London", "2027-01-01T00:00:00Z"),
        ("2026-06-30T23:30:00Z", "P6M", "UTC", "2026-12-30T00:00:00Z"),
        ("2026-06-30T13:30:00Z", "P6M", "Australia/Sydney", "2026-12-30T00:00:00+11:00"),
        # Midnight falls into a gap of the clocks: the day begins at one.
        ("2026-03-30T12:00:00Z", "P3M", "Africa/Cairo", "2026-06-30T00:00:00+03:00"),
        ("2026-01-24T12:00:00Z", "P90D", "Africa/Cairo", "2026-04-24T01:00:00+03:00"),
    ],
)
def test_the_deadline_is_a_day_of_the_operators_calendar(used_at, period, zone, deadline):
    found = forecast([act(used_at)], every(period), load_zone(zone))

    assert found.deadline == at(deadline)


@pytest.mark.promise(51)
def test_warnings_come_sixty_thirty_fourteen_three_and_one_days_before():
    found = forecast([act("2026-01-15T12:00:00Z")], FIRST, LONDON)

    assert [(days, moment.astimezone(LONDON).date()) for days, moment in found.warn_at] == [
        (60, date(2026, 5, 16)),
        (30, date(2026, 6, 15)),
        (14, date(2026, 7, 1)),
        (3, date(2026, 7, 12)),
        (1, date(2026, 7, 14)),
    ]
    assert found.grace_until == at("2026-08-14T00:00:00+01:00")
    assert found.quarantine_until == at("2026-11-13T00:00:00Z")  # the 12th is its last day


def test_nobody_is_warned_before_the_act_that_started_the_clock():
    found = forecast([act("2026-01-15T12:00:00Z")], every("P30D"), LONDON)

    assert [days for days, _ in found.warn_at] == [14, 3, 1]


@pytest.mark.parametrize(
    ("kind", "counts"),
    [("sms_out", True), ("data_session", True), ("purchase", True), ("sms_in", False)],
)
def test_only_what_the_operator_names_counts(kind, counts):
    first, later = act("2026-01-15T12:00:00Z", "activation"), act("2026-03-15T12:00:00Z", kind)

    found = forecast([later, first], FIRST, LONDON)

    assert found.last_qualifying == (later if counts else first)


def test_without_any_act_no_clock_runs():
    assert forecast([], FIRST, LONDON) is None
    assert forecast([act("2026-01-15T12:00:00Z", "sms_in")], FIRST, LONDON) is None


def test_without_grace_a_number_is_gone_at_its_deadline():
    found = forecast([act("2026-01-15T12:00:00Z")], keep_alive.rule_version("o2-uk@1"), LONDON)

    assert found.grace_until == found.deadline
    assert found.quarantine_until is None  # The operator does not say: we do not guess.


@pytest.mark.promise(51)
def test_a_change_of_the_rule_can_be_replayed():
    used = [act("2027-03-01T12:00:00Z")]

    before = forecast_at(used, (FIRST, SECOND), LONDON, at("2027-06-30T12:00:00Z"))
    after = forecast_at(used, (FIRST, SECOND), LONDON, at("2027-07-01T12:00:00Z"))

    assert (before.rule, before.deadline) == (
        "example-mobile-uk@1",
        at("2027-09-01T00:00:00+01:00"),
    )
    assert (after.rule, after.deadline) == ("example-mobile-uk@2", at("2027-08-28T00:00:00+01:00"))
    assert forecast_at(used, (FIRST, SECOND), LONDON, at("2027-06-30T12:00:00Z")) == before
    assert forecast_at(used, (FIRST, SECOND), LONDON, at("2027-02-01T12:00:00Z")) is None
    assert in_force((FIRST, SECOND), date(2024, 12, 31)) is None


# What always holds -------------------------------------------------------------------------------
moments = st.integers(946_684_800, 4_102_444_800).map(  # the years 2000 to 2099
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
rules = st.builds(
    every,
    st.sampled_from(["P1D", "P30D", "P90D", "P179D", "P180D", "P1M", "P6M", "P1Y", "P395D"]),
    grace=st.sampled_from(["P0D", "P30D", "P9M"]),
    quarantine=st.sampled_from([None, "P45D", "P6M"]),
)
zones = st.sampled_from(
    ["UTC", "Europe/London", "Africa/Cairo", "Australia/Sydney", "Pacific/Apia", "America/St_Johns"]
).map(load_zone)


@given(rule=rules, zone=zones, first=moments, later=moments)
def test_a_later_act_never_brings_the_deadline_forward(rule, zone, first, later):
    first, later = sorted([first, later])
    before = forecast([Act(kind="sms_out", happened_at=first)], rule, zone)
    both = [Act(kind="purchase", happened_at=later), before.last_qualifying]

    after = forecast(both, rule, zone)

    assert after.deadline >= before.deadline
    assert after.grace_until >= before.grace_until
    assert after == forecast(reversed(both), rule, zone)


@given(rule=rules, zone=zones, used_at=moments)
def test_the_instants_of_a_forecast_are_in_order(rule, zone, used_at):
    found = forecast([Act(kind="sms_out", happened_at=used_at)], rule, zone)
    warned = [moment for _, moment in found.warn_at]
    path = [used_at, *warned, found.deadline]

    assert all(earlier < later for earlier, later in pairwise(path[1:]))
    assert all(moment > used_at for moment in warned)
    assert found.grace_until >= found.deadline
    assert found.quarantine_until is None or found.quarantine_until > found.grace_until
    # The very day that the operator gives; the next one where the calendar skipped that day.
    given_on = add_period(used_at.astimezone(zone).date(), rule.every)
    assert given_on <= found.deadline.astimezone(zone).date() <= given_on + timedelta(days=1)


@given(rule=rules, zone=zones, used_at=moments, received=st.lists(moments, max_size=3))
def test_what_does_not_count_changes_nothing(rule, zone, used_at, received):
    used = Act(kind="call_out", happened_at=used_at)

    with_noise = [used, *(Act(kind="call_in", happened_at=moment) for moment in received)]

    assert forecast(with_noise, rule, zone) == forecast([used], rule, zone)


# The rows ----------------------------------------------------------------------------------------
@pytest.mark.promise(52)
@pytest.mark.parametrize("rule", ROWS, ids=lambda rule: rule.name)
def test_every_row_has_its_source_its_day_and_a_forecast(rule):
    assert all(source.name and source.address and source.says for source in rule.sources)
    assert rule.checked >= date(2026, 11, 22)
    assert keep_alive.rule_version(rule.name) is rule
    found = forecast([act("2026-01-31T12:00:00Z", "activation")], rule, load_zone(rule.zone))
    assert found.deadline > found.last_qualifying.happened_at
    # What we do for a customer must count, and only fictional operators let us do it today.
    if rule.automatic:
        assert rule.automatic.act in rule.qualifying
        assert rule.is_fictional


@pytest.mark.promise(52)
def test_operators_differ_in_what_they_say_of_the_same_act():
    used = [act("2026-08-31T12:00:00Z", "sms_out")]

    def lost(name: str) -> date:
        rule = keep_alive.rule_version(name)
        zone = load_zone(rule.zone)
        return forecast(used, rule, zone).deadline.astimezone(zone).date()

    assert lost("giffgaff-uk@1") == date(2027, 2, 28)
    assert lost("ee-uk@1") == date(2027, 2, 26)
    assert lost("asda-uk@1") == date(2027, 2, 27)
    assert lost("vodafone-uk@1") == date(2027, 5, 28)
    assert lost("lycamobile-uk@1") == date(2026, 11, 29)
    assert forecast(used, keep_alive.rule_version("go-mt@1"), LONDON) is None  # no purchase


def test_versions_follow_each_other():
    for name in keep_alive.rule_names():
        versions = keep_alive.versions_of(name)
        assert [rule.version for rule in versions] == list(range(1, len(versions) + 1))
        assert all(a.effective_from < b.effective_from for a, b in pairwise(versions))


@pytest.mark.parametrize("name", ["nobody@1", "example-mobile-uk@9", "example-mobile-uk", ""])
def test_an_unknown_rule_is_refused(name):
    with pytest.raises(BadPack):
        keep_alive.rule_version(name)


@pytest.mark.parametrize("text", ["P6W", "6M", "P", "P1000D", "p6m", "P6M1D"])
def test_a_period_is_written_in_one_unit(text):
    row = msgspec.to_builtins(FIRST) | {"every": text}

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(row, Rule)


# The stages --------------------------------------------------------------------------------------
MOVES = {
    "NUMBER": """
        available         reserve>reserved
        reserved          give_back>available activate>active
        active            warn>inactive_warned expire>grace ask_port_out>port_out_pending
        active            disconnect>disconnected
        inactive_warned   keep>active expire>grace ask_port_out>port_out_pending
        inactive_warned   disconnect>disconnected
        grace             keep>active ask_port_out>port_out_pending disconnect>disconnected
        port_out_pending  stay>active port_out>ported_out disconnect>disconnected
        disconnected      quarantine>quarantined
        quarantined       recycle>recycled""",
    "KEEPING": """
        waiting_for_identity  allow>kept review>under_review end>ended
        under_review          allow>kept refuse>refused end>ended
        kept                  end>ended""",
    "KEEP_ALIVE": "asked succeed>done refuse>refused overtake>overtaken",
    "PORT_OUT": """
        asked   issue>issued refuse>refused end>ended
        issued  use>used expire>expired end>ended""",
    "IDENTITY": """
        asked          start>started verify>verified refuse>refused hand_over>with_a_person
        started        verify>verified refuse>refused expire>expired hand_over>with_a_person
        with_a_person  verify>verified refuse>refused""",
}
ENDS = {
    "NUMBER": {"ported_out", "recycled"},
    "KEEPING": {"refused", "ended"},
    "KEEP_ALIVE": {"done", "refused", "overtaken"},
    "PORT_OUT": {"refused", "used", "expired", "ended"},
    "IDENTITY": {"verified", "refused", "expired"},
}


@pytest.mark.parametrize("flow", MOVES)
def test_every_pair_of_stage_and_move_is_as_written(flow):
    table: stages.Moves = getattr(stages, flow)
    written = {}
    for stage, *moves in map(str.split, MOVES[flow].strip().splitlines()):
        written |= {(stage, move.split(">")[0]): move.split(">")[1] for move in moves}

    for stage in stages.stages(table):
        for move in {move for _, move in table}:
            if (stage, move) in written:
                assert stages.next_stage(table, stage, move) == written[stage, move]
            else:
                with pytest.raises(stages.MoveNotAllowed):
                    stages.next_stage(table, stage, move)
    assert stages.terminal(table) == ENDS[flow]
