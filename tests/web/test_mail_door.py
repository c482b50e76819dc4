"""The door for mail, spoken to as mail servers speak: accepted exactly once or refused before."""

from __future__ import annotations

import asyncio
import smtplib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any
from uuid import uuid4

import pytest

from fairroam.apps.conversations import operations, queries, tasks
from fairroam.apps.conversations.models import Mail, Message, Thread
from fairroam.apps.evidence.models import Evidence
from fairroam.apps.journal.models import Event
from fairroam.apps.notices import operations as notices
from fairroam.apps.notices import tasks as notice_tasks
from fairroam.apps.notices.models import Notice
from fairroam.web.mail import door
from sandbox.processes import free_port
from tests.apps.mail_given import ADA, OURS, a_bounce, a_mail
from tests.files_given import a_picture, a_pixel_bomb
from tests.given import a_colleague, a_customer

pytestmark = pytest.mark.usefixtures("committed")
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[smtplib.LMTP]:
    """The door in a thread of its own, and a mail server that is connected to it."""
    loop, port = asyncio.new_event_loop(), free_port()
    opened = threading.Event()
    stop: list[Any] = []

    async def run() -> None:
        stop.append(asyncio.Event())
        async with await door.listen("127.0.0.1", port):
            opened.set()
            await stop[0].wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert opened.wait(60)
    try:
        with smtplib.LMTP("127.0.0.1", port, "mx.example.com", timeout=60) as client:
            yield client
    finally:
        loop.call_soon_threadsafe(stop[0].set)
        thread.join(60)
        loop.close()


def hand_over(
    server: smtplib.LMTP, mail: bytes, *, sender: str = ADA, to: tuple[str, ...] = (OURS,)
) -> int:
    """What the door answers to the mail: 250, or the code of its refusal."""
    try:
        refused = server.sendmail(sender, list(to), mail)
    except smtplib.SMTPRecipientsRefused as refusal:
        return next(iter(refusal.recipients.values()))[0]
    except smtplib.SMTPResponseException as refusal:
        return refusal.smtp_code
    return next(iter(refused.values()))[0] if refused else 250


def reply_to(notice: Notice) -> str:
    return f"<{notice.key}@fairroam.example>"


@pytest.mark.promise(26)
def test_a_mail_with_a_photo_is_a_message_with_evidence_once(server):
    ada = a_customer()
    mail = a_mail(picture=a_picture(), subject="没有网络")

    assert [hand_over(server, mail) for _ in range(3)] == [250, 250, 250]

    message = Message.objects.get()
    assert (message.customer_id, message.channel) == (ada.pk, "mail")
    assert message.written_at == datetime(2026, 11, 1, 0, 30, tzinfo=UTC)
    assert message.received_at > message.written_at
    assert Evidence.objects.get().customer_id == ada.pk
    assert Mail.objects.get().message == message


def test_one_mail_to_two_of_our_addresses_is_one_message(server):
    a_customer()

    assert hand_over(server, a_mail(), to=(OURS, "Service+x@Fairroam.example")) == 250
    assert server.getreply()[0] == 250  # RFC 2033: an answer for each recipient

    assert Message.objects.count() == 1


def test_many_deliveries_at_once_are_one_message(server):
    a_customer()
    mail, answers = a_mail(), []

    def deliver() -> None:
        with smtplib.LMTP("127.0.0.1", server.sock.getpeername()[1], timeout=60) as twin:
            answers.append(hand_over(twin, mail))

    twins = [threading.Thread(target=deliver) for _ in range(6)]
    for twin in twins:
        twin.start()
    for twin in twins:
        twin.join()

    assert answers == [250] * 6
    assert Message.objects.count() == 1


def test_answers_come_back_into_their_thread_by_token_and_by_reference(server):
    a_customer()
    hand_over(server, a_mail("First"))
    thread = Thread.objects.get()
    tasks.acknowledge(message_id=thread.messages.get().pk, now=NOW)
    notice = Notice.objects.get()
    message = notice_tasks.message_of(notice).message()
    assert message["Reply-To"] == queries.thread_address(thread.token)
    assert message["Auto-Submitted"] == "auto-generated"

    hand_over(server, a_mail("Second"), to=(message["Reply-To"],))
    hand_over(server, a_mail("Third", In_Reply_To=reply_to(notice)))
    hand_over(server, a_mail("Fourth", References=f"<x@y> {reply_to(notice)} <z@y>"))

    words = list(thread.messages.order_by("pk").values_list("words", flat=True))
    assert words == ["First", "Second", "Third", "Fourth"]


def test_a_token_that_was_passed_on_opens_nobodys_thread(server):
    a_customer()
    hand_over(server, a_mail())
    thread = Thread.objects.get()

    token_address = queries.thread_address(thread.token)
    mail = a_mail("Let me in", sender="eve@example.com")
    assert hand_over(server, mail, sender="eve@example.com", to=(token_address,)) == 250

    stranger = Thread.objects.exclude(pk=thread.pk).get()
    assert (stranger.customer_id, stranger.address) == (None, "eve@example.com")
    assert thread.messages.count() == 1


