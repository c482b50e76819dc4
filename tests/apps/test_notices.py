"""Mails: sent once, in our look, with a code to check; what became of them; what may be stopped."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes, policy
from smtplib import SMTPRecipientsRefused, SMTPResponseException, SMTPServerDisconnected
from uuid import UUID, uuid4

import pytest
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from hypothesis import given as examples
from hypothesis import strategies as st

from fairroam.apps.catalogue.operations import change_logo
from fairroam.apps.conversations import operations as conversations
from fairroam.apps.conversations.models import Thread
from fairroam.apps.conversations.tasks import mail_thread_link
from fairroam.apps.journal.models import Event
from fairroam.apps.notices import operations, personal, queries, tasks
from fairroam.apps.notices.models import MailStop, Notice
from fairroam.apps.notices.refusals import NobodyToWriteTo, NothingToSendAgain
from fairroam.apps.notices.tasks.composing import blocks_of
from fairroam.apps.orders.tasks import mail_trial_link
from tests import given
from tests.files_given import a_picture
from tests.given import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

RECEIPT = """We send you €21.48 back for “<b>Japan</b>”. This is how it comes about:

+ Price paid  €30.00
× Outage: none was reported
+ Used: 2.8 of 10 GB  -€8.52

Total: €21.48
The money is sent by Monday.

