"""Who stands at the desk, up to how much each may decide, and when two are two."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from fairroam.apps.customers import operations, queries
from fairroam.apps.customers.models import StaffLimit, StaffMember, User
from fairroam.apps.customers.operations import inviting
from fairroam.apps.customers.refusals import (
    FourEyes,
    InvitationEnded,
    LastOperator,
    NotAllowed,
    StaffAlready,
    StaffLeaving,
)
from fairroam.apps.esims.operations import numbers_identity
from fairroam.apps.esims.refusals import NotYourOwn
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from tests.given import NOON, a_colleague, a_customer

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


def staff_id(user: User) -> int:
    row = queries.staff_member(user.pk)
    assert row is not None
    return row.staff_id


@pytest.mark.parametrize("currency", ["EUR", "USD", "GBP", "CNY", "HKD", "JPY", "KWD"])
def test_limits_rise_with_the_role_and_nobody_decides_alone_in_an_unknown_currency(currency):
    limits = [queries.limit(role, currency) for role in ("rules", "agent", "senior", "operator")]

    assert 0 < limits[0] < limits[1] < limits[2] < limits[3]
    assert queries.limit("operator", "XAU") == 0
    assert queries.limit("cleaner", currency) == 0


def test_who_is_hired_is_found_by_the_login_until_the_end():
    boss, max_ = a_colleague("operator", email="olga@example.com"), a_colleague()
    row = queries.staff_member(max_.pk)
    assert row is not None
    assert (row.role, row.user_id) == ("agent", max_.pk)

    operations.end_staff(staff_id=row.staff_id, by=staff_id(boss), now=LATER)

    assert queries.staff_member(max_.pk) is None
    max_.refresh_from_db()
    assert not max_.is_staff
    assert queries.staff_member(a_customer().user_id) is None
    assert list(queries.find_faults()) == []
    kinds = Event.objects.filter(kind__startswith="staff.").values_list("kind", "actor")
    assert list(kinds.order_by("pk")) == [
        ("staff.joined", "system"),
        ("staff.joined", "system"),
        ("staff.ended", f"staff:{boss.pk}"),
    ]


def test_who_comes_back_is_the_same_person():
    boss, max_ = a_colleague("operator", email="olga@example.com"), a_colleague()
    before = queries.staff_member(max_.pk)
    assert before is not None
    operations.end_staff(staff_id=before.staff_id, by=staff_id(boss), now=LATER)

    operations.hire(email="MAX@example.com", role="senior", now=LATER)

    after = queries.staff_member(max_.pk)
    assert after is not None
    assert (after.person_id, after.role) == (before.person_id, "senior")
    assert StaffMember.objects.count() == 3


def test_two_logins_of_one_human_are_one_pair_of_eyes():
    nora, olga = a_colleague("senior", email="nora@example.com"), a_colleague(email="o@example.com")
    row = queries.staff_member(nora.pk)
    assert row is not None
    second = a_colleague("operator", email="nora2@example.com", person_id=row.person_id)

    assert queries.same_person(nora.pk, second.pk)
    assert queries.same_person(nora.pk, nora.pk)
    assert not queries.same_person(nora.pk, olga.pk)
    assert not queries.same_person(nora.pk, a_customer().user_id)
    assert queries.same_person(a_customer("Nora2+trips@example.com").user_id, nora.pk)


def test_nobody_is_hired_twice_nor_while_their_account_closes():
    a_colleague()
    leaver = a_customer()
    operations.begin_leaving(customer_id=leaver.pk, now=NOON)

    with pytest.raises(StaffAlready):
        operations.hire(email="max@example.com", role="operator", now=LATER)
    with pytest.raises(StaffLeaving):
        operations.hire(email="ada@example.com", role="agent", now=LATER)
    assert StaffMember.objects.get().role == "agent"


def test_only_operators_change_the_team_and_none_takes_the_last_one_away():
    boss, max_ = a_colleague("operator", email="olga@example.com"), a_colleague()
    by_max = {"by": staff_id(max_), "now": LATER}
    by_boss = {"by": staff_id(boss), "now": LATER}

    with pytest.raises(NotAllowed):
        operations.end_staff(staff_id=staff_id(boss), **by_max)
    with pytest.raises(NotAllowed):
        operations.change_role(staff_id=staff_id(max_), role="operator", **by_max)
    with pytest.raises(LastOperator):
        operations.end_staff(staff_id=staff_id(boss), **by_boss)
    with pytest.raises(FourEyes):
        operations.change_role(staff_id=staff_id(boss), role="senior", **by_boss)
    with pytest.raises(NotAmongYours):
        operations.end_staff(staff_id=0, **by_boss)
    operations.change_role(staff_id=staff_id(max_), role="senior", **by_boss)

    assert queries.staff_member(max_.pk).role == "senior"


def test_a_new_limit_counts_at_once_unless_it_helps_who_sets_it():
    olga = a_colleague("operator", email="olga@example.com")
    otto = a_colleague("operator", email="otto@example.com")
    row = queries.staff_member(olga.pk)
    assert row is not None
    olga_again = a_colleague("operator", email="olga2@example.com", person_id=row.person_id)
    by_olga = {"by": staff_id(olga), "now": LATER}
    before = queries.limit("operator", "EUR")

    operations.set_limit(role="agent", currency="EUR", single_minor=30_000, **by_olga)
    operations.set_limit(role="operator", currency="EUR", single_minor=before - 1, **by_olga)
    rise = operations.set_limit(role="operator", currency="EUR", single_minor=before, **by_olga)
    rules = operations.set_limit(role="rules", currency="EUR", single_minor=20_000, **by_olga)

    assert queries.limit("agent", "EUR") == 30_000
    assert queries.limit("operator", "EUR") == before - 1
    assert queries.limit("rules", "EUR") == 10_000
    for same in (olga, olga_again):
        with pytest.raises(FourEyes):
            operations.confirm_limit(limit_id=rise.pk, by=staff_id(same), now=LATER)
    operations.confirm_limit(limit_id=rise.pk, by=staff_id(otto), now=LATER)
    operations.confirm_limit(limit_id=rules.pk, by=staff_id(otto), now=LATER)
    with pytest.raises(MoveNotAllowed):
        operations.confirm_limit(limit_id=rise.pk, by=staff_id(otto), now=LATER)
    assert queries.limit("operator", "EUR") == before
    assert queries.limit("rules", "EUR") == 20_000
    with pytest.raises(NotAllowed):
        operations.set_limit(
            role="agent", currency="EUR", single_minor=1, by=staff_id(a_colleague()), now=LATER
        )


def test_the_database_too_wants_two_persons():
    olga = queries.staff_member(a_colleague("operator").pk)
    assert olga is not None

    with pytest.raises(IntegrityError, match="two_persons"), transaction.atomic():
        StaffLimit.objects.create(
            role="rules",
            currency="EUR",
            single_minor=1,
            set_by_id=olga.staff_id,
            set_by_person_id=olga.person_id,
            confirmed_by_person_id=olga.person_id,
            set_at=NOON,
            counts_from=NOON,
        )


def test_an_invitation_that_nobody_took_up_keeps_no_address():
    """It would keep its owner, as a customer, from leaving with a certificate."""
    boss = a_colleague("operator", email="olga@example.com")
    invitation, token = inviting.invite(
        email="ada@example.com", role="agent", by=staff_id(boss), now=NOON
    )
    end = NOON + inviting.OPEN_FOR

    assert inviting.end_expired(now=end - timedelta(seconds=1)) == 0
    assert [inviting.end_expired(now=end) for _ in range(2)] == [1, 0]

    invitation.refresh_from_db()
    assert (invitation.email, invitation.ended_at) == ("", end)
    with pytest.raises(InvitationEnded):
        inviting.accept_invitation(token=token, now=NOON)


def test_nobody_says_who_they_are_themselves_by_the_login_of_their_desk():
    check = numbers_identity.ask_check(
        customer_id=a_customer().pk, key=uuid4(), by_person=True, now=NOON
    )

    with pytest.raises(NotYourOwn):
        numbers_identity.decide_by_person(
            check_id=check.pk,
            staff_user_id=a_colleague(email="ada+desk@example.com").pk,
            document="GB 123 456",
            is_right=True,
            now=NOON,
        )
