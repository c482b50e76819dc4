"""Which fields of messages are personal, and what closing an account does with them.

That a message of some kind was sent, and when, stays.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from fairroam.apps.customers import queries as customers
from fairroam.apps.notices.models import MailStop, Notice

FIELDS = ("address", "subject", "text", "reason")


def erase(customer_id: int) -> dict[str, int]:
    """Empty what was written and where it went; how many values were erased, per field."""
    notices = _notices_of(customer_id)
    stops, _ = MailStop.objects.filter(customer_id=customer_id).delete()
    erased = {
        f"notices_notice.{field}": notices.exclude(**{field: ""}).update(**{field: ""})
        for field in FIELDS
    }
    return erased | ({"notices_mailstop.topic": stops} if stops else {})


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    notices = _notices_of(customer_id)
    return sum(notices.exclude(**{field: ""}).count() for field in FIELDS)


def _notices_of(customer_id: int) -> QuerySet[Notice]:
    """Their messages, and those to their address from before we knew whose it was."""
    theirs = Q(customer_id=customer_id)
    address = customers.address_of(customer_id)
    if address is not None:
        theirs |= Q(customer_id__isnull=True, address__iexact=address)
    return Notice.objects.filter(theirs)
