"""Address books are their owners' alone: whole contacts go."""

from __future__ import annotations

from fairroam.apps.contacts.models import Contact
from fairroam.apps.journal.personal import KEY, Table

TABLES = (
    Table(
        name="contacts_contact",
        about="contacts",
        whose="customer_id",
        deleted=(
            "name organisation phones emails address birthday note fingerprint added_at changed_at"
        ),
        withheld={KEY: "fingerprint"},
        ours={KEY: "id customer_id"},
    ),
)


def erase(customer_id: int) -> dict[str, int]:
    """Delete the address book; how many contacts it held."""
    _count, deleted = Contact.objects.filter(customer_id=customer_id).delete()
    return {"contacts_contact": deleted.get("contacts.Contact", 0)}


def remains(customer_id: int) -> int:
    """How many contacts are still there."""
    return Contact.objects.filter(customer_id=customer_id).count()
