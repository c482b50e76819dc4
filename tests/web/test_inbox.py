"""The inbox: every message of ours, with what became of its mail."""

from __future__ import annotations

from html import unescape
from uuid import uuid4

import pytest
from django.core import signing
from django.test import Client

from fairroam.apps.notices import operations as notices
from fairroam.apps.notices import queries
from fairroam.apps.notices.models import Notice
from fairroam.apps.notices.tasks import unsubscribe_link
from fairroam.apps.notices.tasks.composing import UNSUBSCRIBE_SALT
from fairroam.web.components.paging import SIZE
from tests import given
from tests.apps.lines_given import a_ready_line, ask_and_end
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")


def a_notice(customer_id: int, subject: str = "Money is on its way") -> Notice:
    return Notice.objects.create(
        act=f"test:{uuid4()}",
        kind="refunds.paid",
        customer_id=customer_id,
        language="en",
        address="ada@example.com",
        subject=subject,
        text="See https://example.com/account/ for more.\n",
        queued_at=NOON,
    )


@pytest.fixture
def ada(client):
    customer = given.a_customer()
    client.force_login(customer.user)
    return customer


@pytest.mark.promise(33)
def test_every_message_stands_in_the_inbox_and_is_read_once_it_is_opened(client, ada):
    notice = a_notice(ada.pk)
    assert "1 unread" in words_of(client.get("/account/inbox/"))

    page = client.get(f"/account/inbox/{notice.pk}/")

    assert 'href="https://example.com/account/"' in page.content.decode()
    assert "Nothing unread" in words_of(client.get("/account/inbox/"))
    assert "No message here" in words_of(client.get("/account/inbox/?unread"))


@pytest.mark.promise(33)
def test_what_became_of_the_mail_is_said(client, ada):
    said = {}
    for word in ("queued", "sent", "failed", "bounced"):
        notice = a_notice(ada.pk, word)
        if word in ("sent", "bounced"):
            notices.record_sent(notice_id=notice.pk, now=NOON)
        if word == "failed":
            notices.record_failed(notice_id=notice.pk, now=NOON)
        if word == "bounced":
            notices.record_bounced(key=notice.key, now=NOON)
        said[word] = words_of(client.get(f"/account/inbox/{notice.pk}/"))

    assert "being mailed" in said["queued"]
    assert "sent Mon" in said["sent"]
    assert "could not be delivered" in said["failed"]
    assert "came back from your mail server" in said["bounced"]


@pytest.mark.parametrize(
    ("language", "place"),
    [
        ("en", "51–52 of 52"),
        ("zh-hans", "第51–52条，共52条"),
        ("zh-hant", "第51–52條，共52條"),
    ],
)
def test_a_long_list_goes_on_page_by_page_and_keeps_what_was_chosen(client, ada, language, place):
    for number in range(SIZE + 2):
        a_notice(ada.pk, f"message {number:02}")
    first = client.get("/account/inbox/?unread")
    onward = first.context["rows"].on

    second = client.get(f"/account/inbox/{onward}", headers={"Accept-Language": language})

    assert onward == "?unread=&page=2"
    assert f"1–{SIZE} of {SIZE + 2}" in words_of(first)
    assert place in words_of(second)
    assert "message 01" in words_of(second)
    assert "message 02" not in words_of(second)
    assert second.context["rows"].back == "?unread=&page=1"
    assert second.context["rows"].on == ""
    for odd in ("x", "-1", "0", "9" * 5000, "2&page=1"):
        assert client.get(f"/account/inbox/?page={odd}").context["rows"].first == 1
    assert client.get("/account/inbox/?page=99").context["rows"].first == SIZE + 1


def test_nobody_reads_the_message_of_another(client, ada):
    other = a_notice(given.a_customer("eve@example.com").pk)

    unknown, foreign = (
        client.get(f"/account/inbox/{notice_id}/") for notice_id in (10**9, other.pk)
    )

    assert foreign.status_code == unknown.status_code == 404
    other.refresh_from_db()
    assert other.read_at is None


