"""The SMTP side: take every mail, or refuse it on demand."""

from __future__ import annotations

import asyncio

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.faults import Faults
from sandbox.mail.box import MailBox

CALL = "receive_mail"
REFUSALS = {
    "refuse_for_now": "451 4.3.0 Not now, try again later",
    "refuse_for_good": "550 5.1.1 Nobody of that name here",
    "mailbox_full": "452 4.2.2 The mailbox is full",
}
WAITS = ("slow", "time_out_after_effect")


class Door:
    """What happens when a mail has come in; called by the SMTP library."""

    def __init__(self, box: MailBox, faults: Faults) -> None:
        self._box = box
        self._faults = faults
        faults.allow(CALL, [*REFUSALS, *WAITS])

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Return the SMTP answer to a whole mail."""
        fault = self._faults.take(CALL)
        if fault and fault.kind in REFUSALS:
            return REFUSALS[fault.kind]
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        self._box.receive(
            sender=envelope.mail_from or "",
            recipients=envelope.rcpt_tos,
            raw=envelope.original_content or b"",
        )
        if fault and fault.kind == "time_out_after_effect":
            await asyncio.sleep(fault.seconds)
        return "250 2.0.0 Kept"
