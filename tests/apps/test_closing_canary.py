"""A person writes wherever the program lets people write; after they left, none of it is there."""

from __future__ import annotations

import logging
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client

from fairroam.apps.closures.personal import EVERYTHING
from fairroam.apps.contacts import operations as contacts
from fairroam.apps.conversations import operations as conversations
from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Profile
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.exports import operations as exports
from fairroam.apps.exports import tasks as export_tasks
from fairroam.apps.exports.models import Export
from fairroam.apps.journal.personal import RETAINED
from fairroam.apps.ledger.models import Transfer
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.papers import queries as papers
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.operations import Choice
from fairroam.apps.refunds.operations.declaring import Said
from fairroam.apps.wallet import operations as wallet
from fairroam.gateways.contact_files import Card
from fairroam.gateways.payments import PayoutStatus
from fairroam.proof import read, verify
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.closures_given import (
    ADDRESS,
    EVENING,
    a_customer_with_a_line,
    close_wholly,
    give_credit,
)
from tests.apps.lines_given import ask_and_end, payout_of
from tests.apps.mail_given import a_mail, receive
from tests.apps.numbers_given import a_kept_number
from tests.apps.refunds_given import settle
from tests.files_given import a_picture
from tests.given import NOON
from tests.web.factors_given import with_generator

pytestmark = pytest.mark.usefixtures("catalogue")
NAME, STREET, PHONE = "Quetzalina Zwiebelfisch", "Nebelkrähenstieg 77", "+4915735987654"
EID = "89049032123451234512345678901235"
RAW = "no such amount"  # why a provider's notice was kept as it came
IBAN = "DE89370400440532013000"
PLANTED = (NAME, STREET, PHONE, ADDRESS, EID, IBAN)
WORDS = f"I am {NAME}, {STREET}; call {PHONE} or write to {ADDRESS}. My phone is {EID}."


@pytest.fixture
def folders(settings, tmp_path):
    settings.FAIRROAM_EVIDENCE_FOLDER = tmp_path / "evidence"
    settings.FAIRROAM_EXPORT_FOLDER = tmp_path / "exports"
    return tmp_path


def in_tables() -> set[tuple[str, str]]:
    """(Table, what was planted) for each that is found in any column of any table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        found = set()
        for table in tables:
            asked = ", ".join(["bool_or(strpos(t::text, %s) > 0)"] * len(PLANTED))
            cursor.execute(f'SELECT {asked} FROM "{table}" AS t', PLANTED)
            hits = cursor.fetchone()
            found |= {(table, what) for what, is_hit in zip(PLANTED, hits, strict=True) if is_hit}
    return found


def in_files(folder) -> set[str]:
    """The files whose name or content holds what was planted, also inside an archive."""
    found = set()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        contents = [path.name.encode(), path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                contents += [archive.read(name) for name in archive.namelist()]
        if any(what.encode() in content for what in PLANTED for content in contents):
            found.add(path.name)
    return found


def write_everywhere(customer: Customer, line) -> None:
    """Every door by which a customer's own words come in."""
    ids = {"customer_id": customer.pk, "now": EVENING}
    picture = conversations.NewFile(file=evidence.clean(a_picture()), name=f"{NAME}.png")
    thread_id = conversations.open_thread(
        subject=f"From {NAME}", words=WORDS, files=[picture], key=uuid4(), **ids
    )
    conversations.write(thread_id=thread_id, words=WORDS, key=uuid4(), **ids)
    contacts.add_contact(
        card=Card(name=NAME, phones=(PHONE,), emails=(ADDRESS,), address=STREET, note=WORDS), **ids
    )
    esims.name_line(order_line_id=line.pk, name=NAME, **ids)
    Profile.objects.filter(customer=customer).update(eid=EID)
    declared = refunds.declare(
        key=uuid4(),
        said=Said(
            kind="withdrawal",
            name=NAME,
            email=ADDRESS,
            contract=line.order.number,
            residence="DE",
            language="en",
            reason=WORDS,
        ),
        now=EVENING,
    )
    assert declared.pk
    write_from_outside()
    have_money(customer, line)
    have_ways_in(customer)
    keeping = a_kept_number(ADDRESS)
    esims.name_line(order_line_id=keeping.pk, name=NAME, **ids)
    browser = Client(headers={"user-agent": WORDS[:200]})
    browser.force_login(customer.user)
    browser.get("/account/")
    refund = ask_and_end(line, asked_minor=1000, words=WORDS, now=EVENING)
    settle(payout_of(refund), PayoutStatus.SUCCEEDED, now=EVENING)
    export_id = exports.ask_export(**ids)
    export_tasks.make_export(export_id=export_id, tables=EVERYTHING, now=EVENING)
    assert Export.objects.get(pk=export_id).path.exists()
    export_tasks.tell_ready(export_id=export_id, now=EVENING)
    exports.note_taken(export_id=export_id, now=EVENING)


