"""The inbox: every message of ours, with what became of its mail."""

from __future__ import annotations

from uuid import uuid4

import pytest

from fairroam.apps.notices import operations as notices
from fairroam.apps.notices import queries
from fairroam.apps.notices.models import Notice
from tests import given
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
    assert "mailed Mon" in said["sent"]
    assert "could not be delivered" in said["failed"]
    assert "came back from your mail server" in said["bounced"]


def test_the_inbox_goes_on_page_by_page(client, ada):
    for number in range(queries.PAGE + 2):
        a_notice(ada.pk, f"message {number:02}")
    first = client.get("/account/inbox/")

    second = words_of(client.get(f"/account/inbox/?before={first.context['older']}"))

    assert "message 01" in second
    assert "message 02" not in second
    assert client.get("/account/inbox/?before=x").status_code == 200


def test_nobody_reads_the_message_of_another(client, ada):
    other = a_notice(given.a_customer("eve@example.com").pk)

    unknown, foreign = (
        client.get(f"/account/inbox/{notice_id}/") for notice_id in (10**9, other.pk)
    )

    assert foreign.status_code == unknown.status_code == 404
    other.refresh_from_db()
    assert other.read_at is None
