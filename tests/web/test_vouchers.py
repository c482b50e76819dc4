"""Vouchers on pages: made at the desk, redeemed in the wallet."""

from __future__ import annotations

import pytest
from django.test import Client

from fairroam.apps.wallet.models import Lot, Voucher
from fairroam.web.components import guessing
from tests import given
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
    "wrong", [{"amount": "x"}, {"currency": "XQX"}, {"counts_until": "2001-01-01T00:00"}]
)
def test_a_gift_that_makes_no_sense_is_not_made(desk, wrong):
    assert desk.post(PAGE, NEW | wrong).status_code == 422
    assert not Voucher.objects.exists()


def test_who_guesses_codes_waits(hers):
    for _ in range(guessing.WRONG_MAX):
        assert hers.post(REDEEM, {"voucher": "A" * 32}).status_code == 422
    assert hers.post(REDEEM, {"voucher": "B" * 32}).status_code == 429