Check it here: https://example.com/verify/DC-1/.
"""


def a_notice(customer=None, *, kind="refunds.decided", text=RECEIPT, **fields) -> Notice:
    customer = customer or given.a_customer()
    words = {"language": "en", "address": "ada@example.com", "subject": "You get €21.48 back"}
    return Notice.objects.create(
        act=f"test:{uuid4()}",
        kind=kind,
        customer=customer,
        text=text,
        queued_at=NOON,
        **(words | fields),
    )


def sent(notice: Notice):
    tasks.deliver(notice_id=notice.pk, now=NOON)
    return message_from_bytes(outbox.outbox[-1].message().as_bytes(), policy=policy.default)


def body(mail, kind: str) -> str:
    return mail.get_body((kind,)).get_content()


class Refusing(EmailBackend):
    """A mail server that answers as each test says."""

    answer: Exception

    def send_messages(self, messages):
        raise self.answer


@pytest.fixture
def refusing(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    return Refusing


def test_a_mail_shows_the_seller_s_picture_and_asks_no_server_for_it():
    assert "<img" not in body(sent(a_notice()), "html")
    change_logo(content=a_picture(), media_type="image/png", actor="staff:1", now=NOON)

    mail = sent(a_notice())

    (named,) = re.findall(r'<img src="cid:([^"]+)"', body(mail, "html"))
    (picture,) = (part for part in mail.walk() if part.get_content_type() == "image/png")
    assert (picture["Content-ID"], picture.get_content_disposition()) == (f"<{named}>", "inline")
    assert picture.get_content() == a_picture()


@pytest.mark.promise(33)
def test_a_mail_says_the_same_in_plain_words_and_in_our_look(db):
    mail = sent(a_notice())

    plain, page = body(mail, "plain"), body(mail, "html")
    assert plain.startswith(RECEIPT.partition("\n")[0])
    assert '<td>Used: 2.8 of 10 GB</td><td class="amount">-€8.52</td>' in page
    assert '<tr class="apart"><td>Outage: none was reported</td>' in page
    assert '<th scope="row">Total</th><td class="amount">€21.48</td>' in page
    assert '<a href="https://example.com/verify/DC-1/">' in page
    assert "<b>Japan" not in page
    numbers = re.findall(r"€\d+\.\d\d", plain)
    assert [number for number in numbers if number not in page] == []


def test_a_mail_bears_its_key_and_a_code_that_leads_back_to_it(db):
    notice = a_notice()

    mail = sent(notice)

    assert str(notice.key) in mail["Message-ID"]
    code = re.search(r"M-[A-Z0-9-]+", body(mail, "plain"))[0]
    assert code in body(mail, "html")
    assert queries.find_by_code(code) == notice
    assert queries.find_by_code(f" {code.lower().replace('-', '')} ") == notice


def test_a_code_of_no_mail_leads_nowhere(db):
    a_notice()

    codes = [queries.code_of(uuid4()), "M-ZZZZ-ZZZZ-ZZZZ", "M-1", "", "FR-2026-000001"]
    assert [queries.find_by_code(code) for code in codes] == [None] * 5


@examples(st.uuids())
def test_a_code_is_the_beginning_of_its_key(key: UUID):
    code = queries.code_of(key)

    value = 0
    for letter in code.replace("-", "")[1:]:
        value = value * len(queries.ALPHABET) + queries.ALPHABET.index(letter)
    assert value == key.int >> 69


@pytest.mark.promise(33)
def test_only_what_no_law_wants_mailed_can_be_stopped(db):
    for kind, is_stoppable in (("esims.act", True), ("refunds.decided", False)):
        mail = sent(a_notice(kind=kind))

        assert ("List-Unsubscribe" in mail) == is_stoppable
        assert ("/unsubscribe/" in body(mail, "plain")) == is_stoppable
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.promise(33)
def test_a_stopped_topic_stands_in_the_inbox_alone_and_the_rest_is_mailed(db):
    ada = given.a_customer()
    operations.choose_mails(customer_id=ada.pk, stopped={"lines"}, now=NOON)

    def told(kind: str) -> Notice:
        notice = operations.queue(
            kind="customers.security_changed",
            act=f"test:{kind}",
            address="ada@example.com",
            language="en",
            context={"what": "", "at": NOON, "zone": "UTC"},
            now=NOON,
            customer_id=ada.pk,
        )
        Notice.objects.filter(pk=notice.pk).update(kind=kind)
        return notice

    assert queries.is_mailed(ada.pk, "esims.act") is False
    assert queries.is_mailed(ada.pk, "refunds.decided") is True
    assert told("refunds.decided").stage == "queued"
    queries.TOPICS["customers.security_changed"] = "lines"
    try:
        kept = told("esims.act")
    finally:
        del queries.TOPICS["customers.security_changed"]
    assert kept.stage == "kept"
    assert kept in queries.inbox(ada.pk)
    assert Event.objects.filter(kind="notice.queued").count() == 1
    operations.choose_mails(customer_id=ada.pk, stopped=set(), now=NOON)
    assert queries.is_mailed(ada.pk, "esims.act") is True


@pytest.mark.parametrize(
    ("error", "stage", "reason"),
    [
        (SMTPResponseException(550, b"5.1.1 unknown mailbox"), "failed", "550 5.1.1 unknown"),
        (SMTPRecipientsRefused({"a@b": (550, b"no such user")}), "failed", "550 no such user"),
        (SMTPResponseException(451, b"4.7.1 later"), "queued", ""),
        (SMTPServerDisconnected("gone"), "queued", ""),
    ],
)
def test_what_the_mail_server_says_is_kept(refusing, error, stage, reason):
    refusing.answer = error
    notice = a_notice()

    try:
        tasks.deliver(notice_id=notice.pk, now=NOON)
    except type(error):
        assert stage == "queued"

    notice.refresh_from_db()
    assert (notice.stage, notice.attempts) == (stage, 1)
    assert notice.reason.startswith(reason)
    assert bool(notice.reason) == bool(reason)


def test_a_mail_server_that_is_away_for_an_hour_costs_nobody_a_mail(refusing):
    """Twenty tries, by the pauses of a job."""
    refusing.answer = ConnectionRefusedError()
    notice = a_notice()

    for _ in range(20):
        with pytest.raises(ConnectionRefusedError):
            tasks.deliver(notice_id=notice.pk, now=NOON)

    assert Notice.objects.get().stage == "queued"


def test_after_many_attempts_a_person_sees_why(refusing):
    refusing.answer = ConnectionRefusedError()
    notice = a_notice(attempts=tasks.ATTEMPTS_MAX - 1)

    tasks.deliver(notice_id=notice.pk, now=NOON)

    assert list(queries.undelivered()) == [notice]
    assert queries.undelivered()[0].reason == "ConnectionRefusedError"


def test_of_addresses_that_nobody_proved_nothing_is_kept_once_their_links_are_over():
    eve = "eve@example.com"
    mail_trial_link(email=eve, plan_code="trial-100mb-3d", residence="DE", language="en", now=NOON)
    conversations.ask_as_visitor(
        address=eve, subject="Hello", words="Hello", language="en", key=uuid4(), now=NOON
    )
    mail_thread_link(thread_id=Thread.objects.get().pk, now=NOON)
    strangers, own = list(Notice.objects.all()), a_notice()
    for notice in (*strangers, own):
        tasks.deliver(notice_id=notice.pk, now=NOON)

    days = [operations.forget_strangers(now=NOON + timedelta(days=days)) for days in (1, 2, 3)]

    assert (len(strangers), days) == (2, [0, 2, 0])
    for notice in Notice.objects.exclude(pk=own.pk):
        assert (notice.address, notice.subject, notice.text, notice.stage) == ("", "", "", "sent")
        assert queries.find_by_code(queries.code_of(notice.key)) == notice
    assert Notice.objects.get(pk=own.pk).text == RECEIPT


@pytest.mark.promise(33)
def test_a_mail_that_failed_or_came_back_is_sent_again_to_todays_address(db):
    ada = given.a_customer()
    failed, bounced = a_notice(ada, address="old@example.com"), a_notice(ada)
    operations.record_failed(notice_id=failed.pk, now=NOON, reason="550 gone")
    operations.record_sent(notice_id=bounced.pk, now=NOON)
    operations.record_bounced(key=bounced.key, now=NOON, reason="5.1.1 unknown")
    assert queries.undelivered_count() == 2

    for notice in (failed, bounced):
        operations.send_again(notice_id=notice.pk, actor="staff:1", now=NOON)
        tasks.deliver(notice_id=notice.pk, now=NOON)
        tasks.deliver(notice_id=notice.pk, now=NOON)

    assert queries.undelivered_count() == 0
    assert [mail.to for mail in outbox.outbox] == [["ada@example.com"]] * 2
    assert Event.objects.filter(kind="notice.sent_again").count() == 2
    assert list(queries.find_faults()) == []
    with pytest.raises(NothingToSendAgain):
        operations.send_again(notice_id=failed.pk, actor="staff:1", now=NOON)


def test_nobody_is_written_to_after_the_closing(db):
    ada = given.a_customer()
    notice = a_notice(ada)
    operations.record_failed(notice_id=notice.pk, now=NOON)
    ada.user.email = ""
    ada.user.save()

    with pytest.raises(NobodyToWriteTo):
        operations.send_again(notice_id=notice.pk, actor="staff:1", now=NOON)


def test_what_was_chosen_and_why_a_mail_failed_goes_with_the_account(db):
    ada = given.a_customer()
    notice = a_notice(ada)
    operations.record_failed(notice_id=notice.pk, now=NOON, reason="550 <ada@example.com>")
    operations.choose_mails(customer_id=ada.pk, stopped={"lines"}, now=NOON)

    erased = personal.erase(ada.pk)

    assert erased["notices_mailstop.topic"] == 1
    assert erased["notices_notice.reason"] == 1
    assert personal.remains(ada.pk) == 0
    assert not MailStop.objects.exists()


def test_words_with_a_colon_are_no_total():
    (receipt, after) = blocks_of("+ Nothing is due  €0.00\n\nDecision RD-1: it is attached, signed")

    assert receipt.total is None
    assert len(after.words) == 1


def test_words_right_above_a_receipt_stay_above_it():
    (words, receipt) = blocks_of("Gone back the way it came:\n+ Card  €5.00\n\nTotal: €5.00")

    assert (len(words.words), words.rows, words.total) == (1, [], None)
    assert len(receipt.rows) == 1
    assert receipt.total is not None
