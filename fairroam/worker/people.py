"""What follows when somebody's ways to sign in change."""

from __future__ import annotations

from datetime import datetime

from fairroam.apps.journal.models import Event
from fairroam.apps.notices import operations as notices
from fairroam.worker.reacting import reaction


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
