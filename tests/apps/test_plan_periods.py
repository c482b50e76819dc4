"""Day packs, months and plans that never end are one model: begun by use, burned, ended or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from fairroam.apps.catalogue import operations as catalogue
from fairroam.apps.catalogue.models import Plan
from fairroam.apps.closures import queries as closures
from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as esim_rows
from fairroam.apps.esims.models import Profile
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.metering import operations, queries
from fairroam.apps.metering.models import PlanRun, UsageRecord
from fairroam.apps.refunds import queries as refunds
from fairroam.worker.books import find_faults
from tests.apps.lines_given import a_ready_line, use
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")

GB = 10**9
BEGINS = NOON + timedelta(hours=1)
MUCH_LATER = NOON + timedelta(days=3650)
ENDLESS = "asia-3gb-open"


def unearned(line) -> int:
    book = BookName("unearned", "EUR", customer_id=line.order.customer_id, order_line_id=line.pk)
    return ledger.balance(book)


@pytest.mark.promise(7)
@pytest.mark.parametrize(
    ("plan_code", "days"),
    [("asia-day-pass-5d", 5), ("japan-10gb-30d", 30), (ENDLESS, None)],
)
def test_a_plan_begins_with_its_first_use_burns_and_ends_after_its_days_if_ever(plan_code, days):
    line = a_ready_line(plan_code)
    assert queries.usage_of(line.pk).starts_at is None  # A bought plan does not run.

    use(line, GB, at=BEGINS)
    began = queries.usage_of(line.pk)
    use(line, GB, at=BEGINS + timedelta(days=400))
    operations.end_plans(now=MUCH_LATER, is_asked_back=refunds.is_asked_back)

    assert began.starts_at == BEGINS
    assert began.ends_at == (BEGINS + timedelta(days=days) if days else None)
    burned = queries.usage_of(line.pk).allowances[0].used
    outcomes = UsageRecord.objects.order_by("started_at").values_list("outcome", flat=True)
    run = PlanRun.objects.get(pk=line.pk)
    has_ended = run.ended_at is not None
    if days:
        assert (burned, list(outcomes), has_ended) == (GB, ["counted", "after_end"], True)
        assert unearned(line) == 0  # The rest is breakage.
    else:
        assert (burned, list(outcomes), has_ended) == (2 * GB, ["counted", "counted"], False)
        assert unearned(line) == run.net_minor - run.net_minor * 2 // 3
    assert list(find_faults()) == []


@pytest.mark.parametrize("year", [1, 1970])
def test_a_carrier_s_clock_that_was_never_set_is_no_reason_to_end_a_plan(year):
    line, unset = a_ready_line(), datetime(year, 1, 1, tzinfo=UTC)
    Customer.objects.update(zone="America/New_York")
    profile = Profile.objects.get(line_id=line.pk)
    esims.record_fact(
        profile_id=profile.pk, kind="enabled", happened_at=unset, source="es2plus", now=BEGINS
    )

    use(line, GB, at=unset, told_at=BEGINS)

    facts, usage = esim_rows.facts_of(line.pk), queries.usage_of(line.pk)
    assert (facts.enabled_at, facts.first_usage_at) == (BEGINS, BEGINS)
    assert (usage.starts_at, usage.ends_at) == (BEGINS, BEGINS + timedelta(days=30))
    traveller = Client()
    traveller.force_login(line.order.customer.user)
    assert traveller.get(f"/account/lines/{line.pk}/").status_code == 200
    assert traveller.get(f"/account/lines/{line.pk}/refund/").status_code == 200
    assert list(find_faults()) == []


@pytest.mark.promise(7)
def test_a_plan_that_never_ends_is_paid_back_by_what_is_left_of_it():
    line = a_ready_line(ENDLESS)
    use(line, GB, at=BEGINS)

    quote = refunds.quote(line.pk, now=BEGINS + timedelta(days=3))

    assert (quote.facts["starts_at"], quote.facts["ends_at"]) == (None, None)
    assert quote.due == 1790 - 1790 // 3  # one of three gigabytes is used, on whatever day
    (row,) = esim_rows.live_lines_of(line.order.customer_id)
    running = closures.plan_of(row)
    assert (running.ends_at, running.validity_days, running.bytes_left) == (None, None, 2 * GB)


@pytest.mark.promise(7)
def test_a_plan_that_never_ends_is_shown_and_sold_as_such():
    line = a_ready_line(ENDLESS)
    owner = Client()
    owner.force_login(line.order.customer.user)
    address = f"/account/lines/{line.pk}/"

    offered = words_of(owner.get(f"/plans/{ENDLESS}/", {"used": "50", "days": "3"}))
    listed = words_of(owner.get("/plans/"))
    checkout = owner.get(f"/checkout/{ENDLESS}/")
    bought = words_of(owner.get("/account/"))
    use(line, GB, at=BEGINS)
    begun = words_of(owner.get(address))

    assert "it never expires" in offered
    assert "none; you pay once" in offered
    assert "never expires" in listed
    assert checkout.status_code == 200
    assert "it never expires" in bought
    assert "it never expires" in begun
    assert "A plan that never expires ends." in words_of(owner.get("/account/leave/"))


def test_only_what_its_use_measures_may_have_no_end():
    endless = Plan.objects.get(code=ENDLESS)
    unlimited = [{"kind": "data", "granted": None}]

    with pytest.raises(AssertionError, match="without end and without limit"):
        catalogue.offer_plan(code="for-ever", allowances=unlimited)
    for column in ("number_rule", "supplier"):
        with pytest.raises(IntegrityError, match="end"), transaction.atomic():
            Plan.objects.filter(pk=endless.pk).update(**{column: "somebody"})
    endless.refresh_from_db()
    assert endless.is_offered
