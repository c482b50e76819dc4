"""A number: bought, given to whom we know, kept alive by the network, taken along with its code."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from fairroam.apps.esims.models import KeepAlive, Keeping
from fairroam.apps.esims.operations import numbers_keep, numbers_renew
from fairroam.apps.esims.queries import numbers
from fairroam.apps.esims.tasks import numbers as number_tasks
from fairroam.apps.orders.models import OrderLine
from fairroam.clock import now
from fairroam.worker import numbers as periods
from tests.stack import Stack
from tests.stories.traveller import HIDDEN_FIELD, Traveller, stage_of

NUMBER = "+44 7700 900100"
PLAN = "keep-number-uk-90d"


def page_of(line: OrderLine) -> str:
    return f"/account/lines/{line.pk}/number/"


def show_who_they_are(stack: Stack, who: Traveller, *, outcome: str = "verified") -> None:
    """Begin the check, follow its link to the provider, and end it there."""
    page = who.browser.get("/account/numbers/").raise_for_status().text
    who.browser.post("/account/numbers/identify/", data=dict(HIDDEN_FIELD.findall(page)))
    stack.rest()
    waiting = who.browser.get("/account/numbers/").raise_for_status().text
    link = re.search(rf"{re.escape(stack['identity'].url)}/checks/\w+", waiting)
    assert link, "the way to the provider is shown"
    httpx.post(link[0], data={"status": outcome, "person": "Vera Example"}, trust_env=False)
    stack.rest()


def a_number(stack: Stack, who: Traveller) -> OrderLine:
    """Buy the plan, show who one is, and have the number."""
    line = who.buy(PLAN)
    who.sign_in()
    show_who_they_are(stack, who)
    assert NUMBER in who.read(page_of(line))
    return line


@pytest.mark.promise(51)
def test_a_number_is_kept_alive_by_the_network_once_and_leaves_with_its_code(stack, traveller):
    vera = traveller(residence="DE")
    line = a_number(stack, vera)
    keeping = Keeping.objects.get(pk=line.pk)
    assert keeping.paid_until is not None
    assert timedelta(days=89) < keeping.paid_until - now() <= timedelta(days=90)
    vera.send(page_of(line), act="agree", agreed="on")

    # Half a year later, with the plan renewed all along, the network is silent at first.
    deadline = numbers.keeping_page(line.pk, keeping.customer_id, now=now()).forecast.deadline
    numbers_renew.record_period(
        order_line_id=line.pk, ends_at=deadline + timedelta(days=30), now=now()
    )
    stack["lines"].arm("keep_alive", "error_after_effect")
    for days in (22, 21, 20):
        numbers_keep.follow_clock(line_id=line.pk, now=deadline - timedelta(days=days))
    stack.rest()

    iccid = line.line.profiles.get().iccid
    assert KeepAlive.objects.get().stage == "done"
    assert [one["act"] for one in stack.effects("lines", "keep_alive", iccid=iccid)] == ["sms_out"]
    assert "We kept your number for you" in vera.subjects()

    vera.send(page_of(line), act="port_out")
    stack.rest()
    code = re.search(r"EXM[0-9]{6}", vera.read(page_of(line) + "code/"))
    assert code, "the sign-in code was typed a moment ago"
    assert code[0] not in vera.mail_about("code to take your number")["text"]
    stack["lines"].ask("POST", "/network/port_out", json={"iccid": iccid, "code": code[0]})
    number_tasks.ask_about_port_outs(now=now())
    stack.rest()

    assert len(stack.effects("lines", "port_out", iccid=iccid)) == 1
    assert "taken to another operator" in vera.read(page_of(line))
    assert "Your number has moved" in vera.subjects()
    assert stage_of(line.line) == "terminated"


@pytest.mark.promise(51)
def test_each_period_is_an_order_of_its_own_and_begins_where_the_last_one_ends(stack, traveller):
    vera = traveller(residence="DE")
    line = a_number(stack, vera)
    first_end = numbers.paid_until(line.pk)
    boxes = dict.fromkeys(("terms", "express_request", "loss_acknowledged"), "on")

    vera.send(page_of(line) + "renew/", **boxes)
    stack.rest()
    vera.pay(OrderLine.objects.get(tops_up=line.pk).order)
    stack.rest()
    periods.start_periods(now=now())
    before = numbers.paid_until(line.pk)
    periods.start_periods(now=first_end)
    stack.rest()

    assert before == first_end
    assert numbers.paid_until(line.pk) == first_end + timedelta(days=90)


def test_who_is_not_recognised_gets_no_number_and_all_of_the_money_back(stack, traveller):
    otto = traveller(residence="DE")
    line = otto.buy(PLAN)
    otto.sign_in()

    show_who_they_are(stack, otto, outcome="refused")

    assert "not recognised" in otto.read("/account/numbers/")
    assert "We could not recognise you" in otto.subjects()
    assert "You get €6.00 back" in otto.read(f"/account/lines/{line.pk}/refund/")
