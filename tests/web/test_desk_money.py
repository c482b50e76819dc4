"""The desk's pages of money, and the door for providers: what they show, do and refuse."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.test import Client

from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import (
    BankAccount,
    Difference,
    Dispute,
    LateMoney,
    Payment,
    Payout,
    ProviderEvent,
)
from fairroam.clock import now
from fairroam.gateways.payments import EventKind, ReportKind
from sandbox.hooks import signature
from tests import given
from tests.apps.lines_given import a_ready_line, ask_and_end
from tests.apps.payments_given import PRICE, house, line, report, tells
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
SECRET = "a secret of tests"


@pytest.fixture
def desk():
    def of(email: str) -> Client:
        client = Client()
        client.force_login(given.a_colleague("senior", email=email))
        return client

    return of


def a_named_transfer() -> Payout:
    ask_and_end(a_ready_line())
    payout = Payout.objects.get()
    account = BankAccount.objects.create(
        customer_id=payout.customer_id,
        holder="Ada Lovelace",
        iban="DE89370400440532013000",
        given_at=NOON,
        given_by="customer:1",
    )
    Payout.objects.update(
        rail="transfer@1", is_by_hand=True, stage="manual_payout", account=account
    )
    return payout


def test_two_people_send_a_transfer_and_one_alone_cannot(desk):
    payout = a_named_transfer()
    anna, ben = desk("anna@example.com"), desk("ben@example.com")
    assert "DE89370400440532013000" in words_of(anna.get("/desk/payouts/"))
    sent, confirm = f"/desk/payouts/{payout.pk}/sent/", f"/desk/payouts/{payout.pk}/confirm/"

    assert anna.post(sent, {"bank_ref": "B-1"}).status_code == 302
    alone = anna.post(confirm, {"answer": "arrived"})
    assert (alone.status_code, 'data-code="four-eyes"' in alone.content.decode()) == (403, True)
    assert house("clearing", "bank") == 0
    assert ben.post(confirm, {"answer": "arrived"}).status_code == 302

    payout.refresh_from_db()
    assert (payout.stage, house("clearing", "bank")) == ("succeeded", PRICE)
    assert "No transfer waits." in words_of(ben.get("/desk/payouts/"))


def test_a_transfer_that_the_bank_sent_back_is_owed_again(desk):
    payout = a_named_transfer()
    anna, ben = desk("anna@example.com"), desk("ben@example.com")
    back = f"/desk/payouts/{payout.pk}/returned/"
    assert anna.post(back, {"reason": "account closed"}).status_code == 409  # It is not out yet.
    anna.post(f"/desk/payouts/{payout.pk}/sent/", {"bank_ref": "B-1"})
    ben.post(f"/desk/payouts/{payout.pk}/confirm/", {"answer": "arrived"})
    assert back in ben.get("/desk/payouts/").content.decode()
    assert ben.post(back, {}).status_code == 302
    payout.refresh_from_db()
    assert payout.stage == "succeeded"

    assert ben.post(back, {"reason": "account closed"}).status_code == 302
    assert ben.post(back, {"reason": "account closed"}).status_code == 409

    payout.refresh_from_db()
    assert (payout.stage, payout.reason) == ("returned", "account closed")
    assert (house("clearing", "bank"), payout.payment.refunded_minor) == (0, 0)
    assert "No transfer has gone out yet." in words_of(ben.get("/desk/payouts/"))


def test_a_lost_dispute_is_shown_until_somebody_has_seen_it(desk):
    given.a_paid_line()
    tells(Payment.objects.get(), EventKind.DISPUTE_CLOSED, dispute_ref="d1", outcome="lost")
    dispute, anna = Dispute.objects.get(), desk("anna@example.com")
    assert "I have seen the loss" in words_of(anna.get("/desk/disputes/"))

    anna.post(f"/desk/disputes/{dispute.pk}/note/", {"act": "seen", "words": "stolen card"})

    shown = words_of(anna.get("/desk/disputes/"))
    assert ("I have seen the loss" in shown, "stolen card" in shown) == (False, True)


def test_what_we_told_the_bank_is_written_down(desk):
    given.a_paid_line()
    tells(Payment.objects.get(), EventKind.DISPUTE_OPENED, dispute_ref="d1")
    dispute, anna = Dispute.objects.get(), desk("anna@example.com")
    note = f"/desk/disputes/{dispute.pk}/note/"

    refused = anna.post(note, {"act": "answered", "words": " "})
    assert (refused.status_code, "Write why" in words_of(refused)) == (422, True)
    assert anna.post(note, {"act": "answered", "words": "they used it"}).status_code == 302

    dispute.refresh_from_db()
    assert (dispute.stage, dispute.words) == ("represented", "they used it")


def test_what_fits_nothing_is_concluded_with_a_reason_or_not_at_all(desk):
    given.a_paid_line()
    payment, anna = Payment.objects.get(), desk("anna@example.com")
    tells(payment, EventKind.REFUND_SUCCEEDED, 500, payout_ref="ref_desk")
    payments.reconcile(
        provider="sandbox", report=report(line(ReportKind.CAPTURE, "pay_x", 7)), now=NOON
    )
    event = ProviderEvent.objects.get(outcome="quarantined")
    row = Difference.objects.get(ref="pay_x")
    page = words_of(anna.get("/desk/reconciliation/"))
    assert ("ref_desk" in page, "They report €0.07, our books say €0.00." in page) == (True, True)

    notice = f"/desk/reconciliation/notices/{event.pk}/"
    assert anna.post(notice, {"act": "book", "words": ""}).status_code == 422
    misread = anna.post(notice, {"act": "assign", "words": "it is", "payout_id": "ref_desk"})
    assert "Payout: Enter a whole number." in words_of(misread)
    assert anna.post(notice, {"act": "book", "words": "Max did it"}).status_code == 302
    assert anna.post(notice, {"act": "dismiss", "words": "again"}).status_code == 409
    difference = f"/desk/reconciliation/differences/{row.pk}/"
    assert anna.post(difference, {"act": "mistake", "words": "a test"}).status_code == 302
    assert anna.post("/desk/reconciliation/again/").status_code == 302

    payment.refresh_from_db()
    row.refresh_from_db()
    assert (payment.refunded_minor, row.resolution) == (500, "their_mistake")


def test_late_money_is_kept_with_a_reason_or_sent_to_a_true_account(desk):
    given.a_paid_line()
    payment, anna = Payment.objects.get(), desk("anna@example.com")
    late = LateMoney.objects.create(payment=payment, currency="EUR", amount_minor=100, came_at=NOON)
    address = f"/desk/reconciliation/late/{late.pk}/"

    wrong = anna.post(address, {"act": "send", "holder": "Ada", "iban": "DE00 1234"})
    kept = anna.post(address, {"act": "keep", "words": "no answer", "until": "2029-12-31"})

    late.refresh_from_db()
    assert (wrong.status_code, kept.status_code, late.stage) == (422, 302, "kept")
    assert "no answer" in words_of(anna.get("/desk/reconciliation/"))


def test_the_books_are_looked_through_only_when_somebody_asks(desk, django_assert_max_num_queries):
    for number in range(3):
        given.a_paid_line(email=f"{number}@example.com")
    anna = desk("anna@example.com")
    anna.get("/desk/books/")

    with django_assert_max_num_queries(16):
        anna.get("/desk/books/")
    assert "nothing contradicts the books" in words_of(anna.post("/desk/books/check/"))


def test_agents_do_not_see_where_money_goes(desk):
    agent = Client()
    agent.force_login(given.a_colleague("agent", email="agent@example.com"))

    for page in ("payouts", "disputes", "reconciliation"):
        assert agent.get(f"/desk/{page}/").status_code == 403
        assert Client().get(f"/desk/{page}/").status_code == 302


# The door for providers ---------------------------------------------------------------------------


def told(settings, body: bytes):
    settings.FAIRROAM_PAYMENTS_URL = "http://127.0.0.1:9"
    settings.FAIRROAM_PAYMENTS_HOOK_SECRET = SECRET
    header = signature(SECRET.encode(), body, int(now().timestamp()))
    return Client().post(
        "/hooks/payments/sandbox",
        body,
        content_type="application/json",
        headers={"Sandbox-Signature": header},
    )


def an_event(**changes: object) -> bytes:
    payload = {"id": "ref_1", "amount": 5, "currency": "EUR", "reference": str(uuid4())}
    payload |= {"status": "succeeded", "intent": "pay_1", "reason": ""} | changes
    event = {"id": "evt_1", "type": "refund.succeeded", "created_at": NOON.isoformat()}
    return json.dumps(event | {"payload": payload}).encode()


@pytest.mark.parametrize(
    "body",
    [b"{\x00", b"\x00", an_event(reason="a\x00b"), an_event(id="\x00"), an_event(id="r" * 81)],
    ids=["raw", "alone", "in a reason", "in a name", "too long"],
)
def test_what_no_provider_would_write_is_answered_and_not_kept(body, settings):
    answer = told(settings, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")
    assert not ProviderEvent.objects.exists()


def test_what_cannot_be_read_but_is_signed_is_kept(settings):
    assert told(settings, b'{"a": "\\u0000"}').json() == {"outcome": "quarantined"}
    assert told(settings, an_event()).json() == {"outcome": "quarantined"}
    assert ProviderEvent.objects.count() == 2
