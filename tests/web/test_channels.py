"""Our true channels: the signed list, "was it us?", and reports of what only claims to be."""

from __future__ import annotations

import pytest

from fairroam.apps.papers import operations
from fairroam.apps.papers import queries as papers
from fairroam.apps.papers.models import Channel, FakeReport
from fairroam.apps.papers.queries.channels import origin_of
from fairroam.proof import Truth, read, verify
from tests import given
from tests.apps import lines_given
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("soon_after", "catalogue")


@pytest.fixture
def operator(client):
    user = given.a_colleague("operator")
    client.force_login(user)
    return user


@pytest.mark.promise(64, 76, 83)
def test_the_list_is_signed_and_a_changed_copy_is_found_out(client):
    operations.add_channel(kind="phone", address="+49 30 1234567", actor="staff:1", now=NOON)

    document = client.get("/channels/signed.json").content

    verdict = verify(read(document), papers.key_set())
    assert verdict.truth == Truth.TRUE
    assert {"kind": "phone", "address": "+49 30 1234567"} in verdict.statement["channels"]
    changed = document.replace(b"1234567", b"7654321")
    assert verify(read(changed), papers.key_set()).truth == Truth.CHANGED


@pytest.mark.promise(64, 83)
@pytest.mark.parametrize(
    ("seen", "origin"),
    [
        ("http://127.0.0.1:8000/account/refunds/7/", "ours"),
        ("127.0.0.1:8000", "ours"),
        ("HTTP://127.0.0.1:8000/", "ours"),
        ("+49 (30) 123-4567", "ours"),
        ("social.example/@fairroam", "ours"),
        ("http://127.0.0.1:8000.evil.example/", "not_ours"),
        ("http://127.0.0.1:8000@evil.example/", "not_ours"),
        ("social.example/@fairroam-support", "not_ours"),
        ("service@fairroam.example.evil.example", "not_ours"),
        ("https://fairroam-refund.example/login", "fake"),
        ("", "not_ours"),
        ("[::1", "not_ours"),
    ],
)
def test_only_what_is_listed_is_ours_however_alike_another_looks(seen, origin):
    operations.add_channel(kind="phone", address="+49301234567", actor="staff:1", now=NOON)
    operations.add_channel(
        kind="social", address="https://social.example/@fairroam", actor="staff:1", now=NOON
    )
    fake = operations.report_fake(what="fairroam-refund.example/login", words="", now=NOON)
    operations.settle_report(report_id=fake.pk, is_fake=True, actor="staff:1", now=NOON)

    assert origin_of(seen) == origin


@pytest.mark.promise(76, 83)
def test_a_report_is_looked_at_by_a_person_and_listed_for_everybody(client, operator):
    client.post("/channels/report/", {"what": "fast-cancel.example", "words": "in a video"})
    assert "fast-cancel.example" not in words_of(client.get("/channels/"))
    report = FakeReport.objects.get()
    assert "in a video" in words_of(client.get("/desk/channels/"))

    client.post(f"/desk/channels/reports/{report.pk}/", {"answer": "fake"})

    assert "fast-cancel.example" in words_of(client.get("/channels/"))
    answer = client.post("/channels/", {"what": "https://fast-cancel.example/"})
    assert "imitates us" in words_of(answer)
    client.post(f"/desk/channels/reports/{report.pk}/", {"answer": "none"})
    report.refresh_from_db()
    assert report.stage == "confirmed"  # the second look changes nothing


def test_an_operator_keeps_the_list(client, operator):
    client.post("/desk/channels/", {"kind": "mail", "address": "help@fairroam.example"})
    again = client.post("/desk/channels/", {"kind": "mail", "address": "HELP@fairroam.example"})
    for kind, slip in (("mail", "help at fairroam"), ("web", "-3x"), ("phone", "oops")):
        wrong = client.post("/desk/channels/", {"kind": kind, "address": slip})
        assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["address"])
    assert again.status_code == 409
    assert origin_of("help@fairroam.example") == "ours"

    channel = Channel.objects.get(address="help@fairroam.example")
    client.post(f"/desk/channels/{channel.pk}/end/")

    assert origin_of("help@fairroam.example") == "not_ours"


def test_agents_do_not_change_the_list(client):
    client.force_login(given.a_colleague("agent"))

    assert client.get("/desk/channels/").status_code == 403


@pytest.mark.promise(76)
def test_the_warning_stands_beside_the_buttons_that_scammers_offer_to_press(client):
    line = lines_given.a_ready_line()
    client.force_login(line.order.customer.user)
    for path in ("/account/leave/", f"/account/lines/{line.pk}/refund/"):
        page = client.get(path)
        if b"Continue with" in page.content:  # money back takes two steps: look at the second
            form = {"key": page.context["form"]["key"].value(), "currency": "EUR"}
            page = client.post(path, form, follow=True)
        assert "Nobody can do this faster than this button" in words_of(page), path
