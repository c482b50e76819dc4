"""The pages of kept numbers: what they show, whom they obey, a code that needs a new proof."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims.models import IdentityCheck, Keeping, Number, PortOut
from fairroam.apps.esims.operations import numbers_identity, numbers_port
from fairroam.apps.orders.models import Consent, Order, OrderLine
from fairroam.gateways.identity import StartedCheck
from fairroam.gateways.lines import PortOutCode
from tests.apps.numbers_given import a_kept_number, a_wish
from tests.given import NOON, a_colleague, a_customer
from tests.web.factors_given import newest_code

pytestmark = pytest.mark.usefixtures("catalogue", "clock")
NUMBER = "+44 7700 900100"


@pytest.fixture
def clock() -> Any:
    """It is NOON, and goes on from there."""
    with time_machine.travel(NOON) as moving:
        yield moving


@pytest.fixture
def keeping(settings: Any) -> Keeping:
    settings.FAIRROAM_LINES_URL = "http://127.0.0.1:9"
    return a_kept_number()


@pytest.fixture
def owner(client: Client, keeping: Keeping) -> Client:
    client.force_login(keeping.customer.user)
    return client


def words_of(answer: Any) -> str:
    """What a page says, without its marks."""
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.S)
    return " ".join(text.split())


def address(keeping: Keeping, more: str = "") -> str:
    return f"/account/lines/{keeping.pk}/number/{more}"


def press(client: Client, keeping: Keeping, act: str, **typed: object) -> Any:
    return client.post(address(keeping), {"act": act, "key": uuid4(), **typed})


@pytest.mark.promise(51)
def test_a_number_shows_its_clock_what_counts_and_whose_rule_it_is(owner, keeping):
    words = words_of(owner.get(address(keeping)))

    assert NUMBER in words
    assert "Sun 2 May 2027, 00:00, London time" in words
    assert "Safe until Sat 1 May 2027, 24:00, London time" in words
    assert "a text message you send" in words
    assert "£0.30" in words
    assert "example-mobile-uk@1" in words
    assert "fictional" in words


def test_a_plan_that_keeps_a_number_runs_at_home_and_is_no_trip(owner):
    page = owner.get("/account/")

    assert [each.card.keeps_number for each in page.context["running"]] == [True]
    assert page.context["trips"] == []


def test_the_first_page_shows_the_number_until_when_it_is_safe_and_when_to_renew(
    owner, keeping, clock
):
    words = words_of(owner.get("/account/"))
    assert NUMBER in words
    assert "Safe until Sat 1 May 2027, 24:00, London time Paid until" in words
    page = words_of(owner.get(f"/account/lines/{keeping.pk}/"))
    assert f"Your number {NUMBER}" in page
    assert "Top up" not in page  # it is renewed, on a page of its own
    assert f"Renew {NUMBER}" not in words

    clock.move_to(NOON + timedelta(days=70))  # three weeks before its 90 days end
    owner.force_login(keeping.customer.user)
    assert f"Renew {NUMBER} until" in words_of(owner.get("/account/"))
    press(owner, keeping, "stop_renewal")
    assert f"Renew {NUMBER}" not in words_of(owner.get("/account/"))


@pytest.mark.parametrize("page", ["", "code/", "renew/"])
def test_nobody_else_sees_it(client, keeping, page):
    stranger = a_customer("eve@example.com")
    client.force_login(stranger.user)

    answer = client.get(address(keeping, page))

    assert answer.status_code == 404
    assert NUMBER not in words_of(answer)
    assert Client().get(address(keeping, page)).status_code == 302


def test_the_act_is_agreed_to_at_the_price_that_was_shown(owner, keeping):
    unticked = press(owner, keeping, "agree", rule="example-mobile-uk@1")
    other_terms = press(owner, keeping, "agree", rule="example-mobile-uk@2", agreed="on")
    agreed = press(owner, keeping, "agree", rule="example-mobile-uk@1", agreed="on")

    keeping.refresh_from_db()
    assert (unticked.status_code, other_terms.status_code, agreed.status_code) == (422, 409, 302)
    assert "terms have changed" in words_of(other_terms)
    assert keeping.automatic_rule == "example-mobile-uk@1"
    assert "You have agreed to it" in words_of(owner.get(address(keeping)))
    press(owner, keeping, "stop_automatic")
    keeping.refresh_from_db()
    assert keeping.automatic_rule == ""


@pytest.mark.promise(68)
def test_renewal_stops_with_one_button(owner, keeping):
    assert "Stop renewal" in words_of(owner.get(address(keeping)))

    press(owner, keeping, "stop_renewal")
    stopped = Keeping.objects.get(pk=keeping.pk).renews
    press(owner, keeping, "resume_renewal")

    assert (stopped, Keeping.objects.get(pk=keeping.pk).renews) == (False, True)


@pytest.mark.promise(51)
def test_a_renewal_is_an_order_line_of_its_own_with_its_consents(owner, keeping):
    page = owner.get(address(keeping, "renew/"))
    unticked = owner.post(address(keeping, "renew/"), {"key": uuid4()})
    boxes = dict.fromkeys(("terms", "express_request", "loss_acknowledged"), "on")
    form = {"key": uuid4(), **boxes}

    first, again = (owner.post(address(keeping, "renew/"), form) for _ in range(2))

    line = OrderLine.objects.get(tops_up=keeping.pk)
    order = Order.objects.get(lines=line)
    assert "€6.00" in words_of(page)
    assert unticked.status_code == 422
    assert first.url == again.url == f"/orders/{order.number}/"
    assert (line.packs, order.consents.count()) == (["eu-crd@1", "prorata@1"], 3)


def test_a_renewal_asks_only_for_what_the_law_there_wants(owner, keeping):
    Customer.objects.update(residence="US")

    page = owner.get(address(keeping, "renew/")).content.decode()
    answer = owner.post(address(keeping, "renew/"), {"key": uuid4(), "terms": "on"})

    assert "express_request" not in page
    assert (answer.status_code, Consent.objects.get(order__lines__tops_up=keeping.pk).kind) == (
        302,
        "terms",
    )
    assert "Pay the order for the next period" in words_of(owner.get(address(keeping)))


def with_code(keeping: Keeping) -> PortOut:
    """The operator has given the code that was asked for."""
    port_out = PortOut.objects.get(keeping=keeping)
    issued = PortOutCode(code="EXM123456", expires_at=NOON + timedelta(days=30))
    numbers_port.record_code(port_out_id=port_out.pk, issued=issued, now=NOON)
    return port_out


@pytest.mark.promise(51, 77)
def test_the_code_is_shown_right_after_a_new_proof_only(owner, keeping, clock):
    press(owner, keeping, "port_out")
    assert "making the code" in words_of(owner.get(address(keeping)))
    with_code(keeping)
    place = address(keeping, "code/")

    hidden = owner.get(place)
    wrong = owner.post(place, {"step_up_read": "yes", "step_up_code": "NOT-IT"})
    right = owner.post(place, {"step_up_read": "yes", "step_up_code": newest_code()})
    revealed = owner.get(place)
    clock.shift(timedelta(minutes=11))
    too_late = owner.get(place)

    assert (hidden.status_code, wrong.status_code, right.url) == (403, 403, place)
    assert (revealed.status_code, too_late.status_code) == (200, 403)
    pages = (hidden, wrong, right, too_late, owner.get(address(keeping)))
    assert "EXM123456" in revealed.content.decode()
    assert not any("EXM123456" in page.content.decode() for page in pages)
    assert "no-store" in revealed["Cache-Control"]


def test_an_ended_number_says_what_to_do_now(owner, keeping):
    Number.objects.filter(pk=keeping.number_id).update(
        stage="quarantined", disconnected_at=NOON, quarantine_until=NOON + timedelta(days=90)
    )
    Keeping.objects.filter(pk=keeping.pk).update(stage="ended", is_live=None, ended_at=NOON)

    words = words_of(owner.get(address(keeping)))

    assert "Change it wherever you sign in with it" in words
    assert "Nobody gets it before" in words
    assert "Stop renewal" not in words


@pytest.mark.promise(60)
def test_who_leaves_is_told_to_take_the_number_along_first(owner, keeping):
    page = owner.get("/account/leave/")

    assert "Your number is lost for good" in words_of(page)
    assert f'action="{address(keeping)}"' in page.content.decode()


# Before buying -----------------------------------------------------------------------------------
@pytest.mark.promise(4)
def test_the_plan_says_whom_it_is_for_and_shows_the_terms_it_is_sold_with(client):
    words = words_of(
        client.get("/plans/keep-number-uk-90d/", {"residence": "US", "days": "30", "used": "0"})
    )

    assert "A phone number of Example Mobile UK" in words
    assert "Numbers are for persons we know" in words
    assert "from the moment you have the number" in words
    assert "prorata@1" in words
    assert "the price of the days that have not begun" in words
    assert "house@" not in words
    assert "You would get back €3.94" in words  # 59 of 90 days have not begun, the cent is yours


# Who somebody is ---------------------------------------------------------------------------------
@pytest.fixture
def newcomer(client: Client, settings: Any) -> Client:
    """Somebody who bought a plan with a number and whom we do not know."""
    settings.FAIRROAM_IDENTITY_URL = "http://127.0.0.1:9"
    line = a_wish()
    client.force_login(line.order.customer.user)
    return client


def test_a_check_is_begun_with_a_click_and_goes_on_at_the_provider(newcomer):
    asked = words_of(newcomer.get("/account/numbers/"))
    newcomer.post("/account/numbers/identify/", {"key": uuid4()})
    check = IdentityCheck.objects.get()
    page = StartedCheck(check_ref="chk_1", page_url="https://provider.example/chk_1")
    numbers_identity.record_started(check_id=check.pk, started=page, now=NOON)

    shown = newcomer.get("/account/numbers/")

    assert "waits for you to show who you are" in asked
    assert "Check me now" in asked
    assert 'href="https://provider.example/chk_1"' in shown.content.decode()
    assert "Check me now" not in words_of(shown)


def test_a_person_can_be_asked_for_and_is_the_only_way_without_a_provider(newcomer, settings):
    settings.FAIRROAM_IDENTITY_URL = ""
    assert "Check me now" not in words_of(newcomer.get("/account/numbers/"))

    newcomer.post("/account/numbers/identify/", {"key": uuid4()})

    assert IdentityCheck.objects.get().stage == "with_a_person"
    words = words_of(newcomer.get("/account/numbers/"))
    assert "within one working day" in words
    assert "I prefer a person" not in words


@pytest.fixture
def desk() -> Client:
    agent = Client()
    agent.force_login(a_colleague())
    return agent


def test_the_desk_recognises_a_person_by_a_document_that_is_not_kept(newcomer, desk):
    newcomer.post("/account/numbers/identify/", {"key": uuid4(), "by_person": "1"})
    check = IdentityCheck.objects.get()
    said = {"check_id": check.pk, "outcome": "right"}
    assert check.customer.number in words_of(desk.get("/desk/numbers/"))

    nothing_seen = desk.post("/desk/numbers/", said)
    seen = desk.post("/desk/numbers/", {**said, "document": "GB 987654321"})
    again = desk.post("/desk/numbers/", {**said, "document": "GB 987654321"})

    check.refresh_from_db()
    assert (nothing_seen.status_code, seen.status_code, again.status_code) == (422, 302, 409)
    assert check.stage == "verified"
    assert "987654321" not in str(list(IdentityCheck.objects.values()))
    assert newcomer.get("/desk/numbers/").status_code == 404


def test_the_desk_decides_an_unusual_wish(client, desk):
    Number.objects.all().delete()
    keeping = a_kept_number()
    page = words_of(desk.get("/desk/numbers/"))

    no_number = desk.post(f"/desk/numbers/{keeping.pk}/", {"outcome": "grant"}, follow=True)
    refused = desk.post(f"/desk/numbers/{keeping.pk}/", {"outcome": "refuse"})
    again = desk.post(f"/desk/numbers/{keeping.pk}/", {"outcome": "refuse"})

    assert "No number of this operator is free." in page
    assert "No number is free" in words_of(no_number)
    assert (refused.status_code, again.status_code) == (302, 409)
    assert Keeping.objects.get(pk=keeping.pk).stage == "refused"
    client.force_login(keeping.customer.user)
    assert "money goes back" in words_of(client.get(address(keeping)))