@pytest.mark.promise(33)
@pytest.mark.parametrize("matter", ["/account/refunds/12/", "/account/leave/ImZm-Ng:1xVCkp:rl_4/"])
def test_a_message_leads_to_its_matter(client, ada, settings, matter):
    notice = a_notice(ada.pk)
    Notice.objects.filter(pk=notice.pk).update(
        text=f"Follow it here: {settings.FAIRROAM_ADDRESS}{matter}.\n"
    )

    page = client.get(f"/account/inbox/{notice.pk}/").content.decode()

    assert f'<a class="button" href="{matter}">' in page
    assert "https://evil" not in page


@pytest.mark.promise(33)
def test_topics_are_chosen_and_legal_ones_cannot_be(client, ada):
    page = client.get("/account/inbox/mails/")
    client.post("/account/inbox/mails/", {"mailed": ["lines", "refunds"]})

    assert "Always by mail: money and refunds" in words_of(page)
    assert queries.stopped_topics(ada.pk) == {"numbers", "conversations"}
    assert queries.is_mailed(ada.pk, "refunds.decided")


@pytest.mark.promise(33)
def test_the_link_in_a_mail_stops_its_topic_with_one_click_and_not_by_being_opened(ada):
    notice = a_notice(ada.pk)
    Notice.objects.filter(pk=notice.pk).update(kind="esims.act")
    notice.refresh_from_db()
    link = unsubscribe_link(notice).partition("/unsubscribe/")[2]
    stranger = Client(enforce_csrf_checks=True)

    opened = stranger.get(f"/unsubscribe/{link}")
    assert queries.is_mailed(ada.pk, "esims.act")
    stopped = stranger.post(f"/unsubscribe/{link}", {"List-Unsubscribe": "One-Click"})

    assert (opened.status_code, stopped.status_code) == (200, 200)
    assert not queries.is_mailed(ada.pk, "esims.act")
    assert "These mails have stopped" in words_of(stopped)
    assert stranger.post("/unsubscribe/forged/").status_code == 404


def test_a_legal_mail_has_no_link_to_stop_it(client, ada):
    notice = a_notice(ada.pk)
    seal = signing.dumps(str(notice.key), salt=UNSUBSCRIBE_SALT)

    assert unsubscribe_link(notice) == ""
    assert client.post(f"/unsubscribe/{seal}/").status_code == 404


@pytest.mark.promise(33)
def test_the_desk_sees_why_a_mail_did_not_arrive_and_sends_it_again(client, ada):
    notice = a_notice(ada.pk)
    notices.record_failed(notice_id=notice.pk, now=NOON, reason="550 5.1.1 no such mailbox")
    client.force_login(given.a_colleague())

    page = words_of(client.get("/desk/notices/"))
    again = client.post(f"/desk/notices/{notice.pk}/send-again/", follow=True)

    assert "550 5.1.1 no such mailbox" in page
    assert "It is on its way again" in words_of(again)
    assert "Every mail arrived" in words_of(again)
    twice = client.post(f"/desk/notices/{notice.pk}/send-again/", follow=True)
    assert "under way or arrived" in words_of(twice)


@pytest.mark.promise(78)
def test_papers_are_listed_by_kind_and_read_with_the_lines_of_their_pdf(client, ada):
    refund = ask_and_end(a_ready_line())
    number = refund.decision_paper.number

    listed = words_of(client.get("/account/papers/?kind=decision"))
    page = words_of(client.get(f"/account/papers/{number}/"))

    assert number in listed
    assert refund.order_line.order.invoice.number not in listed
    assert refund.order_line.order.invoice.number in words_of(client.get("/account/papers/"))
    above = [one for one in refund.decision_paper.statement["reasons"] if one.get("amount")]
    assert [one["text"] for one in above if unescape(one["text"]) not in unescape(page)] == []
    whole, cents = divmod(refund.order_line.price_minor, 100)
    assert f"€{whole}.{cents:02}" in page
    for path in ("", ".pdf", ".json"):
        client.force_login(given.a_customer("eve@example.com").user)
        assert client.get(f"/account/papers/{number}{path or '/'}").status_code == 404
