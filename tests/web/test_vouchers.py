"""Vouchers on pages: made at the desk, redeemed in the wallet."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from fairroam.apps.closures import queries as closures
from fairroam.apps.customers.models import Customer
from fairroam.apps.payments.models import Payout
from fairroam.apps.wallet import tasks
from fairroam.apps.wallet.models import Lot, Voucher
from fairroam.apps.wallet.operations import selling, vouchers
from fairroam.clock import now
from fairroam.rules.money import Money
from fairroam.web.components import guessing
from tests import given
from tests.apps.test_sold_vouchers import a_sold_voucher, code_of, lose, redeem
from tests.web.factors_given import mails
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
PAGE, REDEEM = "/desk/vouchers/", "/account/wallet/redeem/"
NEW = {"amount": "12.50", "currency": "EUR", "counts_until": "2999-01-01T00:00"}


def signed_in(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def desk():
    return signed_in(given.a_colleague("operator"))


@pytest.fixture
def hers():
    return signed_in(given.a_customer().user)


def test_a_gift_is_made_at_the_desk_shown_once_and_redeemed_in_the_wallet(desk, hers):
    made = desk.post(PAGE, NEW)
    code = made.context["code"]
    assert code in words_of(made)
    assert code not in words_of(desk.get(PAGE))

    assert hers.get(REDEEM).status_code == 200
    assert hers.post(REDEEM, {"voucher": code}).status_code == 302

    assert (Lot.objects.get().amount_minor, Voucher.objects.get().stage) == (1250, "redeemed")
    assert "in your wallet" in words_of(hers.get("/account/wallet/"))
    again = hers.post(REDEEM, {"voucher": code})
    assert (again.status_code, again.context["refusal"]["code"]) == (409, "voucher-redeemed")
    assert desk.post(PAGE, {"stop": Voucher.objects.get().pk}).status_code == 409


def test_a_gift_that_nobody_redeemed_is_called_back(desk, hers):
    code = desk.post(PAGE, NEW).context["code"]
    assert desk.post(PAGE, {"stop": Voucher.objects.get().pk}).status_code == 302
    assert hers.post(REDEEM, {"voucher": code}).context["refusal"]["code"] == "voucher-over"


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "x"},
        {"amount": "1.005"},
        {"currency": "XQX"},
        {"counts_until": "2001-01-01T00:00"},
    ],
)
def test_a_gift_that_makes_no_sense_is_not_made(desk, wrong):
    assert desk.post(PAGE, NEW | wrong).status_code == 422
    assert not Voucher.objects.exists()


def test_who_guesses_codes_waits(hers):
    for _ in range(guessing.WRONG_MAX):
        assert hers.post(REDEEM, {"voucher": "A" * 32}).status_code == 422
    assert hers.post(REDEEM, {"voucher": "B" * 32}).status_code == 429


def test_a_voucher_is_bought_paid_shown_and_taken_back_on_its_page(hers):
    typed = {"amount": "25", "key": str(uuid4())}
    bought = hers.post("/account/vouchers/buy/EUR/", typed)
    assert bought.status_code == 302
    assert "preparing the payment" in words_of(hers.get(bought.url))
    paid(Voucher.objects.get())

    assert "not redeemed yet" in words_of(hers.get("/account/vouchers/"))
    shown = hers.post(bought.url, {"show": "1"})
    code = shown.context["code"]
    assert code in words_of(shown)
    assert code not in words_of(hers.get(bought.url))
    assert hers.post(bought.url, {"withdraw": "1"}).status_code == 302

    assert Payout.objects.get().amount_minor == 2500
    again = hers.post(bought.url, {"withdraw": "1"})
    assert (again.status_code, again.context["refusal"]["code"]) == (409, "wrong-state")
    assert hers.post(REDEEM, {"voucher": code}).context["refusal"]["code"] == "voucher-over"


def test_another_s_voucher_is_as_unknown_as_none(hers):
    bought = hers.post("/account/vouchers/buy/EUR/", {"amount": "25", "key": str(uuid4())})
    bob = signed_in(given.a_customer("bob@example.com").user)

    for asked in ({}, {"show": "1"}, {"withdraw": "1"}):
        assert bob.post(bought.url, asked).status_code == 404
    assert bob.get(bought.url + "transfer/").status_code == 404
    assert hers.post("/account/vouchers/buy/EUR/", {"amount": "1000"}).status_code == 422


def test_a_redeemed_one_says_when_it_can_leave_and_its_buyer_s_account_names_it(hers):
    ada = Customer.objects.get()
    bob = given.a_customer("bob@example.com")
    kept, given_away = (a_voucher_now(ada) for _ in range(2))
    code = selling.show_code(customer_id=ada.pk, voucher_id=given_away.pk, now=now())
    vouchers.redeem_voucher(customer_id=bob.pk, code=code, now=now())

    assert "came by a voucher and can leave from" in words_of(
        signed_in(bob.user).get("/account/wallet/get-back/EUR/")
    )
    items = closures.checklist(ada.pk, now()).items
    [said] = [item.facts for item in items if item.code == "voucher_unredeemed"]
    assert said["minor"] == kept.amount_minor
    assert not closures.checklist(ada.pk, now()).blockers


def a_voucher_now(buyer: Customer) -> Voucher:
    asked = selling.buy_voucher(
        customer_id=buyer.pk, amount=Money(1000, "EUR"), key=uuid4(), now=now()
    )
    paid(asked)
    return asked


def paid(asked: Voucher) -> None:
    selling.confirm_voucher(
        payment_id=asked.payment_id,
        amount=Money(asked.amount_minor, "EUR"),
        provider_ref=f"pay_{asked.pk}",
        now=now(),
    )


def test_a_person_sees_what_became_of_a_voucher_whose_payment_a_bank_took_back(hers):
    lost, kept = (a_sold_voucher(Customer.objects.get(), minor) for minor in (2500, 700))
    lose(lost, 2500)
    redeem(code_of(kept), given.a_customer("bob@example.com"))
    lose(kept, 700, ref="d700")

    shown = words_of(signed_in(given.a_colleague("senior")).get("/desk/disputes/"))

    assert shown.count("Its code counts no more, and nothing of it is owed") == 1
    assert "has redeemed and keeps" in shown
    assert "its payment went back to the bank" in words_of(hers.get("/account/vouchers/"))


def test_a_person_decides_at_the_desk_what_becomes_of_a_voucher_that_lost_a_part(hers):
    voucher = a_sold_voucher(Customer.objects.get())
    lose(voucher, 2400)
    senior = signed_in(given.a_colleague("senior"))
    act = f"/desk/disputes/vouchers/{voucher.pk}/"
    assert f'action="{act}"' in senior.get("/desk/disputes/").content.decode()

    assert senior.post(act, {"act": "uphold"}).status_code == 422
    assert senior.post(act, {"act": "uphold", "words": "A <b>gift</b>"}).status_code == 302

    shown = senior.get("/desk/disputes/").content.decode()
    assert act not in shown
    assert "A &lt;b&gt;gift&lt;/b&gt;" in shown
    assert senior.post(act, {"act": "give_back", "words": "No"}).status_code == 409
    assert (
        senior.post("/desk/disputes/vouchers/987654/", {"act": "uphold", "words": "x"}).status_code
        == 404
    )


def test_a_code_goes_to_somebody_by_mail_and_its_page_says_so(hers):
    """Nobody is mailed a link of a stranger's, and what is typed wrongly stays."""
    typed = {
        "amount": "25",
        "key": str(uuid4()),
        "address": "bo@example.com",
        "words": "<b>Hi</b> Mr.Bo... 12.50",
    }
    for wrong in (
        {"address": "bo"},
        {"address": ""},
        {"words": "x" * 501},
        {"words": "Look: https://evil.example"},
        {"words": "More at evil.example!"},
        {"words": "Come to t.example/win"},
        {"day": "2001-01-01"},
        {"day": (now() + timedelta(days=400)).date().isoformat()},
    ):
        refused = hers.post("/account/vouchers/buy/EUR/", typed | wrong)
        assert refused.status_code == 422, wrong
    assert "&lt;b&gt;Hi&lt;/b&gt;" in refused.content.decode()

    bought = hers.post("/account/vouchers/buy/EUR/", typed)
    voucher = Voucher.objects.get()
    paid(voucher)
    assert "Its code is mailed" in words_of(hers.get(bought.url))
    tasks.mail_code(voucher_id=voucher.pk, now=now())

    shown = words_of(hers.get(bought.url))
    assert "Its code was mailed" in shown
    assert "bo@example.com" in shown
    assert [message.to for message in mails()] == [["bo@example.com"]]
