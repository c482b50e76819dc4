"""Numbers that are kept: given to whom we know, kept alive, taken along, let go; each act once."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import personal
from fairroam.apps.esims.models import (
    LOST,
    IdentityCheck,
    KeepAlive,
    Keeping,
    Line,
    Number,
    PortOut,
    Profile,
    QualifyingAct,
)
from fairroam.apps.esims.operations import (
    numbers_give,
    numbers_identity,
    numbers_keep,
    numbers_port,
    numbers_renew,
    numbers_stock,
)
from fairroam.apps.esims.operations.numbers_moves import move
from fairroam.apps.esims.queries import numbers
from fairroam.apps.esims.refusals import (
    AlreadyKnown,
    NotAllowedByOperator,
    NotANumber,
    NotYourOwn,
    NumberNotKept,
    TermsMovedOn,
)
from fairroam.apps.esims.tasks.number_mails import announce_renewals, tell_number
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import KeyReused, MoveNotAllowed, NotAmongYours
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders.models import OrderLine
from fairroam.gateways.identity import CheckState, CheckStatus, StartedCheck
from fairroam.gateways.lines import Capabilities, KeptAlive, PortOutCode
from fairroam.rules import BadPack, stages
from fairroam.worker import numbers as worker_numbers
from fairroam.worker.books import find_faults
from tests.apps.lines_given import a_ready_line
from tests.apps.lines_given import use as network_counts
from tests.apps.numbers_given import a_kept_number, a_wish, be_known, number_of, put, use
from tests.given import NOON, a_colleague, a_customer

pytestmark = pytest.mark.usefixtures("catalogue")
DAY = timedelta(days=1)
RULE = "example-mobile-uk"
ABLE = Capabilities(suspends=True, steers=True, keeps_alive=frozenset({"sms_out"}), ports_out=True)
# Given at NOON on 2 November: by the calendar of London lost at the beginning of 2 May.
DEADLINE = NOON.replace(year=2027, month=5, day=1, hour=23)


def told(kind: str) -> list[dict[str, object]]:
    return [event.facts for event in Event.objects.filter(kind=kind).order_by("pk")]


def follow(keeping: Keeping, now) -> Keeping:
    numbers_keep.follow_clock(line_id=keeping.pk, now=now)
    return Keeping.objects.get(pk=keeping.pk)


# Stock -------------------------------------------------------------------------------------------
def test_numbers_come_into_stock_as_e164_and_once():
    texts = ["+44 7700 900555", "+447700900555", "+44 (0)7700 900556", "+447700900123"]

    new = numbers_stock.stock(rule=RULE, numbers=texts, actor="staff:1", now=NOON)

    assert new == 2  # The last one is in the demo's stock.
    stocked = Number.objects.filter(e164__in=["+447700900555", "+447700900556"])
    assert [number.stage for number in stocked] == ["available", "available"]


@pytest.mark.parametrize("text", ["07700 900123", "+44 12", "hello", "", "+4477009001234567890"])
def test_what_cannot_be_a_number_is_refused(text):
    with pytest.raises(NotANumber):
        numbers_stock.stock(rule=RULE, numbers=[text], actor="staff:1", now=NOON)


def test_a_number_needs_an_operator_whose_rule_is_known():
    with pytest.raises(BadPack):
        numbers_stock.stock(rule="nobody", numbers=["+85255512345"], actor="staff:1", now=NOON)


def test_a_number_moves_by_its_table_and_not_otherwise():
    number = Number.objects.order_by("pk").first()
    names = sorted({name for _, name in stages.NUMBER})

    for stage, name in product(sorted(stages.stages(stages.NUMBER)), names):
        put(number, stage)
        allowed = stages.NUMBER.get((stage, name))
        changes = {"disconnected_at": NOON if allowed in LOST else None}
        if allowed is None:
            with pytest.raises(stages.MoveNotAllowed):
                move(number, name, **changes)
        else:
            move(number, name, **changes)
        number.refresh_from_db()
        assert number.stage == (allowed or stage)


# Who may have one --------------------------------------------------------------------------------
@pytest.mark.promise(51)
def test_nobody_unknown_gets_a_number_and_one_who_is_known_gets_it_at_once():
    line = a_wish()
    numbers_give.ask_number(order_line_id=line.pk, now=NOON)
    numbers_give.consider(line_id=line.pk, now=NOON)
    waiting = Keeping.objects.get(pk=line.pk)

    be_known(line.order.customer_id)
    for _ in range(2):
        numbers_give.consider(line_id=line.pk, now=NOON)

    kept = Keeping.objects.get(pk=line.pk)
    assert (waiting.stage, waiting.number) == ("waiting_for_identity", None)
    assert (kept.stage, kept.number.e164, kept.number.stage) == (
        "kept",
        "+447700900100",
        "active",
    )
    assert QualifyingAct.objects.get().kind == "activation"
    assert len(told("number.asked")) == len(told("number.kept")) == 1
    page = numbers.keeping_page(line.pk, line.order.customer_id, now=NOON)
    assert page.number == "+44 7700 900100"
    assert page.forecast.deadline == DEADLINE
    assert not any("447700" in str(event.facts) for event in Event.objects.all())


def test_a_plan_without_a_number_asks_for_none():
    line = a_ready_line()

    numbers_give.ask_number(order_line_id=line.pk, now=NOON)

    assert not numbers.has_keeping(line.pk)
    with pytest.raises(NotAmongYours):
        numbers.keeping_page(line.pk, line.order.customer_id, now=NOON)


@pytest.mark.parametrize(
    ("days_between", "reasons"),
    [
        (2, ["", "", "cap"]),
        (0, ["", "soon_again", ""]),
    ],
)
def test_a_person_has_few_numbers_whatever_the_account(days_between, reasons):
    seen = []
    for index, reason in enumerate(reasons):
        now = NOON + days_between * index * DAY
        line = a_wish(f"vera{index}@example.com", now=now)
        be_known(line.order.customer_id, person="vera" if reason or index < 2 else "otto")
        numbers_give.consider(line_id=line.pk, now=now)
        seen.append(Keeping.objects.get(pk=line.pk).review_reason)

    assert seen == reasons
    (waiting,) = numbers.waiting_numbers()
    assert waiting.reason == next(filter(None, reasons))
    assert waiting.numbers_of_person == reasons.index(waiting.reason)


def test_many_at_once_go_to_a_person(monkeypatch):
    monkeypatch.setattr(numbers_give, "BURST_MAX", 3)
    keepings = [a_kept_number(f"one{index}@example.com") for index in range(4)]

    assert [keeping.stage for keeping in keepings] == ["kept"] * 3 + ["under_review"]
    later = a_kept_number("later@example.com", now=NOON + timedelta(hours=2))
    assert later.stage == "kept"


def test_an_empty_stock_waits_for_a_person():
    Number.objects.all().delete()
    keeping = a_kept_number()

    granted = numbers_give.decide_number(
        line_id=keeping.pk, staff_user_id=1, is_allowed=True, now=NOON
    )

    assert (keeping.review_reason, granted) == ("no_number", False)
    numbers_stock.stock(rule=RULE, numbers=["+447700900901"], actor="staff:1", now=NOON)
    assert numbers_give.decide_number(
        line_id=keeping.pk, staff_user_id=1, is_allowed=True, now=NOON
    )
    keeping.refresh_from_db()
    assert (keeping.stage, keeping.number.e164) == ("kept", "+447700900901")


def test_a_refused_wish_takes_the_line_off_so_that_its_money_goes_back():
    Number.objects.all().delete()
    keeping = a_kept_number()

    numbers_give.decide_number(line_id=keeping.pk, staff_user_id=1, is_allowed=False, now=NOON)

    keeping.refresh_from_db()
    assert (keeping.stage, keeping.is_live) == ("refused", None)
    assert Line.objects.get(pk=keeping.pk).stage == "terminating"
    assert numbers.refused_line(keeping.pk)
    with pytest.raises(MoveNotAllowed):
        numbers_give.decide_number(line_id=keeping.pk, staff_user_id=1, is_allowed=True, now=NOON)


# Who somebody is ---------------------------------------------------------------------------------
def state_of(check: IdentityCheck, status: str, person: str = "") -> CheckState:
    return CheckState(
        check_ref="chk_1", key=check.key, status=CheckStatus(status), person_ref=person
    )


def asked(customer: Customer, *, by_person: bool = False) -> IdentityCheck:
    return numbers_identity.ask_check(
        customer_id=customer.pk, key=uuid4(), by_person=by_person, now=NOON
    )


def started(customer: Customer) -> IdentityCheck:
    check = asked(customer)
    page = StartedCheck(check_ref="chk_1", page_url="https://provider.example/chk_1")
    numbers_identity.record_started(check_id=check.pk, started=page, now=NOON)
    check.refresh_from_db()
    return check


def test_a_form_sent_again_after_its_check_is_over_begins_nothing():
    check = started(a_customer())
    numbers_identity.hear_check(state=state_of(check, "refused"), now=NOON)
    again = {"key": check.key, "by_person": False, "now": NOON}

    same = numbers_identity.ask_check(customer_id=check.customer_id, **again)

    assert (same.pk, same.stage, IdentityCheck.objects.count()) == (check.pk, "refused", 1)
    with pytest.raises(KeyReused):
        numbers_identity.ask_check(customer_id=a_customer("bob@example.com").pk, **again)


@pytest.mark.parametrize(
    ("status", "person", "stage"),
    [
        ("verified", "vera", "verified"),
        ("verified", "", "with_a_person"),  # somebody, but nobody in particular
        ("refused", "", "refused"),
        ("expired", "", "expired"),
        ("unsure", "", "with_a_person"),
        ("pending", "", "started"),
    ],
)
def test_what_the_provider_says_is_applied_once(status, person, stage):
    check = started(a_customer())
    assert check.page_url

    outcomes = [
        numbers_identity.hear_check(state=state_of(check, status, person), now=NOON)
        for _ in range(2)
    ]

    check.refresh_from_db()
    assert check.stage == stage
    assert outcomes == ["ignored" if status == "pending" else "applied", "ignored"]
    assert bool(check.person_sha256) == (stage == "verified")
    assert "vera" not in check.person_sha256
    assert bool(check.page_url) == (stage == "started")


def test_a_notice_may_come_before_the_answer_and_an_end_stays():
    check = asked(a_customer())
    numbers_identity.hear_check(state=state_of(check, "verified", "vera"), now=NOON)
    numbers_identity.hear_check(state=state_of(check, "refused"), now=NOON)
    page = StartedCheck(check_ref="chk_1", page_url="https://provider.example/chk_1")

    numbers_identity.record_started(check_id=check.pk, started=page, now=NOON)

    check.refresh_from_db()
    assert (check.stage, check.page_url) == ("verified", "")


def test_a_check_that_nobody_knows_changes_nothing():
    check = started(a_customer())
    stranger = CheckState(check_ref="chk_1", key=uuid4(), status=CheckStatus.VERIFIED)
    other_ref = CheckState(
        check_ref="chk_2", key=check.key, status=CheckStatus.VERIFIED, person_ref="vera"
    )

    assert numbers_identity.hear_check(state=stranger, now=NOON) == "unknown"
    assert numbers_identity.hear_check(state=other_ref, now=NOON) == "unknown"
    check.refresh_from_db()
    assert check.stage == "started"


def test_one_check_at_a_time_which_a_person_may_take_over():
    customer = a_customer()
    check = started(customer)

    assert asked(customer) == check
    handed_over = asked(customer, by_person=True)

    assert (handed_over.pk, handed_over.stage, handed_over.page_url) == (
        check.pk,
        "with_a_person",
        "",
    )
    assert [waiting.check_id for waiting in numbers.waiting_checks()] == [check.pk]
    # What the provider says now is no longer asked for.
    late = state_of(check, "verified", "vera")
    assert numbers_identity.hear_check(state=late, now=NOON) == "ignored"


def test_a_person_checks_a_person_but_never_themselves():
    customer = a_customer()
    check = asked(customer, by_person=True)
    agent = a_colleague()

    def decide(staff_user_id: int) -> None:
        numbers_identity.decide_by_person(
            check_id=check.pk,
            staff_user_id=staff_user_id,
            document="GB 123 456",
            is_right=True,
            now=NOON,
        )

    with pytest.raises(NotYourOwn):
        decide(customer.user_id)
    decide(agent.pk)

    check.refresh_from_db()
    assert (check.stage, check.decided_by) == ("verified", f"staff:{agent.pk}")
    assert check.person_sha256 == numbers_identity.person_sha256("document:GB123456")
    assert "123456" not in str(list(IdentityCheck.objects.values()))
    with pytest.raises(AlreadyKnown):
        asked(customer)
    with pytest.raises(MoveNotAllowed):
        decide(agent.pk)
    with pytest.raises(NotAmongYours):
        numbers_identity.decide_by_person(
            check_id=0, staff_user_id=agent.pk, document="x", is_right=True, now=NOON
        )


def test_a_forgotten_check_expires_with_its_page():
    check = started(a_customer())

    early = numbers_identity.expire_checks(now=NOON + 7 * DAY)
    late = numbers_identity.expire_checks(now=NOON + 8 * DAY)

    check.refresh_from_db()
    assert (early, late, check.stage, check.page_url) == (0, 1, "expired", "")
    assert asked(a_customer()).pk != check.pk


# The clock ---------------------------------------------------------------------------------------
@pytest.mark.promise(51)
def test_each_warning_is_told_once_and_slept_through_ones_are_not_made_up_for():
    keeping = a_kept_number()
    days_before = (61, 60, 60, 45, 13, 12, 3, 2, 1, 1)

    for days in days_before:
        keeping = follow(keeping, DEADLINE - days * DAY)

    assert [facts["days"] for facts in told("number.warned")] == [60, 14, 3, 1]
    assert number_of(keeping).stage == "inactive_warned"


@pytest.mark.promise(51)
def test_a_use_saves_the_number_and_starts_the_warnings_anew():
    keeping = a_kept_number()
    follow(keeping, DEADLINE - 3 * DAY)

    is_new = [
        numbers_keep.record_use(
            line_id=keeping.pk,
            kind="data_session",
            happened_at=DEADLINE - 2 * DAY,
            source="network",
            ref="rec_1",
            now=DEADLINE - DAY,
        )
        for _ in range(2)
    ]

    assert is_new == [True, False]
    assert number_of(keeping).stage == "active"
    page = numbers.keeping_page(keeping.pk, keeping.customer_id, now=DEADLINE - DAY)
    assert page.forecast.deadline > DEADLINE + 180 * DAY
    assert [(act.kind, act.counts) for act in page.acts] == [
        ("data_session", True),
        ("activation", True),
    ]
    follow(keeping, page.forecast.deadline - 60 * DAY)
    assert [facts["days"] for facts in told("number.warned")] == [3, 60]


def test_what_the_operator_does_not_count_saves_nothing():
    keeping = a_kept_number()
    follow(keeping, DEADLINE - 3 * DAY)

    numbers_keep.record_use(
        line_id=keeping.pk,
        kind="sms_in",
        happened_at=DEADLINE - 2 * DAY,
        source="network",
        ref="rec_1",
        now=DEADLINE - 2 * DAY,
    )

    assert number_of(keeping).stage == "inactive_warned"


def test_the_meters_tell_of_data_and_messages_and_a_call_proves_nothing():
    keeping = a_kept_number()
    line = OrderLine.objects.get(pk=keeping.pk)
    for days, kind in ((1, "data"), (3, "sms"), (2, "sms"), (4, "voice")):
        network_counts(line, 1, kind=kind, at=NOON + days * DAY)

    for _ in range(2):
        worker_numbers.record_uses(now=NOON + 5 * DAY)

    page = numbers.keeping_page(keeping.pk, keeping.customer_id, now=NOON + 5 * DAY)
    assert [(act.kind, act.happened_at, act.source) for act in page.acts] == [
        ("sms_out", NOON + 3 * DAY, "network"),
        ("data_session", NOON + DAY, "network"),
        ("activation", NOON, "us"),
    ]


def test_a_use_counts_however_long_the_name_is_that_its_network_gave_it():
    keeping = a_kept_number()
    network_counts(
        OrderLine.objects.get(pk=keeping.pk), 1, kind="sms", at=NOON + DAY, record_id="r" * 200
    )

    for _ in range(2):
        worker_numbers.record_uses(now=NOON + 2 * DAY)

    page = numbers.keeping_page(keeping.pk, keeping.customer_id, now=NOON + 2 * DAY)
    assert [act.kind for act in page.acts] == ["sms_out", "activation"]


def test_a_use_that_a_wrong_clock_dates_years_ahead_hides_no_later_one():
    keeping = a_kept_number()
    line = OrderLine.objects.get(pk=keeping.pk)
    network_counts(line, 1, kind="sms", at=NOON + 900 * DAY, told_at=NOON + DAY)
    worker_numbers.record_uses(now=NOON + DAY)

    network_counts(line, 1, kind="sms", at=NOON + 90 * DAY)
    worker_numbers.record_uses(now=NOON + 91 * DAY)

    page = numbers.keeping_page(keeping.pk, keeping.customer_id, now=NOON + 91 * DAY)
    assert page.forecast.last_qualifying.happened_at == NOON + 90 * DAY


@pytest.mark.promise(51)
def test_an_unused_number_passes_through_grace_into_quarantine_and_to_somebody_else():
    keeping = a_kept_number()
    e164 = number_of(keeping).e164

    follow(keeping, DEADLINE)
    in_grace = number_of(keeping).stage
    page = numbers.keeping_page(keeping.pk, keeping.customer_id, now=DEADLINE)
    follow(keeping, page.forecast.grace_until + 2 * DAY)
    late_records_may_come = number_of(keeping).stage
    lost_at = page.forecast.grace_until + 3 * DAY
    keeping = follow(keeping, lost_at)
    number = number_of(keeping)

    assert (in_grace, late_records_may_come) == ("grace", "grace")
    assert (keeping.stage, keeping.is_live) == ("ended", None)
    assert (number.stage, number.disconnected_at) == ("quarantined", lost_at)
    assert number.disconnect_reason == "not_used"
    assert timedelta(days=90) < number.quarantine_until - lost_at <= timedelta(days=91)
    assert [len(told(kind)) for kind in ("number.in_grace", "number.lost")] == [1, 1]
    # In quarantine nobody gets these digits; after it they are another number, of another person.
    assert numbers_stock.recycle(now=number.quarantine_until - DAY) == 0
    assert numbers_stock.recycle(now=number.quarantine_until) == 1
    numbers_stock.stock(rule=RULE, numbers=[e164], actor="staff:1", now=NOON)
    again = Number.objects.get(e164=e164, stage="available")
    assert again.pk != number.pk
    assert Line.objects.get(pk=keeping.pk).stage == "active"  # The line is not the number.


def test_a_use_in_grace_that_the_network_tells_late_saves_the_number():
    keeping = a_kept_number()
    follow(keeping, DEADLINE)

    numbers_keep.record_use(
        line_id=keeping.pk,
        kind="sms_out",
        happened_at=DEADLINE - timedelta(hours=1),
        source="network",
        ref="rec_1",
        now=DEADLINE + 2 * DAY,
    )

    assert number_of(keeping).stage == "active"


# The automatic act -------------------------------------------------------------------------------
def agree(keeping: Keeping, *, rule: str = f"{RULE}@1", now=NOON) -> None:
    numbers_keep.agree_automatic(
        line_id=keeping.pk, customer_id=keeping.customer_id, rule=rule, now=now
    )


def paid(keeping: Keeping, until) -> None:
    numbers_renew.record_period(order_line_id=keeping.pk, ends_at=until, now=NOON)


@pytest.mark.promise(51)
def test_an_agreed_act_is_done_once_before_the_deadline_and_starts_the_clock_anew():
    keeping = a_kept_number()
    agree(keeping)
    paid(keeping, DEADLINE + 30 * DAY)

    for days in (60, 30, 22):
        follow(keeping, DEADLINE - days * DAY)
    assert KeepAlive.objects.count() == 0
    for _ in range(2):
        follow(keeping, DEADLINE - 21 * DAY)
    act = KeepAlive.objects.get()
    wanted = numbers.wanted_keep_alive(act.pk)
    done_at = DEADLINE - 20 * DAY
    for _ in range(2):
        numbers_keep.record_keep_alive(
            keep_alive_id=act.pk,
            kept=KeptAlive(act="sms_out", happened_at=done_at, ref="act_1"),
            now=done_at,
        )

    iccid = Profile.objects.get(line_id=keeping.pk).iccid
    assert (wanted.iccid, wanted.key, wanted.act) == (iccid, act.key, "sms_out")
    assert numbers.wanted_keep_alive(act.pk) is None
    assert told("number.warned") == []  # Nobody is troubled with what is done for them.
    assert [len(told(kind)) for kind in ("keep_alive.asked", "keep_alive.done")] == [1, 1]
    page = numbers.keeping_page(keeping.pk, keeping.customer_id, now=done_at)
    assert page.forecast.last_qualifying.happened_at == done_at


def test_a_failed_act_is_told_and_the_last_warnings_come():
    keeping = a_kept_number()
    agree(keeping)
    paid(keeping, DEADLINE + 30 * DAY)
    follow(keeping, DEADLINE - 21 * DAY)
    act = KeepAlive.objects.get()

    for _ in range(2):
        numbers_keep.refuse_keep_alive(
            keep_alive_id=act.pk, reason="line_suspended", now=DEADLINE - 21 * DAY
        )
    for days in (20, 14, 3):
        follow(keeping, DEADLINE - days * DAY)

    assert KeepAlive.objects.get().stage == "refused"
    assert len(told("keep_alive.refused")) == 1
    assert [facts["days"] for facts in told("number.warned")] == [30, 14, 3]


@pytest.mark.parametrize("agreed", [False, True])
def test_without_consent_or_without_a_paid_plan_nothing_is_done(agreed):
    keeping = a_kept_number()  # paid for 90 days, and the deadline is later
    if agreed:
        agree(keeping)

    follow(keeping, DEADLINE - 14 * DAY)

    assert KeepAlive.objects.count() == 0
    assert [facts["days"] for facts in told("number.warned")] == [14]


def test_consent_is_to_one_price_and_can_be_taken_back():
    keeping = a_kept_number(now=NOON.replace(year=2027, month=3))
    paid(keeping, NOON.replace(year=2028))
    with pytest.raises(TermsMovedOn):
        agree(keeping, rule=f"{RULE}@2", now=NOON.replace(year=2027, month=3))
    agree(keeping, now=NOON.replace(year=2027, month=3))
    before = numbers.keeping_page(
        keeping.pk, keeping.customer_id, now=NOON.replace(year=2027, month=6)
    )
    after = numbers.keeping_page(
        keeping.pk, keeping.customer_id, now=NOON.replace(year=2027, month=7)
    )

    # From July 2027 on the operator takes more: nothing is done until that is agreed to.
    assert (before.is_automatic, before.automatic.cost_minor) == (True, 30)
    assert (after.is_automatic, after.automatic.cost_minor) == (False, 35)
    agree(keeping, rule=f"{RULE}@2", now=NOON.replace(year=2027, month=7))
    for _ in range(2):
        numbers_keep.stop_automatic(
            line_id=keeping.pk, customer_id=keeping.customer_id, now=NOON.replace(year=2027)
        )
    assert len(told("keep_alive.stopped")) == 1
    assert not numbers.is_automatic(Keeping.objects.get(pk=keeping.pk), after.rule)


def test_where_the_terms_do_not_allow_it_nothing_is_agreed():
    keeping = a_kept_number()
    Keeping.objects.filter(pk=keeping.pk).update(rule="giffgaff-uk")

    with pytest.raises(NotAllowedByOperator):
        agree(keeping, rule="giffgaff-uk@1")
    stranger = a_customer("eve@example.com")
    with pytest.raises(NotAmongYours):
        numbers_keep.agree_automatic(
            line_id=keeping.pk, customer_id=stranger.pk, rule=f"{RULE}@1", now=NOON
        )
    waiting = a_wish("ben@example.com")
    with pytest.raises(NumberNotKept):
        numbers_keep.agree_automatic(
            line_id=waiting.pk, customer_id=waiting.order.customer_id, rule=f"{RULE}@1", now=NOON
        )


# Taking it along ---------------------------------------------------------------------------------
def ask_port_out(keeping: Keeping, *, key=None, able: Capabilities = ABLE, now=NOON) -> PortOut:
    return numbers_port.ask_port_out(
        line_id=keeping.pk,
        customer_id=keeping.customer_id,
        key=key or uuid4(),
        capabilities=able,
        now=now,
    )


def with_code(keeping: Keeping, *, now=NOON) -> PortOut:
    port_out = ask_port_out(keeping, now=now)
    issued = PortOutCode(code="EXM123456", expires_at=now + 30 * DAY)
    numbers_port.record_code(port_out_id=port_out.pk, issued=issued, now=now)
    return PortOut.objects.get(pk=port_out.pk)


@pytest.mark.promise(51)
def test_a_number_leaves_with_its_code_and_its_owner():
    keeping = a_kept_number()
    key = uuid4()
    first, again = ask_port_out(keeping, key=key), ask_port_out(keeping, key=key)
    assert first == again == ask_port_out(keeping)
    assert number_of(keeping).stage == "port_out_pending"
    port_out = with_code(keeping)
    assert numbers.port_out_code_of(keeping.pk, keeping.customer_id) == "EXM123456"
    assert numbers.issued_port_outs() == [
        (keeping.pk, Profile.objects.get(line_id=keeping.pk).iccid)
    ]

    for _ in range(2):
        numbers_port.record_ported_out(line_id=keeping.pk, now=NOON + DAY)

    port_out.refresh_from_db()
    keeping.refresh_from_db()
    assert (port_out.stage, port_out.code) == ("used", "")
    assert (keeping.stage, number_of(keeping).stage) == ("ended", "ported_out")
    assert Line.objects.get(pk=keeping.pk).stage == "terminating"
    assert len(told("number.ported_out")) == 1
    assert not any("EXM" in str(event.facts) for event in Event.objects.all())


def test_nobody_else_sees_the_code_and_nobody_after_its_time():
    keeping = a_kept_number()
    port_out = with_code(keeping)
    stranger = a_customer("eve@example.com")
    with pytest.raises(NotAmongYours):
        numbers.port_out_code_of(keeping.pk, stranger.pk)
    with pytest.raises(NotAmongYours):
        numbers_port.note_shown(line_id=keeping.pk, customer_id=stranger.pk, now=NOON)

    early = numbers_port.expire_codes(now=NOON + 29 * DAY)
    late = numbers_port.expire_codes(now=NOON + 30 * DAY)

    port_out.refresh_from_db()
    assert (early, late, port_out.stage, port_out.code) == (0, 1, "expired", "")
    assert number_of(keeping).stage == "active"
    with pytest.raises(NotAmongYours):
        numbers.port_out_code_of(keeping.pk, keeping.customer_id)
    assert ask_port_out(keeping).pk != port_out.pk


def test_a_refused_code_leaves_the_number_where_it_was():
    keeping = a_kept_number()
    port_out = ask_port_out(keeping)

    numbers_port.refuse_code(port_out_id=port_out.pk, reason="line_ended", now=NOON)

    port_out.refresh_from_db()
    assert (port_out.stage, port_out.is_live, number_of(keeping).stage) == (
        "refused",
        None,
        "active",
    )


def test_the_clock_runs_on_while_a_code_is_out():
    keeping = a_kept_number()
    with_code(keeping, now=DEADLINE - 10 * DAY)

    follow(keeping, DEADLINE - 3 * DAY)

    assert number_of(keeping).stage == "port_out_pending"
    assert [facts["days"] for facts in told("number.warned")][-1] == 3


def test_only_a_kept_number_of_an_able_network_gets_a_code():
    keeping = a_kept_number()
    with pytest.raises(NotAllowedByOperator):
        ask_port_out(keeping, able=Capabilities(suspends=True, steers=True))
    waiting = Keeping.objects.get(pk=a_wish("ben@example.com").pk)
    with pytest.raises(NumberNotKept):
        ask_port_out(waiting)
    key = uuid4()
    ask_port_out(keeping, key=key)
    with pytest.raises(NotAmongYours):
        numbers_port.ask_port_out(
            line_id=waiting.pk,
            customer_id=keeping.customer_id,
            key=uuid4(),
            capabilities=ABLE,
            now=NOON,
        )
    with pytest.raises(KeyReused):
        numbers_port.ask_port_out(
            line_id=waiting.pk,
            customer_id=keeping.customer_id,
            key=key,
            capabilities=ABLE,
            now=NOON,
        )


# The end, and what is kept of it -----------------------------------------------------------------
def test_an_ended_line_lets_its_number_go_and_all_that_was_under_way():
    keeping = a_kept_number()
    agree(keeping)
    paid(keeping, DEADLINE + 30 * DAY)
    with_code(keeping, now=DEADLINE - 22 * DAY)
    follow(keeping, DEADLINE - 21 * DAY)

    esims.take_off(order_line_id=keeping.pk, now=DEADLINE - 20 * DAY)
    for _ in range(2):
        esims.record_cancelled(order_line_id=keeping.pk, now=DEADLINE - 20 * DAY)

    keeping.refresh_from_db()
    number = number_of(keeping)
    assert (keeping.stage, keeping.is_live) == ("ended", None)
    assert (number.stage, number.disconnect_reason) == ("quarantined", "line_ended")
    assert PortOut.objects.get().stage == "ended"
    assert PortOut.objects.get().code == ""
    assert KeepAlive.objects.get().stage == "overtaken"
    assert len(told("number.let_go")) == 1
    numbers_keep.follow_clock(line_id=keeping.pk, now=DEADLINE)
    assert told("number.lost") == []


def test_after_erasure_the_record_of_the_number_stays_and_names_nobody():
    keeping = a_kept_number()
    number = number_of(keeping)
    esims.take_off(order_line_id=keeping.pk, now=NOON)
    esims.record_cancelled(order_line_id=keeping.pk, now=NOON)
    assert personal.remains(keeping.customer_id) > 0

    erased = personal.erase(keeping.customer_id)

    assert erased["esims_keeping.number_id"] == 1
    assert erased["esims_identitycheck.person_sha256"] == 1
    assert personal.remains(keeping.customer_id) == 0
    number.refresh_from_db()
    assert (number.stage, number.disconnected_at) == ("quarantined", NOON)
    assert Keeping.objects.get().number is None
    assert numbers_give.person_of(keeping.customer_id) == ""


def test_the_database_holds_one_number_on_one_live_line_of_an_open_account():
    keeping = a_kept_number()
    other = Keeping.objects.get(pk=a_wish("ben@example.com").pk)

    with pytest.raises(IntegrityError), transaction.atomic():
        Keeping.objects.filter(pk=other.pk).update(number=keeping.number)
    with pytest.raises(IntegrityError), transaction.atomic():
        Number.objects.create(e164=keeping.number.e164, rule=RULE, stocked_at=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Number.objects.create(e164="07700900999", rule=RULE, stocked_at=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Keeping.objects.filter(pk=keeping.pk).update(is_live=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.filter(pk=keeping.customer_id).update(is_open=False, closed_at=NOON)


def test_two_lines_may_have_had_the_same_digits_one_after_the_other():
    first = a_kept_number()
    number = number_of(first)
    follow(first, DEADLINE + 60 * DAY)
    numbers_stock.recycle(now=DEADLINE + 365 * DAY)
    Number.objects.filter(stage="available").delete()
    numbers_stock.stock(rule=RULE, numbers=[number.e164], actor="staff:1", now=NOON)

    second = a_kept_number("ben@example.com")

    assert second.number.e164 == number.e164
    assert second.number.pk != number.pk
    history = numbers.keeping_page(second.pk, second.customer_id, now=NOON).acts
    assert [act.kind for act in history] == ["activation"]  # Nothing of the former owner's.


# Renewal -----------------------------------------------------------------------------------------
@pytest.mark.promise(51)
def test_a_renewal_is_announced_once_a_period_and_one_button_stops_it():
    keeping = a_kept_number()
    ends_at = keeping.paid_until or NOON + 90 * DAY

    for days in (22, 21, 20, 1):
        announce_renewals(now=ends_at - days * DAY)
    first = [notice.subject for notice in Notice.objects.filter(kind="esims.number_renewal")]
    paid(keeping, ends_at + 90 * DAY)
    numbers_renew.choose_renewal(
        line_id=keeping.pk, customer_id=keeping.customer_id, renews=False, now=NOON
    )
    announce_renewals(now=ends_at + 80 * DAY)
    stopped = Notice.objects.filter(kind="esims.number_renewal").count()
    numbers_renew.choose_renewal(
        line_id=keeping.pk, customer_id=keeping.customer_id, renews=True, now=NOON
    )
    announce_renewals(now=ends_at + 80 * DAY)

    assert first == ["Your number is paid for until Sun 31 January 2027, 13:00, Berlin time"]
    assert stopped == 1
    notices = Notice.objects.filter(kind="esims.number_renewal").order_by("pk")
    assert [notice.act.rpartition(":")[2] for notice in notices] == ["2027-01-31", "2027-05-01"]
    assert "€6.00" in notices[0].text


# What is told ------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_every_mail_can_be_written_and_none_holds_number_or_code(language):
    keeping = a_kept_number()
    Customer.objects.update(language=language)
    with_code(keeping)
    agree(keeping)
    use(keeping, NOON)
    facts = {"line_id": keeping.pk, "days": 14}
    living = ("number.kept", "number.warned", "number.in_grace", "keep_alive.done")
    living += ("keep_alive.refused", "port_out.issued", "port_out.refused")
    ending = ("number.review_needed", "number.refused", "number.lost", "number.ported_out")

    for event_id, kind in enumerate((*living, *ending)):
        for _ in range(2):
            tell_number(kind=kind, facts=facts, event_id=event_id, now=NOON)

    notices = Notice.objects.filter(kind__startswith="esims.number")
    assert notices.count() == len(living) + len(ending)
    for notice in notices:
        assert notice.subject
        assert "900100" not in notice.text + notice.subject
        assert "EXM123456" not in notice.text + notice.subject
    assert ("14 days" in notices.get(kind="esims.number_warning").subject) == (language == "en")


def test_who_is_known_already_is_not_asked_again_and_the_gone_are_not_warned():
    line = a_wish()
    facts = {"line_id": line.pk, "days": 3}
    be_known(line.order.customer_id)

    tell_number(kind="number.asked", facts=facts, event_id=1, now=NOON)
    tell_number(kind="number.warned", facts=facts, event_id=2, now=NOON)

    assert Notice.objects.filter(kind__startswith="esims.number").count() == 0


def test_the_books_see_no_fault_until_there_is_one():
    keeping = a_kept_number()
    other = a_kept_number("ben@example.com", now=NOON + 2 * DAY)
    follow(other, DEADLINE + 60 * DAY)
    sound = list(find_faults())

    put(number_of(keeping), "grace")
    IdentityCheck.objects.filter(customer=keeping.customer).delete()
    Keeping.objects.filter(pk=other.pk).update(stage="kept", is_live=True)

    assert sound == []
    assert sorted(find_faults()) == [
        f"esims: customer {keeping.customer_id} has a number and is not known to us",
        f"esims: line {other.pk} keeps a number that is lost, gone or free",
    ]
