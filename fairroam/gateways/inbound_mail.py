"""Mails that come in, as plain data: who wrote, what, with which files; what a machine sent."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.utils import getaddresses, parsedate_to_datetime

FILES_MAX = 10
WORDS_MAX = 100_000  # letters; what is longer is cut, and the mail is no letter any more
REFERENCES_MAX = 50
# RFC 3834 names Auto-Submitted; the others are what lists and old programs send.
MACHINE_PRECEDENCES = {"bulk", "junk", "list", "auto_reply"}
MACHINE_HEADERS = ("List-Id", "List-Unsubscribe", "X-Loop", "X-Autoreply", "X-Autorespond")
INVISIBLE = re.compile(r"<(style|script|head|title)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
LINE_ENDS = re.compile(r"<(br|/p|/div|/tr|/li|/h\d)\b[^>]*>", re.IGNORECASE)
TAGS = re.compile(r"<[^>]*>")


class NotAMail(Exception):
    """No mail that anybody could answer: it names no sender, or several."""


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file of a mail as it came."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMail:
    """One mail. sender: the address people see, in lower case; not proven by anything.

    message_id, references: without angle brackets; references has In-Reply-To as its last.
    written_at: what the sender's machine claims. bounced_ids: the Message-IDs that a report says
    could not be delivered; None when it is no report. bounce_reason: why, in the server's words.
    """

    sender: str
    subject: str
    words: str
    written_at: datetime | None
    message_id: str
    references: tuple[str, ...]
    is_automatic: bool
    bounced_ids: tuple[str, ...] | None
    bounce_reason: str
    files: tuple[MailFile, ...]
    files_left_out: int
    message_id_sha256: str
    content_sha256: str


def read_mail(content: bytes, *, envelope_sender: str) -> InboundMail:
    """Read a mail. envelope_sender: MAIL FROM, empty for what nobody may answer.

    Raises NotAMail.
    """
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    bounced = bounced_ids(mail)
    sender = sender_of(mail) if bounced is None else envelope_sender
    files = list(files_of(mail)) if bounced is None else []
    body = content.partition(b"\r\n\r\n")[2]
    message_id = bare_id(header(mail, "Message-ID"))
    # RFC 5322 only recommends one: without it, who wrote and when tell the same words apart.
    mark = message_id or f"{sender} {header(mail, 'Date')}"
    return InboundMail(
        sender=sender,
        subject=" ".join(header(mail, "Subject").split())[:200],
        words=words_of(mail)[:WORDS_MAX] if bounced is None else "",
        written_at=written_at(mail),
        message_id=message_id,
        references=references_of(mail),
        is_automatic=is_automatic(mail, envelope_sender),
        bounced_ids=bounced,
        bounce_reason=bounce_reason(mail) if bounced else "",
        files=tuple(files[:FILES_MAX]),
        files_left_out=len(files[FILES_MAX:]),
        message_id_sha256=hashlib.sha256(mark.encode()).hexdigest(),
        # The body alone: on its way a mail gathers headers, also when it is delivered again.
        content_sha256=hashlib.sha256(body).hexdigest(),
    )


def header(mail: EmailMessage, name: str) -> str:
    """One header as text; empty when it is missing or beyond reading."""
    try:
        said = str(mail.get(name, ""))
    except (ValueError, IndexError, AttributeError, TypeError):  # the parser's own faults
        return ""
    return said.encode(errors="replace").decode().replace("\x00", "").replace("\ufffd", "?")


def sender_of(mail: EmailMessage) -> str:
    """The one address in From. Raises NotAMail."""
    found = [address for _name, address in getaddresses([header(mail, "From")]) if address]
    if len(found) != 1 or found[0].count("@") != 1 or len(found[0]) > 254:
        raise NotAMail
    return found[0].lower()


def bare_id(message_id: str) -> str:
    return message_id.strip().strip("<>")[:998]


def references_of(mail: EmailMessage) -> tuple[str, ...]:
    said = f"{header(mail, 'References')} {header(mail, 'In-Reply-To')}"
    return tuple(re.findall(r"<([^<>\s]+)>", said)[-REFERENCES_MAX:])


def is_automatic(mail: EmailMessage, envelope_sender: str) -> bool:
    """Whether a machine wrote it; machines get no answer, or they would answer that."""
    submitted = header(mail, "Auto-Submitted").split(";")[0].strip().lower()
    return (
        not envelope_sender
        or submitted not in ("", "no")
        or header(mail, "Precedence").strip().lower() in MACHINE_PRECEDENCES
        or any(name in mail for name in MACHINE_HEADERS)
    )


def written_at(mail: EmailMessage) -> datetime | None:
    try:
        said = parsedate_to_datetime(header(mail, "Date"))
        return said.astimezone(UTC) if said.tzinfo else None
    except (ValueError, TypeError, OverflowError):
        return None


def words_of(mail: EmailMessage) -> str:
    """What was written, as plain text."""
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    said = text_of(part)
    if part.get_content_subtype() == "html":
        said = html.unescape(TAGS.sub("", LINE_ENDS.sub("\n", INVISIBLE.sub("", said))))
        said = re.sub(r"\n\s*\n\s*", "\n\n", re.sub(r"[ \t]+", " ", said))
    return said.replace("\x00", "").replace("\r\n", "\n").strip()


def text_of(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(part.get_content_charset() or "utf-8", errors="replace")
    except LookupError:  # a character set that nobody knows
        return content.decode("utf-8", errors="replace")


def files_of(mail: EmailMessage) -> Iterator[MailFile]:
    """Everything beside the words, pictures inside of HTML too."""
    body = mail.get_body(preferencelist=("plain", "html"))
    for part in mail.walk():
        if part is body or part.is_multipart():
            continue
        is_words = part.get_content_type() in ("text/plain", "text/html")
        name = part.get_filename() or ""
        if is_words and not part.is_attachment() and not name:
            continue  # the same words in another dress
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes) and payload:
            yield MailFile(name or "attachment", payload)


def bounced_ids(mail: EmailMessage) -> tuple[str, ...] | None:
    """The Message-IDs that a delivery report (RFC 3464) calls failed; None for other mails."""
    if mail.get_content_type() != "multipart/report":
        return None
    parts = list(mail.walk())
    if not any(is_failure(fields) for fields in delivery_fields(mail)):
        return ()
    returned = [
        part.get_payload(0) if part.get_content_type() == "message/rfc822" else headers_in(part)
        for part in parts
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers")
    ]
    ids = [bare_id(header(one, "Message-ID")) for one in returned if isinstance(one, EmailMessage)]
    return tuple(found for found in ids if found)


def delivery_fields(mail: EmailMessage) -> Iterator[EmailMessage]:
    """The blocks of fields in a delivery report: one for the mail, one per recipient."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            yield from (fields for fields in part.get_payload() if isinstance(fields, EmailMessage))


def is_failure(fields: EmailMessage) -> bool:
    return header(fields, "Action").strip().lower() == "failed"


def bounce_reason(mail: EmailMessage) -> str:
    """Why a mail could not be delivered: status and words of the server that refused it."""
    for fields in delivery_fields(mail):
        if is_failure(fields):
            words = header(fields, "Diagnostic-Code").partition(";")[2]
            return " ".join(f"{header(fields, 'Status')} {words}".split())[:200]
    return ""


def headers_in(part: MIMEPart) -> EmailMessage:
    found = message_from_bytes(text_of(part).encode(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found
