"""The search of the desk: what somebody reads out leads to its page, and to no forbidden one."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from fairroam.apps.conversations.models import Thread
from fairroam.apps.esims.models import Keeping, Profile
from fairroam.apps.esims.queries import desk as lines
from tests.apps.closures_given import a_closed_account
from tests.apps.lines_given import a_ready_line
from tests.apps.numbers_given import a_kept_number
from tests.given import NOON, a_colleague

pytestmark = pytest.mark.usefixtures("catalogue")
SEARCH = "/desk/search/"


def desk_of(user: object) -> Client:
    cache.clear()
    client = Client()
    client.force_login(user)
    return client


def hits(desk: Client, words: str) -> list[str]:
    """The paths of what is found; an answer that stands alone is gone to at once."""
    answer = desk.post(SEARCH, {"q": words})
    if answer.status_code == 302:
        return [answer["Location"]]
    return [hit.path for hit in answer.context["hits"]]


def test_what_a_customer_reads_out_leads_to_its_page():
    desk = desk_of(a_colleague())
    kept = a_kept_number()
    line = a_ready_line(email="bob@example.com")
    order, iccid = line.order, Profile.objects.get(line_id=line.pk).iccid
    bob, hers = f"/desk/customers/{order.customer_id}/", f"/desk/lines/{kept.pk}/"
    there = f"/desk/lines/{line.pk}/"
    number = Keeping.objects.get(pk=kept.pk).number.e164
    spoken = order.number.replace("-", " ").lower()

    for words, found in {
        " Bob@Example.COM ": [bob],
        "ob@example.com": [],
        order.customer.number: [bob, there],
        spoken: [bob, there],
        iccid[-5:]: [there],
        iccid[-3:]: [],
        order.invoice.number.lower(): [bob],
        number: [hers, f"/desk/customers/{kept.customer_id}/"],
        f"00{number[1:3]} {number[3:]}": [hers, f"/desk/customers/{kept.customer_id}/"],
        "FR-2222-2222": [],
        "\x00'; --": [],
    }.items():
        assert hits(desk, words) == found, words
    assert desk.get(bob).status_code == desk.get(there).status_code == 200


def test_after_a_closing_the_certificate_still_leads_to_the_account():
    closure, refund = a_closed_account()
    desk = desk_of(a_colleague())
    owner = f"/desk/customers/{closure.customer_id}/"
    assert closure.certificate is not None
    decision = refund.decisions.get().number

    assert hits(desk, closure.certificate.number) == [owner]
    assert hits(desk, decision) == [f"/desk/refunds/{refund.pk}/"]
    closing = f"/desk/closures/{closure.pk}/"
    assert closing in desk.get(owner).content.decode()
    assert decision not in desk.get(closing).content.decode()


def test_a_colleague_s_conversation_is_named_and_stays_shut():
    opener, other = a_colleague(), a_colleague(email="kim@example.com")
    since = {"waiting_since": NOON, "opened_at": NOON}
    taken = Thread.objects.create(
        address="eve@example.com", stage="waiting", subject="My card", assignee=other, **since
    )

    answer = desk_of(opener).post(SEARCH, {"q": "eve@example.com"})

    assert [(hit.title, hit.path) for hit in answer.context["hits"]] == [("without a subject", "")]
    assert "My card" not in answer.content.decode()
    assert hits(desk_of(other), "eve@example.com") == [f"/desk/conversations/{taken.pk}/"]
    assert hits(desk_of(a_colleague("senior", email="s@example.com")), "eve@example.com")


def test_nobody_searches_without_end():
    desk = desk_of(a_colleague())

    tries = {desk.post(SEARCH, {"q": "FR-2222-2222"}).status_code for _ in range(60)}
    assert (tries, desk.post(SEARCH, {"q": "FR-2222-2222"}).status_code) == ({200}, 429)


def test_the_end_of_an_iccid_is_looked_up_in_an_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        ends = lines.profiles_ending("4321")
        assert "profiles_by_iccid_end" in ends.explain()
