"""Who sits at this browser proves it once more, before an account could be led away."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.test import Client

from fairroam.apps.customers import operations, queries
from fairroam.apps.customers.models import GuardedAct, SecurityChange
from fairroam.apps.customers.queries import Proof
from fairroam.apps.customers.refusals import RecentContactChange, StepUpRequired
from tests.given import NOON, a_customer
from tests.web.factors_given import (
    SECRET,
    digits,
    mails,
    newest_code,
    note,
    sign_in,
    with_generator,
)

pytestmark = pytest.mark.usefixtures("catalogue")
ADD_APP = "/account/security/authenticator/add/"
GUARDED = (
    ADD_APP,
    "/account/security/passkeys/add/",
    "/account/security/recovery-codes/",
    "/account/security/recovery-codes/new/",
)


@pytest.fixture
def ada():
    return a_customer()


def a_browser(customer) -> Client:
    client = Client()
    client.force_login(customer.user)
    return client


@pytest.mark.parametrize("address", GUARDED)
def test_nobody_touches_factors_with_an_old_sign_in(address, ada):
    browser = a_browser(ada)

    for answer in (browser.get(address), browser.post(address, {"code": "123456", "name": "mine"})):
        assert answer.status_code == 403
        assert 'data-code="step-up-required"' in answer.content.decode()
    assert not Authenticator.objects.exists()
    assert Client().get(address).status_code == 302


def test_a_code_from_the_mail_opens_what_an_old_sign_in_does_not(ada):
    browser = a_browser(ada)
    asked = browser.get(ADD_APP)
    assert "We sent it to ada@example.com" in asked.content.decode()
    browser.get(ADD_APP)
    assert len(mails()) == 1  # looking again sends nothing

    wrong = browser.post(ADD_APP, {"step_up_code": "WRONG", "step_up_read": "yes"})
    right = browser.post(ADD_APP, {"step_up_code": newest_code().lower(), "step_up_read": "yes"})

    assert (wrong.status_code, right.status_code) == (403, 302)
    assert "newest mail" in wrong.content.decode()
    assert browser.get(ADD_APP).status_code == 200


def test_a_code_is_guessed_five_times_and_asked_for_three_times_at_most(ada):
    browser = a_browser(ada)
    browser.get(ADD_APP)
    code = newest_code()
    for _ in range(5):
        browser.post(ADD_APP, {"step_up_code": "WRONG"})

    assert browser.post(ADD_APP, {"step_up_code": code}).status_code == 403

    again = [
        browser.post(ADD_APP, {"step_up_code": "", "step_up_again": "yes"}).status_code
        for _ in range(5)
    ]
    assert again[-1] == 429
    assert 2 <= len(mails()) <= 6


def test_an_app_is_added_and_then_asked_for(ada):
    browser = sign_in("ada@example.com")  # the code of the sign-in is fresh enough
    page = browser.get(ADD_APP)
    secret = re.search(r'wrap-anywhere">(\w+)<', page.content.decode())
    assert secret is not None
    session = browser.session
    session["mfa.totp.secret"] = SECRET
    session.save()

    added = browser.post(ADD_APP, {"code": digits()})
    codes = browser.get(added["Location"])
    again = browser.get(added["Location"])

    assert codes.content.decode().count("<li><code>") == 10
    assert "cannot be shown again" in again.content.decode()
    assert SECRET not in str(list(Authenticator.objects.values_list("data", flat=True)))
    kinds = SecurityChange.objects.values_list("kind", flat=True)
    assert sorted(kinds) == ["recovery_codes_made", "totp_added"]
    assert "No money goes another way until" in browser.get("/account/security/").content.decode()


def test_with_a_factor_the_mailbox_alone_opens_neither_the_account_nor_an_act(ada):
    with_generator(ada.user)
    browser = sign_in("ada@example.com")
    assert browser.get("/account/").status_code == 302  # not in yet: the second factor is asked
    wrong = browser.post("/sign-in/login/second-factor/", {"code": "000000"})
    right = browser.post("/sign-in/login/second-factor/", {"code": digits()})

    assert (wrong.status_code, right.status_code) == (200, 302)
    assert browser.get("/account/").status_code == 200
    assert browser.get("/account/security/recovery-codes/new/").status_code == 200
    note(browser, ada.user, method="code", email="ada@example.com")
    assert browser.get("/account/security/recovery-codes/new/").status_code == 403
    assert len(mails()) == 1  # and no other code went out


def test_digits_of_the_app_prove_it_and_work_once(ada):
    with_generator(ada.user)
    browser = a_browser(ada)
    page = "/account/security/recovery-codes/new/"
    shown = digits()

    first = browser.post(page, {"step_up_code": f"{shown[:3]} {shown[3:]}", "step_up_read": "yes"})
    twin = a_browser(ada).post(page, {"step_up_code": shown, "step_up_read": "yes"})

    assert (first.status_code, twin.status_code) == (302, 403)
    assert browser.get(page).status_code == 200


def test_digits_are_not_guessed_by_trying(ada):
    with_generator(ada.user)
    browser = a_browser(ada)

    statuses = [
        browser.post(ADD_APP, {"step_up_code": f"{number:06}"}).status_code for number in range(7)
    ]

    assert statuses == [403] * 5 + [429] * 2


def test_a_proof_grows_old(ada):
    browser = a_browser(ada)
    note(browser, ada.user, age_seconds=590, method="code", email="ada@example.com")
    assert browser.get(ADD_APP).status_code == 200
    note(browser, ada.user, age_seconds=605, method="code", email="ada@example.com")
    assert browser.get(ADD_APP).status_code == 403


def test_a_code_to_a_telephone_number_is_never_enough(ada):
    browser = a_browser(ada)
    note(browser, ada.user, method="code", phone="+4915112345678")

    answer = browser.get(ADD_APP)

    assert answer.status_code == 403
    assert 'data-code="step-up-required"' in answer.content.decode()
    assert not SecurityChange.objects.exists()


def test_an_account_rests_for_72_hours_after_a_change(ada):
    changed_at = NOON
    operations.record_security_change(customer_id=ada.pk, kind="passkey_added", now=changed_at)
    ends = changed_at + timedelta(hours=72)
    almost = ends - timedelta(seconds=1)

    assert queries.rests_until(ada.pk, almost) == ends
    assert queries.rests_until(ada.pk, ends) is None
    with pytest.raises(RecentContactChange) as refused:
        operations.allow_guarded_act(
            customer_id=ada.pk, kind="payout_change", proof=Proof("passkey", almost), now=almost
        )
    assert (refused.value.status, refused.value.facts["rests_until"]) == (409, ends)
    assert not GuardedAct.objects.exists()
    act = operations.allow_guarded_act(
        customer_id=ada.pk, kind="closing", proof=Proof("passkey", ends), now=ends
    )
    assert (act.method, act.changed_at) == ("passkey", changed_at)


@pytest.mark.parametrize(
    ("proof", "is_enough"),
    [
        (None, False),
        (Proof("mail_code", NOON), True),
        (Proof("mail_code", NOON - timedelta(minutes=10)), True),
        (Proof("mail_code", NOON - timedelta(minutes=10, seconds=1)), False),
        (Proof("mail_code", NOON + timedelta(seconds=1)), False),
    ],
)
def test_an_operation_asks_for_the_proof_itself(proof, is_enough, ada):
    words = {"customer_id": ada.pk, "kind": "transfer", "proof": proof, "now": NOON}
    if is_enough:
        assert operations.allow_guarded_act(**words).proven_at == proof.proven_at
    else:
        with pytest.raises(StepUpRequired):
            operations.allow_guarded_act(**words)
    with_generator(ada.user)
    with pytest.raises(StepUpRequired):  # the mailbox alone is not enough any more
        operations.allow_guarded_act(**words)
    assert GuardedAct.objects.count() == is_enough


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "sms"},
        {"acted_at": NOON + timedelta(minutes=11)},
        {"acted_at": NOON - timedelta(seconds=1)},
        {"changed_at": NOON - timedelta(hours=71)},
        {"kind": "whim"},
    ],
)
def test_the_database_too_wants_proof_and_rest(wrong, ada):

    right = {
        "customer": ada,
        "kind": "closing",
        "method": "passkey",
        "proven_at": NOON,
        "acted_at": NOON,
        "changed_at": NOON - timedelta(hours=72),
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        GuardedAct.objects.create(**right | wrong)
    GuardedAct.objects.create(**right)


@pytest.mark.parametrize("sent", ["{}", "[]", "no json", '{"id": "AAAA"}', '{"response": null}'])
def test_what_is_no_passkey_proves_nothing_and_breaks_nothing(sent, ada):
    browser = a_browser(ada)

    assert browser.post(ADD_APP, {"step_up_credential": sent}).status_code == 403
    signed_in = sign_in("ada@example.com")
    added = signed_in.post(
        "/account/security/passkeys/add/",
        {"name": "mine", "credential": sent, "passwordless": "on"},
    )
    assert added.status_code == 200
    assert not Authenticator.objects.exists()
