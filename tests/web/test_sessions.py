"""Where somebody is signed in, and what a browser hears that no longer is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.test import Client

from fairroam.apps.customers import operations, personal, queries
from fairroam.apps.customers.models import BrowserSession, Customer, SecurityChange, User
from fairroam.apps.journal.models import Event
from fairroam.apps.notices.models import Notice
from fairroam.clock import now
from fairroam.web.account.security import device_of
from fairroam.worker import people
from fairroam.worker.books import find_faults
from tests.given import a_colleague, a_customer
from tests.web.factors_given import mails, newest_code, sign_in

pytestmark = pytest.mark.usefixtures("catalogue")
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


@pytest.fixture
def ada():
    return a_customer()


def is_told_signed_out(browser: Client, address: str = "/account/") -> bool:
    answer = browser.get(address)
    return answer.status_code == 401 and 'data-code="session-revoked"' in answer.content.decode()


@pytest.mark.promise(62)
def test_every_sign_in_is_listed_and_each_can_be_ended(ada):
    here = sign_in("ada@example.com")
    phone, forgotten = (
        sign_in("ada@example.com", client=Client(headers={"user-agent": PHONE})) for _ in range(2)
    )
    assert here.get("/account/security/").content.decode().count("Chrome on Android") == 2
    rows = queries.browsers_of(ada.user_id, this=here.session.session_key, now=now())
    [phone_row] = BrowserSession.objects.filter(session_key=phone.session.session_key)

    ended = here.post(f"/account/security/devices/{phone_row.pk}/end/")

    assert (len(rows), [row.is_this for row in rows].count(True), ended.status_code) == (3, 1, 302)
    assert is_told_signed_out(phone)
    assert phone.get("/account/").status_code == 302  # once is enough; then it is a visitor
    assert forgotten.get("/account/").status_code == 200

    here.post("/account/security/devices/end-others/")

    assert is_told_signed_out(forgotten)
    assert here.get("/account/").status_code == 200
    assert not BrowserSession.objects.exclude(user_agent="").filter(ended_at__isnull=False)


def test_nobody_ends_the_sign_in_of_another(ada):
    ben = a_customer("ben@example.com")
    browser, stranger = sign_in("ada@example.com"), sign_in("ben@example.com")
    browser.get("/account/")
    theirs = BrowserSession.objects.get(user=ada.user)

    assert stranger.post(f"/account/security/devices/{theirs.pk}/end/").status_code == 404
    assert stranger.post("/account/security/devices/999999/end/").status_code == 404
    assert browser.get("/account/").status_code == 200
    assert [row.is_this for row in queries.browsers_of(ben.user_id, this=None, now=now())] == [
        False
    ]


def test_who_signs_out_here_is_a_visitor_without_further_words(ada):
    browser = sign_in("ada@example.com")
    browser.post("/sign-in/logout/")

    assert BrowserSession.objects.get().ended_at is not None
    assert browser.get("/account/").status_code == 302


def test_a_key_that_was_ended_never_signs_in_again_even_if_its_session_came_back(ada):
    browser = sign_in("ada@example.com")
    BrowserSession.objects.update(ended_at=now(), user_agent="")

    assert is_told_signed_out(browser)


def test_a_colleague_who_is_taken_from_the_desk_is_out_at_once():
    boss, max_ = a_colleague("operator", email="olga@example.com"), a_colleague()
    desk = Client()
    desk.force_login(max_)
    assert desk.get("/desk/").status_code == 200
    ids = [queries.staff_member(user.pk).staff_id for user in (max_, boss)]

    operations.end_staff(staff_id=ids[0], by=ids[1], now=now())

    assert is_told_signed_out(desk, "/desk/")
    again = sign_in("max@example.com")
    assert again.get("/desk/").status_code == 404


def test_an_account_that_is_erased_leaves_no_browser_and_its_visitors_are_told(ada):
    browser = sign_in("ada@example.com", client=Client(headers={"user-agent": PHONE}))
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.get(pk=ada.user_id).delete()  # a live session is somebody's

    erased = personal.erase(ada.pk)

    assert erased["customers_browsersession.user_agent"] == 1
    assert personal.remains(ada.pk) == 0
    assert is_told_signed_out(browser)
    assert personal.erase(ada.pk).keys() == erased.keys()


def test_the_code_to_a_new_address_is_guessed_five_times_and_names_that_address_alone(ada):
    browser = sign_in("ada@example.com")
    browser.post("/account/security/address/", {"email": "one@example.com"})
    first = newest_code()
    browser.post("/account/security/address/", {"email": "two@example.com"})

    tried = [
        browser.post("/account/security/address/code/", {"new_code": code}).status_code
        for code in [first, *["WRONG"] * 4, newest_code()]
    ]

    assert tried == [422] * 5 + [302]
    assert User.objects.get().email == "ada@example.com"


def test_another_address_is_proven_and_the_old_one_is_told(ada):
    browser, other = sign_in("ada@example.com"), sign_in("ada@example.com")
    other.get("/account/")

    asked = browser.post("/account/security/address/", {"email": "Ada.New@example.com"})
    wrong = browser.post("/account/security/address/code/", {"new_code": "WRONG"})
    assert (asked.status_code, wrong.status_code) == (302, 422)
    assert mails()[-1].to == ["ada.new@example.com"]
    before = now()
    right = browser.post("/account/security/address/code/", {"new_code": newest_code()})

    assert right.status_code == 302
    assert User.objects.get().email == "ada.new@example.com"
    assert [change.kind for change in SecurityChange.objects.all()] == ["email_changed"]
    rests_until = queries.rests_until(ada.pk, now())
    assert rests_until is not None
    assert rests_until >= before + timedelta(hours=72)
    assert Notice.objects.get().address == "ada@example.com"
    assert browser.get("/account/").status_code == 200
    assert is_told_signed_out(other)
    people.tell_security_change(Event.objects.get(kind="security.changed"), now())
    assert Notice.objects.order_by("pk").last().address == "ada.new@example.com"
    assert sign_in("ada.new@example.com").get("/account/").status_code == 200
    assert list(find_faults()) == []


def test_a_code_that_went_to_the_former_address_opens_nothing_any_more(ada):
    browser, late = sign_in("ada@example.com"), Client()
    late.post("/sign-in/login/code/", {"email": "ada@example.com"})
    code = newest_code()
    browser.post("/account/security/address/", {"email": "ada.new@example.com"})
    browser.post("/account/security/address/code/", {"new_code": newest_code()})

    late.post("/sign-in/login/code/confirm/", {"code": code})

    assert User.objects.get().email == "ada.new@example.com"
    assert late.get("/account/").status_code == 302
    assert EmailAddress.objects.get().email == "ada.new@example.com"


def test_an_address_is_not_changed_with_an_old_sign_in_and_what_was_typed_stays(ada):
    browser = Client()
    browser.force_login(ada.user)

    asked = browser.post("/account/security/address/", {"email": "new@example.com"})
    words = asked.content.decode()

    assert asked.status_code == 403
    assert 'name="email" value="new@example.com"' in words
    assert mails()[-1].to == ["ada@example.com"]
    went_on = browser.post(
        "/account/security/address/", {"email": "new@example.com", "step_up_code": newest_code()}
    )
    assert went_on["Location"] == "/account/security/address/code/"
    assert mails()[-1].to == ["new@example.com"]


def test_whether_an_address_is_taken_is_told_to_who_reads_its_mail_only(ada):
    a_customer("ben@example.com")
    browser = sign_in("ada@example.com")
    answers = [
        browser.post("/account/security/address/", {"email": email}).status_code
        for email in ("free@example.com", "ben@example.com")
    ]

    refused = browser.post("/account/security/address/code/", {"new_code": newest_code()})

    assert answers == [302, 302]
    assert refused.status_code == 409
    assert set(User.objects.values_list("email", flat=True)) == {
        "ada@example.com",
        "ben@example.com",
    }
    assert not SecurityChange.objects.exists()


def test_a_code_to_a_new_address_is_guessed_five_times_at_most(ada):
    browser = sign_in("ada@example.com")
    browser.post("/account/security/address/", {"email": "new@example.com"})
    code = newest_code()
    for _ in range(5):
        browser.post("/account/security/address/code/", {"new_code": "WRONG"})

    late = browser.post("/account/security/address/code/", {"new_code": code})

    assert late["Location"] == "/account/security/address/"
    assert User.objects.get().email == "ada@example.com"


def test_language_and_zone_are_kept_with_the_account(ada):
    browser = sign_in("ada@example.com")

    browser.post("/account/security/preferences/", {"language": "zh-Hans", "zone": "Asia/Tokyo"})
    chosen = Customer.objects.get()
    assert (chosen.language, chosen.zone) == ("zh-Hans", "Asia/Tokyo")
    assert 'lang="zh-Hans"' in browser.get("/account/").content.decode()

    browser.post("/language/setlang/", {"language": "en"})
    browser.post("/account/security/preferences/", {"language": "tlh", "zone": "Moon/Sea"})
    assert Customer.objects.values_list("language", "zone").get() == ("en", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (PHONE, "Chrome on Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
        ("curl/8", "An unknown device"),
        ("", "An unknown device"),
    ],
)
def test_devices_are_named_roughly(agent, device):
    assert device_of(agent) == device
