"""Mails with a secret in them: a code or a link that lets somebody in.

They are no notices, as nothing of them may stand in an inbox: the queue alone holds them, sealed,
until the mail server took them or they are worth nothing any more.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from email.utils import make_msgid
from smtplib import SMTPException
from typing import Any

from django.core.mail import EmailMessage
from procrastinate.contrib.django import app as jobs

from fairroam.apps.customers.operations.sealing import seal_for
from fairroam.apps.notices.operations import write
from fairroam.apps.notices.tasks.answers import is_final
from fairroam.apps.notices.tasks.composing import sender_domain

JOB = "mail_confidentially"
NOBODY = "nobody"  # the kind of a mail asked for where nobody has an account
FIRST = 10  # of the queue: somebody sits and waits for the code

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidential:
    """A mail to be. kind: "customers.invitation" is the template customers/invitation.txt."""

    kind: str
    address: str
    language: str
    context: Mapping[str, Any]
    worth_until: str  # an instant (ISO 8601); after it nobody can use what it says


def queue(mail: Confidential) -> None:
    """Let the worker send it: whoever asked waits neither for us nor for a mail server."""
    sealed = seal_for(JOB).encrypt(json.dumps(asdict(mail)).encode())
    jobs.configure_task(JOB, priority=FIRST).defer(sealed=sealed.decode())


def opened(sealed: str) -> Confidential:
    """The mail that `queue` was given."""
    return Confidential(**json.loads(seal_for(JOB).decrypt(sealed.encode())))


def send(mail: Confidential, *, now: datetime) -> None:
    """Send it, in plain words. Raises when the mail server may take it later."""
    if now >= datetime.fromisoformat(mail.worth_until):
        log.warning("a mail (%s) came to nothing: no mail server took it in time", mail.kind)
        return
    subject, text = write(mail.kind, dict(mail.context), mail.language)
    headers = {
        "Message-ID": make_msgid(domain=sender_domain()),  # not the machine's name, as by default
        "Content-Language": mail.language,
        "Auto-Submitted": "auto-generated",
    }
    try:
        EmailMessage(subject, text, to=[mail.address], headers=headers).send()
    except (SMTPException, OSError) as error:
        if not is_final(error):
            raise
        log.warning("a mail (%s) is not taken by its mail server", mail.kind)
