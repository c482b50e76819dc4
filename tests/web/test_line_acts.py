"""The pages on which the owner of an eSIM acts: one for each act, with what it means."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Line, LineAct, Profile
from fairroam.apps.orders.models import Order, OrderLine
from tests.apps import lines_given
from tests.apps.usage_given import a_pack_on
from tests.given import NOON, a_colleague
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("soon_after", "catalogue")


@pytest.fixture
def line() -> OrderLine:
    """Ada's eSIM, not on a phone yet."""
    return lines_given.a_ready_line()


@pytest.fixture
def owner(line: OrderLine) -> Client:
    """Ada's browser, signed in."""
    client = Client()
    client.force_login(line.order.customer.user)
    return client


def path(line: OrderLine, *rest: str) -> str:
    return "/".join(("/account/lines", str(line.pk), *rest, ""))


def send(owner: Client, line: OrderLine, kind: str, **typed: str) -> int:
    """Open the page of an act and press its button; the status of the answer."""
    address = path(line, "acts", kind)
    key = str(owner.get(address).context["form"]["key"].value())
    return owner.post(address, {"key": key, **typed}).status_code


def on_a_phone(line: OrderLine) -> None:
    profile = Profile.objects.get(line_id=line.pk)
    esims.record_fact(
        profile_id=profile.pk, kind="enabled", happened_at=NOON, source="es2plus", now=NOON
    )


@pytest.mark.promise(55)
def test_the_line_offers_what_is_possible_now(owner, line):
    unused = owner.get(path(line)).content.decode()
    on_a_phone(line)
    used = owner.get(path(line)).content.decode()

    assert path(line, "acts", "suspend") in unused
    assert path(line, "acts", "choose_network") in unused
    assert path(line, "acts", "change_phone") not in unused
    assert path(line, "acts", "resume") not in unused
    assert path(line, "acts", "change_phone") in used


@pytest.mark.promise(2)
@pytest.mark.parametrize(
    ("kind", "typed", "stage"),
    [
        ("suspend", {}, "suspending"),
        ("deactivate", {}, "deactivating"),
        ("change_phone", {"is_lost": "yes"}, "reissuing"),
        ("choose_network", {"network": "JP|Second Mobile JP"}, "active"),
    ],
)
def test_one_button_asks_and_the_page_shows_that_it_is_under_way(owner, line, kind, typed, stage):
    on_a_phone(line)

    assert send(owner, line, kind, **typed) == 302

    assert Line.objects.get(pk=line.pk).stage == stage
    words = words_of(owner.get(path(line)))
    assert "We are waiting for the network" in words
    assert path(line, "acts", kind) not in owner.get(path(line)).content.decode()
    assert "under way" in words_of(owner.get(path(line, "history")))


