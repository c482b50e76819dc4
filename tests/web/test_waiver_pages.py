"""The waiver on its way out, and the page that claims it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client

from fairroam.apps.closures.models import Waiver
from fairroam.apps.closures.operations import sign_waiver
from fairroam.apps.customers.queries import Proof
from fairroam.apps.payments.models import LateMoney, Payment
from fairroam.clock import now
from fairroam.rules.money import Money
from tests import given
from tests.apps.closures_given import give_credit
from tests.web.abuse_given import browser_of
from tests.web.factors_given import note

pytestmark = [
    pytest.mark.usefixtures("soon_after", "catalogue"),
    pytest.mark.promise(57),
    pytest.mark.promise(58),
]
IBAN = "DE89370400440532013000"
SIGN = "/account/leave/waiver/EUR/"


@pytest.fixture(autouse=True)
def no_tries(catalogue):
    cache.clear()


def test_a_stranded_balance_is_given_up_on_the_way_out_and_claimed_by_a_stranger():
    ada = given.a_customer()
    browser = browser_of(ada.user)
    note(browser, ada.user, method="code", email=ada.user.email)
    give_credit(ada, "paid_credit", 1234)
    assert SIGN not in browser.get("/account/leave/").content.decode()
    assert "nothing to give up" in browser.get(SIGN).content.decode()
    Payment.objects.update(captured_at=now() - timedelta(days=4 * 365))
    assert SIGN in browser.get("/account/leave/").content.decode()

    form = browser.get(SIGN).context["form"]
    typed = {"amount": form.initial["amount"], "key": form.initial["key"]}
    assert typed["amount"] == "12.34"
    assert browser.post(SIGN, typed).status_code == 422  # it was not read
    answer = browser.post(SIGN, typed | {"understood": "on", "amount": "12.35"})
    assert (answer.status_code, Waiver.objects.count()) == (409, 0)
    page = browser.post(SIGN, typed | {"understood": "on"}, follow=True)
    paper = Waiver.objects.get().paper
    code = paper.statement["code"]
    assert code in page.content.decode()

    stranger = Client()
    assert code not in stranger.get(f"/verify/{paper.number}/").content.decode()
    claim = {"number": paper.number, "code": code, "holder": "Ada", "iban": "DE00"}
    assert stranger.post("/claim/", claim).status_code == 422
    done = stranger.post("/claim/", claim | {"iban": IBAN}, follow=True)
    assert "€12.34 is sent" in done.content.decode()
    assert stranger.post("/claim/", claim | {"iban": IBAN}).status_code == 409
    assert [late.amount_minor for late in LateMoney.objects.all()] == [1234]

    boss = browser_of(given.a_colleague("senior", email="boss@example.com"))
    assert IBAN in boss.get("/desk/reconciliation/").content.decode()


def test_what_nobody_claimed_in_time_waits_for_a_person():
    ada = given.a_customer()
    give_credit(ada, "paid_credit", 1234)
    Payment.objects.update(captured_at=now() - timedelta(days=4 * 365))
    waiver = sign_waiver(
        customer_id=ada.pk,
        amount=Money(1234, "EUR"),
        key=uuid4(),
        proof=Proof("passkey", now()),
        now=now(),
    )
    Waiver.objects.update(claim_by=now().date() - timedelta(days=2))
    boss = browser_of(given.a_colleague("senior", email="boss@example.com"))
    act = f"/desk/reconciliation/waivers/{waiver.pk}/"
    assert act in boss.get("/desk/reconciliation/").content.decode()
    boss.post(act, {"act": "prolong", "words": "She wrote"})
    assert Waiver.objects.get().claim_by.year == now().year + 1
    assert boss.post(act, {"act": "lapse", "words": "Nobody wrote"}).status_code == 409
    assert Waiver.objects.get().stage == "waived"


@pytest.mark.promise(62)
def test_abuse_codes_are_not_guessed():
    typed = {"number": "WV-2222", "code": "WC-2222", "holder": "Eve", "iban": IBAN}
    eve = Client()
    answers = [eve.post("/claim/", typed).status_code for _ in range(11)]
    assert answers == [404] * 10 + [429]