def write_from_outside() -> None:
    """By mail, from before anybody knew whose address it is; and named by a visitor."""
    assert receive(a_mail(WORDS, sender=f"{NAME} <{ADDRESS}>", subject=f"From {NAME}"))
    stranger = "bo@example.org"
    words = f"My friend {ADDRESS} told me of you."
    assert receive(a_mail(words, sender=stranger), envelope_sender=stranger)


def have_money(customer: Customer, line: OrderLine) -> None:
    """A top-up that went to a friend, a gift, a bank account, a quote, a provider's raw notice."""
    wallets.terms()
    friend = given.a_customer("friend@example.com")
    EmailAddress.objects.create(user=friend.user, email=friend.user.email, verified=True)
    wallets.a_top_up(customer, 600)
    sent = wallet.send_credit(
        sender_id=customer.pk,
        address="friend@example.com",
        amount=Money(600, "EUR"),
        key=uuid4(),
        proof=wallets.proof(),
        now=NOON,
    )
    wallet.accept_credit(transfer_id=sent.pk, recipient_id=friend.pk, now=NOON)
    assert wallet.finish_credit(transfer_id=sent.pk, now=NOON + timedelta(hours=24))
    give_credit(customer, "promo_credit", 300)
    payments.keep_account(
        customer_id=customer.pk, holder=NAME, iban=IBAN, given_by="customer", now=NOON
    )
    refunds.make_quote(
        order_line_id=line.pk,
        customer_id=customer.pk,
        key=uuid4(),
        choice=Choice(words=WORDS),
        now=EVENING,
    )
    paid_as = Payment.objects.get(pk=line.order.payment_id).provider_ref
    assert paid_as
    payments.quarantine(
        provider="sandbox",
        event_id="evt_raw",
        reason=RAW,
        content=f'{{"payment": "{paid_as}", "payer": "{WORDS}"}}',
        now=NOON,
    )


def have_ways_in(customer: Customer) -> None:
    """A passkey that its owner has named, an authenticator app, recovery codes."""
    assert customer.user is not None
    with_generator(customer.user)
    passkey = {"name": NAME, "credential": {}}
    Authenticator.objects.create(user=customer.user, type="webauthn", data=passkey)


@pytest.mark.promise(61)
def test_nothing_that_a_person_wrote_anywhere_outlives_the_closing(folders, caplog):
    caplog.set_level(logging.DEBUG)
    customer, line = a_customer_with_a_line()
    write_everywhere(customer, line)
    planted = in_tables()
    assert {what for _table, what in planted} == set(PLANTED)
    assert len({table for table, _what in planted}) >= 15, sorted(planted)
    assert in_files(folders)  # the export
    assert list((folders / "evidence").rglob("*"))
    before = set(Transfer.objects.values_list("key", "minor", "source_id", "target_id"))

    closure = close_wholly(customer, phone=PHONE)

    assert closure.stage == "certified"
    assert in_tables() == set()
    assert in_files(folders) == set()
    assert [path for path in folders.rglob("*") if path.is_file()] == []
    assert not [row for row in caplog.messages if any(what in row for what in PLANTED)]
    after = set(Transfer.objects.values_list("key", "minor", "source_id", "target_id"))
    assert before <= after  # no booking was changed by what was erased
    # What the provider told is looked at by a person all the same, now without the words in it.
    assert [fault for fault in find_faults() if f"waits for a person: {RAW}" not in fault] == []
    assert closure.certificate is not None
    assert verify(read(closure.certificate.signed), papers.key_set())
    statement = closure.certificate.statement
    assert {"esims_profile.eid", "evidence files", "conversations_message.words"} <= {
        row["code"] for row in statement["erased"]
    }
    [taken] = statement["exported"]
    assert taken["why"].startswith("Your account, How you sign in, Your address book")
    assert {row["code"] for row in statement["kept"]} == {*RETAINED, "MARK"}
