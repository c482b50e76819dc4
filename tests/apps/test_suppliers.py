"""Resold eSIMs: bought once, given back or claimed, and both ledgers right after each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from fairroam.apps.customers.models import User
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as esim_queries
from fairroam.apps.esims.models import Profile
from fairroam.apps.esims.refusals import NotOffered
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.metering import queries as metering
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.suppliers import operations, queries, tasks
from fairroam.apps.suppliers.models import SupplierClaim, SupplierHint, SupplierOrder
from fairroam.apps.suppliers.operations.hearing import HINTS_PER_HOUR
from fairroam.gateways.lines import COUNTRY_UNKNOWN
from fairroam.gateways.suppliers import (
    EventKind,
    GatewayUnreachable,
    PlanStatus,
    SupplierEvent,
    UsageReading,
)
from fairroam.rules import stages
from fairroam.worker.books import find_faults
from sandbox.processes import SandboxProcess
from tests import given, suppliers_given
from tests.apps.lines_given import ask, begin_line, use
from tests.given import NOON
from tests.stories.traveller import a_colleague
from tests.suppliers_given import COST_MINOR, Resold, order, order_in_vain, order_of

pytestmark = pytest.mark.usefixtures("catalogue")
LATER = NOON + timedelta(minutes=10)
FAR_LATER = NOON + timedelta(hours=2)
PAUSES = ("suspend", "resume")
FROM_US = ("esim_access", "airalo")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with suppliers_given.running(tmp_path_factory.mktemp("suppliers")) as running:
        yield running


@pytest.fixture
def both(process: SandboxProcess, settings: Any, catalogue: None) -> Iterator[SandboxProcess]:
    suppliers_given.lead_to(settings, process)
    suppliers_given.an_airalo_plan()
    yield process
    assert list(find_faults()) == []


def shop(process: SandboxProcess, supplier: str) -> Resold:
    resold = Resold(process, supplier)
    resold.behave()
    return resold


@pytest.fixture(params=FROM_US)
def resold(request: pytest.FixtureRequest, both: SandboxProcess) -> Resold:
    """Each supplier in turn."""
    return shop(both, request.param)


@pytest.fixture
def access(both: SandboxProcess) -> Resold:
    return shop(both, "esim_access")


@pytest.fixture
def airalo(both: SandboxProcess) -> Resold:
    return shop(both, "airalo")


def book(kind: str, supplier: str) -> int:
    return ledger.balance(BookName(kind, "USD", label=supplier))


def claim_of(line: OrderLine) -> SupplierClaim:
    return SupplierClaim.objects.get(pk=line.pk)


def take_off(line: OrderLine, *, now: datetime = LATER) -> None:
    """What follows a request for money back."""
    esims.take_off(order_line_id=line.pk, now=now)
    tasks.end_esim(order_line_id=line.pk, now=now)


def told(kind: str) -> list[dict[str, Any]]:
    return list(Event.objects.filter(kind=kind).order_by("pk").values_list("facts", flat=True))


# Buying -----------------------------------------------------------------------------------------


def test_a_resold_esim_is_bought_once_and_its_code_is_the_supplier_s(resold):
    line = resold.a_ready_line()
    order(line)

    bought = order_of(line)
    code = esim_queries.line_page(line.pk, line.order.customer_id).code
    assert (bought.stage, bought.supplier) == ("delivered", resold.supplier)
    assert resold.bought(line) == 1
    assert code is not None
    assert code.matching_id == Profile.objects.get(line_id=line.pk).matching_id
    assert esim_queries.line_state(line.pk).stage == "active"
    assert book("wholesale", resold.supplier) == -COST_MINOR
    assert book("supplier", resold.supplier) == COST_MINOR


@pytest.mark.parametrize("fault", ["error_before_effect", "error_after_effect", "broken_json"])
def test_an_order_without_an_answer_is_repeated_with_one_effect(resold, fault):
    line = resold.a_paid_line()
    resold.arm("order", fault)

    order_in_vain(line)
    tasks.resume_unfinished(now=LATER)

    assert order_of(line).stage == "delivered"
    assert resold.bought(line) == 1
    assert book("supplier", resold.supplier) == COST_MINOR


def test_without_idempotency_nobody_repeats_before_its_time(airalo):
    line = airalo.a_paid_line()
    airalo.arm("order", "error_before_effect")
    order_in_vain(line)

    tasks.resume_unfinished(now=NOON + timedelta(seconds=299))
    assert airalo.bought(line) == 0
    tasks.resume_unfinished(now=NOON + timedelta(seconds=300))

    assert airalo.bought(line) == 1


def test_a_supplier_that_the_settings_name_no_more_keeps_no_other_waiting(both, settings):
    lines = []
    for supplier in FROM_US:
        resold = shop(both, supplier)
        resold.arm("order", "error_before_effect")
        lines.append(resold.a_paid_line())
        order_in_vain(lines[-1])
    settings.FAIRROAM_SUPPLIERS_ACCESS_URL = ""

    tasks.resume_unfinished(now=LATER)

    assert [order_of(line).stage for line in lines] == ["sent", "delivered"]


def test_two_workers_do_not_call_about_one_order_at_once(access):
    line = access.a_paid_line()
    profile = Profile.objects.get(line_id=line.pk)
    operations.plan_order(order_line_id=line.pk, profile_id=profile.pk, now=NOON)
    pause = timedelta(minutes=2)

    first = operations.claim_call(order_line_id=line.pk, pause=pause, now=NOON)
    second = operations.claim_call(order_line_id=line.pk, pause=pause, now=NOON)
    after = operations.claim_call(order_line_id=line.pk, pause=pause, now=NOON + pause)

    assert first is not None
    assert second is None
    assert after is not None
    assert after.key == first.key


def test_an_esim_that_is_made_later_is_asked_for_until_it_is_there(access):
    access.behave(allocation_seconds=None)
    line = access.a_paid_line()

    with pytest.raises(tasks.NotReady):
        order(line)
    assert order_of(line).stage == "pending"
    access.process.ask("POST", "/_allocations", json={})
    tasks.resume_unfinished(now=LATER)

    assert order_of(line).stage == "delivered"
    assert access.bought(line) == 1


def test_an_order_that_stays_silent_is_put_before_a_person_and_still_asked_for(access, client):
    access.behave(allocation_seconds=None)
    line = access.a_paid_line()
    with pytest.raises(tasks.NotReady):
        order(line)

    for minutes in (29, 30, 31):
        tasks.resume_unfinished(now=NOON + timedelta(minutes=minutes))
        assert len(told("supplier.trouble")) == (minutes >= 30)
    (trouble,) = queries.troubles()
    assert (trouble.reason, trouble.order_ref) == ("silent", order_of(line).order_ref)
    client.force_login(User.objects.get(pk=a_colleague(joined_at=NOON)))
    assert "Ask them what became of it" in client.get("/desk/suppliers/").content.decode()

    access.process.ask("POST", "/_allocations", json={})
    tasks.resume_unfinished(now=FAR_LATER)
    assert (order_of(line).stage, queries.troubles()) == ("delivered", [])


@pytest.mark.parametrize("supplier", FROM_US)
def test_what_is_sold_out_ends_the_line_unused_and_costs_nothing(both, supplier):
    resold = shop(both, supplier)
    line = resold.a_paid_line()
    resold.refuse("order", "200005" if supplier == "esim_access" else "33")
    order(line)

    assert order_of(line).stage == "refused"
    assert [fact["order_line_id"] for fact in told("profile.failed")] == [line.pk]
    assert book("supplier", supplier) == 0


def test_too_little_credit_is_an_alarm_first_and_money_back_after_an_hour(resold):
    resold.credit(0)
    line, other = resold.a_paid_line(), resold.a_paid_line()
    order(line)
    order(other)
    assert [order_of(one).stage for one in (line, other)] == ["sent", "sent"]
    assert len(told("supplier.trouble")) == 2

    resold.credit(10_000_000)
    order(line, now=LATER)
    resold.credit(0)
    order(other, now=FAR_LATER)

    assert [order_of(one).stage for one in (line, other)] == ["delivered", "refused"]
    assert len(told("profile.failed")) == 1


# Giving back ------------------------------------------------------------------------------------


def test_what_no_phone_has_is_cancelled_and_its_price_is_back(access):
    line = access.a_ready_line()
    take_off(line)
    tasks.end_esim(order_line_id=line.pk, now=LATER)

    assert esim_queries.line_state(line.pk).is_off
    assert told("line.off")[0]["was_downloaded"] is False
    assert claim_of(line).stage == "auto_cancelled"
    assert book("supplier", "esim_access") == book("wholesale", "esim_access") == 0


@pytest.mark.parametrize("fault", ["error_before_effect", "error_after_effect"])
def test_a_cancellation_without_an_answer_is_asked_again(access, fault):
    line = access.a_ready_line()
    esims.take_off(order_line_id=line.pk, now=LATER)
    access.arm("cancel", fault)
    with pytest.raises(GatewayUnreachable):
        tasks.end_esim(order_line_id=line.pk, now=LATER)
    assert not esim_queries.line_state(line.pk).is_off

    tasks.resume_unfinished(now=FAR_LATER)

    assert esim_queries.line_state(line.pk).is_off
    assert claim_of(line).stage == "auto_cancelled"
    assert book("supplier", "esim_access") == 0


def test_what_a_phone_has_is_ended_without_money_back_and_decided_by_that_fact(access):
    line = access.a_ready_line()
    access.act(order_of(line).iccid, "download")
    take_off(line)

    assert told("line.off")[0]["was_downloaded"] is True
    assert esim_queries.facts_of(line.pk).downloaded_at == LATER
    assert claim_of(line).stage == "not_possible"
    assert book("wholesale", "esim_access") == -COST_MINOR


def test_an_esim_that_comes_after_its_line_ended_goes_back_and_is_shown_to_nobody(access):
    access.behave(allocation_seconds=None)
    line = access.a_paid_line()
    with pytest.raises(tasks.NotReady):
        order(line)
    esims.take_off(order_line_id=line.pk, now=NOON)
    access.process.ask("POST", "/_allocations", json={})
    assert esim_queries.line_state(line.pk).is_off  # the customer waits for no supplier

    tasks.resume_unfinished(now=LATER)
    tasks.resume_unfinished(now=FAR_LATER)

    assert [fact["order_line_id"] for fact in told("supplier.unwanted")] == [line.pk]
    assert claim_of(line).stage == "auto_cancelled"
    assert esim_queries.line_page(line.pk, line.order.customer_id).code is None
    assert book("supplier", "esim_access") == 0


def test_a_line_that_ended_before_its_order_buys_nothing(resold):
    line = resold.a_paid_line()
    esims.take_off(order_line_id=line.pk, now=NOON)
    order(line, now=LATER)

    assert order_of(line).stage == "dropped"
    assert resold.bought(line) == 0


def test_who_cannot_end_an_esim_leaves_it_to_a_person_and_a_claim(airalo):
    line = airalo.a_ready_line()
    take_off(line)

    assert told("line.stuck")[0]["reason"] == "supplier-cannot-end"
    claim = claim_of(line)
    assert (claim.stage, claim.claim_ref != "") == ("requested", True)
    assert len(airalo.process.effects("claim", iccids=[order_of(line).iccid])) == 1

    airalo.act(order_of(line).iccid, "expire")
    tasks.poll_usage(now=FAR_LATER)
    assert esim_queries.line_state(line.pk).is_off


# The other ledger -------------------------------------------------------------------------------


def test_money_back_without_recovery_is_a_loss_of_that_supplier_in_proportion(access):
    line = access.a_ready_line()
    access.act(order_of(line).iccid, "install")
    take_off(line)
    OrderLine.objects.filter(pk=line.pk).update(refunded_minor=245)  # half of 490

    operations.write_off(order_line_id=line.pk, now=LATER)
    operations.write_off(order_line_id=line.pk, now=LATER)

    assert book("loss", "esim_access") == -COST_MINOR // 2
    assert book("wholesale", "esim_access") == -COST_MINOR // 2
    assert [row.lost.minor for row in queries.recoveries()] == [COST_MINOR // 2]
    OrderLine.objects.filter(pk=line.pk).update(refunded_minor=0)


@pytest.mark.parametrize(("is_credited", "stage"), [(True, "credited"), (False, "rejected")])
def test_a_claim_is_settled_once(airalo, is_credited, stage):
    line = airalo.a_ready_line()
    take_off(line)
    assert [row.stage for row in queries.open_claims()] == ["requested"]
    words = {"order_line_id": line.pk, "actor": "staff:1", "now": FAR_LATER}

    operations.settle_claim(is_credited=is_credited, **words)
    with pytest.raises(MoveNotAllowed):
        operations.settle_claim(is_credited=not is_credited, **words)

    assert claim_of(line).stage == stage
    assert book("supplier", "airalo") == (0 if is_credited else COST_MINOR)
    assert not queries.open_claims()


def test_a_silent_claim_goes_to_a_person_after_a_fortnight(airalo):
    line = airalo.a_ready_line()
    take_off(line)
    tasks.reconcile_claims(now=LATER + timedelta(days=14))
    assert claim_of(line).stage == "requested"

    tasks.reconcile_claims(now=LATER + timedelta(days=14, seconds=1))

    assert claim_of(line).stage == "unknown"


def test_low_credit_is_told_once_until_it_was_filled(resold):
    for amount, minutes in ((10_000, 0), (9_000, 1), (10_000_000, 2), (0, 3)):
        resold.credit(amount)
        tasks.poll_balances(now=NOON + timedelta(minutes=minutes))

    low = [fact["supplier"] for fact in told("supplier.balance_low")]
    assert low.count(resold.supplier) == 2
    row = next(row for row in queries.balances() if row.supplier == resold.supplier)
    assert (row.balance.minor, row.is_low, row.unexplained.minor) == (0, True, -100)


# Usage ------------------------------------------------------------------------------------------


def test_totals_become_records_by_difference_each_byte_once(access):
    line = access.a_ready_line()
    at = datetime.now(UTC) + timedelta(minutes=1)  # the stand-in's clock is the real one
    later = at + timedelta(hours=1)
    SupplierOrder.objects.filter(pk=line.pk).update(delivered_at=at - timedelta(minutes=5))
    access.use(order_of(line).iccid, 1_000)
    tasks.poll_usage(now=at)
    tasks.poll_usage(now=later)
    first = order_of(line)
    assert (first.used_bytes, first.polled_at) == (1_000, later)

    for used_bytes, minutes in ((1_500, 10), (1_500, 20), (1_400, 30), (1_450, 5)):
        reading = UsageReading(
            ref=first.esim_ref,
            used_bytes=used_bytes,
            total_bytes=None,
            as_of=first.used_as_of + timedelta(minutes=minutes),
            lag_seconds=0,
            source="esim_access",
            raw="",
        )
        operations.record_reading(supplier="esim_access", reading=reading, now=later)

    (used,) = metering.usage_of(line.pk).allowances
    assert used.used == 1_500
    countries = OrderLine.objects.get(pk=line.pk).plan_copy["countries"]
    known = countries[0] if len(countries) == 1 else COUNTRY_UNKNOWN
    assert {one.country for one in line.usage.all()} == {known}


def test_one_esim_that_its_supplier_tells_nothing_of_hides_no_other_s_use(access):
    lines = [access.a_ready_line() for _ in range(3)]
    at = datetime.now(UTC) + timedelta(minutes=1)  # the stand-in's clock is the real one
    SupplierOrder.objects.update(delivered_at=at - timedelta(minutes=5))
    for line in lines:
        access.use(order_of(line).iccid, 1_000)
    for _ in range(2):  # asked together, and the first of them by itself
        access.refuse("usage", "200002")

    tasks.poll_usage(now=at)

    assert [order_of(line).used_bytes for line in lines] == [0, 1_000, 1_000]
    assert [order_of(line).polled_at for line in lines] == [None, at, at]


def test_an_unlimited_plan_begins_when_its_supplier_says_that_it_is_active(airalo):
    suppliers_given.an_unlimited_plan()
    line = given.a_paid_line("world-unlimited-7d-airalo")
    begin_line(line)
    order(line)
    at = datetime.now(UTC) + timedelta(minutes=1)  # the stand-in's clock is the real one
    tasks.poll_usage(now=at)
    assert metering.usage_of(line.pk).starts_at is None

    airalo.use(order_of(line).iccid, 5_000_000)
    polled = [at + timedelta(hours=hours) for hours in (1, 2)]
    for moment in polled:
        tasks.poll_usage(now=moment)

    usage = metering.usage_of(line.pk)
    assert usage.starts_at == polled[0].replace(microsecond=0)
    assert [one.used for one in usage.allowances] == [0]
    assert [one.country for one in line.usage.all()] == ["JP"]  # the plan's only one
    assert order_of(line).used_as_of == polled[0]


@pytest.mark.parametrize("plan", ["unused", "expired", "unknown", "pending"])
def test_no_other_word_begins_a_plan_that_nobody_counts(airalo, plan):
    line = airalo.a_ready_line()
    reading = UsageReading(
        ref=order_of(line).esim_ref,
        used_bytes=None,
        total_bytes=None,
        as_of=LATER,
        lag_seconds=0,
        source="airalo",
        raw="",
        plan=PlanStatus(plan),
    )

    operations.record_reading(supplier="airalo", reading=reading, now=LATER)

    assert metering.usage_of(line.pk).starts_at is None


def test_an_esim_near_its_limit_is_asked_about_sooner(access):
    near, far = access.a_ready_line(), access.a_ready_line()
    at = datetime.now(UTC) + timedelta(minutes=1)
    granted = metering.usage_of(near.pk).allowances[0].granted
    use(near, granted * 85 // 100)
    SupplierOrder.objects.update(polled_at=at)

    tasks.poll_usage(now=at + timedelta(minutes=5))

    assert order_of(near).polled_at == at + timedelta(minutes=5)
    assert order_of(far).polled_at == at


def test_a_refund_is_decided_once_the_supplier_s_lag_has_passed(access):
    line = access.a_ready_line()
    access.act(order_of(line).iccid, "install")
    refund = ask(line, now=LATER)
    tasks.end_esim(order_line_id=line.pk, now=LATER)
    refunds.line_is_off(order_line_id=line.pk, now=LATER)
    refund.refresh_from_db()
    assert refund.stage == "waiting_for_usage"
    lag = timedelta(seconds=order_of(line).usage_lag_seconds)
    assert lag == timedelta(hours=3)

    refunds.usage_is_known(order_line_id=line.pk, now=LATER + lag)
    refund.refresh_from_db()
    assert refund.stage == "waiting_for_usage"  # the last figure is older than that
    tasks.poll_usage(now=LATER + lag)
    refunds.usage_is_known(order_line_id=line.pk, now=LATER + lag)

    refund.refresh_from_db()
    assert refund.stage == "approved"


# Webhooks and pages -----------------------------------------------------------------------------


def test_a_webhook_only_makes_us_ask_and_its_copy_does_nothing(access, client):
    line = access.a_ready_line()
    order_ref = order_of(line).order_ref
    body = {
        "notifyType": "SMDP_EVENT",
        "notifyId": "n-1",
        "content": {"orderNo": order_ref, "esimTranNo": order_of(line).esim_ref},
    }
    path = "/hooks/suppliers/esim_access"
    assert client.head(path).status_code == 200
    news = [
        client.post(path, body, content_type="application/json").json()["news"] for _ in range(2)
    ]
    access.act(order_of(line).iccid, "install")
    hint = told("supplier.hinted")[0]
    tasks.ask_again(supplier=hint["supplier"], order_line_id=hint["order_line_id"], now=LATER)

    assert news == [1, 0]
    assert esim_queries.facts_of(line.pk).installed_at == LATER
    assert esim_queries.line_page(line.pk, line.order.customer_id).code is None


def notice(line: OrderLine, *names: str, now: datetime) -> int:
    """What anybody may send who knows the number of a card."""
    iccid = order_of(line).iccid
    about = [
        SupplierEvent(event_id=name, kind=EventKind.ESIM_CHANGED, iccid=iccid) for name in names
    ]
    return operations.hear(supplier="esim_access", events=about, is_signed=False, now=now)


def test_a_thousand_unsigned_notices_lead_to_few_askings_and_none_that_matters_is_lost(access):
    line = access.a_ready_line()
    asked = 0
    for minute in range(20):
        at = NOON + timedelta(minutes=minute)
        notice(line, *(f"flood-{minute}-{number}" for number in range(50)), now=at)
        if len(told("supplier.hinted")) > asked:
            asked += 1
            operations.begin_asking(order_line_id=line.pk, now=at)

    assert (asked, SupplierHint.objects.count()) == (HINTS_PER_HOUR, HINTS_PER_HOUR + 1)
    tasks.resume_unfinished(now=NOON + timedelta(minutes=59))
    assert len(told("supplier.hinted")) == asked  # the hour is full, and the last hint is held
    tasks.resume_unfinished(now=NOON + timedelta(hours=1))
    assert len(told("supplier.hinted")) == asked + 1


def test_a_second_notice_is_merged_before_asking_and_asked_about_after_it_began(access):
    line = access.a_ready_line()
    assert [notice(line, name, now=LATER) for name in ("first", "merged")] == [1, 0]
    tasks.ask_again(supplier="esim_access", order_line_id=line.pk, now=LATER)
    access.act(order_of(line).iccid, "install")

    assert notice(line, "second", now=LATER) == 1
    hints = told("supplier.hinted")
    tasks.ask_again(supplier="esim_access", order_line_id=line.pk, now=LATER)

    assert len(hints) == 2
    assert esim_queries.facts_of(line.pk).installed_at == LATER


def test_a_hint_whose_job_is_gone_is_told_again(access):
    line = access.a_ready_line()
    notice(line, "first", now=NOON)

    for minutes in (30, 61):
        tasks.resume_unfinished(now=NOON + timedelta(minutes=minutes))

    assert len(told("supplier.hinted")) == 2


@pytest.mark.parametrize(
    ("supplier", "body", "status"),
    [
        ("nobody", {}, 404),
        ("airalo", {"request_id": "x"}, 401),
        ("esim_access", {"notifyType": "WHO_KNOWS", "content": {}}, 422),
    ],
)
def test_what_is_unknown_unsigned_or_not_understood_is_refused(
    both, client, supplier, body, status
):
    answer = client.post(f"/hooks/suppliers/{supplier}", body, content_type="application/json")

    assert answer.status_code == status
    assert told("supplier.hinted") == []


def ask_act(line: OrderLine, kind: str, *, now: datetime = LATER) -> int:
    """Its owner asks for an act; returns its id."""
    act = esims.ask_act(
        kind=kind,
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        key=uuid4(),
        capabilities=tasks.line_capabilities(line.pk),
        actor="customer",
        now=now,
    )
    return act.pk


def possible(line: OrderLine) -> tuple[str, ...]:
    owner_id = line.order.customer_id
    page, acts = esim_queries.line_page(line.pk, owner_id), esim_queries.acts_of(line.pk, owner_id)
    return esim_queries.acts_on(page, acts, capabilities=tasks.line_capabilities(line.pk))


def test_nothing_is_offered_that_a_supplier_cannot_do(resold):
    line = resold.a_ready_line()
    can_pause = resold.supplier == "esim_access"

    assert possible(line) == (("suspend",) if can_pause else ())
    for kind in ("deactivate", "change_phone", "choose_network", *(() if can_pause else PAUSES)):
        with pytest.raises(NotOffered):
            ask_act(line, kind)


@pytest.mark.parametrize("fault", [None, "error_before_effect", "time_out_after_effect"])
def test_a_resold_esim_is_paused_and_resumed_by_its_supplier(access, fault):
    line = access.a_ready_line()
    for kind, call, effect, stage in (
        ("suspend", "suspend", "suspend", "suspended"),
        ("resume", "unsuspend", "resume", "active"),
    ):
        act_id = ask_act(line, kind)
        if fault:
            access.process.arm(f"access_{call}", fault, seconds=0.1)
            with pytest.raises(GatewayUnreachable):
                tasks.do_act(act_id=act_id, now=LATER)
            tasks.resume_unfinished(now=FAR_LATER)
        else:
            tasks.do_act(act_id=act_id, now=LATER)
        tasks.do_act(act_id=act_id, now=FAR_LATER)

        assert esim_queries.line_state(line.pk).stage == stage
        ref = int(order_of(line).esim_ref)
        assert len(access.process.effects(effect, esim=ref)) == 1
    assert possible(line) == ("suspend",)


def test_what_a_supplier_refuses_to_pause_stays_on(access):
    line = access.a_ready_line()
    access.act(order_of(line).iccid, "expire")
    act_id = ask_act(line, "suspend")

    tasks.do_act(act_id=act_id, now=LATER)

    assert esim_queries.line_state(line.pk).stage == "active"
    (told_act,) = told("line.act_refused")
    assert told_act["reason"] == "200002"


def test_a_paused_resold_esim_is_given_back_all_the_same(access):
    line = access.a_ready_line()
    tasks.do_act(act_id=ask_act(line, "suspend"), now=LATER)

    take_off(line, now=FAR_LATER)

    assert esim_queries.line_state(line.pk).stage == "terminated"


@pytest.mark.parametrize("table", [stages.SUPPLIER_ORDER, stages.SUPPLIER_CLAIM])
def test_every_pair_of_stage_and_move_is_in_the_table_or_refused(table):
    moves = {move for _stage, move in table}
    for stage in stages.stages(table):
        for move in moves:
            if (stage, move) in table:
                assert stages.next_stage(table, stage, move) == table[stage, move]
            else:
                with pytest.raises(stages.MoveNotAllowed):
                    stages.next_stage(table, stage, move)


def test_the_desk_sees_credit_claims_and_losses_and_settles_a_claim(airalo, client):
    line = airalo.a_ready_line()
    take_off(line)
    airalo.credit(0)
    tasks.poll_balances(now=LATER)
    agent = a_colleague(joined_at=NOON)
    assert client.get("/desk/suppliers/").status_code == 302
    client.force_login(User.objects.get(pk=agent))

    page = client.get("/desk/suppliers/").content.decode()
    assert "Our credit at Airalo is low" in page
    assert claim_of(line).claim_ref in page
    path = f"/desk/suppliers/{line.pk}/settle/"
    assert "They refused" not in page
    assert client.post(path, {"answer": "rejected"}).status_code == 403
    client.force_login(given.a_colleague("senior", email="sue@fairroam.example"))
    assert "They refused" in client.get("/desk/suppliers/").content.decode()
    answers = [client.post(path, {"answer": "rejected"}).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert claim_of(line).stage == "rejected"
    assert "They refused" not in client.get("/desk/suppliers/").content.decode()
