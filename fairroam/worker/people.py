"""What follows when somebody signs in, or when their ways to do so change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from procrastinate.contrib.django import app

from fairroam.apps.closures import queries as closures
from fairroam.apps.customers.operations import inviting
from fairroam.apps.journal.models import Event
from fairroam.apps.notices import operations as notices
from fairroam.apps.notices.tasks import confidential
from fairroam.clock import now
from fairroam.worker.reacting import PATIENT, reaction


@app.task(name=confidential.JOB, retry=PATIENT)
def mail_confidentially(sealed: str) -> None:
    """Send a code; to who closed their account, when that was; to who never came, nothing."""
    mail = confidential.opened(sealed)
    if mail.kind == confidential.NOBODY:
        closed_at = closures.closed_on(mail.address, now())
        if closed_at is None:
            return
        mail = replace(mail, kind="closures.sign_in_after", context={"closed_at": closed_at})
    confidential.send(mail, now=now())


@app.periodic(cron="15 * * * *")
@app.task(name="end_invitations")
def end_invitations(timestamp: int) -> None:
    """Invitations to the desk whose time is over: who never came is kept nowhere."""
    inviting.end_expired(now=now())


@reaction
def tell_security_change(event: Event, at: datetime) -> None:
    """Write to the customer, so that whoever it was not hears of it while the account rests."""
    assert event.customer_id is not None
    notices.send(
        kind="customers.security_changed",
        act=f"security-changed:{event.pk}",
        customer_id=event.customer_id,
        context={"change": event.facts["change"]},
        now=at,
    )
