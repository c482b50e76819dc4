"""The mails that came, and what is in them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from sandbox.serving import EffectLog, Problem
from sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS mails (
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_at REAL NOT NULL, sender TEXT NOT NULL,
    recipients TEXT NOT NULL, raw BLOB NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail; `content_id` is set for pictures that its HTML shows."""

    name: str
    media_type: str
    content: bytes
    content_id: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: sender and recipients of the envelope, and the message itself."""

    id: int
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    def header(self, name: str) -> str:
        """Return a header as text, "" when there is none."""
        return str(self.message.get(name, ""))

    def body(self, subtype: str) -> str:
        """Return the readable part of `subtype` ("plain" or "html"), "" when there is none."""
        part = self.message.get_body((subtype,))
        return _text(part) if isinstance(part, EmailMessage) else ""

    def attachments(self) -> list[Attachment]:
        """Return the files in the order of the mail, embedded pictures included."""
        bodies = [self.message.get_body((subtype,)) for subtype in ("plain", "html")]
        return [
            Attachment(
                name=part.get_filename() or "unnamed",
                media_type=part.get_content_type(),
                content=part.get_payload(decode=True) or b"",
                content_id=str(part.get("Content-ID", "")).strip("<> "),
            )
            for part in self._leaves()
            if not any(part is body for body in bodies)
        ]

    def told(self) -> dict[str, Any]:
        """Return what programs may want to know."""
        return {
            "id": self.id,
            "received_at": self.received_at.isoformat(),
            "envelope": {"from": self.sender, "to": list(self.recipients)},
            "from": self.header("From"),
            "to": self.header("To"),
            "subject": self.header("Subject"),
            "message_id": self.header("Message-ID"),
            "headers": [[name, str(value)] for name, value in self.message.items()],
            "text": self.body("plain"),
            "html": self.body("html"),
            "attachments": [
                {
                    "name": attachment.name,
                    "media_type": attachment.media_type,
                    "byte_count": len(attachment.content),
                    "url": f"/mails/{self.id}/attachments/{number}",
                }
                for number, attachment in enumerate(self.attachments())
            ],
        }

    def _leaves(self) -> Iterator[Any]:
        return (part for part in self.message.walk() if not part.is_multipart())


class MailBox:
    """All mails; each method is one act of the store."""

    def __init__(self, store: Store, effects: EffectLog) -> None:
        self._store = store
        self._effects = effects

    def receive(self, *, sender: str, recipients: Sequence[str], raw: bytes) -> None:
        """Keep a mail."""
        message = message_from_bytes(raw, policy=policy.default)
        with self._store.act() as database:
            kept = database.execute(
                "INSERT INTO mails (received_at, sender, recipients, raw) VALUES (?, ?, ?, ?)",
                (time.time(), sender, json.dumps(recipients), raw),
            )
            self._effects.append(
                "mail_received",
                id=kept.lastrowid,
                to=list(recipients),
                message_id=str(message.get("Message-ID", "")),
                subject=str(message.get("Subject", "")),
            )

    def mails(self, to: str = "") -> list[Mail]:
        """Return the mails to one recipient, or to all, newest first."""
        with self._store.act():
            rows = self._store.rows("SELECT * FROM mails ORDER BY id DESC")
        found = (_mail(row) for row in rows)
        return [mail for mail in found if not to or to.lower() in map(str.lower, mail.recipients)]

    def mail(self, mail_id: str) -> Mail:
        """Return one mail. Raises Problem (404 `no_such_mail`)."""
        with self._store.act():
            rows = self._store.rows("SELECT * FROM mails WHERE id = ?", mail_id)
        if not rows:
            raise Problem(404, "no_such_mail")
        return _mail(rows[0])

    def empty(self) -> None:
        """Throw all mails away; the effects stay."""
        with self._store.act() as database:
            database.execute("DELETE FROM mails")


def _mail(row: dict[str, Any]) -> Mail:
    return Mail(
        id=row["id"],
        received_at=datetime.fromtimestamp(row["received_at"], UTC),
        sender=row["sender"],
        recipients=tuple(json.loads(row["recipients"])),
        message=message_from_bytes(row["raw"], policy=policy.default),
    )


def _text(part: EmailMessage) -> str:
    try:
        text = str(part.get_content())
    except LookupError:  # a character set that nobody knows
        text = bytes(part.get_payload(decode=True)).decode(errors="replace")
    return text.replace("\r\n", "\n")
