"""An eSIM through its life: paused, moved to new phones, topped up, and its code asked for again.

Everything goes through the pages, the worker, and the stand-ins of carrier and network.
"""

from __future__ import annotations

import re

import httpx
import pytest

from fairroam.apps.esims import queries as esims
from fairroam.apps.metering import queries as metering
from fairroam.apps.orders.models import Order, OrderLine
from tests.stack import Phone, Stack
from tests.stories.traveller import Traveller

GIGABYTE = 10**9


def act(person: Traveller, line: OrderLine, kind: str, **typed: str) -> None:
    """Press the button of an act's page, and wait until it is done."""
    person.send(f"/account/lines/{line.pk}/acts/{kind}/", **typed)
    customer_id = line.order.customer_id
    person.stack.settle(lambda: esims.acts_of(line.pk, customer_id)[0].stage == "done")


def switch_on(person: Traveller, line: OrderLine) -> str:
    """Install on the phone, switch on in Japan; the ICCID."""
    iccid = person.install(line)
    person.phone.enable(iccid, country="JP")
    person.stack.rest()
    return iccid


@pytest.mark.promise(2)
@pytest.mark.promise(55)
def test_a_line_is_paused_and_moves_to_a_new_phone_with_all_that_is_left(stack: Stack, traveller):
    mei = traveller()
    line = mei.buy()
    mei.sign_in()
    old = switch_on(mei, line)
    mei.phone.use(old, GIGABYTE, country="JP")
    stack.rest()

    act(mei, line, "suspend")
    with pytest.raises(httpx.HTTPStatusError):
        mei.phone.use(old, GIGABYTE, country="JP")
    act(mei, line, "resume")
    mei.phone.use(old, GIGABYTE, country="JP")
    stack.rest()
    before = metering.usage_of(line.pk)

    old_phone, mei.phone = mei.phone, stack.phone()
    act(mei, line, "change_phone", is_lost="yes")
    with pytest.raises(httpx.HTTPStatusError):
        old_phone.use(old, GIGABYTE, country="JP")
    new = switch_on(mei, line)
    mei.phone.use(new, GIGABYTE, country="JP")
    stack.rest()

    after = metering.usage_of(line.pk)
    assert new != old
    assert before.allowances[0].used == 2 * GIGABYTE
    assert after.allowances[0].used == 3 * GIGABYTE
    assert (after.starts_at, after.ends_at) == (before.starts_at, before.ends_at)
    history = mei.read(f"/account/lines/{line.pk}/history/")
    assert [history.count(word) for word in ("Pause", "Resume", "Move to a new phone")] == [1] * 3
    assert sum("Paused" in subject for subject in mei.subjects()) == 1


def test_a_deleted_esim_is_noticed_and_comes_back_with_a_code(stack: Stack, traveller):
    ben = traveller()
    line = ben.buy()
    ben.sign_in()
    iccid = switch_on(ben, line)

    ben.phone.delete(iccid)
    stack.rest()
    assert "deleted from the phone" in ben.read(f"/account/lines/{line.pk}/")
    act(ben, line, "change_phone", is_lost="no")

    assert switch_on(ben, line) != iccid


def test_a_pack_is_bought_on_the_page_and_burns_after_the_first_one(stack: Stack, traveller):
    ida = traveller()
    line = ida.buy()
    ida.sign_in()
    iccid = switch_on(ida, line)
    boxes = dict.fromkeys(("terms", "express_request", "loss_acknowledged"), "on")

    answer = ida.send(f"/account/lines/{line.pk}/top-up/", plan="japan-10gb-30d", **boxes)
    order = Order.objects.get(number=answer.url.path.split("/")[2])
    stack.settle(lambda: ida.pay_url(order))
    ida.pay(order)
    pack = ida.await_delivery(order)
    ida.phone.use(iccid, 12 * GIGABYTE, country="JP")
    stack.rest()

    assert "nothing to install" in ida.read(f"/orders/{order.number}/")
    assert "Further packs" in ida.read(f"/account/lines/{line.pk}/")
    assert metering.usage_of(line.pk).allowances[0].used == 10 * GIGABYTE
    assert metering.usage_of(pack.pk).allowances[0].used == 2 * GIGABYTE
    refund = ida.ask_money_back(pack)
    stack.rest()
    refund.refresh_from_db()
    assert refund.stage == "paid"
    assert not esims.line_state(line.pk).is_off


@pytest.mark.promise(48)
def test_a_trial_begins_in_the_mailbox_and_a_second_one_on_the_same_chip_ends(
    stack: Stack, traveller
):
    ada, bo = traveller(), traveller()
    bo.phone = ada.phone
    for person in (ada, bo):
        asked = {"plan": "trial-100mb-3d", "email": person.email, "residence": person.residence}
        person.send("/trial/", **asked)
        stack.rest()
        link = re.search(r"(/trial/begin/\S+)", person.mail_about("Begin your free trial")["text"])
        assert link is not None
        person.send(link[1], terms="on")
        stack.rest()
    lines = []
    for person in (ada, bo):
        line = OrderLine.objects.get(order__customer__user__email=person.email)
        lines.append(line)
        person.install(line)
        stack.rest()

    assert [esims.line_state(line.pk).is_off for line in lines] == [False, True]
    assert "once per phone" in bo.mail_about("Your free trial has ended")["text"]
    assert [line.order.payment for line in lines] == [None, None]


def test_a_code_that_was_mislaid_is_shown_on_another_machine(stack: Stack, traveller):
    ada = traveller()
    line = ada.buy()
    code = ada.code_of(line)
    elsewhere = Traveller(stack, email=ada.email)

    elsewhere.send("/code-again/", number=line.order.number, email=ada.email)
    stack.rest()
    mail = ada.mail_about("The way to your eSIM code")
    found = re.search(r"(/code-again/\S+/)", mail["text"])
    assert found is not None
    elsewhere.send(found[1])

    assert elsewhere.code_of(line) == code
    Phone(stack["profiles"]).install(code)
