"""Promo codes on pages: the desk makes them, checkout takes one and says what it takes off."""

from __future__ import annotations

import pytest

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.orders.models import Order, PromoCode
from fairroam.web.components import guessing
from tests import given
from tests.web.site_given import CHECKOUT, buy, words_of

pytestmark = pytest.mark.usefixtures("catalogue")
PAGE = "/desk/promo-codes/"
NEW = {
    "code": "spring-5",
    "percent": "5",
    "customer_uses_max": "1",
    "counts_until": "2999-01-01T00:00",
}


@pytest.fixture
def desk(client):
    """An operator, signed in."""
    client.force_login(given.a_colleague("operator"))
    return client


def test_an_operator_makes_a_code_and_calls_it_back(desk):
    assert desk.post(PAGE, NEW).status_code == 302
    made = PromoCode.objects.get()
    assert "SPRING-5" in words_of(desk.get(PAGE))

    again = desk.post(PAGE, NEW)
    assert (again.status_code, again.context["refusal"]["code"]) == (409, "promo-code-taken")
    assert desk.post(PAGE, {"end": made.pk}).status_code == 302
    assert desk.post(PAGE, {"end": made.pk}).status_code == 409
    assert "called back" in words_of(desk.get(PAGE))


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "a b"},
        {"percent": "100"},
        {"percent": ""},
        {"amount": "5"},
        {"percent": "", "amount": "5", "currency": "XQX"},
        {"percent": "", "amount": "5.001", "currency": "EUR"},
        {"counts_until": "2001-01-01T00:00"},
        {"plans": "none"},
    ],
)
def test_a_code_that_makes_no_sense_is_not_made(desk, wrong):
    assert desk.post(PAGE, NEW | wrong).status_code == 422
    assert not PromoCode.objects.exists()


def test_checkout_takes_a_code_and_the_bill_shows_it_before(desk):
    desk.post(PAGE, NEW | {"percent": "", "amount": "5", "currency": "EUR"})
    desk.logout()
    price = catalogue.plan("japan-10gb-30d").price_minor

    bill = desk.get(f"{CHECKOUT}bill/", {"residence": "DE", "promo_code": "spring-5"})
    assert (bill.context["discount_minor"], bill.context["total_minor"]) == (-500, price - 500)
    assert buy(desk, promo_code="spring-5").status_code == 302

    assert Order.objects.get().total_minor == price - 500


def test_a_wrong_code_is_said_on_the_bill_and_refused_at_checkout(client):
    bill = client.get(f"{CHECKOUT}bill/", {"residence": "DE", "promo_code": "NOTHING"})
    refused = buy(client, promo_code="NOTHING")

    assert "do not know this promo code" in words_of(bill)
    assert (refused.status_code, refused.context["refusal"]["code"]) == (422, "promo-code-unknown")
    assert 'value="NOTHING"' in refused.content.decode()
    assert not Order.objects.exists()


def test_who_guesses_codes_waits_and_may_still_order_without_one(client):
    for number in range(guessing.WRONG_MAX):
        client.get(f"{CHECKOUT}bill/", {"promo_code": f"GUESS-{number}"})

    assert "Too many wrong codes" in words_of(
        client.get(f"{CHECKOUT}bill/", {"promo_code": "GUESS-X"})
    )
    assert buy(client, promo_code="GUESS-X").status_code == 429
    assert buy(client).status_code == 302


def test_who_guesses_codes_from_ever_new_addresses_of_one_house_waits_too(client):
    for number in range(guessing.WRONG_MAX + 1):
        guessed = client.get(
            f"{CHECKOUT}bill/",
            {"promo_code": f"GUESS-{number}"},
            REMOTE_ADDR=f"2001:db8:1:2::{number:x}",
        )

    assert "Too many wrong codes" in words_of(guessed)