@pytest.mark.parametrize(
    ("kind", "typed", "status", "said"),
    [
        ("change_phone", {"is_lost": "no"}, 409, "Delete it there first"),
        ("change_phone", {}, 422, "Choose one."),
        ("choose_network", {"network": "JP|Elsewhere"}, 422, "not one of the available choices"),
        ("resume", {}, 409, "not possible in the present state"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(owner, line, kind, typed, status, said):
    on_a_phone(line)
    address = path(line, "acts", kind)
    key = str(owner.get(address).context["form"]["key"].value())

    answer = owner.post(address, {"key": key, **typed})

    assert answer.status_code == status
    assert said in words_of(answer)
    assert LineAct.objects.count() == 0


def test_others_see_and_do_nothing(line):
    stranger = lines_given.a_ready_line(email="bob@example.com").order.customer.user
    visitor, bob = Client(), Client()
    bob.force_login(stranger)

    assert bob.get(path(line, "history")).status_code == 404
    for rest in (("acts", "suspend"), ("name",), ("top-up",)):
        assert visitor.post(path(line, *rest), {"name": "Mine"}).status_code == 302
        assert bob.post(path(line, *rest), {"name": "Mine"}).status_code == 404

    assert Line.objects.get(pk=line.pk).name == ""
    assert LineAct.objects.count() == 0


@pytest.mark.parametrize("kind", ["terminate", "confirm", "activate"])
def test_what_is_no_act_of_an_owner_has_no_page(owner, line, kind):
    assert owner.post(path(line, "acts", kind)).status_code == 404


@pytest.mark.promise(1)
def test_a_name_stands_on_the_pages_of_its_owner(owner, line):
    owner.post(path(line, "name"), {"name": "Mum's phone"})

    for page in ("/account/", path(line)):
        assert "Mum&#x27;s phone" in owner.get(page).content.decode()


@pytest.mark.promise(11)
@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (None, "Connect the phone to Wi-Fi"),
        ("downloaded", "Confirm on the phone"),
        ("installed", "switched off"),
        ("enabled", "Turn data roaming on"),
        ("first_attach", "nothing has been used yet"),
        ("deleted", "deleted from the phone"),
    ],
)
def test_help_follows_what_carrier_and_network_told(owner, line, fact, said):
    if fact:
        profile = Profile.objects.get(line_id=line.pk)
        esims.record_fact(
            profile_id=profile.pk, kind=fact, happened_at=NOON, source="network", now=NOON
        )

    assert said in words_of(owner.get(path(line)))


@pytest.mark.promise(52)
def test_a_pack_is_ordered_for_the_esim_and_shown_on_its_page(owner, line):
    address = path(line, "top-up")
    form = owner.get(address).context["form"]
    boxes = dict.fromkeys(("terms", "express_request", "loss_acknowledged"), "on")
    typed = {"key": str(form["key"].value()), "plan": "asia-day-pass-5d"}

    without_boxes = owner.post(address, typed)
    answer = owner.post(address, typed | boxes)

    assert without_boxes.status_code == 422
    assert words_of(without_boxes).count("Tick this box to go on.") == 3
    order = Order.objects.get(lines__tops_up=line.pk)
    assert answer["Location"] == f"/orders/{order.number}/"
    assert {code for code, _ in form.fields["plan"].choices} >= {"asia-day-pass-5d"}
    assert "usa-talk-30d" not in {code for code, _ in form.fields["plan"].choices}
    assert order.customer_id == line.order.customer_id


def test_the_rules_of_use_stand_on_the_plan_and_are_frozen_in_the_order(client, line):
    words = words_of(client.get("/plans/asia-day-pass-5d/"))

    assert "full speed up to 2 GB a day, then 512 kbit/s" in words
    assert "Hotspot for other devices not allowed" in words
    assert "As of 1 November 2026" in words
    assert line.plan_copy["networks"]["JP"] == ["Sandbox Mobile JP", "Second Mobile JP"]
    assert line.plan_copy["fair_use"]["en"].startswith("The whole allowance")


@pytest.mark.promise(1)
def test_a_family_orders_an_esim_for_each(client):
    page = "/checkout/japan-10gb-30d/"
    bill = words_of(client.get(f"{page}bill/", {"residence": "DE", "quantity": "3"}))
    key = str(client.get(page).context["form"]["key"].value())
    typed = {"key": key, "email": "ada@example.com", "residence": "DE", "language": "en"}
    boxes = dict.fromkeys(("terms", "express_request", "loss_acknowledged"), "on")

    client.post(page, {**typed, **boxes, "quantity": "3"})
    too_many = client.post(page, {**typed, **boxes, "quantity": "6"})

    assert "€57.00" in bill
    order = Order.objects.get()
    assert (order.lines.count(), order.total_minor) == (3, 3 * 1900)
    assert too_many.status_code == 422


def test_the_desk_sees_a_case_without_the_code(line):
    refund = lines_given.ask(line, now=NOON + timedelta(hours=1))
    secret = Profile.objects.get(line_id=line.pk).matching_id
    staff = Client()
    staff.force_login(a_colleague())

    page = staff.get(f"/desk/refunds/{refund.pk}/")

    assert page.status_code == 200
    assert secret
    assert secret not in page.content.decode()


def test_a_resold_esim_says_what_its_supplier_cannot_do_and_is_topped_up_with_its_packs():
    line = lines_given.a_ready_line("world-1gb-7d")
    owner = Client()
    owner.force_login(line.order.customer.user)

    page = owner.get(path(line))

    assert "can neither pause it nor move it" in words_of(page)
    assert path(line, "acts", "suspend") not in page.content.decode()
    packs = owner.get(path(line, "top-up")).context["form"]["plan"].field.choices
    assert [code for code, _label in packs] == ["world-top-up-1gb-7d"]


def test_money_back_for_a_pack_ends_no_esim(owner, line):
    pack = a_pack_on(line)
    form = owner.get(path(pack, "refund")).context["form"]
    hidden = {name: form[name].value() for name in ("key", "currency")}

    words = words_of(owner.post(path(pack, "refund"), hidden, follow=True))

    assert "This ends this pack alone" in words
    assert "This ends the plan" not in words
