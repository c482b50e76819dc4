"""Which fields of messages are personal, and what closing an account does with them.

That a message of some kind was sent, and when, stays.
"""

from __future__ import annotations

from fairroam.apps.notices.models import Notice

FIELDS = ("address", "subject", "text")


def erase(customer_id: int) -> dict[str, int]:
    """Empty what was written and where it went; how many values were erased, per field."""
    notices = Notice.objects.filter(customer_id=customer_id)
    return {
        f"notices_notice.{field}": notices.exclude(**{field: ""}).update(**{field: ""})
        for field in FIELDS
    }


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    notices = Notice.objects.filter(customer_id=customer_id)
    return sum(notices.exclude(**{field: ""}).count() for field in FIELDS)
