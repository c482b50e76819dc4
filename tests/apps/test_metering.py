"""Usage counted once, meters and books in step, plans that begin, earn and end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise, permutations
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as esim_queries
from fairroam.apps.esims.models import Profile
from fairroam.apps.journal.models import Event
from fairroam.apps.ledger import operations as ledger_operations
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.metering import operations, queries
from fairroam.apps.metering.models import Meter, PlanRun, QuarantinedRecord, UsageRecord
from fairroam.apps.orders import operations as orders
from fairroam.apps.refunds import operations as refund_acts
from fairroam.apps.refunds import queries as refunds
from fairroam.gateways.lines import NetworkRecord, RecordKind
from tests import given as cast
from tests.apps.lines_given import ask
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue", "sound_books")
GB = 10**9
NET = 1597  # japan-10gb-30d costs 19.00 in Germany, 3.03 of it tax
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def sound_books(db) -> Iterator[None]:
    yield
    assert books_say() == []


def books_say() -> list[str]:
    return [*queries.find_faults(), *esim_queries.find_faults(), *ledger.find_faults()]


def a_ready_line(plan_code: str = "japan-10gb-30d", *, number: int = 1) -> Profile:
    """A line with open meters whose profile a phone may download; number: makes its ICCID."""
    line = cast.a_paid_line(plan_code)
    operations.open_meters(order_line_id=line.pk, now=NOON)
    esims.plan_line(
        order_line_id=line.pk, customer_id=line.order.customer_id, profile_type="any", now=NOON
    )
    profile = Profile.objects.get(line_id=line.pk)
    esims.reserve(profile_id=profile.pk, iccid=f"89999000000000{number:05}")
    esims.record_order(profile_id=profile.pk)
    esims.record_release(
        profile_id=profile.pk, matching_id="A-1", smdp_address="smdp.example", now=NOON
    )
    profile.refresh_from_db()
    return profile


def record(profile: Profile, number: int, **words: Any) -> NetworkRecord:
    """One record: by default half a gigabyte of data, one hour after noon per number."""
    started_at = words.pop("started_at", NOON + number * HOUR)
    fields: dict[str, Any] = {
        "source": "sandbox",
        "record_id": f"rec-{number}",
        "iccid": profile.iccid,
        "kind": RecordKind.DATA,
        "quantity": GB // 2,
        "started_at": started_at,
        "ended_at": started_at,
        "country": "JP",
        "operator": "Sandbox Mobile JP",
    }
    return NetworkRecord(**(fields | words))


def attach(profile: Profile, number: int, **words: Any) -> NetworkRecord:
    return record(profile, number, kind=RecordKind.ATTACH, quantity=0, **words)


def count(*records: NetworkRecord, now: datetime = NOON + 29 * DAY) -> operations.Counted:
    return operations.record_usage(source="sandbox", records=records, now=now)


def book(profile: Profile, kind: str) -> int:
    name = BookName(kind, "EUR", customer_id=profile.customer_id, order_line_id=profile.line_id)
    return ledger.balance(name if kind == "unearned" else BookName(kind, "EUR"))


def told(profile: Profile, *kinds: str) -> list[str]:
    events = Event.objects.filter(facts__order_line_id=profile.line_id, kind__in=kinds)
    return list(events.order_by("pk").values_list("kind", flat=True))


def used(profile: Profile) -> dict[str, int]:
    return {one.kind: one.used for one in queries.usage_of(profile.line_id).allowances}


# Counting ----------------------------------------------------------------------------------------


def test_a_record_counts_once_however_often_it_comes():
    profile = a_ready_line()
    batch = [attach(profile, 1), record(profile, 2), record(profile, 2), record(profile, 3)]

    first, second = count(*batch), count(*reversed(batch))

    assert (first.counted, first.repeated) == (3, 1)
    assert (second.counted, second.repeated) == (0, 4)
    assert used(profile) == {"data": GB}


def test_the_same_id_with_other_content_goes_to_a_person():
    profile = a_ready_line()
    count(record(profile, 1))

    for _ in range(2):
        assert count(record(profile, 1, quantity=GB)).quarantined == 1
    count(record(profile, 2), record(profile, 2, country="KR"))

    assert used(profile) == {"data": GB}
    kept = QuarantinedRecord.objects.order_by("pk").values_list("record_id", "content__quantity")
    assert list(kept) == [("rec-1", GB), ("rec-2", GB // 2)]


def test_an_unknown_line_is_kept_and_counts_for_nobody():
    profile = a_ready_line()
    stranger = record(profile, 1, iccid="8999900000000099999")

    assert count(stranger, record(profile, 2)).unknown == 1

    assert UsageRecord.objects.get(record_id="rec-1").outcome == "unknown_line"
    assert used(profile) == {"data": GB // 2}


def test_what_the_plan_does_not_hold_is_kept_beside():
    profile = a_ready_line()

    assert count(record(profile, 1, kind=RecordKind.VOICE, quantity=60)).beside == 1
    assert used(profile) == {"data": 0}


def test_two_sources_may_use_the_same_ids():
    profile = a_ready_line()
    count(record(profile, 1))

    operations.record_usage(source="other", records=[record(profile, 1)], now=NOON + DAY)

    assert used(profile) == {"data": GB}


def test_a_batch_of_several_lines_counts_for_each_its_own():
    ada, bob = a_ready_line(number=1), a_ready_line("usa-talk-30d", number=2)

    count(
        record(ada, 1),
        record(bob, 2, kind=RecordKind.VOICE, quantity=600),
        record(bob, 3, kind=RecordKind.SMS, quantity=2),
    )

    assert used(ada) == {"data": GB // 2}
    assert used(bob) == {"data": 0, "voice": 600, "sms": 2}


def test_usage_that_overtakes_the_opening_of_the_meters_is_counted():
    profile = a_ready_line()
    Meter.objects.all().delete()
    PlanRun.objects.all().delete()

    count(record(profile, 1))
    operations.open_meters(order_line_id=profile.line_id, now=NOON)

    assert used(profile) == {"data": GB // 2}


@pytest.mark.promise(11)
def test_first_attach_and_first_use_become_facts_of_the_line():
    profile = a_ready_line()

    count(record(profile, 3), attach(profile, 2), record(profile, 4, quantity=0))

    facts = esim_queries.facts_of(profile.line_id)
    assert facts.first_attach_at == NOON + 2 * HOUR
    assert facts.first_usage_at == NOON + 3 * HOUR
    assert esim_queries.line_state(profile.line_id).profile_stage == "installed"


def test_after_the_end_of_the_line_nothing_counts_but_what_was_used_before():
    profile = a_ready_line()
    count(record(profile, 1))
    esims.take_off(order_line_id=profile.line_id, now=NOON + 2 * HOUR)
    esims.record_ended(order_line_id=profile.line_id, now=NOON + 2 * HOUR)

    assert count(record(profile, 2)).beside == 1
    late = record(profile, 3, started_at=NOON + HOUR)
    assert count(late).counted == 1

    assert used(profile) == {"data": GB}
    assert esim_queries.facts_of(profile.line_id).first_usage_at == NOON + HOUR


def test_the_last_second_of_a_plan_counts_and_the_next_does_not():
    profile = a_ready_line()
    ends_at = NOON + 30 * DAY

    counted = count(
        attach(profile, 0),
        record(profile, 1, started_at=ends_at - timedelta(seconds=1)),
        record(profile, 2, started_at=ends_at),
        now=ends_at + DAY,
    )

    assert (counted.counted, counted.beside) == (2, 1)
    assert used(profile) == {"data": GB // 2}


# The plan's time ---------------------------------------------------------------------------------


@pytest.mark.parametrize("is_attach", [True, False])
def test_a_plan_begins_with_its_first_attach_or_use_and_lasts_its_days(is_attach):
    profile = a_ready_line()
    assert queries.usage_of(profile.line_id).starts_at is None

    first = attach(profile, 1) if is_attach else record(profile, 1)
    count(record(profile, 2), first)
    count(attach(profile, 3))

    usage = queries.usage_of(profile.line_id)
    assert (usage.starts_at, usage.ends_at) == (NOON + HOUR, NOON + HOUR + 30 * DAY)
    assert usage.as_of == NOON + 29 * DAY
    assert told(profile, "plan.started") == ["plan.started"]


def test_a_batch_in_any_order_ends_in_the_same_state():
    profile = a_ready_line()
    batch = [attach(profile, 1), record(profile, 2), record(profile, 3), record(profile, 2)]
    ends = set()
    for order in permutations(batch):
        with transaction.atomic():
            count(*order)
            ends.add(
                (
                    queries.usage_of(profile.line_id),
                    esim_queries.facts_of(profile.line_id),
                    book(profile, "unearned"),
                )
            )
            transaction.set_rollback(True)

    assert len(ends) == 1


def test_periods_of_a_line_never_overlap_whoever_writes_them():
    profile = a_ready_line()
    count(record(profile, 1))

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO metering_planperiod (order_line_id, during)"
            " SELECT order_line_id, during FROM metering_planperiod"
        )


def test_running_low_and_used_up_are_told_once():
    profile = a_ready_line()
    kinds = []
    for number, gigabytes in enumerate((7, 1, 1, 1, 1), 1):
        count(record(profile, number, quantity=gigabytes * GB))
        kinds.append(told(profile, "usage.low", "usage.used_up"))

    low, up = "usage.low", "usage.used_up"
    assert kinds == [[], [low], [low], [low, up], [low, up]]


def test_a_leap_over_both_marks_tells_both():
    profile = a_ready_line()

    count(record(profile, 1, quantity=11 * GB))

    assert told(profile, "usage.low", "usage.used_up") == ["usage.low", "usage.used_up"]


# Money -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gigabytes", "earned"),
    [
        (0, 0),
        (1, 159),  # a tenth of 15.97 net, rounded down for the customer
        (5, 798),
        (10, NET),
        (12, NET),  # carriers report late: more used than sold earns nothing more
    ],
)
@pytest.mark.promise(16)
def test_use_earns_its_share_of_the_net_price(gigabytes, earned):
    profile = a_ready_line()
    assert PlanRun.objects.get(pk=profile.line_id).net_minor == NET

    count(record(profile, 1, quantity=gigabytes * GB))

    assert book(profile, "earned") == earned
    assert book(profile, "unearned") == NET - earned


def test_each_allowance_earns_by_its_published_weight():
    profile = a_ready_line("usa-talk-30d")
    net = book(profile, "unearned")
    granted = {one.kind: one.granted for one in queries.usage_of(profile.line_id).allowances}

    count(record(profile, 1, kind=RecordKind.VOICE, quantity=granted["voice"] // 2))

    assert book(profile, "earned") == net // 10  # half of a fifth


def test_no_more_is_earned_than_what_a_refund_has_left():
    profile = a_ready_line()
    name = BookName(
        "unearned", "EUR", customer_id=profile.customer_id, order_line_id=profile.line_id
    )
    owed = BookName("refunds_owed", "EUR", customer_id=profile.customer_id)
    ledger_operations.post([Entry("refund:1/net", 1500, name, owed)], now=NOON)

    count(record(profile, 1, quantity=5 * GB))
    count(record(profile, 2, quantity=5 * GB))

    assert (book(profile, "earned"), book(profile, "unearned")) == (97, 0)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.integers(0, 3 * GB), min_size=1, max_size=8))
def test_many_small_uses_earn_what_one_large_use_earns(quantities):
    with transaction.atomic():
        profile = a_ready_line()
        earned = []
        for number, quantity in enumerate(quantities, 1):
            count(record(profile, number, quantity=quantity))
            earned.append(book(profile, "earned"))
        assert all(before <= after for before, after in pairwise(earned))
        assert earned[-1] == NET * min(sum(quantities), 10 * GB) // (10 * GB)
        assert books_say() == []
        transaction.set_rollback(True)


# The end of a plan -------------------------------------------------------------------------------


def end_plans(*, now):
    return operations.end_plans(now=now, is_asked_back=refunds.is_asked_back)


def test_what_was_never_used_is_breakage_once_the_plan_is_over():
    profile = a_ready_line()
    count(record(profile, 0, quantity=5 * GB))

    assert end_plans(now=NOON + 30 * DAY - HOUR) == 0
    assert end_plans(now=NOON + 30 * DAY) == 1
    assert end_plans(now=NOON + 31 * DAY) == 0

    assert [book(profile, kind) for kind in ("earned", "breakage", "unearned")] == [798, 799, 0]
    assert told(profile, "plan.ended") == ["plan.ended"]


def test_a_late_record_of_an_ended_plan_counts_and_moves_no_money():
    profile = a_ready_line()
    count(attach(profile, 0))
    end_plans(now=NOON + 30 * DAY)

    assert count(record(profile, 1), now=NOON + 31 * DAY).counted == 1

    assert used(profile) == {"data": GB // 2}
    assert [book(profile, kind) for kind in ("earned", "breakage")] == [0, NET]


def test_a_plan_with_money_on_its_way_back_is_left_for_later():
    profile = a_ready_line()
    count(attach(profile, 0))
    line = orders.lock_line(profile.line_id)
    tender = line.tenders.get()
    orders.reserve(order_line_id=line.pk, parts=[(tender.pk, 100)])

    assert end_plans(now=NOON + 30 * DAY) == 0


def test_a_plan_whose_money_was_asked_back_is_left_until_that_is_decided():
    profile = a_ready_line()
    count(attach(profile, 0))
    line = orders.lock_line(profile.line_id)
    refund = ask(line, now=NOON + 29 * DAY)
    refund_acts.network_is_silent(order_line_id=line.pk, now=NOON + 29 * DAY)

    assert end_plans(now=NOON + 30 * DAY) == 0
    refund_acts.withdraw_request(
        request_id=refund.pk, customer_id=refund.customer_id, now=NOON + 31 * DAY
    )
    assert end_plans(now=NOON + 31 * DAY) == 1


def test_an_unlimited_allowance_is_earned_by_its_time():
    profile = a_ready_line()
    Meter.objects.update(granted=None)
    count(attach(profile, 0), now=NOON + HOUR)
    assert book(profile, "earned") == NET // 30  # the first of thirty days has begun

    end_plans(now=NOON + 30 * DAY)

    assert [book(profile, kind) for kind in ("earned", "breakage")] == [NET, 0]


# Reading -----------------------------------------------------------------------------------------


def test_before_the_meters_are_open_the_plan_shows_as_sold():
    line = cast.a_paid_line("usa-talk-30d")

    usage = queries.usage_of(line.pk)

    assert [(one.kind, one.used) for one in usage.allowances] == [
        ("data", 0),
        ("voice", 0),
        ("sms", 0),
    ]
    assert (usage.starts_at, usage.as_of) == (None, None)


@pytest.mark.promise(23)
def test_use_is_shown_by_day_of_the_customer_and_country():
    profile = a_ready_line()
    evening = NOON.replace(hour=22)
    count(
        attach(profile, 1),
        record(profile, 2, started_at=evening),
        record(profile, 3, started_at=evening + HOUR),
        record(profile, 4, started_at=evening + HOUR, country="KR"),
    )

    days = queries.days_of_use(profile.line_id, zone="Europe/Berlin")

    rows = [(str(day.on), day.country, day.quantity) for day in days]
    assert rows == [
        ("2026-11-02", "JP", GB // 2),
        ("2026-11-03", "JP", GB // 2),
        ("2026-11-03", "KR", GB // 2),
    ]


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE metering_meter SET used = used + 1", "does not show what its records"),
        ("UPDATE metering_planrun SET earned_minor = 1", "earned something else"),
        ("UPDATE metering_planrun SET validity_days = 31", "not as long as its plan"),
        ("DELETE FROM metering_planperiod", "was used and never begun"),
        (
            "UPDATE metering_usagerecord SET started_at = started_at + interval '31 days'",
            "its plan was over",
        ),
    ],
)
def test_a_contradiction_is_found(statement, fault):
    count(record(a_ready_line(), 1))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement)
        found = list(queries.find_faults())
        transaction.set_rollback(True)

    assert len(found) == 1
    assert fault in found[0]


def test_a_plan_cannot_earn_more_than_its_net_price():
    profile = a_ready_line()

    with pytest.raises(IntegrityError), transaction.atomic():
        PlanRun.objects.filter(pk=profile.line_id).update(earned_minor=NET + 1)