@pytest.mark.parametrize(
    ("headers", "sender", "outcome"),
    [
        ({"Auto_Submitted": "auto-replied"}, ADA, "automatic"),
        ({"Precedence": "list"}, ADA, "automatic"),
        ({}, "", "automatic"),
        ({"sender": OURS}, OURS, "loop"),
    ],
)
def test_machines_get_no_thread_and_no_answer(server, headers, sender, outcome):
    a_customer()

    assert hand_over(server, a_mail(**headers), sender=sender) == 250

    assert Mail.objects.get().outcome == outcome
    assert not Thread.objects.exists()
    assert not Event.objects.filter(kind="message.received").exists()


def test_our_own_mail_that_comes_back_is_a_loop(server):
    ada = a_customer()
    operations.open_thread(
        customer_id=ada.pk,
        subject="x",
        words="y",
        key=uuid4(),
        now=NOW,
    )
    tasks.acknowledge(message_id=Message.objects.get().pk, now=NOW)
    notice = Notice.objects.get()

    hand_over(server, a_mail(message_id=reply_to(notice)))

    assert Mail.objects.get().outcome == "loop"
    assert Message.objects.count() == 1


@pytest.mark.promise(33)
def test_a_mail_of_ours_that_bounced_is_recorded_with_it(server):
    ada = a_customer()
    operations.open_thread(customer_id=ada.pk, subject="x", words="y", key=uuid4(), now=NOW)
    tasks.acknowledge(message_id=Message.objects.get().pk, now=NOW)
    notice = Notice.objects.get()
    notices.record_sent(notice_id=notice.pk, now=NOW)

    for _ in range(2):
        assert hand_over(server, a_bounce(reply_to(notice)), sender="") == 250

    notice.refresh_from_db()
    assert notice.bounced_at is not None
    assert notice.stage == "sent"
    assert Event.objects.filter(kind="notice.bounced").count() == 1
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "address",
    ["nobody@fairroam.example", "service@elsewhere.example", "service", "root@localhost"],
)
def test_mail_for_others_is_refused_before_it_is_sent(server, address):
    assert hand_over(server, a_mail(), to=(address,)) in (550, 553)
    assert not Mail.objects.exists()


@pytest.mark.parametrize("mail", [b"From: \r\n\r\nwords", a_mail(" ")], ids=["sender", "words"])
def test_what_nobody_can_answer_is_refused(server, mail):
    assert hand_over(server, mail) == 550
    assert not Mail.objects.exists()


def test_a_mail_that_is_too_large_is_refused(server, monkeypatch):
    server.ehlo_or_helo_if_needed()
    assert server.esmtp_features["size"] == str(door.MAIL_BYTES_MAX)

    assert hand_over(server, a_mail() + b"x" * 70 + b"\r\nx" * (door.MAIL_BYTES_MAX // 3)) == 552
    assert not Mail.objects.exists()


def test_too_many_mails_are_put_off_and_none_is_lost(server):
    a_customer()
    for number in range(20):
        assert hand_over(server, a_mail(f"Letter {number}")) == 250

    assert hand_over(server, a_mail("One more")) == 450

    assert Mail.objects.count() == Message.objects.count() == 20


def test_a_file_that_cannot_be_kept_does_not_stop_the_letter(server):
    a_customer()

    assert hand_over(server, a_mail(picture=a_pixel_bomb())) == 250

    message = Message.objects.get()
    assert (message.files.count(), message.files_left_out) == (0, 1)
    tasks.acknowledge(message_id=message.pk, now=NOW)
    assert "could not be kept" in Notice.objects.get().text


def test_a_fault_of_ours_leaves_the_mail_with_the_mail_server(server, monkeypatch):
    a_customer()

    def broken(*_: object, **__: object) -> str:
        raise RuntimeError("a bug")

    monkeypatch.setattr(operations, "receive_mail", broken)
    assert hand_over(server, a_mail()) == 451
    monkeypatch.undo()
    assert hand_over(server, a_mail()) == 250
    assert Message.objects.count() == 1


def test_an_answer_of_a_person_is_no_machines_mail(server):
    a_customer()
    hand_over(server, a_mail())
    thread = Thread.objects.get()
    message_id = operations.answer(
        thread_id=thread.pk,
        staff_user_id=a_colleague().pk,
        words="你好",
        closes=False,
        key=uuid4(),
        now=NOW,
    )
    tasks.mail_answer(message_id=message_id, is_last_word=False, now=NOW)

    sent = message_from_bytes(
        notice_tasks.message_of(Notice.objects.get()).message().as_bytes(), policy=policy.default
    )
    assert "Auto-Submitted" not in sent
    assert "你好" in sent.get_body().get_content()
