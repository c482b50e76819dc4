"""Send me my code again: the same answer to everybody, and a link that works once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import tasks
from fairroam.apps.esims.models import CodeLink, Profile
from fairroam.apps.esims.operations.codes import LINK_LIVES, LINKS_A_DAY_MAX
from fairroam.apps.journal.models import Event
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders.models import OrderLine
from fairroam.clock import now
from tests import given
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
ASK = "/code-again/"
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"')
CODE = "ABCDE-FGHJK-MNPQR-STUVW"


def a_ready_line(**words: object) -> OrderLine:
    """A paid line whose code waits for a phone."""
    line = given.a_paid_line(**words)
    esims.plan_line(
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        profile_type="travel-data",
        now=NOON,
    )
    profile_id = Profile.objects.get(line_id=line.pk).pk
    esims.reserve(profile_id=profile_id, iccid="8999900000000000007")
    esims.record_order(profile_id=profile_id)
    esims.record_release(
        profile_id=profile_id, matching_id=CODE, smdp_address="rsp.example.com", now=NOON
    )
    return line


def ask(number: str, email: str) -> tuple[int, str, bytes]:
    """What a stranger's browser is answered: status, where to, and the page there."""
    client = Client()
    answer = client.post(ASK, {"number": number, "email": email})
    where = answer.get("Location", "")
    page = TOKEN.sub(b"", client.get(where).content)  # the one thing that differs by browser
    return answer.status_code, where, answer.content + page


def mailed_link() -> str:
    """The path of the link in the newest mail."""
    link = CodeLink.objects.latest("pk")
    tasks.mail_code_link(link_id=link.pk, now=now())
    mail = Notice.objects.get(act=f"esims.code_link:{link.pk}")
    assert CODE not in mail.text
    found = re.search(r"https?://[^/]+(/code-again/\S+/)", mail.text)
    assert found is not None
    return found[1]


def test_the_answer_is_the_same_whether_the_order_exists_or_not():
    number = a_ready_line().order.number

    answers = {
        ask(number, "ada@example.com"),
        ask(number, "bob@example.com"),
        ask("FR-0000-0000", "ada@example.com"),
        ask("' OR 1=1 --", "ada@example.com"),
    }

    assert [(status, where) for status, where, _ in answers] == [(302, "/code-again/sent/")]
    assert CodeLink.objects.count() == 1


@pytest.mark.promise(28)
def test_number_and_address_are_found_however_they_are_typed():
    number = a_ready_line().order.number

    ask(f"  {number.lower()} ", "ADA@example.com")

    assert CodeLink.objects.get().order.number == number


def test_the_link_shows_the_line_in_one_browser_once():
    line = a_ready_line()
    ask(line.order.number, "ada@example.com")
    path = mailed_link()
    buyer, thief = Client(), Client()

    assert buyer.get(path).status_code == 200  # a mail scanner's look uses nothing up
    opened = buyer.post(path)
    stolen = thief.post(path)

    assert opened["Location"] == f"/account/lines/{line.pk}/"
    assert CODE in buyer.get(opened["Location"]).content.decode()
    assert stolen.status_code == 410
    assert thief.get(f"/account/lines/{line.pk}/").status_code == 404
    assert CODE not in path


def test_the_link_opens_that_order_alone():
    line = a_ready_line()
    other = given.a_paid_line(email="ada@example.com")
    esims.plan_line(
        order_line_id=other.pk,
        customer_id=other.order.customer_id,
        profile_type="travel-data",
        now=NOON,
    )
    ask(line.order.number, "ada@example.com")
    buyer = Client()

    buyer.post(mailed_link())

    assert buyer.get(f"/account/lines/{line.pk}/").status_code == 200
    assert buyer.get(f"/account/lines/{other.pk}/").status_code == 404
    assert buyer.get("/account/").status_code == 302


@pytest.mark.parametrize("change", ["too old", "forged", "of another purpose"])
def test_a_link_that_is_not_ours_or_too_old_opens_nothing(client, change):
    line = a_ready_line()
    ask(line.order.number, "ada@example.com")
    path = mailed_link()
    if change == "too old":
        CodeLink.objects.update(made_at=now() - LINK_LIVES - timedelta(seconds=1))
    elif change == "forged":
        path = path[:-3] + ("A/" if path[-3] != "A" else "B/")
    else:
        path = "/code-again/1/"

    assert client.post(path).status_code == 410
    assert client.get(f"/account/lines/{line.pk}/").status_code == 404


def test_a_family_chooses_on_the_page_of_its_order(client):
    order = given.pay(given.an_order(quantity=3), now=NOON)
    ask(order.number, "ada@example.com")

    assert client.post(mailed_link())["Location"] == f"/orders/{order.number}/"


def test_nobody_fills_a_mailbox_of_somebody_else():
    number = a_ready_line().order.number

    for _ in range(LINKS_A_DAY_MAX + 3):
        ask(number, "ada@example.com")

    assert CodeLink.objects.count() == LINKS_A_DAY_MAX


def test_an_unpaid_order_has_no_code_to_send():
    order = given.an_order()

    ask(order.number, "ada@example.com")

    assert not Event.objects.filter(kind="code.link_made").exists()
