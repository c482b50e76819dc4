"""Mails as programs and people write them."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from uuid import uuid4

from fairroam.apps.conversations import operations
from fairroam.apps.conversations.operations import NewFile
from fairroam.apps.evidence import operations as evidence
from fairroam.gateways.inbound_mail import InboundMail, read_mail
from tests.given import NOON

OURS = "service@fairroam.example"
ADA = "ada@example.com"


def a_mail(
    words: str = "My eSIM never found a network in Osaka. I withdraw from the contract.",
    *,
    sender: str = f"Ada <{ADA}>",
    subject: str = "No network",
    picture: bytes | None = None,
    message_id: str = "",
    **headers: str,
) -> bytes:
    """A letter; headers by name, with _ for -."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, OURS, subject
    mail["Message-ID"] = message_id or f"<{uuid4()}@mail.example.com>"
    mail["Date"] = "Sun, 01 Nov 2026 09:30:00 +0900"
    for name, said in headers.items():
        mail[name.replace("_", "-")] = said
    mail.set_content(words)
    if picture is not None:
        mail.add_attachment(picture, maintype="image", subtype="png", filename="截图.png")
    return mail.as_bytes()


def a_bounce(of: str) -> bytes:
    """A mail server's report that the mail with this Message-ID was not delivered."""
    return (
        "From: MAILER-DAEMON@mx.example.com\r\n"
        f"To: {OURS}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <{uuid4()}@mx.example.com>\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n'
        "\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nNobody here has this name.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.com\r\n\r\n"
        "Final-Recipient: rfc822; ada@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {of}\r\nSubject: We have your message\r\n"
        "--b--\r\n"
    ).encode()


def read(content: bytes, *, envelope_sender: str = ADA) -> InboundMail:
    return read_mail(content, envelope_sender=envelope_sender)


def receive(content: bytes, *, to: str = OURS, envelope_sender: str = ADA, now=NOON) -> str:
    """Take a mail in as the door does."""
    mail = read(content, envelope_sender=envelope_sender)
    files = [NewFile(evidence.clean(one.content), one.name) for one in mail.files]
    return operations.receive_mail(mail, recipients=[to], files=files, files_left_out=0, now=now)
