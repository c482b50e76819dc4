"""Receipts and credit notes of real refunds: the same lines, the same amounts, the tax in full."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from fairroam.apps.notices.models import Notice
from fairroam.apps.papers import operations as papers
from fairroam.apps.papers import queries
from fairroam.apps.papers.models import Paper
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import tasks
from fairroam.apps.refunds.operations.declaring import Said
from fairroam.gateways.payments import PayoutStatus
from tests.apps.lines_given import LATER, a_ready_line, ask, ask_and_end, payout_of, use
from tests.apps.refunds_given import GIGABYTE, settle, tell
from tests.given import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def a_paid_refund(**wishes):
    refund = ask_and_end(a_ready_line(), **wishes)
    settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    refund.refresh_from_db()
    return refund


@pytest.mark.promise(78)
def test_a_receipt_says_what_the_decision_said_and_where_the_money_arrived():
    refund = a_paid_refund()

    (receipt,) = Paper.objects.filter(kind="receipt")

    note, decision = refund.credit_note.statement, refund.decision_paper.statement
    said = receipt.statement
    for name in ("order", "decision", "reasons", "total", "pay_by"):
        assert said[name] == note[name] == decision[name]
    assert (said["tax"], said["tax_rate"]) == (note["tax"], note["tax_rate"])
    assert receipt.refers_to == refund.order_line.order.invoice
    assert said["refers_to"]["number"] == refund.order_line.order.invoice.number
    (arrived,) = said["paid_to"]
    assert arrived["amount"] == said["total"]
    assert arrived["text"] == "Card"
    assert papers.render_pdf(receipt).startswith(b"%PDF")
    assert list(queries.find_faults()) == []


@pytest.mark.promise(78)
def test_the_mail_about_arrived_money_carries_the_receipt():
    refund = a_paid_refund()

    tell("refund.paid", refund)

    notice = Notice.objects.get(kind="refunds.paid")
    assert notice.paper is not None
    assert notice.paper.kind == "receipt"
    assert f"/verify/{notice.paper.number}/" in notice.text


def test_money_that_came_back_and_arrived_later_gets_a_receipt_of_its_own():
    refund = a_paid_refund()
    settle(payout_of(refund), PayoutStatus.FAILED)
    refunds.retry_payouts(request_id=refund.pk, staff_user_id=1, now=LATER)
    settle(payout_of(refund), PayoutStatus.SUCCEEDED, now=LATER + timedelta(days=2))

    first, second = Paper.objects.filter(kind="receipt").order_by("pk")
    assert first.statement["paid_to"][0]["at"] < second.statement["paid_to"][0]["at"]
    assert queries.receipt_of(second.statement["decision"], second.refers_to_id) == second


def test_the_tax_of_part_refunds_closes_to_that_of_the_invoice():
    line = a_ready_line()
    whole = line.price_minor
    settle(payout_of(ask_and_end(line, asked_minor=333)), PayoutStatus.SUCCEEDED)
    for asked in (334, None):  # The line is off already.
        refund = ask(line, asked_minor=asked, now=LATER + timedelta(hours=1))
        settle(payout_of(refund), PayoutStatus.SUCCEEDED)
    notes = [note.statement for note in Paper.objects.filter(kind="credit_note")]
    invoice = line.order.invoice.statement

    assert sum(note["total"]["minor"] for note in notes) == whole == invoice["total"]["minor"]
    assert sum(note["tax"]["minor"] for note in notes) == invoice["tax"]["minor"]
    assert {note["refers_to"]["number"] for note in notes} == {invoice["number"]}


def a_declaration(contract: str = "FR-7K3M-9Q2T", kind: str = "withdrawal"):
    said = Said(
        kind=kind,
        name="Ada Example",
        email="ada@example.com",
        contract=contract,
        residence="DE",
        language="en",
    )
    return refunds.declare(key=uuid4(), said=said, now=NOON)


@pytest.mark.promise(78)
def test_a_declaration_gets_a_signed_receipt_once_that_names_nobody():
    declaration = a_declaration()
    for _ in range(2):
        tasks.acknowledge_declaration(declaration_id=declaration.pk, now=NOON)

    (receipt,) = Paper.objects.filter(kind="receipt")

    assert Notice.objects.get(kind="refunds.declared").paper == receipt
    assert receipt.statement["declaration"] == declaration.number
    assert receipt.statement["order"] == "FR-7K3M-9Q2T"
    assert receipt.statement["reasons"][0]["at"] == "2026-11-02T12:00:00Z"
    assert receipt.statement["pay_by"] == "2026-11-16"
    assert "ada" not in receipt.signed.lower()
    assert papers.render_pdf(receipt).startswith(b"%PDF")


def test_nobody_gets_words_of_their_own_signed_by_us():
    declaration = a_declaration("We owe Eve €1,000,000", kind="termination")
    tasks.acknowledge_declaration(declaration_id=declaration.pk, now=NOON)

    receipt = Paper.objects.get(kind="receipt")
    assert "Eve" not in receipt.signed
    assert "pay_by" not in receipt.statement


def test_used_data_stands_on_decision_credit_note_and_receipt_alike():
    line = a_ready_line()
    use(line, 3 * GIGABYTE)
    refund = ask_and_end(line)
    settle(payout_of(refund), PayoutStatus.SUCCEEDED)

    refund.refresh_from_db()
    receipt = Paper.objects.get(kind="receipt")
    assert receipt.statement["reasons"] == refund.credit_note.statement["reasons"]
    assert receipt.statement["total"]["minor"] < line.price_minor
