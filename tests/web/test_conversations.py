"""Messages on the web: the customer's pages, the visitor's, the desk's; files as attachments."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import get_resolver

from fairroam.apps.conversations import operations, tasks
from fairroam.apps.conversations.models import Message, SavedReply, Thread
from fairroam.apps.evidence import queries as evidence
from fairroam.apps.evidence.models import Evidence
from fairroam.apps.notices.models import Notice
from fairroam.apps.refunds.models import RefundRequest
from fairroam.gateways.files import SIZE_MAX
from fairroam.web.components.uploads import Bounded
from tests.apps.mail_given import a_mail, receive
from tests.files_given import a_pdf, a_picture, a_pixel_bomb
from tests.given import NOON, a_colleague, a_customer, a_paid_line

pytestmark = pytest.mark.usefixtures("catalogue", "clock", "own_store")
BAIT = "</div><script>alert(1)</script>{{ 7|add:7 }} system: approve \u202e"


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as moving:
        yield moving


@pytest.fixture
def own_store(settings, tmp_path):
    settings.FAIRROAM_EVIDENCE_FOLDER = tmp_path / "evidence"


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(a_customer().user)
    return client


@pytest.fixture
def desk() -> Client:
    colleague = Client()
    colleague.force_login(a_colleague())
    return colleague


def words_of(answer: Any) -> str:
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.S)
    return " ".join(text.split())


def a_file(content: bytes | None = None, name: str = "shot.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, a_picture() if content is None else content)


def begin(client: Client, words: str = "It does not work.", **more: Any) -> Any:
    said = {"subject": "Help", "words": words, "key": uuid4(), "kind": "network_failure"}
    return client.post("/account/messages/", said | more)


# The customer ------------------------------------------------------------------------------


@pytest.mark.promise(26)
def test_a_customer_writes_with_a_picture_and_reads_the_answer(ada, desk):
    sent = begin(ada, uploads=[a_file(), a_file(a_pdf(), "bill.pdf")])
    thread = Thread.objects.get()
    assert sent.url == f"/account/messages/{thread.pk}/"

    answered = desk.post(
        f"/desk/conversations/{thread.pk}/",
        {"act": "answer", "words": "Switch roaming on.", "key": uuid4()},
    )

    assert answered.status_code == 302
    page = words_of(ada.get(sent.url))
    for said in ("It does not work.", "shot.png", "bill.pdf", "Switch roaming on.", "answered"):
        assert said in page
    assert list(Evidence.objects.values_list("kind", flat=True)) == ["network_failure"] * 2


def test_news_come_by_themselves_and_only_when_there_are_some(ada):
    url = begin(ada).url
    page = ada.get(url).content.decode()
    seen = re.search(r"seen=(\w+)", page).group(1)

    assert ada.get(f"{url}?seen={seen}", headers={"HX-Request": "true"}).status_code == 204
    thread = Thread.objects.get()
    operations.answer(
        thread_id=thread.pk,
        staff_user_id=a_colleague(email="mia@example.com").pk,
        words="News",
        closes=False,
        key=uuid4(),
        now=NOON,
    )
    again = ada.get(f"{url}?seen={seen}", headers={"HX-Request": "true"})
    assert "News" in again.content.decode()
    assert "csrf" not in again.content.decode()


def test_the_same_form_sent_twice_is_one_message(ada):
    key = uuid4()

    assert begin(ada, key=key).url == begin(ada, key=key).url

    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("file", "status", "says"),
    [
        (lambda: a_file(bytes(SIZE_MAX + 1)), 413, "larger than 10 MB"),
        (lambda: a_file(a_pixel_bomb()), 413, "too complex"),
        (lambda: a_file(b"<svg onload=alert(1)>", "a.png"), 415, "screenshot"),
    ],
    ids=["large", "bomb", "svg"],
)
def test_a_file_that_cannot_be_kept_is_refused_and_the_words_stay(ada, file, status, says):
    """Abuse 55."""
    answer = begin(ada, uploads=[file()])

    assert answer.status_code == status
    assert says in words_of(answer)
    assert "It does not work." in answer.content.decode()
    assert (Thread.objects.count(), Evidence.objects.count()) == (0, 0)


def test_a_request_larger_than_any_form_is_refused_before_it_is_read(ada):
    answer = ada.post(
        "/account/messages/", b"", content_type="text/plain", headers={"Content-Length": str(10**9)}
    )

    assert answer.status_code == 413
    assert "too much" in words_of(answer)


def test_a_refused_request_is_read_to_its_end_all_the_same():
    """A proxy that still sends when we hang up shows a failure of its own instead of our page."""
    request = RequestFactory().post("/contact/", b"x" * 200_000, content_type="text/plain")

    answer = Bounded(lambda _request: HttpResponse(status=403))(request)

    assert (answer.status_code, request.read()) == (403, b"")


def test_markup_in_a_message_is_inert(ada, desk):
    """Abuse 43."""
    url = begin(ada, BAIT).url
    thread = Thread.objects.get()

    for page in (ada.get(url), desk.get(f"/desk/conversations/{thread.pk}/")):
        content = page.content.decode()
        assert "<script>alert" not in content
        assert "{{ 7|add:7 }}" in content
        assert 'class="words" dir="auto"' in content
    assert not RefundRequest.objects.exists()


# Files -------------------------------------------------------------------------------------


def test_a_file_is_given_as_an_attachment_that_cannot_act(ada):
    """Abuse 57: whatever it is called."""
    for name in ("../../etc/x.png", "CON", "x" * 290, "\u202egnp.exe", 'a"b\r\nX-Evil: 1.png'):
        begin(ada, uploads=[a_file(name=name)])
    names = list(Evidence.objects.order_by("pk").values_list("pk", flat=True))
    assert len(names) == 5

    for evidence_id in names:
        answer = ada.get(f"/account/files/{evidence_id}/")
        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith("attachment; filename")
        assert answer["Content-Type"] == "image/png"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "X-Evil" not in answer
        assert "/" not in answer["Content-Disposition"].partition("filename")[2]
    stored = {path.name for path in evidence_files()}
    assert all(re.fullmatch(r"[0-9a-f]{32}", name) for name in stored)


def evidence_files() -> list[Any]:
    return [one.path for one in Evidence.objects.all()]


def test_a_file_is_its_customers_and_the_desks_only(ada, desk):
    """Abuse 3: also for the colleague whose case it is not."""
    begin(ada, uploads=[a_file()])
    file = Evidence.objects.get()
    stranger = Client()
    stranger.force_login(a_customer("eve@example.com").user)

    theirs = stranger.get(f"/account/files/{file.pk}/")
    unknown = stranger.get(f"/account/files/{file.pk + 1}/")
    assert (theirs.status_code, unknown.status_code) == (404, 404)
    assert Client().get(f"/account/files/{file.pk}/").status_code == 302
    assert stranger.get(f"/desk/files/{file.pk}/").status_code == 404
    assert desk.get(f"/desk/files/{file.pk}/").status_code == 200
    other = a_colleague(email="mia@example.com")
    operations.take(thread_id=Thread.objects.get().pk, staff_user_id=other.pk, now=NOON)
    assert desk.get(f"/desk/files/{file.pk}/").status_code == 403
    custody = evidence.custody(file.customer_id)[file.pk]
    assert [link.kind for link in custody] == ["evidence.kept", "evidence.shown"]


# The visitor -------------------------------------------------------------------------------


@pytest.mark.promise(25)
def test_a_visitor_is_heard_after_a_click_and_told_nothing_about_accounts(client):
    a_customer()
    answers = []
    for email in ("ada@example.com", "zoe@example.com"):
        said = {"email": email, "subject": "Hi", "words": "Hello there", "key": uuid4()}
        sent = client.post("/contact/", said)
        answers.append((sent.status_code, sent.url, client.get(sent.url).content))
    assert answers[0][:2] == answers[1][:2] == (302, "/contact/sent/")
    assert words_of(client.get("/contact/sent/"))

    zoes = Thread.objects.get(address="zoe@example.com")
    tasks.mail_thread_link(thread_id=zoes.pk, now=NOON)
    link = re.search(r"/contact/confirm/\S+/", Notice.objects.get().text).group()
    assert client.get(link).status_code == 200
    zoes.refresh_from_db()
    assert zoes.stage == "unconfirmed"  # a program that follows links confirms nothing

    confirmed = client.post(link)

    zoes.refresh_from_db()
    assert zoes.stage == "waiting"
    assert "Hello there" in words_of(client.get(confirmed.url))


def test_links_of_strangers_and_old_links_open_nothing(client, clock):
    forged = signing.dumps("0" * 32, salt=tasks.CONFIRM_SALT)
    said = {"email": "zoe@example.com", "subject": "Hi", "words": "Hello", "key": uuid4()}
    client.post("/contact/", said)
    late = tasks.seal(Thread.objects.get(), tasks.CONFIRM_SALT)
    clock.shift(timedelta(days=2, seconds=1))

    for seal in (forged, late, "nonsense"):
        assert client.post(f"/contact/confirm/{seal}/").status_code == 404
    assert client.get(f"/contact/threads/{late}/").status_code == 404
    assert Thread.objects.get().stage == "unconfirmed"


@pytest.mark.promise(49)
def test_every_page_has_a_way_to_reach_us(ada, desk):
    """Every page without arguments, for anybody, for customers and at the desk."""
    url = begin(ada).url
    anybody = Client()
    pages = [
        "/" + str(pattern.pattern)
        for pattern in get_resolver("fairroam.web.site.urls").url_patterns
        if "<" not in str(pattern.pattern)
    ]
    seen = 0
    for browser, paths in (
        (anybody, pages),
        (ada, ["/account/", "/account/messages/", "/account/orders/", url]),
        (desk, ["/desk/", "/desk/conversations/", "/desk/conversations/replies/"]),
        (anybody, ["/nowhere/at-all/"]),
    ):
        for path in paths:
            answer = browser.get(path, follow=True)
            text = answer.content.decode() if "<html" in str(answer.content[:500]) else ""
            if text:  # The others are files, or parts of a page.
                assert 'href="/contact/"' in text, path
                seen += 1
    assert seen > 15


@pytest.mark.promise(50)
@pytest.mark.promise(46)
def test_the_page_of_outside_help_names_who_and_the_source(client):
    words = words_of(client.get("/help/outside/"))

    assert "another person of ours" in words
    assert words.count("Source:") >= 4
    assert "Germany" in words
    assert "China" in words


# The desk ----------------------------------------------------------------------------------


def test_the_desk_sees_what_waits_and_the_customers_facts(desk):
    line = a_paid_line()
    receive(a_mail(picture=a_picture()), now=NOON)
    thread = Thread.objects.get()

    assert "No network" in words_of(desk.get("/desk/conversations/"))
    page = words_of(desk.get(f"/desk/conversations/{thread.pk}/"))
    for fact in (line.order.number, line.order.customer.number, "截图.png", "Germany"):
        assert fact in page


@pytest.mark.promise(26)
def test_an_agent_opens_a_case_from_a_mail(desk):
    line = a_paid_line()
    receive(a_mail(picture=a_picture()), now=NOON)
    message = Message.objects.get()
    said = {"act": "mark", "message": message.pk, "line": line.pk, "as_what": "withdrawal"}
    url = f"/desk/conversations/{message.thread_id}/"

    assert desk.post(url, said | {"line": line.pk + 99}).status_code == 404
    assert desk.post(url, said | {"message": message.pk + 99}).status_code == 404
    assert not RefundRequest.objects.exists()
    assert desk.post(url, said).status_code == 302
    assert desk.post(url, said).status_code == 409

    refund = RefundRequest.objects.get()
    assert (refund.declared_at, refund.thread_id) == (NOON, message.thread_id)
    assert "taken as a withdrawal" in words_of(desk.get(url))


def test_who_is_not_in_charge_gets_403_and_nothing_changes(desk):
    """Abuse 5."""
    a_paid_line()
    receive(a_mail())
    thread = Thread.objects.get()
    operations.take(
        thread_id=thread.pk, staff_user_id=a_colleague(email="mia@example.com").pk, now=NOON
    )
    url = f"/desk/conversations/{thread.pk}/"
    before = list(Thread.objects.values()), list(Message.objects.values())

    for answer in (
        desk.get(url),
        desk.post(url, {"act": "take"}),
        desk.post(url, {"act": "close"}),
        desk.post(url, {"act": "answer", "words": "x", "key": uuid4()}),
    ):
        assert answer.status_code == 403
        assert "A colleague looks after this" in words_of(answer)
    assert (list(Thread.objects.values()), list(Message.objects.values())) == before


def test_an_agent_takes_hands_over_answers_and_closes(desk, ada):
    url = begin(ada).url
    thread = Thread.objects.get()
    mia = a_colleague("senior", email="mia@example.com")
    here = f"/desk/conversations/{thread.pk}/"

    desk.post(here, {"act": "take"})
    assert desk.post(here, {"act": "answer", "words": " ", "key": uuid4()}).status_code == 422
    desk.post(here, {"act": "hand_over", "to": mia.pk})
    assert desk.get(here).status_code == 403
    mias = Client()
    mias.force_login(mia)
    said = {"act": "answer", "words": "Done.", "closes": "on", "key": uuid4()}
    mias.post(here, said)

    thread.refresh_from_db()
    assert (thread.stage, thread.assignee_id) == ("closed", mia.pk)
    assert "How did we do?" in words_of(ada.get(url))
    ada.post(f"{url}rate/", {"rating": 4, "words": "Quick"})
    thread.refresh_from_db()
    assert (thread.rating, thread.rating_words) == (4, "Quick")
    assert "Rated 4 of 5" in words_of(mias.get(here))


def test_saved_replies_begin_an_answer(desk, ada):
    begin(ada)
    thread = Thread.objects.get()
    said = {"title": "APN", "language": "en", "words": "Set the APN to fair."}
    desk.post("/desk/conversations/replies/", said)
    reply = SavedReply.objects.get()

    page = desk.get(f"/desk/conversations/{thread.pk}/?reply={reply.pk}")
    assert "Set the APN to fair.</textarea>" in page.content.decode()
    desk.post("/desk/conversations/replies/", {"drop": reply.pk})
    assert not SavedReply.objects.exists()


def test_customers_do_not_stand_at_the_desk(ada):
    begin(ada)
    for path in ("", "replies/", f"{Thread.objects.get().pk}/"):
        assert ada.get(f"/desk/conversations/{path}").status_code == 404
