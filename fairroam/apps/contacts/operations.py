"""Acts upon an address book: add, change, delete, take in a file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from fairroam.apps.contacts.models import Contact
from fairroam.apps.contacts.queries import fingerprint
from fairroam.apps.contacts.refusals import ContactExists, ContactsNotReadable, TooManyContacts
from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.gateways.contact_files import CARDS_MAX, Card, NotReadable, Reading, tables, vcards


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file: added, there already, unreadable; pictures are not kept."""

    added: int
    known: int
    unreadable: int
    pictures: int


@transaction.atomic
def add_contact(*, customer_id: int, card: Card, now: datetime) -> int:
    """Write one down; its id. Raises AccountClosed, AccountLeaving, ContactExists, TooMany…."""
    customers.lock_for_new(customer_id)
    theirs = Contact.objects.filter(customer_id=customer_id)
    if theirs.count() >= CARDS_MAX:
        raise TooManyContacts(customer_id=customer_id)
    if theirs.filter(fingerprint=fingerprint(card)).exists():
        raise ContactExists(customer_id=customer_id)
    contact = _contact(customer_id, card, now)
    contact.save()
    _tell("added", customer_id, count=1, now=now)
    return contact.pk


@transaction.atomic
def change_contact(*, contact_id: int, customer_id: int, card: Card, now: datetime) -> None:
    """Write one anew. Raises AccountClosed, AccountLeaving, NotAmongYours, ContactExists."""
    customers.lock_for_new(customer_id)
    theirs = Contact.objects.filter(customer_id=customer_id)
    if theirs.filter(fingerprint=fingerprint(card)).exclude(pk=contact_id).exists():
        raise ContactExists(customer_id=customer_id)
    changed = theirs.filter(pk=contact_id).update(
        **_columns(card), fingerprint=fingerprint(card), changed_at=now
    )
    if not changed:
        raise NotAmongYours(contact_id=contact_id)
    _tell("changed", customer_id, count=1, now=now)


@transaction.atomic
def delete_contact(*, contact_id: int, customer_id: int, now: datetime) -> None:
    """Take one out; taking it out twice changes nothing."""
    deleted, _kinds = Contact.objects.filter(pk=contact_id, customer_id=customer_id).delete()
    if deleted:
        _tell("deleted", customer_id, count=1, now=now)


def is_vcard(content: bytes) -> bool:
    """Whether a file is vCard, by its content: names of files say little."""
    return b"BEGIN:VCARD" in content[:2000].replace(b"\0", b"").upper()


def read_file(content: bytes, meaning: dict[int, str] | None = None) -> Reading:
    """What a file holds; meaning: see `tables.read`. Raises ContactsNotReadable."""
    try:
        return vcards.read(content) if is_vcard(content) else tables.read(content, meaning)
    except NotReadable:
        raise ContactsNotReadable(size=len(content)) from None


@transaction.atomic
def import_contacts(*, customer_id: int, reading: Reading, now: datetime) -> Imported:
    """Take in what is not there yet; all or nothing.

    Raises AccountClosed, AccountLeaving, TooManyContacts.
    """
    customers.lock_for_new(customer_id)
    theirs = Contact.objects.filter(customer_id=customer_id)
    known = set(theirs.values_list("fingerprint", flat=True))
    new = {fingerprint(card): card for card in reversed(reading.cards)}
    fresh = [card for mark, card in reversed(new.items()) if mark not in known]
    if len(known) + len(fresh) > CARDS_MAX:
        raise TooManyContacts(customer_id=customer_id)
    Contact.objects.bulk_create([_contact(customer_id, card, now) for card in fresh], 500)
    _tell("imported", customer_id, count=len(fresh), now=now)
    return Imported(
        added=len(fresh),
        known=len(reading.cards) - len(fresh),
        unreadable=reading.unreadable,
        pictures=reading.pictures,
    )


def _contact(customer_id: int, card: Card, now: datetime) -> Contact:
    return Contact(
        customer_id=customer_id,
        **_columns(card),
        fingerprint=fingerprint(card),
        added_at=now,
        changed_at=now,
    )


def _columns(card: Card) -> dict[str, Any]:
    return {**asdict(card), "phones": list(card.phones), "emails": list(card.emails)}


def _tell(act: str, customer_id: int, *, count: int, now: datetime) -> None:
    journal.tell(
        "contacts.changed",
        actor=f"customer:{customer_id}",
        now=now,
        customer_id=customer_id,
        act=act,
        count=count,
    )
