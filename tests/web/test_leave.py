"""The pages of leaving: proof, times, the way back, and what the sign-in says afterwards."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client

from fairroam.apps.closures import queries
from fairroam.apps.closures.models import Closure, ServiceEnd
from fairroam.apps.customers.models import Customer
from fairroam.clock import now
from tests import given
from tests.apps.closures_given import (
    ADDRESS,
    a_customer_with_a_line,
    close_wholly,
    give_credit,
)
from tests.apps.numbers_given import a_kept_number
from tests.web.factors_given import mails, newest_code, note

pytestmark = pytest.mark.usefixtures("soon_after", "catalogue")
LEAVE = "/account/leave/"


def a_browser(customer: Customer, *, is_fresh: bool = True) -> Client:
    client = Client()
    client.force_login(customer.user)
    if is_fresh:
        note(client, customer.user, method="code", email=customer.user.email)
    return client


def form(**typed: str) -> dict[str, str]:
    return {"key": str(uuid4()), "timing": "after_rest", "understood": "on", **typed}


@pytest.mark.promise(56, 57, 60, 69, 70, 76)
def test_the_page_says_what_leaving_means_and_asks_for_nothing_but_when():
    customer, _line = a_customer_with_a_line()

    page = a_browser(customer).get(LEAVE)
    words = page.content.decode()

    assert page.status_code == 200
    for code in ("refund_open", "plan_running", "export_not_taken"):
        assert f'data-code="{code}"' in words
    assert "After 72 hours" in words
    assert "Nobody can do this faster than this button" in words
    assert set(page.context["form"].fields) == {"timing", "trip_ends_on", "understood", "key"}


@pytest.mark.promise(57, 58, 59)
def test_the_balance_goes_back_or_to_somebody_else_from_the_list_itself():
    customer, _line = a_customer_with_a_line()
    give_credit(customer, "paid_credit", 1234)
    browser = a_browser(customer)
    words = browser.get(LEAVE).content.decode()
    back = "/account/wallet/get-back/EUR/?then=leave"

    assert 'data-code="paid_credit_left" data-blocks' in words
    assert f'href="{back}"' in words
    assert 'href="/account/wallet/give/EUR/"' in words
    assert 'name="understood"' not in words  # nobody leaves paid credit behind
    done = browser.post(back, {"amount": "12.34", "key": str(uuid4())}, follow=True)

    words = done.content.decode()
    assert done.redirect_chain == [(LEAVE, 302)]
    assert 'data-code="money_moving"' in words
    assert 'name="understood"' in words


@pytest.mark.promise(51, 60)
def test_the_code_for_the_number_is_asked_for_on_the_spot(settings):
    settings.FAIRROAM_LINES_URL = "http://127.0.0.1:9"
    keeping = a_kept_number()
    browser = a_browser(keeping.customer)
    assert 'name="act" value="port_out"' in browser.get(LEAVE).content.decode()

    asked = {"act": "port_out", "key": str(uuid4()), "then": "leave"}
    done = browser.post(f"/account/lines/{keeping.pk}/number/", asked, follow=True)

    assert done.redirect_chain == [(LEAVE, 302)]
    assert "The operator is making the code" in done.content.decode()


@pytest.mark.promise(77)
def test_an_old_sign_in_proves_itself_first_and_loses_nothing_that_was_typed():
    customer, _line = a_customer_with_a_line()
    browser = a_browser(customer, is_fresh=False)
    typed = form()

    asked = browser.post(LEAVE, typed)
    assert (asked.status_code, Closure.objects.count()) == (403, 0)

    done = browser.post(LEAVE, {**typed, "step_up_code": newest_code()})
    assert done.status_code == 302
    assert Closure.objects.get().stage == "requested"


@pytest.mark.promise(73, 77)
def test_whoever_has_the_link_of_the_mail_takes_it_back_without_a_sign_in():
    customer, _line = a_customer_with_a_line()
    place = a_browser(customer).post(LEAVE, form())["Location"]
    stranger = Client()

    assert "Your account closes on" in stranger.get(place).content.decode()
    assert stranger.get(f"{place}undo/").status_code == 200
    assert Closure.objects.get().stage == "requested"  # looking changes nothing
    done = stranger.post(f"{place}undo/", {"undo": "True"}, follow=True)

    assert "Your account stays open" in done.content.decode()
    assert Closure.objects.get().stage == "reversed"
    assert stranger.get(f"{LEAVE}{'x' * 30}/").status_code == 404
    assert stranger.get(f"{place}certificate.pdf").status_code == 404  # there is none


def test_a_trip_needs_its_last_day():
    customer, _line = a_customer_with_a_line()

    refused = a_browser(customer).post(LEAVE, form(timing="trip_end"))

    assert refused.status_code == 422
    assert "Name the last day of your trip" in refused.content.decode()


@pytest.mark.promise(68)
def test_one_service_ends_on_its_own_page_and_the_account_stays():
    customer, line = a_customer_with_a_line()
    browser = a_browser(customer, is_fresh=False)
    place = f"/account/lines/{line.pk}/end/"
    shown = browser.get(place).content.decode()
    assert 'data-code="refund_open"' in shown

    done = browser.post(place, {"at": "now", "understood": "on", "key": str(uuid4())}, follow=True)

    end = ServiceEnd.objects.get()
    assert (done.status_code, end.stage, end.order_line_id) == (200, "ending", line.pk)
    assert queries.closure_of(customer.pk) is None
    stranger = a_browser(given.a_customer("bo@example.com"))
    assert stranger.get(place).status_code == 404


def test_who_comes_back_reads_when_the_account_was_closed():
    customer, _line = a_customer_with_a_line()
    close_wholly(customer)
    mail.outbox.clear()
    code = "/sign-in/login/code/"

    known = Client().post(code, {"email": ADDRESS})
    unknown = Client().post(code, {"email": "eve@example.com"})

    assert known.status_code == unknown.status_code == 302
    [message] = mails()
    assert message.to == [ADDRESS]
    assert "was closed on Mon 2 November 2026" in message.body
    assert queries.closed_on(ADDRESS, now()) is not None
