"""The team at the desk: who may open what, invitations, limits, two pairs of eyes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from fairroam.apps.customers import operations, queries
from fairroam.apps.customers.models import StaffInvitation, StaffLimit, StaffMember, User
from fairroam.apps.customers.refusals import InvitationEnded
from tests.given import NOON, a_colleague, a_customer
from tests.web.factors_given import mails, note, sign_in, with_generator

pytestmark = pytest.mark.usefixtures("catalogue")
TEAM = "/desk/team/"


def at_the_desk(user: User, *, is_proven: bool = True) -> Client:
    """A browser of theirs, where they have just used their second factor."""
    browser = Client()
    browser.force_login(user)
    if is_proven:
        note(browser, user, method="mfa", type="totp")
    return browser


@pytest.fixture
def olga() -> User:
    return a_colleague("operator", email="olga@example.com")


def staff_id(user: User) -> int:
    row = queries.staff_member(user.pk)
    assert row is not None
    return row.staff_id


def test_the_team_is_the_operators_page(olga):
    max_, ada = a_colleague(), a_customer()

    refused = at_the_desk(max_).post(TEAM, {"act": "end_member", "id": staff_id(olga)})

    assert refused.status_code == 403
    assert 'data-code="not-allowed"' in refused.content.decode()
    assert "operator" in refused.content.decode()
    assert at_the_desk(ada.user).get(TEAM).status_code == 404
    assert Client().get(TEAM).status_code == 302
    page = at_the_desk(olga).get(TEAM).content.decode()
    assert "max@example.com" in page
    assert "has a second factor" in page
    assert StaffMember.objects.filter(ended_at=None).count() == 2


@pytest.mark.parametrize("act", ["invite", "change_role", "end_member", "set_limit"])
def test_the_team_changes_with_a_fresh_proof_alone(olga, act):
    max_ = a_colleague()
    said = {"act": act, "id": staff_id(max_), "role": "operator", "email": "new@example.com"}
    desk = at_the_desk(olga, is_proven=False)

    refused = desk.post(TEAM, said | {"person": "", "currency": "EUR", "amount": "5"})

    assert refused.status_code == 403
    assert 'data-code="step-up-required"' in refused.content.decode()
    assert (StaffInvitation.objects.count(), StaffLimit.objects.count()) == (0, 0)
    assert [row.staff.role for row in queries.team()].count("agent") == 1
    assert desk.get(TEAM).status_code == 200


@pytest.mark.parametrize("role", ["senior", "operator"])
def test_larger_roles_need_a_second_factor_before_the_desk_opens(role):
    operations.hire(email="nora@example.com", role=role, now=NOON)
    nora = User.objects.get(email="nora@example.com")
    desk = at_the_desk(nora)

    closed = desk.get("/desk/")

    assert closed.status_code == 403
    assert "/account/security/passkeys/add/" in closed.content.decode()
    with_generator(nora)
    assert desk.get("/desk/").status_code == 200


def invite(olga: User, **words: object) -> str:
    form = {"act": "invite", "email": "New@example.com", "role": "agent", "person": "", **words}
    assert at_the_desk(olga).post(TEAM, form).status_code == 302
    link = re.search(r"http\S+(/desk/invitations/\S+)", str(mails()[-1].body))
    assert link is not None
    return link[1]


def test_an_invitation_is_accepted_by_its_link_and_works_once(olga):
    link = invite(olga)
    assert mails()[-1].to == ["new@example.com"]
    assert link.split("/")[3] not in str(StaffInvitation.objects.values_list().get())
    guest = Client()

    shown, joined, again = guest.get(link), guest.post(link), guest.post(link)

    assert (shown.status_code, joined.status_code, again.status_code) == (200, 302, 404)
    member = queries.staff_member(User.objects.get(email="new@example.com").pk)
    assert member is not None
    assert member.role == "agent"
    assert guest.get("/desk/").status_code == 302  # the link alone signs nobody in
    assert sign_in("new@example.com", client=guest).get("/desk/").status_code == 200
    assert StaffInvitation.objects.get().email == ""


def test_an_invitation_ends_at_once_and_with_whoever_sent_it(olga):
    otto = a_colleague("operator", email="otto@example.com")
    taken_back, of_a_leaver = invite(olga), invite(otto, email="second@example.com")
    first = StaffInvitation.objects.earliest("pk")

    at_the_desk(olga).post(TEAM, {"act": "end_invitation", "id": first.pk})
    at_the_desk(olga).post(TEAM, {"act": "end_member", "id": staff_id(otto)})

    for link in (taken_back, of_a_leaver, "/desk/invitations/guess/"):
        answer = Client().post(link)
        assert answer.status_code == 404
        assert 'data-code="invitation-ended"' in answer.content.decode()
    assert StaffMember.objects.filter(ended_at=None).count() == 1


def test_an_invitation_is_too_old_after_72_hours(olga):
    _row, token = operations.invite(
        email="new@example.com", role="senior", by=staff_id(olga), now=NOON
    )

    with pytest.raises(InvitationEnded):
        operations.accept_invitation(token=token, now=NOON + timedelta(hours=72))
    late = NOON + timedelta(hours=72, seconds=-1)
    assert operations.accept_invitation(token=token, now=late).role == "senior"


def test_another_login_of_a_colleague_is_the_same_person(olga):
    person = queries.staff_member(olga.pk).person_id
    link = invite(olga, person=str(person), role="senior")
    Client().post(link)

    second = User.objects.get(email="new@example.com")

    assert queries.same_person(olga.pk, second.pk)


@pytest.mark.promise(29)
def test_a_second_approver_on_another_login_of_the_same_person_is_none(olga):
    person = queries.staff_member(olga.pk).person_id
    again = a_colleague("operator", email="olga2@example.com", person_id=person)
    otto = a_colleague("operator", email="otto@example.com")
    form = {"act": "set_limit", "role": "operator", "currency": "EUR", "amount": "9000.50"}
    before = queries.limit("operator", "EUR")
    assert at_the_desk(olga).post(TEAM, form).status_code == 302
    row = StaffLimit.objects.get()
    confirm = {"act": "confirm_limit", "id": row.pk}

    for same in (olga, again):
        refused = at_the_desk(same).post(TEAM, confirm)
        assert refused.status_code == 403
        assert 'data-code="four-eyes"' in refused.content.decode()
    assert queries.limit("operator", "EUR") == before

    at_the_desk(otto).post(TEAM, confirm)
    assert queries.limit("operator", "EUR") == 900_050


@pytest.mark.parametrize(
    "wrong",
    [
        {"act": "set_limit", "role": "agent", "currency": "XXZ", "amount": "1"},
        {"act": "set_limit", "role": "agent", "currency": "JPY", "amount": "1.5"},
        {"act": "set_limit", "role": "agent", "currency": "EUR", "amount": "-1"},
        {"act": "set_limit", "role": "king", "currency": "EUR", "amount": "1"},
        {"act": "invite", "email": "no address", "role": "agent"},
        {"act": "dance"},
        {},
    ],
)
def test_what_makes_no_sense_changes_nothing(wrong, olga):
    answer = at_the_desk(olga).post(TEAM, wrong)

    assert answer.status_code == 422
    assert not StaffLimit.objects.exists()
    assert not StaffInvitation.objects.exists()


def test_roles_change_and_the_last_operator_stays(olga):
    max_ = a_colleague()
    desk = at_the_desk(olga)

    desk.post(TEAM, {"act": "change_role", "id": staff_id(max_), "role": "senior"})
    last = desk.post(TEAM, {"act": "end_member", "id": staff_id(olga)})
    own = desk.post(TEAM, {"act": "change_role", "id": staff_id(olga), "role": "agent"})
    nobody = desk.post(TEAM, {"act": "end_member", "id": "Ⅳ"})

    assert queries.staff_member(max_.pk).role == "senior"
    assert (last.status_code, own.status_code, nobody.status_code) == (409, 403, 404)
    assert queries.staff_member(olga.pk).role == "operator"
