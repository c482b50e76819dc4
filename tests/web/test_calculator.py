"""What would I get back? The calculator of every plan page, and the public check."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from fairroam.apps.refunds.models import Quote, RefundRequest
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
PLAN = "/plans/japan-10gb-30d/"
CHECK = "/money-back/check/"
ASKED = {"plan": "japan-10gb-30d", "residence": "DE", "bought_on": "2026-11-02"}


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def calculated(**supposed: object) -> int:
    answer = Client().get(PLAN, {"residence": "DE", "days": 3, "used": 25, **supposed})
    assert answer.status_code == 200
    [total] = re.findall(r"You would get back €([0-9]+)\.([0-9]{2})\b", words_of(answer))
    return int("".join(total))


@pytest.mark.promise(20)
@pytest.mark.parametrize(
    ("supposed", "due"),
    [
        ({}, 1425),  # a quarter used: three quarters
        ({"activation": "connected", "used": 0}, 1900),
        ({"activation": "never", "days": 100}, 1900),  # 180 days for what no network saw
        ({"activation": "installed", "days": 100}, 1900),
        ({"activation": "connected", "days": 20}, 0),  # the fourteen days are over
        ({"days": 20, "outage": 24}, 64),  # a thirtieth, rounded up
        ({"days": 20, "outage": 72}, 190),
        ({"activation": "never", "days": 20, "outage": 72}, 1900),
        ({"days": 181, "activation": "never"}, 0),
    ],
)
def test_day_use_activation_and_outage_decide_the_amount(supposed, due):
    assert calculated(**supposed) == due


@pytest.mark.promise(20)
def test_the_curve_is_a_picture_with_a_title_and_the_same_as_a_table():
    answer = Client().get(PLAN, {"residence": "DE", "days": 3, "used": 25})
    page = answer.content.decode()

    assert '<svg class="curve"' in page
    assert "<title>What would come back, by the day you ask</title>" in page
    curve = answer.context["answer"].curve
    assert [(part.first, part.last, part.minor) for part in curve] == [(0, 14, 1425), (15, 32, 0)]
    assert "0 – 14 €14.25" in words_of(answer)


def test_an_odd_supposition_is_answered_with_the_usual_one():
    assert calculated(activation="magic") == calculated()
    assert calculated(outage="-5") == calculated()


def ask(**typed: object):
    return Client().get(CHECK, ASKED | {"activation": "never", "used": 0} | typed)


@pytest.mark.promise(20)
@pytest.mark.promise(21)
@pytest.mark.promise(22)
@pytest.mark.promise(23)
def test_three_answers_and_the_amount_with_its_reasons(today):
    today.move_to(NOON + timedelta(days=3, hours=2))

    words = words_of(ask(activation="connected", used=50))

    assert "Yes, a part: €9.50 of €19.00" in words
    assert "Still in the cooling-off period?" in words
    assert "Yes, until Mon 16 November 2026, 24:00, Berlin time; 11 days left" in words
    assert "Yes, first used Mon 2 November 2026" in words
    assert "5 GB of 10 GB; 5 GB left" in words


@pytest.mark.promise(24)
@pytest.mark.parametrize(
    ("days", "typed", "said"),
    [
        (0, {}, "Yes, all of it: €19.00"),
        (30, {}, "Yes, all of it: €19.00"),
        (30, {"activation": "installed"}, "Yes, all of it: €19.00"),
        (30, {"activation": "connected", "used": 10}, "By the rules: nothing"),
        (5, {"activation": "connected", "used": 100}, "By the rules: nothing"),
        (5, {"activation": "connected", "used": 90}, "Yes, a part: €1.90 of €19.00"),
        (5, {"residence": "US", "activation": "connected", "used": 50}, "By the rules: nothing"),
        (5, {"residence": "FR", "activation": "connected", "used": 50}, "Yes, a part: €9.50"),
    ],
)
def test_full_partial_or_none_and_the_way_to_ask_is_always_open(today, days, typed, said):
    today.move_to(NOON + timedelta(days=days, hours=4))

    words = words_of(ask(**typed))

    assert said in words
    assert "Ask for money back" in words
    if "nothing" in said:
        assert "You can ask all the same" in words


def test_the_end_of_the_period_in_the_public_check(today):
    used = {"activation": "connected", "used": 50}
    today.move_to("2026-11-16T22:59:59+00:00")
    assert "Yes, a part" in words_of(ask(**used))
    today.move_to("2026-11-16T23:00:00+00:00")
    assert "No, it ended Mon 16 November 2026, 24:00, Berlin time" in words_of(ask(**used))


@pytest.mark.parametrize(
    "typed",
    [
        {"bought_on": "2031-01-01"},
        {"bought_on": "0001-01-01"},
        {"bought_on": "%00"},
        {"residence": "XX"},
        {"plan": "none"},
        {"activation": "maybe"},
        {"used": "9" * 5000},
    ],
)
def test_what_cannot_be_is_said_at_the_form(typed):
    assert ask(**typed).status_code == 422


def test_asking_the_public_check_stores_nothing_and_every_country_is_answered():
    for residence in ("GB", "CN", "JP", "AQ", "US", "CH", "BR"):
        assert ask(residence=residence).status_code == 200
    assert (Quote.objects.count(), RefundRequest.objects.count()) == (0, 0)
