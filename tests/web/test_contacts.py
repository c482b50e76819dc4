"""The address book on the web: only its owner's, taken in and taken along."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fairroam.apps.contacts import operations, queries
from fairroam.apps.contacts.models import Contact
from fairroam.apps.contacts.refusals import ContactExists, TooManyContacts
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.refusals import AccountLeaving
from fairroam.gateways.contact_files import CARDS_MAX, Card, Reading
from tests.given import NOON, a_customer

pytestmark = [pytest.mark.usefixtures("catalogue", "clock"), pytest.mark.promise(61)]
VCARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:李明\r\nTEL:+8613800138000\r\nEND:VCARD\r\n"


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as moving:
        yield moving


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(a_customer().user)
    return client


def a_file(name: str, content: str) -> dict[str, Any]:
    return {"book": SimpleUploadedFile(name, content.encode())}


def test_somebody_is_added_changed_found_and_deleted(ada):
    said = {"name": "Mum", "phones": "+49 30 123\n+49 170 5", "emails": "mum@example.com"}
    assert ada.post("/account/contacts/new/", said).status_code == 302
    contact = Contact.objects.get()
    assert contact.phones == ["+49 30 123", "+49 170 5"]

    again = ada.post("/account/contacts/new/", said)
    assert (again.status_code, b"there already" in again.content) == (409, True)
    path = f"/account/contacts/{contact.pk}/"
    assert b"+49 170 5" in ada.get(path).content
    assert ada.post(path, said | {"name": "Mama", "birthday": "--05-06"}).status_code == 302
    assert b"Mama" in ada.get("/account/contacts/?wanted=170").content
    assert b"Mama" not in ada.get("/account/contacts/?wanted=nobody").content

    assert ada.post(f"{path}delete/").status_code == 302
    assert not Contact.objects.exists()
    assert ada.get(path).status_code == 404


@pytest.mark.parametrize(
    "said",
    [{"name": ""}, {"emails": "no address"}, {"birthday": "soon"}, {"phones": "1\n" * 11}],
)
def test_what_cannot_be_is_said_and_stays_typed(ada, said):
    answer = ada.post("/account/contacts/new/", {"name": "Typed", "note": "kept"} | said)

    assert (answer.status_code, b"kept" in answer.content) == (422, True)
    assert not Contact.objects.exists()


def test_a_vcard_is_taken_in_once_and_taken_along(ada):
    for _ in range(2):
        assert ada.post("/account/contacts/import/", a_file("a.vcf", VCARD)).status_code == 302

    assert queries.count(a_customer().pk) == 1
    page = ada.get("/account/contacts/").content.decode()
    assert "1 contact added." in page
    assert "1 was there already." in page
    vcard = ada.get("/account/contacts.vcf")
    assert "FN:李明\r\nTEL:+8613800138000" in vcard.content.decode()
    assert vcard["Content-Disposition"] == 'attachment; filename="contacts.vcf"'
    assert "李明" in ada.get("/account/contacts.csv").content.decode()
    assert ada.get("/account/contacts.exe").status_code == 404


def test_the_columns_of_a_table_are_asked_for_before_it_is_taken_in(ada):
    table = "who,Mobile,x\nAda,+44 1,9\nBo,+44 2,9\n"
    asked = ada.post("/account/contacts/import/", a_file("a.csv", table))
    assert asked.status_code == 200
    assert not Contact.objects.exists()

    meaning = {"content": table, "column_0": "name", "column_1": "phones", "column_2": ""}
    assert ada.post("/account/contacts/import/", meaning).status_code == 302
    assert sorted(Contact.objects.values_list("name", "phones")) == [
        ("Ada", ["+44 1"]),
        ("Bo", ["+44 2"]),
    ]
    none = ada.post("/account/contacts/import/", {"content": table})
    assert none.status_code == 422


@pytest.mark.parametrize("content", ["\0\0", "BEGIN:VCARD nothing"])
def test_a_file_that_is_no_address_book_is_refused_with_what_would_do(ada, content):
    answer = ada.post("/account/contacts/import/", a_file("a.vcf", content))

    assert (answer.status_code, b".vcf" in answer.content) == (422, True)


def test_nobody_sees_or_changes_the_book_of_another(ada):
    bo = a_customer("bo@example.com")
    theirs = operations.add_contact(customer_id=bo.pk, card=Card(name="Bo's aunt"), now=NOON)

    assert b"aunt" not in ada.get("/account/contacts/").content
    assert b"aunt" not in ada.get("/account/contacts.vcf").content
    assert ada.get(f"/account/contacts/{theirs}/").status_code == 404
    assert ada.post(f"/account/contacts/{theirs}/", {"name": "x"}).status_code == 404
    assert ada.post(f"/account/contacts/{theirs}/delete/").status_code == 404
    assert Contact.objects.get().name == "Bo's aunt"
    assert Client().get("/account/contacts.csv").status_code == 302


def test_whoever_is_there_twice_carries_a_mark(ada):
    ada_id = a_customer().pk
    for name, phone in (("Mum", "+49 30-1"), ("Mama", "+49301"), ("Bo", "5")):
        card = Card(name=name, phones=(phone,))
        operations.add_contact(customer_id=ada_id, card=card, now=NOON)

    marked = [row.card.name for row in queries.contacts_of(ada_id) if row.is_double]
    assert marked == ["Mama", "Mum"]


def test_a_book_is_bounded_and_not_written_in_while_its_owner_leaves():
    ada_id = a_customer().pk
    full = Reading(cards=tuple(Card(name=f"P {number}") for number in range(CARDS_MAX)))
    operations.import_contacts(customer_id=ada_id, reading=full, now=NOON)

    one_more = Card(name="one more")
    with pytest.raises(TooManyContacts):
        operations.add_contact(customer_id=ada_id, card=one_more, now=NOON)
    with pytest.raises(TooManyContacts):
        operations.import_contacts(customer_id=ada_id, reading=Reading(cards=(one_more,)), now=NOON)
    first, second = Contact.objects.order_by("pk")[:2]
    with pytest.raises(ContactExists):
        operations.change_contact(
            contact_id=first.pk, customer_id=ada_id, card=queries.card_of(second), now=NOON
        )
    customers.lock(ada_id)
    customers.begin_leaving(customer_id=ada_id, now=NOON)
    with pytest.raises(AccountLeaving):
        operations.add_contact(customer_id=ada_id, card=one_more, now=NOON)
