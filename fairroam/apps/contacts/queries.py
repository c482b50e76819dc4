"""Reads of address books."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q

from fairroam.apps.contacts.models import Contact
from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.gateways.contact_files import Card


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """One contact for a page. is_double: another one has its name, a number or an address."""

    id: int
    card: Card
    is_double: bool = False


def fingerprint(card: Card) -> str:
    """What two entries of the same person share: name, numbers and addresses, however written."""
    numbers = sorted(_plain_number(number) for number in card.phones)
    mails = sorted(mail.casefold() for mail in card.emails)
    words = "\x1f".join([card.name.casefold(), "\x1e".join(numbers), "\x1e".join(mails)])
    return hashlib.sha256(words.encode()).hexdigest()


def card_of(contact: Contact) -> Card:
    return Card(
        name=contact.name,
        organisation=contact.organisation,
        phones=tuple(contact.phones),
        emails=tuple(contact.emails),
        address=contact.address,
        birthday=contact.birthday,
        note=contact.note,
    )


def count(customer_id: int) -> int:
    return Contact.objects.filter(customer_id=customer_id).count()


def contact_of(contact_id: int, customer_id: int) -> ContactRow:
    """One contact of the customer's. Raises NotAmongYours."""
    found = Contact.objects.filter(pk=contact_id, customer_id=customer_id).first()
    if found is None:
        raise NotAmongYours(contact_id=contact_id)
    return ContactRow(id=found.pk, card=card_of(found))


def contacts_of(customer_id: int, *, wanted: str = "") -> Rows[ContactRow]:
    """The contacts that hold `wanted` in name, firm, number, address or note; by name."""
    found = Contact.objects.filter(customer_id=customer_id)
    if wanted:
        found = found.filter(
            Q(name__icontains=wanted)
            | Q(organisation__icontains=wanted)
            | Q(phones__icontains=wanted)
            | Q(emails__icontains=wanted)
            | Q(note__icontains=wanted)
        )
    shared = _shared_signs(customer_id)

    def row(contact: Contact) -> ContactRow:
        card = card_of(contact)
        return ContactRow(id=contact.pk, card=card, is_double=bool(_signs(card) & shared))

    return Rows(found.order_by("name", "pk"), row)


def cards_of(customer_id: int) -> Iterator[Card]:
    """The whole address book by name, for a file."""
    found = Contact.objects.filter(customer_id=customer_id).order_by("name", "pk")
    return (card_of(contact) for contact in found.iterator(chunk_size=500))


def changed_at(customer_id: int) -> datetime | None:
    """When a contact was last added or changed; None for an empty book."""
    found = Contact.objects.filter(customer_id=customer_id).aggregate(Max("changed_at"))
    newest: datetime | None = found["changed_at__max"]
    return newest


def find_faults() -> Iterator[str]:
    """Contacts of accounts that are closed."""
    left = Contact.objects.filter(customer__is_open=False).values_list("pk", flat=True)
    yield from (f"contact {pk} is still there, its customer has left" for pk in left)


def _shared_signs(customer_id: int) -> set[tuple[str, str]]:
    """By what more than one contact of the book can be known."""
    rows = Contact.objects.filter(customer_id=customer_id).only("name", "phones", "emails")
    seen: Counter[tuple[str, str]] = Counter()
    for row in rows:
        seen.update(_signs(card_of(row)))
    return {sign for sign, times in seen.items() if times > 1}


def _signs(card: Card) -> set[tuple[str, str]]:
    numbers = {("number", _plain_number(number)) for number in card.phones}
    return {("name", card.name.casefold()), *numbers} | {
        ("mail", mail.casefold()) for mail in card.emails
    }


def _plain_number(number: str) -> str:
    return re.sub(r"[^\d+*#]", "", number)
