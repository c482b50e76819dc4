"""The public site: what anybody sees, and how an order is placed and followed."""

from __future__ import annotations

import re

import pytest
from django import forms
from django.test import Client
from django.test.html import parse_html

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.orders.models import Order
from fairroam.apps.payments import operations as payments
from fairroam.web.site.checkout import CheckoutForm
from tests import given
from tests.given import NOON
from tests.web.site_given import CHECKOUT, TICKED, a_filled_form, buy, words_of

OF_WITHDRAWAL = re.compile(r'id="consents-of-withdrawal"( hidden disabled)?')
pytestmark = pytest.mark.usefixtures("catalogue")
PAGES = ["/", "/plans/", "/plans/japan-10gb-30d/", CHECKOUT, "/withdraw/", "/leave/"]
PAGES += ["/terms/", "/channels/", "/imprint/"]
PAY_URL = "http://127.0.0.1:9/pay/1"


def started(order: Order) -> Order:
    payments.record_started(
        payment_id=order.payment_id, provider_ref="pay_1", pay_url=PAY_URL, now=NOON
    )
    return order


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh-hans", "zh-Hans")])
def test_every_page_says_its_language_and_has_one_heading(client, path, language, tag):
    response = client.get(path, headers={"accept-language": language})
    page = response.content.decode()

    assert response.status_code == 200
    assert f'<html lang="{tag}">' in page
    assert page.count("<h1") == 1
    assert 'style="' not in page
    assert "<script>" not in page


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    ("wished", "tag"),
    [
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("zh-SG", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("fr, zh-HK;q=0.8, en;q=0.5", "zh-Hant"),
        ("ko", "en"),
    ],
)
def test_the_first_page_speaks_the_language_that_the_browser_wishes(client, wished, tag):
    page = client.get("/imprint/", headers={"accept-language": wished})

    assert f'<html lang="{tag}">' in page.content.decode()
    assert page.headers["Content-Language"] == tag.lower()
    assert "Accept-Language" in page.headers["Vary"]


def test_the_language_is_switched_by_a_form_without_script(client):
    answer = client.post("/language/setlang/", {"language": "zh-hans", "next": "/plans/"})

    assert answer.headers["Location"] == "/plans/"
    assert '<html lang="zh-Hans">' in client.get("/plans/").content.decode()


@pytest.mark.parametrize(
    ("search", "is_found"),
    [("japan", True), ("日本", True), ("JP", True), (" Japan ", True), ("narnia", False)],
)
def test_a_plan_is_found_by_its_country_in_both_languages(client, search, is_found):
    page = client.get("/plans/", {"search": search})

    assert ("japan-10gb-30d" in page.content.decode()) is is_found


def test_an_empty_search_shows_every_plan(client):
    page = client.get("/plans/").content.decode()

    assert all(f"/plans/{plan.code}/" in page for plan in catalogue.plans())


@pytest.mark.parametrize(
    ("residence", "said", "not_said"),
    [
        (
            "DE",
            ["The law of the European Union", "14 days after the contract"],
            "The law of the United",
        ),
        ("GB", ["The law of the United Kingdom"], "European Union"),
        ("US", ["Our own promise to everybody", "180 days after payment"], "The law of"),
    ],
)
def test_the_terms_of_money_back_stand_on_the_plan_before_buying(client, residence, said, not_said):
    words = words_of(client.get("/plans/japan-10gb-30d/", {"residence": residence}))

    assert all(sentence in words for sentence in said)
    assert not_said not in words


@pytest.mark.parametrize("path", ["/plans/none/", "/checkout/none/", "/terms/?residence=XX"])
def test_what_does_not_exist_is_not_found(client, path):
    assert client.get(path).status_code == 404


def test_no_box_is_ticked_in_advance(client):
    page = client.get(CHECKOUT).content.decode()

    assert page.count('type="checkbox"') == 3
    assert "checked" not in page


def test_the_bill_names_the_tax_of_the_residence(client):
    without = words_of(client.get(f"{CHECKOUT}bill/"))
    with_tax = words_of(client.get(f"{CHECKOUT}bill/", {"residence": "DE"}))

    assert "choose your country" in without
    assert "Germany 19%" in with_tax


def test_a_good_form_becomes_one_order_with_its_consents(client):
    form = a_filled_form(client)
    answers = [client.post(CHECKOUT, form) for _ in range(2)]
    order = Order.objects.get()

    assert [answer.headers["Location"] for answer in answers] == [f"/orders/{order.number}/"] * 2
    assert {consent.kind for consent in order.consents.all()} == TICKED.keys()
    for consent in order.consents.all():
        assert consent.words in words_of(client.get(CHECKOUT))


@pytest.mark.parametrize(
    "wrong",
    [{"email": "ada"}, {"email": ""}, {"residence": ""}, {"residence": "XX"}, {"key": "1"}]
    + [{box: ""} for box in TICKED],
    ids=str,
)
def test_a_wrong_form_keeps_what_was_typed_and_orders_nothing(client, wrong):
    answer = buy(client, **wrong)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert answer.context["form"]["language"].value() == "en"
    assert not Order.objects.exists()


def test_a_refusal_keeps_what_was_typed_and_says_why(client):
    form = a_filled_form(client)
    client.post(CHECKOUT, form)
    answer = client.post(CHECKOUT, form | {"email": "bob@example.com"})

    assert answer.status_code == 422
    assert "already sent with other content" in words_of(answer)
    assert 'value="bob@example.com"' in answer.content.decode()
    assert Order.objects.count() == 1


