"""Where the network failed: the register, and whom it hit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fairroam.apps.incidents import operations, queries
from fairroam.apps.incidents.models import Incident
from fairroam.apps.incidents.refusals import IncidentChanged, NoSuchIncident, NotYetOver
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.refunds import queries as refunds
from fairroam.gateways.lines import COUNTRY_UNKNOWN
from tests.apps.incidents_given import DAY, STAFF, a_report, an_outage, see
from tests.apps.lines_given import a_ready_line
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
FAILS = NOON + 5 * DAY
LATER = NOON + 20 * DAY


def hit_lines(incident: Incident) -> list[int]:
    return [hit.order_line_id for hit in queries.hits(incident.pk)]


@pytest.mark.promise(17)
def test_the_register_says_place_interval_and_source_and_who_wrote_it():
    incident = operations.declare(a_report(FAILS, FAILS + DAY), actor=STAFF, now=LATER)
    operations.move(incident.pk, "confirm", actor="staff:2", now=LATER)

    row = queries.incident(incident.pk)
    assert (row.countries, row.operators, row.stage) == (("JP",), (), "confirmed")
    assert row.source == "https://status.example/42"
    assert row.seconds == 86_400
    told = Event.objects.filter(kind__startswith="incident.").order_by("pk")
    assert [(event.kind, event.actor) for event in told] == [
        ("incident.declared", STAFF),
        ("incident.confirmed", "staff:2"),
    ]
    assert list(queries.find_faults()) == []


def test_nobody_writes_down_what_has_not_happened():
    with pytest.raises(NotYetOver):
        operations.declare(a_report(LATER + DAY, None), actor=STAFF, now=LATER)
    with pytest.raises(NotYetOver):
        operations.declare(a_report(FAILS, LATER + DAY), actor=STAFF, now=LATER)
    assert Incident.objects.count() == 0


def test_a_correction_names_the_version_it_was_made_from():
    incident = operations.declare(a_report(FAILS, None), actor=STAFF, now=FAILS)
    report = a_report(FAILS, FAILS + DAY)
    operations.correct(incident.pk, report, seen_version=1, actor=STAFF, now=LATER)

    with pytest.raises(IncidentChanged):
        operations.correct(incident.pk, report, seen_version=1, actor=STAFF, now=LATER)
    assert queries.incident(incident.pk).version == 2


def test_a_dismissed_incident_stays_so_and_is_not_shown():
    incident = operations.declare(a_report(FAILS, None), actor=STAFF, now=FAILS)
    assert [row.id for row in queries.public_incidents(since=NOON)] == [incident.pk]
    operations.move(incident.pk, "dismiss", actor=STAFF, now=LATER)

    with pytest.raises(MoveNotAllowed):
        operations.move(incident.pk, "confirm", actor=STAFF, now=LATER)
    with pytest.raises(MoveNotAllowed):
        operations.correct(
            incident.pk, a_report(FAILS, None), seen_version=2, actor=STAFF, now=LATER
        )
    assert queries.public_incidents(since=NOON) == []
    with pytest.raises(NoSuchIncident):
        queries.hits(incident.pk + 1)


# Whom it hit -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sightings", "is_hit"),
    [
        ([(-1, "JP", "data")], True),  # last seen there the day before
        ([(-1, "JP", "attach")], True),  # by its registration alone
        ([(-30, "JP", "data")], False),  # too long ago to say where it was
        ([(-2, "JP", "data"), (-1, "KR", "data")], False),  # it had gone on to another country
        ([(2, "JP", "data")], True),  # used in the interval, on what was left of the network
        ([(26, "JP", "data")], False),  # came when all was well again
        ([(2, "KR", "data")], False),
    ],
)
def test_a_line_is_hit_when_it_was_attached_there(sightings, is_hit):
    line = a_ready_line()
    see(line, FAILS - 2 * DAY, country="JP")  # the plan runs since then
    for hours, country, kind in sightings:
        see(line, FAILS + timedelta(hours=hours), country=country, kind=kind)
    incident = an_outage(FAILS, FAILS + DAY)

    assert hit_lines(incident) == ([line.pk] if is_hit else [])


@pytest.mark.parametrize(("operators", "is_hit"), [([], True), (["Other"], False)])
def test_an_incident_of_one_operator_hits_only_those_attached_to_it(operators, is_hit):
    line = a_ready_line()
    see(line, FAILS - timedelta(hours=1), country="JP", operator="Example Mobile")

    incident = an_outage(FAILS, FAILS + DAY, operators=operators)
    assert hit_lines(incident) == ([line.pk] if is_hit else [])
    named = an_outage(FAILS, FAILS + DAY, operators=["Example Mobile"])
    assert hit_lines(named) == [line.pk]


@pytest.mark.parametrize(
    ("plan", "country", "operator", "operators", "maybe"),
    [
        ("asia-day-pass-5d", COUNTRY_UNKNOWN, "", [], 1),  # one of its countries is Japan
        ("asia-day-pass-5d", COUNTRY_UNKNOWN, "", ["Other"], 1),
        ("asia-day-pass-5d", "KR", "Example Mobile", [], 0),
        ("japan-10gb-30d", "JP", "", ["Other"], 1),  # its country is known, its network is not
        ("japan-10gb-30d", "JP", "", [], 0),  # hit for certain
        ("japan-10gb-30d", "JP", "Example Mobile", ["Other"], 0),
        ("europe-20gb-30d", COUNTRY_UNKNOWN, "", [], 0),  # it does not work in Japan
    ],
)
def test_the_desk_sees_how_many_more_a_failure_may_have_hit(
    plan, country, operator, operators, maybe
):
    line = a_ready_line(plan)
    see(line, FAILS - timedelta(hours=1), country=country, operator=operator)

    incident = an_outage(FAILS, FAILS + DAY, operators=operators)

    assert queries.maybe_hit(incident.pk) == [line.pk] * maybe


def test_a_plan_that_was_over_is_not_hit():
    line = a_ready_line()
    see(line, NOON, country="JP")
    see(line, NOON + 40 * DAY, country="JP")  # after the plan's thirty days

    assert hit_lines(an_outage(NOON + 40 * DAY, NOON + 41 * DAY)) == []


@pytest.mark.promise(17)
def test_a_confirmed_incident_stands_in_the_facts_of_the_lines_it_hit_and_gives_money_back():
    line, other = a_ready_line(), a_ready_line()
    see(line, FAILS - timedelta(hours=1), country="JP")
    see(other, FAILS - timedelta(hours=1), country="KR")
    use_some(line), use_some(other)
    incident = an_outage(FAILS, FAILS + 12 * DAY, stage="suspected")
    assert refunds.quote(line.pk, now=LATER).facts["outages"] == []

    operations.move(incident.pk, "confirm", actor=STAFF, now=LATER)

    quote = refunds.quote(line.pk, now=LATER)
    assert quote.facts["outages"] == [
        {"from": "2026-11-07T12:00:00+00:00", "until": "2026-11-19T12:00:00+00:00"}
    ]
    assert quote.decision["ground"] == "outage"
    assert quote.due == 760  # 12 of 30 days of 19.00
    assert refunds.quote(other.pk, now=LATER).decision["ground"] is None


def test_an_outage_that_goes_on_has_lasted_until_now():
    line = a_ready_line()
    see(line, FAILS - timedelta(hours=1), country="JP")
    use_some(line)
    an_outage(FAILS, None)

    quote = refunds.quote(line.pk, now=FAILS + timedelta(hours=5))

    assert quote.facts["outages"][0]["until"] == "2026-11-07T17:00:00+00:00"
    assert refunds.quote(line.pk, now=FAILS - timedelta(minutes=1)).facts["outages"] == []


def use_some(line: OrderLine) -> None:
    """Half of the plan, so that no other ground gives more."""
    see(line, FAILS - timedelta(minutes=30), country=country_of(line), quantity=5 * 10**9)


def country_of(line: OrderLine) -> str:
    return str(line.usage.order_by("-started_at").values_list("country", flat=True).first())
