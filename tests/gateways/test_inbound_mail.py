"""Mails read as plain data, also those that nobody should write."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairroam.gateways.inbound_mail import NotAMail, read_mail
from tests.apps.mail_given import ADA, a_bounce, a_mail, read
from tests.files_given import a_picture


def test_a_letter_is_who_what_when_and_its_files():
    picture = a_picture()
    mail = read(a_mail("没有网络。\r\n\r\nMei", picture=picture, In_Reply_To="<a@b>"))

    assert (mail.sender, mail.subject, mail.words) == (ADA, "No network", "没有网络。\n\nMei")
    assert mail.written_at == datetime(2026, 11, 1, 0, 30, tzinfo=UTC)
    assert mail.references == ("a@b",)
    assert [(file.name, file.content) for file in mail.files] == [("截图.png", picture)]
    assert (mail.is_automatic, mail.bounced_ids) == (False, None)


def test_html_alone_is_read_as_its_words():
    mail = read(
        b"From: ada@example.com\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        b"<style>p {color: red}</style><p>One &amp; two</p><div>Three<br>four</div>"
        b"<script>alert(1)</script>"
    )

    assert mail.words == "One & two\nThree\nfour"


@pytest.mark.parametrize(
    ("headers", "envelope", "is_automatic"),
    [
        ({}, ADA, False),
        ({"Auto_Submitted": "no"}, ADA, False),
        ({"Auto_Submitted": "auto-replied (vacation)"}, ADA, True),
        ({"Auto_Submitted": "auto-generated; x=y"}, ADA, True),
        ({"Precedence": "bulk"}, ADA, True),
        ({"List_Id": "<all.example.com>"}, ADA, True),
        ({}, "", True),
    ],
)
def test_what_machines_write_is_known_by_its_marks(headers, envelope, is_automatic):
    mail = read(a_mail(**headers), envelope_sender=envelope)

    assert mail.is_automatic is is_automatic


def test_a_report_names_the_mails_that_did_not_arrive():
    mail = read(a_bounce("<abc@fairroam.example>"), envelope_sender="")

    assert mail.bounced_ids == ("abc@fairroam.example",)
    delayed = a_bounce("<abc@fairroam.example>").replace(b"failed", b"delayed")
    assert read(delayed, envelope_sender="").bounced_ids == ()


@pytest.mark.parametrize("sender", ["", "nobody", "a@example.com, b@example.com", "a@b@c"])
def test_a_mail_without_one_sender_is_none(sender):
    with pytest.raises(NotAMail):
        read(f"From: {sender}\r\n\r\nwords".encode())


def test_the_same_mail_delivered_again_has_the_same_mark_whatever_headers_it_gathered():
    mail = a_mail(message_id="<1@x>")
    again = read(b"Received: by mx2.example.com; later\r\n" + mail)

    assert again.message_id_sha256 == read(mail).message_id_sha256
    assert again.content_sha256 == read(mail).content_sha256
    assert read(a_mail("other", message_id="<1@x>")).content_sha256 != again.content_sha256


def test_odd_letters_and_encodings_do_not_stop_the_reading():
    mail = read(
        b"From: =?utf-8?b?8J+YgA==?= <ADA@Example.com>\r\n"
        b"Subject: =?x-unknown?q?a=00b?= \xff\r\nDate: yesterday\r\n"
        b"Content-Type: text/plain; charset=klingon\r\n\r\nword\x00s \xff"
    )

    assert mail.sender == ADA
    assert "\x00" not in mail.subject + mail.words
    assert mail.words.startswith("words")
    assert mail.written_at is None


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"Content-Type: multipart/report\r\n"]))
def test_no_bytes_make_the_reading_fail_in_another_way(body, more):
    mail = read_mail(b"From: a@example.com\r\n" + more + body, envelope_sender="a@example.com")

    assert "\x00" not in mail.words