def test_an_order_is_shown_to_its_browser_and_its_owner_only(client):
    path = buy(client).headers["Location"]
    stranger, ada, bob = Client(), Client(), Client()
    ada.force_login(Order.objects.get().customer.user)
    bob.force_login(given.a_customer("bob@example.com").user)

    assert client.get(path).status_code == 200
    assert ada.get(path).status_code == 200
    hidden = [stranger.get(path), bob.get(path), stranger.get("/orders/FR-0000-0000/")]
    assert [answer.status_code for answer in hidden] == [404, 404, 404]
    assert "Sign in" in words_of(hidden[0])


def test_the_order_page_leads_on_from_paying_to_the_esim(client):
    path = buy(client).headers["Location"]
    order = Order.objects.get()
    assert "preparing the payment" in words_of(client.get(path))

    started(order)
    assert f'href="{PAY_URL}"' in client.get(path).content.decode()

    given.pay(order, now=NOON)
    assert "making your eSIM" in words_of(client.get(path))

    Order.objects.update(stage="fulfilled", is_live=None)
    ready = client.get(path).content.decode()
    assert f"/account/lines/{order.lines.get().pk}/" in ready
    assert "hx-trigger" not in ready


def test_the_page_opens_the_pay_page_by_itself_once(client):
    path = buy(client).headers["Location"]
    started(Order.objects.get())
    first, second = (client.get(path, headers={"HX-Request": "true"}) for _ in range(2))

    assert first.headers["HX-Redirect"] == PAY_URL
    assert "HX-Redirect" not in second.headers
    assert PAY_URL in second.content.decode()
    assert "<html" not in second.content.decode()


@pytest.mark.parametrize(
    ("stage", "said"),
    [("failed", "is on its way back to you"), ("cancelled", "Nothing was charged")],
)
def test_an_order_that_came_to_nothing_says_so(client, stage, said):
    path = buy(client).headers["Location"]
    Order.objects.update(stage=stage, is_live=None)

    assert said in words_of(client.get(path))


def test_the_channels_name_our_address_and_no_other(client):
    words = words_of(client.get("/channels/"))

    assert "http://127.0.0.1:8000" in words
    assert "service@fairroam.example" in words


@pytest.mark.parametrize(
    ("days", "used", "total"),
    [
        ("3", "25", "€14.25"),  # within the cooling-off: a quarter of 19.00 is kept
        ("3", "never", "€19.00"),
        ("100", "never", "€19.00"),  # our own promise: 180 days when it was never switched on
        ("181", "never", "€0.00"),
        ("20", "25", "€0.00"),
    ],
)
@pytest.mark.promise(14)
def test_what_would_come_back_is_calculated_before_buying(client, days, used, total):
    activation = "never" if used == "never" else "connected"
    supposed = {"residence": "FR", "days": days, "activation": activation}
    supposed["used"] = "0" if used == "never" else used
    response = client.get("/plans/japan-10gb-30d/", supposed)

    assert response.context["form"].errors == {}
    shown = words_of(response)
    assert f"You would get back {total}" in shown
    assert "€19.00 paid" in shown


def test_a_supposition_that_cannot_be_keeps_what_was_typed(client):
    response = client.get("/plans/japan-10gb-30d/", {"residence": "FR", "days": "401", "used": "0"})

    assert response.context["form"].errors.keys() == {"days"}
    assert 'value="401"' in response.content.decode()


@pytest.mark.parametrize(
    ("residence", "boxes"),
    [("DE", True), ("GB", True), ("CN", False), ("US", False), ("", True)],
)
def test_consents_are_asked_where_the_law_of_the_residence_knows_them(client, residence, boxes):
    page = client.get(f"{CHECKOUT}?residence={residence}").content.decode()

    assert OF_WITHDRAWAL.findall(page) == ["" if boxes else " hidden disabled"]


def test_an_order_without_the_boxes_that_no_law_asks_for_keeps_only_what_was_agreed(client):
    answer = buy(client, residence="US", express_request="", loss_acknowledged="")

    order = Order.objects.get()
    assert answer["Location"] == f"/orders/{order.number}/"
    assert [consent.kind for consent in order.consents.all()] == ["terms"]


@pytest.mark.parametrize(
    ("shown", "residence", "sent"),
    [
        ({}, "DE", [""]),
        ({"consents_shown": ""}, "US", [" hidden disabled"]),
        ({"consents_shown": ""}, "DE", []),  # what somebody is just ticking is not touched
        ({}, "US", []),
    ],
)
def test_a_bill_shows_or_hides_the_boxes_of_withdrawal_and_leaves_every_tick(
    client, shown, residence, sent
):
    bill = client.get(f"{CHECKOUT}bill/", {"residence": residence} | shown).content.decode()

    assert OF_WITHDRAWAL.findall(bill) == sent
    for name in ("express_request", "loss_acknowledged"):
        kept = re.findall(f'<input type="checkbox" name="{name}"[^>]* hx-preserve="true"', bill)
        assert len(kept) == len(sent)
    assert 'name="terms"' not in bill
    assert f'href="/terms/?residence={residence}"' in bill


@pytest.mark.parametrize("chosen", ["", "DE", "<b>"])
def test_a_list_of_countries_is_the_same_that_django_would_write(chosen):
    plan = catalogue.plan("japan-10gb-30d")
    field = CheckoutForm({"residence": chosen}, plan=plan, address="/bill/")["residence"]

    own = field.field.widget
    plain = field.as_widget(forms.Select(own.attrs, own.choices))
    assert parse_html(field.as_widget()) == parse_html(plain)
    assert field.as_widget().count(" selected>") == (chosen != "<b>")
