"""The menus lead to every page: the desk's home, the account's first page, the footer."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from fairroam.apps.conversations.models import Thread
from fairroam.clock import now
from fairroam.web.account import urls as account
from fairroam.web.desk import urls as desk
from fairroam.web.desk.rooms import ROOMS
from tests import given

pytestmark = pytest.mark.usefixtures("catalogue")
# Doors that only answer a form, or that stand on the page of their subject.
ACTS = {"check_books", "look_again", "identify", "push_device", "push_topics", "search"}
WITHIN = {
    "redeem_voucher",
    "vouchers",
    "mail_choices",
    "papers",
    "new_contact",
    "import_contacts",
    "export",
}


def signed_in(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def links_of(browser: Client, path: str) -> set[str]:
    page = browser.get(path).content.decode()
    return {link.split("?")[0] for link in re.findall(r'href="(/(?!static/)[^"#]*)', page)}


def pages_of(urls) -> set[str]:
    """The paths of an audience that need no number."""
    found = set()
    for pattern in urls.urlpatterns:
        if pattern.name in ACTS | WITHIN:
            continue
        try:
            found.add(reverse(f"{urls.app_name}:{pattern.name}"))
        except NoReverseMatch:
            continue
    return found


def test_the_desk_s_home_leads_to_every_page_of_it():
    operator = signed_in(given.a_colleague("operator"))
    assert links_of(operator, "/desk/") >= pages_of(desk)


@pytest.mark.parametrize("role", ["agent", "senior", "operator"])
def test_no_door_of_the_desk_is_closed_to_whom_it_is_shown(role):
    browser = signed_in(given.a_colleague(role))
    shown = [door for _subject, doors in browser.get("/desk/").context["doors"] for door in doors]
    assert {browser.get(reverse(door.view)).status_code for door in shown} == {200}
    hidden = {f"desk:{room.view}" for rooms in ROOMS.values() for room in rooms}
    hidden -= {door.view for door in shown}
    assert bool(hidden) == (role != "operator")
    assert {browser.get(reverse(view)).status_code for view in hidden} <= {403}


def test_a_door_says_how_much_waits_behind_it_and_until_when():
    browser = signed_in(given.a_colleague())
    since = now() - timedelta(days=2)
    Thread.objects.create(
        address="ada@example.com", stage="waiting", waiting_since=since, opened_at=since
    )
    doors = {
        door.view: door for _, doors in browser.get("/desk/").context["doors"] for door in doors
    }
    waiting = doors["desk:conversations"].waiting
    assert (waiting.count, waiting.by, waiting.is_late) == (1, since + timedelta(days=1), True)
    assert doors["desk:closures"].waiting.count == 0
    assert doors["desk:books"].waiting is None


def test_the_account_s_first_page_leads_to_every_page_of_it():
    browser = signed_in(given.a_customer().user)
    links = links_of(browser, "/account/")
    assert links >= pages_of(account)
    assert {browser.get(link, follow=True).status_code for link in links if "account" in link} == {
        200
    }


def test_every_link_of_the_footer_opens():
    links = links_of(Client(), "/imprint/")
    assert len(links) > 15
    assert {Client().get(link, follow=True).status_code for link in links} == {200}


def test_what_is_due_first_stands_first_and_more_of_it_asks_no_more_questions(
    django_assert_max_num_queries,
):
    browser = signed_in(given.a_colleague("operator"))

    def waits(count: int) -> None:
        for hours in range(1, count + 1):
            since = now() - timedelta(hours=hours)
            Thread.objects.create(
                address="ada@example.com", stage="waiting", waiting_since=since, opened_at=since
            )

    waits(1)
    with CaptureQueriesContext(connection) as one:
        browser.get("/desk/")
    waits(9)
    with django_assert_max_num_queries(len(one)):
        page = browser.get("/desk/")
    first = page.context["due"][0]
    assert (first.view, first.waiting.count) == ("desk:conversations", 10)
    assert page.content.decode().index('id="due"') < page.content.decode().index('id="rooms"')
