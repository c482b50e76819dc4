"""The wallet's pages: topped up, paid with, taken back, given away."""

from __future__ import annotations

from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from fairroam.apps.orders.models import Order
from fairroam.apps.payments.models import Payout
from fairroam.apps.wallet.models import CreditTransfer, TopUp
from tests import given
from tests.apps import wallet_given as wallets
from tests.web.factors_given import newest_code
from tests.web.site_given import CHECKOUT, a_filled_form

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def ada():
    return given.a_customer()


@pytest.fixture
def hers(ada) -> Client:
    client = Client()
    client.force_login(ada.user)
    return client


def proven(client: Client, path: str, **typed: str):
    """Send a form, and the code that it asks for."""
    asked = client.post(path, typed)
    assert asked.status_code == 403
    assert 'data-code="step-up-required"' in asked.content.decode()
    return client.post(path, {**typed, "step_up_code": newest_code()})


def test_a_top_up_shows_its_bonus_its_order_and_an_example_and_leads_to_the_payment(hers):
    page = hers.get("/account/wallet/top-up/EUR/").content.decode()
    assert "from €50.00: €3.00 as a gift" in page
    assert "You pay in €100.00 and get €10.00 on top. You spend €35.00. Then €75.00 can" in page
    assert "of the bonus would end" not in page  # all of it is spent by then

    answer = hers.post("/account/wallet/top-up/EUR/", {"amount": "50", "key": str(uuid4())})

    top_up = TopUp.objects.get()
    assert (top_up.paid_minor, top_up.bonus_minor) == (5000, 300)
    assert answer.url == f"/account/wallet/paying/{top_up.pk}/"
    assert hers.get(answer.url).status_code == 200


@pytest.mark.parametrize("amount", ["4.99", "200.01", "1.001", "-1", "x"])
def test_a_top_up_outside_of_its_bounds_is_refused(hers, amount):
    typed = {"amount": amount, "key": str(uuid4())}
    assert hers.post("/account/wallet/top-up/EUR/", typed).status_code == 422


def test_the_checkout_takes_the_balance_first_and_asks_the_card_for_the_rest(hers, ada):
    wallets.a_top_up(ada, 700)
    path = CHECKOUT
    typed = a_filled_form(hers, path, email=ada.user.email, wallet="on")

    hers.post(path, typed)

    order = Order.objects.get()
    assert order.payment.amount_minor == order.total_minor - 700


def test_nobody_is_offered_a_balance_without_a_sign_in(ada):
    wallets.a_top_up(ada, 700)
    assert 'name="wallet"' not in Client().get(CHECKOUT).content.decode()


@pytest.mark.promise(57)
def test_the_wallet_says_what_is_there_and_where_it_came_from(hers, ada):
    wallets.terms(bonus=50)
    wallets.a_top_up(ada, 700)

    page = hers.get("/account/wallet/").content.decode()

    assert "€7.50" in page
    assert "Gifts are spent first" in page
    assert "Top-up" in page


@pytest.mark.promise(58)
def test_the_balance_comes_back_after_a_proof(hers, ada):
    wallets.a_top_up(ada, 700)

    path, key = "/account/wallet/get-back/EUR/", str(uuid4())
    answer = proven(hers, path, amount="7.00", key=key)

    assert answer.url == "/account/wallet/"
    assert Payout.objects.get().amount_minor == 700
    assert "€7.00" in hers.get("/account/wallet/").content.decode()


@pytest.mark.promise(59)
def test_credit_is_given_and_taken_on_two_sides(hers, ada):
    wallets.a_top_up(ada, 700)
    bob = given.a_customer("bob@example.com")
    EmailAddress.objects.create(user=bob.user, email=bob.user.email, primary=True, verified=True)
    theirs = Client()
    theirs.force_login(bob.user)
    wrong = hers.post("/account/wallet/give/EUR/", {"address": "bob", "key": str(uuid4())})
    assert wrong.status_code == 422  # said before she has to show who she is
    assert 'value="bob"' in wrong.content.decode()

    answer = proven(
        hers,
        "/account/wallet/give/EUR/",
        address=bob.user.email,
        amount="2.50",
        key=str(uuid4()),
    )

    sent = CreditTransfer.objects.get()
    assert answer.url == f"/account/wallet/transfers/{sent.pk}/"
    page = theirs.get(answer.url).content.decode()
    assert ada.number in page
    assert ada.user.email not in page
    assert theirs.post(answer.url, {"act": "undo"}).status_code == 404
    assert theirs.post(answer.url, {"act": "accept"}).status_code == 302
    assert hers.post(answer.url, {"act": "undo"}).status_code == 409
    assert theirs.post(answer.url, {"act": "x"}).status_code == 422
    assert mail.outbox


def test_strangers_see_nothing_of_a_wallet(hers, ada):
    eve = Client()
    eve.force_login(given.a_customer("eve@example.com").user)
    top_up = wallets.a_top_up(ada, 700)
    assert eve.get(f"/account/wallet/paying/{top_up.pk}/").status_code == 404
    assert eve.get("/account/wallet/transfers/1/").status_code == 404
    assert Client().get("/account/wallet/").status_code == 302


def test_a_person_at_the_desk_lets_credit_go_on_or_gives_it_back(ada):
    bob = given.a_customer("bob@example.com")
    top_up = wallets.a_top_up(ada, 700)
    wallets.terms()
    wallets.a_top_up(bob, 500)
    sent = [
        CreditTransfer.objects.create(
            sender=bob,
            recipient=ada,
            currency="EUR",
            amount_minor=100,
            stage="review",
            doubt="same_payment",
            asked_at=given.NOON,
            expires_at=top_up.asked_at,
        )
        for _ in range(2)
    ]
    desk = Client()
    desk.force_login(given.a_colleague("agent"))

    assert bob.number in desk.get("/desk/transfers/").content.decode()
    for one, answer in zip(sent, ("release", "x"), strict=True):
        path = f"/desk/transfers/{one.pk}/settle/"
        assert desk.post(path, {"answer": answer}).status_code == 302
        assert Client().post(path, {"answer": answer}).status_code in (302, 403)

    stages = list(CreditTransfer.objects.order_by("pk").values_list("stage", flat=True))
    assert stages == ["waiting", "review"]
