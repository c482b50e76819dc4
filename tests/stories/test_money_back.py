"""Whole journeys from buying to money back, on real parts.

The judge is the outside: the effect logs of provider, carrier and network, and the mail box. The
books are checked after every story.
"""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta

import pytest
import time_machine

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import queries as esims
from fairroam.apps.journal.models import Event
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders.models import Order
from fairroam.apps.orders.tasks import ask_about_payment
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries
from fairroam.apps.refunds.models import Decision, RefundPart
from fairroam.clock import now
from fairroam.proof import KeySet, Truth, verify
from tests.stories.traveller import CARD_THAT_REFUSES_REFUNDS, reasons_of, stage_of

GIGABYTE = 10**9


def await_next_second() -> None:
    """Rights have the grain of a second: what comes now is later than what came before."""
    begun = now()
    while now() == begun:
        time.sleep(0.02)


def refunds_accepted(stack) -> list[int]:
    """What the provider was asked to pay back, in cents."""
    return [effect["amount"] for effect in stack.effects("payments", "refund_accepted")]


@pytest.mark.promise(1, 5, 6, 13, 15, 16, 37, 42, 43, 66)
def test_ada_uses_a_quarter_and_gets_three_quarters_back_with_nobody_in_between(stack, traveller):
    ada = traveller(residence="DE")
    line = ada.buy("japan-10gb-30d")
    facts = esims.facts_of(line.pk)
    assert facts.ready_at >= line.order.paid_at
    assert "Type it in instead" in ada.read(f"/account/lines/{line.pk}/")
    ada.sign_in()
    assert "Japan 10 GB" in ada.read("/account/")
    assert "You get €19.00 back" in ada.read(f"/account/lines/{line.pk}/refund/")

    iccid = ada.install(line)
    ada.phone.enable(iccid, country="JP")
    ada.phone.use(iccid, 5 * GIGABYTE // 2, country="JP")
    stack.rest()
    quote = ada.read(f"/account/lines/{line.pk}/refund/")
    assert "You get €14.25 back" in quote
    assert "The plan is activated: first contact with a network" in quote
    refund = ada.ask_money_back(line)
    stack.settle(lambda: stage_of(refund) == "paid")
    stack.rest()

    (ended,) = stack.effects("lines", "end", iccid=iccid)
    (accepted,) = stack.effects("payments", "refund_accepted")
    assert accepted["amount"] == 1900 - 1900 * 5 // 20 == 1425
    assert ended["at"] < accepted["at"]
    assert ada.phone.enable(iccid, country="JP")["network"]["service"] == "none"
    assert line.order.total_minor == 1900  # nothing is shipped, nothing is added
    assert not Event.objects.filter(actor__startswith="staff").exists()
    assert_she_was_told(ada, stack)


def assert_she_was_told(ada, stack) -> None:
    """Every step by mail, once; the receipt is signed and checks with the public keys."""
    subjects = [" ".join(subject.split()[:4]) for subject in ada.subjects()]
    assert sorted(subjects) == sorted(set(subjects))
    decided, paid = ada.mail_about("You get €14.25 back"), ada.mail_about("is back with you")
    assert re.search(r"2\.5 GB of 10 GB used .*€4\.75", " ".join(decided["text"].split()))
    assert re.search(r"^\+ Card, .+  €14\.25$", paid["text"], re.MULTILINE), "a line of a receipt"
    document = ada.attached_document(paid)
    keys = ada.browser.get("/.well-known/fairroam-keys.json").json()
    assert verify(document, KeySet.from_jwks(keys)).truth == Truth.TRUE
    assert document["statement"]["kind"] == "receipt"
    assert document["statement"]["total"] == {"minor": 1425, "currency": "EUR", "exponent": 2}
    forged = json.loads(json.dumps(document).replace("1425", "1426"))
    assert verify(forged, KeySet.from_jwks(keys)).truth == Truth.CHANGED


@pytest.mark.promise(14)
def test_ben_never_downloads_and_gets_all_back_once_the_carrier_took_it_back(stack, traveller):
    ben = traveller(residence="US")
    line = ben.buy()
    code = ben.code_of(line)
    ben.sign_in()

    refund = ben.ask_money_back(line)
    stack.settle(lambda: stage_of(refund) == "paid")

    (cancelled,) = stack.effects("profiles", "cancel")
    (accepted,) = stack.effects("payments", "refund_accepted")
    assert accepted["amount"] == 1900
    assert cancelled["at"] < accepted["at"]
    assert (
        stack["profiles"]
        .call("POST", "/phone/download", json={"activation_code": code})
        .json()["error"]
        == "refused"
    )


def test_a_phone_was_faster_than_the_carrier_and_a_person_sees_it(stack, traveller, colleague):
    cleo = traveller(residence="DE")
    line = cleo.buy()
    code = cleo.code_of(line)
    cleo.sign_in()
    stack.hold("profiles")  # Nobody tells us what the phone does.
    refund = cleo.ask_money_back(line)
    assert Decision.objects.count() == 0
    await_next_second()
    iccid = cleo.phone.install(code)
    cleo.phone.enable(iccid, country="JP")
    cleo.phone.use(iccid, GIGABYTE, country="JP")
    stack.rest()

    assert stage_of(refund) == "under_review"
    assert refunds_accepted(stack) == []
    assert not stack.effects("profiles", "cancel")
    assert stack.effects("lines", "end", iccid=iccid)
    decision = Decision.objects.get()
    assert decision.facts["downloaded_at"] > decision.facts["declared_at"]
    assert decision.due_minor == 1900  # What came after asking takes nothing from the right.
    assert "used_after_declaring" in queries.case(refund.pk).doubts

    refunds.approve(request_id=refund.pk, staff_user_id=colleague, now=now())
    stack.settle(lambda: stage_of(refund) == "paid")
    assert refunds_accepted(stack) == [1900]


@pytest.mark.promise(15)
def test_nothing_is_due_so_a_person_says_no_in_words(stack, traveller, colleague):
    dan = traveller(residence="US")
    line = dan.buy()
    iccid = dan.install(line)
    dan.phone.enable(iccid, country="JP")
    dan.phone.use(iccid, GIGABYTE, country="JP")
    dan.sign_in()
    stack.rest()
    refund = dan.ask_money_back(line, words="I changed my mind")
    stack.rest()
    assert stage_of(refund) == "under_review"

    refunds.decline(
        request_id=refund.pk, staff_user_id=colleague, words="It was in use.", now=now()
    )
    stack.rest()

    assert refunds_accepted(stack) == []
    assert "It was in use." in dan.mail_about("Our answer to your request")["text"]
    assert "The plan is activated" in dan.mail_about("Our answer to your request")["text"]
    assert dan.phone.enable(iccid, country="JP")["network"]["service"] == "ok"


def test_nothing_is_due_and_a_person_gives_a_part_of_goodwill(stack, traveller, colleague):
    eve = traveller(residence="US")
    line = eve.buy()
    iccid = eve.install(line)
    eve.phone.enable(iccid, country="JP")
    eve.phone.use(iccid, 9 * GIGABYTE, country="JP")
    eve.sign_in()
    stack.rest()
    refund = eve.ask_money_back(line)
    stack.rest()

    refunds.approve(request_id=refund.pk, staff_user_id=colleague, goodwill_minor=500, now=now())
    stack.settle(lambda: stage_of(refund) == "paid")
    stack.rest()

    assert refunds_accepted(stack) == [500]
    assert "Goodwill, granted by a person" in eve.mail_about("You get €5.00 back")["text"]


def test_the_carrier_has_none_left_and_the_money_comes_back_by_itself(stack, traveller):
    finn = traveller()
    stack["profiles"].ask("POST", "/_stock", json={"profile_type": "travel-voice", "stock": 0})
    order = finn.order("usa-talk-30d")
    finn.pay(order)
    stack.settle(lambda: stage_of(order) == "failed")
    stack.rest()

    assert refunds_accepted(stack) == [3000]
    assert "€30.00" in finn.mail_about("your money is on its way back")["text"]
    assert books.balance(BookName("tax", "EUR", label="DE 0.19")) == 0
    line = Order.objects.get(pk=order.pk).lines.get()
    assert (line.refunded_minor, line.pending_minor) == (3000, 0)


def test_a_card_that_takes_nothing_back_waits_for_a_person_and_the_money_stays_owed(
    stack, traveller, colleague
):
    gwen = traveller(card=CARD_THAT_REFUSES_REFUNDS)
    line = gwen.buy()
    gwen.sign_in()
    refund = gwen.ask_money_back(line)
    stack.settle(lambda: stage_of(refund) == "payout_failed")
    stack.rest()
    assert "did not get through" in " ".join(gwen.subjects())

    refunds.retry_payouts(request_id=refund.pk, staff_user_id=colleague, now=now())
    stack.rest()

    assert stage_of(refund) == "payout_failed"
    assert refunds_accepted(stack) == [1900, 1900]
    assert len(stack.effects("payments", "refund_failed")) == 2
    assert not stack.effects("payments", "refund_succeeded")
    owner = Customer.objects.get(user__email=gwen.email)
    assert books.balance(BookName("refunds_owed", "EUR", customer_id=owner.pk)) == 1900
    assert RefundPart.objects.get().arrived_at is None


@pytest.mark.promise(40)
def test_after_the_cooling_off_nothing_is_due_by_the_rules_and_they_say_so(stack, traveller):
    june = traveller(residence="DE")
    with time_machine.travel(now() - timedelta(days=40)):
        line = buy_unheard(june, stack)
    june.sign_in()
    iccid = june.install(line)
    june.phone.enable(iccid, country="JP")
    june.phone.use(iccid, GIGABYTE, country="JP")
    stack.rest()
    assert queries.quote(line.pk, now=now()).due == 0
    assert "You get" not in june.read(f"/account/lines/{line.pk}/refund/")

    refund = june.ask_money_back(line)
    stack.rest()

    assert stage_of(refund) == "under_review"
    assert {"COOLING_OFF_EXPIRED", "ACTIVATED"} <= set(reasons_of(Decision.objects.get()))
    assert refunds_accepted(stack) == []


def buy_unheard(traveller, stack):
    """Buy while the outside lives at another time: its notices would be too old to be believed."""
    stack.hold("payments")
    order = traveller.place_order("japan-10gb-30d")
    traveller.pay_page(order)
    ask_about_payment(payment_id=order.payment_id, now=now())
    return traveller.await_delivery(order)


def test_a_day_pass_in_china_keeps_the_begun_day_and_gives_four_back(stack, traveller):
    hua = traveller(residence="CN", language="zh-Hans")
    line = hua.buy("asia-day-pass-5d")
    iccid = hua.install(line)
    hua.phone.enable(iccid, country="JP")
    hua.phone.use(iccid, 3 * GIGABYTE, country="JP")
    hua.sign_in()
    stack.rest()

    refund = hua.ask_money_back(line)
    stack.settle(lambda: stage_of(refund) == "paid")
    stack.rest()

    assert refunds_accepted(stack) == [1750 * 4 // 5]
    assert "14.00" in hua.mails()[-1]["text"]
    assert any("一" <= letter <= "鿿" for letter in hua.mails()[-1]["subject"])


def test_one_of_three_esims_is_given_back_and_the_others_live(stack, traveller):
    ira = traveller()
    lines = ira.buy_several("europe-5gb-15d", 3)
    ira.sign_in()

    refund = ira.ask_money_back(lines[1])
    stack.settle(lambda: stage_of(refund) == "paid")
    stack.rest()

    assert refunds_accepted(stack) == [1290]
    assert [esims.line_state(line.pk).stage for line in lines] == ["active", "terminated", "active"]
    for line in (lines[0], lines[2]):
        iccid = ira.install(line)
        assert ira.phone.enable(iccid, country="FR")["network"]["service"] == "ok"
