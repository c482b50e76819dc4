"""Giving up a balance that has no way home, and claiming it after all."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail

from fairroam.apps.closures import operations, queries
from fairroam.apps.closures.models import Waiver
from fairroam.apps.closures.queries import waivers
from fairroam.apps.closures.refusals import (
    NoSuchWaiver,
    NotWaivable,
    WaiverClaimed,
    WaiverOver,
    WordsMissing,
)
from fairroam.apps.customers.models import Customer
from fairroam.apps.customers.queries import Proof
from fairroam.apps.customers.refusals import StepUpRequired
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.papers.queries import key_set
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import BankAccount, LateMoney, Payment, Payout
from fairroam.apps.payments.refusals import IbanWrong
from fairroam.proof import read, verify
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.closures_given import EVENING, a_customer_with_a_line, close_wholly, give_credit
from tests.given import NOON

pytestmark = [
    pytest.mark.usefixtures("catalogue"),
    pytest.mark.promise(57),
    pytest.mark.promise(58),
]
IBAN = "DE89370400440532013000"
LONG_AGO = NOON - timedelta(days=4 * 365)  # no rail takes money back so late
AFTER = datetime.combine(date(2030, 1, 1), EVENING.timetz())


@pytest.fixture(autouse=True)
def books_agree(catalogue):
    yield
    assert list(find_faults()) == []


def a_stranded_customer() -> Customer:
    """A customer with 12.34 euros of paid credit that no card takes back any more."""
    customer, _line = a_customer_with_a_line()
    for minor in (1000, 234):
        give_credit(customer, "paid_credit", minor)
    Payment.objects.filter(lots__customer=customer).update(captured_at=LONG_AGO)
    return customer


def sign(customer: Customer, minor: int = 1234, **asked) -> Waiver:
    return operations.sign_waiver(
        customer_id=customer.pk,
        amount=Money(minor, "EUR"),
        **{"key": uuid4(), "proof": Proof("passkey", EVENING), "now": EVENING} | asked,
    )


def claim(waiver: Waiver, *, now: datetime = EVENING, **typed) -> Waiver:
    said = {"number": waiver.paper.number, "code": waiver.paper.statement["code"]} | typed
    return operations.claim_waiver(holder="Ada", now=now, **{"iban": IBAN} | said)


def waived() -> int:
    return books.balance(BookName("waived", "EUR"))


def test_what_is_waived_is_signed_owed_named_and_paid_to_whoever_holds_the_paper():
    customer = a_stranded_customer()
    key = uuid4()
    waiver = sign(customer, key=key)
    assert sign(customer, key=key) == waiver  # sent twice, signed once
    assert (waived(), waiver.claim_by.isoformat()) == (1234, "2029-12-31")
    assert waiver.paper.statement["code"] not in str(Waiver.objects.values())
    assert verify(read(waiver.paper.signed.encode()), key_set())

    closure = close_wholly(customer)
    [pending] = closure.certificate.statement["pending"]
    figures = {
        one["code"]: one["amount"]["minor"] for one in closure.certificate.statement["figures"]
    }
    assert (pending["code"], pending["why"]) == ("WAIVED", waiver.paper.number)
    assert (pending["amount"]["minor"], pending["until"]) == (1234, "2029-12-31")
    assert (figures["WAIVED"], sum(figures.values())) == (-1234, 0)
    assert closure.payout_contact is None
    names = [name for name, _content, _kind in mail.outbox[-1].attachments]
    assert [f"{waiver.paper.number}.pdf" in names, len(names)] == [True, 4]

    claim(waiver, code=waiver.paper.statement["code"].lower().replace("-", " "))
    with pytest.raises(WaiverClaimed):
        claim(waiver)
    assert waived() == 0
    assert list(LateMoney.objects.order_by("pk").values_list("amount_minor", flat=True)) == [
        1000,
        234,
    ]
    assert list(find_faults()) == []

    first, second = (given.a_colleague(email=f"{name}@example.com") for name in ("mo", "max"))
    for late in LateMoney.objects.select_related("account"):
        assert late.account is not None
        sent = payments.send_late_money(
            late_id=late.pk,
            holder=late.account.holder,
            iban=late.account.iban,
            staff_user_id=first.pk,
            now=EVENING,
        )
        payments.mark_transfer_sent(
            payout_id=sent.pk, staff_user_id=first.pk, bank_ref="B1", now=EVENING
        )
        payments.confirm_transfer(
            payout_id=sent.pk, staff_user_id=second.pk, has_arrived=True, reason="", now=EVENING
        )
    paid = Payout.objects.filter(cause__startswith="late:", stage="succeeded")
    assert sum(payout.amount_minor for payout in paid) == 1234
    assert set(LateMoney.objects.values_list("stage", flat=True)) == {"sent"}
    assert not BankAccount.objects.exclude(iban="").exists()


def test_a_part_may_be_waived_and_the_rest_still_holds_the_leaver():
    customer = a_stranded_customer()
    waiver = sign(customer, 234)
    assert sum(part.minor for part in waiver.parts.all()) == 234
    [blocker] = queries.checklist(customer.pk, EVENING).blockers
    assert (blocker.code, blocker.facts["minor"]) == ("paid_credit_left", 1000)


def test_nothing_is_waived_without_need_without_proof_or_beyond_what_is_there():
    customer = a_stranded_customer()
    with pytest.raises(StepUpRequired):
        sign(customer, proof=None)
    for minor in (0, 1235):
        with pytest.raises(NotWaivable):
            sign(customer, minor)
    give_credit(customer, "paid_credit", 1)  # by a card that still takes it
    with pytest.raises(NotWaivable):
        sign(customer)
    Payment.objects.filter(lots__customer=customer).update(captured_at=LONG_AGO)
    payments.keep_account(
        customer_id=customer.pk, holder="Ada", iban=IBAN, given_by="customer", now=EVENING
    )
    with pytest.raises(NotWaivable):
        sign(customer)
    assert (waived(), Waiver.objects.count()) == (0, 0)


def test_a_claim_needs_number_code_and_a_true_account():
    waiver = sign(a_stranded_customer())
    for typed in ({"code": "WC-2222-2222-2222-2222"}, {"number": "WV-2222"}, {"code": ""}):
        with pytest.raises(NoSuchWaiver):
            claim(waiver, **typed)
    with pytest.raises(IbanWrong):
        claim(waiver, iban="DE00")
    assert (waived(), LateMoney.objects.count()) == (1234, 0)


def test_nothing_lapses_by_itself_and_a_person_who_decides_says_why():
    waiver = sign(a_stranded_customer())
    staff = given.a_colleague("operator", email="olga@example.com")
    assert not waivers.overdue(EVENING)

    def conclude(now: datetime = AFTER, **said) -> None:
        operations.conclude_waiver(
            waiver_id=waiver.pk,
            staff_user_id=staff.pk,
            now=now,
            **{"until": None, "words": "Nobody wrote"} | said,
        )

    with pytest.raises(MoveNotAllowed):
        conclude(now=EVENING)  # its time is not over
    with pytest.raises(WaiverOver):
        claim(waiver, now=AFTER)
    assert (waived(), list(waivers.overdue(AFTER))) == (1234, [waiver])
    with pytest.raises(WordsMissing):
        conclude(words=" ")

    conclude(until=date(2030, 6, 30), words="She wrote from hospital")
    assert (waived(), list(waivers.overdue(AFTER))) == (1234, [])
    later = AFTER + timedelta(days=365)
    conclude(now=later)
    assert (waived(), books.balance(BookName("breakage", "EUR"))) == (0, 1234)
    with pytest.raises(WaiverOver):
        claim(waiver, now=later)
    told = Event.objects.filter(kind__startswith="waiver.").order_by("pk")
    assert [event.kind for event in told] == ["waiver.signed", "waiver.prolonged", "waiver.lapsed"]
    assert told[2].actor == f"staff:{staff.pk}"
