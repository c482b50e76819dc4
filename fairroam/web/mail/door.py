"""`fairroam mail-door`: the program to which a mail server hands our mail over, by LMTP.

What is answered with 250 is in the database; what cannot be is refused before that, so that the
mail server keeps it (4xx) or tells its sender (5xx). RFC 2033: one answer per recipient.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import ParamSpec, TypeVar

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import DatabaseError, close_old_connections

from fairroam.apps.conversations import operations
from fairroam.apps.conversations.operations import NewFile
from fairroam.apps.conversations.queries import is_own_address
from fairroam.apps.conversations.refusals import NothingSaid, TooManyMessages
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.evidence.refusals import StoreFull
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.gateways.inbound_mail import InboundMail, NotAMail, read_mail

Words = ParamSpec("Words")
Answer = TypeVar("Answer")
log = logging.getLogger(__name__)

MAIL_BYTES_MAX = 25_000_000
SECONDS_MAX = 300  # a connection that says nothing for so long is closed
THREADS = 4
RECIPIENTS_MAX = 20
TAKEN = "250 2.0.0 Accepted"


class Door:
    """Answers one mail server at a time per connection; the work is done in threads."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="mail")

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take mail for our own addresses only."""
        loop = asyncio.get_running_loop()
        try:
            if not await loop.run_in_executor(self._pool, is_ours, address):
                return "550 5.1.1 Nobody here has this address"
        except DatabaseError:
            log.exception("the database cannot say which addresses are ours")
            return "451 4.3.0 Try again later"
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Accept a mail once for all its recipients, who are all us."""
        content = envelope.content
        assert isinstance(content, bytes)
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(
            self._pool,
            accept,
            content,
            (envelope.mail_from or "").strip("<>"),
            tuple(envelope.rcpt_tos),
        )
        return "\r\n".join([answer] * len(envelope.rcpt_tos))

    async def handle_exception(self, error: Exception) -> str:
        """A bug of ours: the mail server keeps the mail and tries again."""
        log.error("the mail door failed", exc_info=error)
        return "451 4.3.0 Try again later"


def with_sound_connection(work: Callable[Words, Answer]) -> Callable[Words, Answer]:
    """Drop a connection that broke or grew old, as the web does around each request."""

    @wraps(work)
    def done(*args: Words.args, **words: Words.kwargs) -> Answer:
        close_old_connections()
        try:
            return work(*args, **words)
        finally:
            close_old_connections()

    return done


@with_sound_connection
def is_ours(address: str) -> bool:
    """Whether we take mail for that address."""
    return is_own_address(address)


@with_sound_connection
def accept(content: bytes, sender: str, recipients: Sequence[str]) -> str:
    """Take one mail in; the answer for the mail server."""
    try:
        mail = read_mail(content, envelope_sender=sender)
        if operations.was_received(mail):
            return TAKEN
        files, left_out = clean_files(mail)
        operations.receive_mail(
            mail, recipients=recipients, files=files, files_left_out=left_out, now=now()
        )
    except NotAMail:
        return "550 5.6.0 A mail needs one sender in From"
    except NothingSaid:
        return "550 5.6.0 There is nothing in this mail"
    except TooManyMessages:
        return "450 4.7.1 Too many mails from this address within an hour"
    except StoreFull:
        return "452 4.3.1 No room for files now"
    except (DatabaseError, Refusal):
        log.exception("a mail could not be taken in now")
        return "451 4.3.0 Try again later"
    return TAKEN


def clean_files(mail: InboundMail) -> tuple[list[NewFile], int]:
    """The files of a letter made harmless, and how many could not be."""
    kept: list[NewFile] = []
    if mail.is_automatic or mail.bounced_ids is not None:
        return kept, 0
    for file in mail.files:
        try:
            kept.append(NewFile(evidence.clean(file.content), file.name))
        except Refusal:
            continue
    return kept, len(mail.files) - len(kept)


async def listen(host: str, port: int) -> asyncio.Server:
    """Open the door; it answers as long as the server that is returned lives."""
    loop, door = asyncio.get_running_loop(), Door()
    return await loop.create_server(
        lambda: LMTP(
            door,
            hostname="fairroam",
            ident="fairroam",
            data_size_limit=MAIL_BYTES_MAX,
            timeout=SECONDS_MAX,
            enable_SMTPUTF8=True,
            loop=loop,
        ),
        host,
        port,
    )


async def serve(host: str, port: int) -> None:
    """Listen until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with await listen(host, port):
        await stopped.wait()


def main(arguments: list[str]) -> int:
    """Run the door; nobody but the mail server beside us should reach it."""
    parser = argparse.ArgumentParser("fairroam mail-door", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8024)
    options = parser.parse_args(arguments)
    asyncio.run(serve(options.host, options.port))
    return 0
