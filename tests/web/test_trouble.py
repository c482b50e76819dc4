"""The pages for a plan that does not work, and the letter that asks for money back."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from fairroam.apps.refunds import queries
from fairroam.apps.refunds.models import Trouble
from tests.apps.lines_given import a_ready_line, use
from tests.apps.refunds_given import GIGABYTE
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
ABROAD = NOON + timedelta(days=20)


@pytest.fixture(autouse=True)
def abroad():
    with time_machine.travel(ABROAD, tick=False) as clock:
        yield clock


@pytest.fixture
def line():
    line = a_ready_line()
    use(line, GIGABYTE // 1000, at=ABROAD - timedelta(days=1))
    return line


@pytest.fixture
def client(line) -> Client:
    client = Client()
    client.force_login(line.order.customer.user)
    return client


def path_of(line) -> str:
    return f"/account/lines/{line.pk}/trouble/"


@pytest.mark.promise(18)
@pytest.mark.promise(38)
@pytest.mark.promise(39)
def test_from_the_first_word_to_the_full_amount(line, client, abroad):
    before = words_of(client.get(path_of(line)))
    assert "If it cannot be repaired by Tue 24 November 2026, 13:00, Berlin time" in before
    client.post(path_of(line), {"act": "open", "cause": "technical"})
    for kind in ("roaming", "apn", "operator", "restart"):
        abroad.shift(timedelta(minutes=3))
        answer = client.post(path_of(line), {"act": "step", "step": kind, "has_helped": "no"})
        assert answer.status_code == 302

    during = words_of(client.get(path_of(line)))
    assert "Steps tried: 4; 4 are needed." in during
    assert "you get €19.00 back." in during
    assert "Last use Sat 21 November 2026, 13:00, Berlin time" in during
    assert "It did not help Sun 22 November 2026, 13:03, Berlin time" in during
    abroad.move_to(ABROAD + timedelta(hours=48))

    refund = words_of(client.get(f"/account/lines/{line.pk}/refund/"))
    assert "You get €19.00 back" in refund


def test_it_works_again(line, client):
    client.post(path_of(line), {"act": "open", "cause": "no_coverage"})
    client.post(path_of(line), {"act": "restored"})

    assert queries.trouble_of(line.pk).restored_at == ABROAD
    assert "You told us that it works again" in words_of(client.get(path_of(line)))
    late = client.post(path_of(line), {"act": "restored"})
    assert (late.status_code, late.context["refusal"]["code"]) == (409, "no-open-trouble")


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"act": "burn"},
        {"act": "open"},
        {"act": "open", "cause": "magic"},
        {"act": "step", "step": "apn"},
        {"act": "step", "step": "pray", "has_helped": "no"},
    ],
)
def test_what_was_not_on_the_page_changes_nothing(line, client, typed):
    assert client.post(path_of(line), {**typed, "x": "1"}).status_code == 422
    assert Trouble.objects.count() == 0


def test_a_stranger_finds_nothing(line):
    other = a_ready_line(email="mallory@example.com")
    client = Client()
    client.force_login(other.order.customer.user)

    for path in (path_of(line), f"/account/lines/{line.pk}/letter/", "/account/lines/9/letter.txt"):
        assert client.get(path).status_code == 404
    assert client.post(path_of(line), {"act": "open", "cause": "technical"}).status_code == 404
    assert Trouble.objects.count() == 0


@pytest.mark.promise(27)
@pytest.mark.promise(28)
@pytest.mark.parametrize(
    ("language", "greeting"), [("en", "Dear Sir or Madam,"), ("zh-hans", "您好")]
)
def test_the_letter_has_the_order_s_facts_in_the_reader_s_language(
    line, client, language, greeting
):
    headers = {"Accept-Language": language}
    page = client.get(f"/account/lines/{line.pk}/letter/", headers=headers)
    file = client.get(f"/account/lines/{line.pk}/letter.txt", headers=headers)

    letter = file.content.decode()
    number = line.order.number
    assert greeting in letter
    assert number in letter
    assert line.plan_copy["names"]["en" if language == "en" else "zh-Hans"] in letter
    assert "19.00" in letter
    assert page.context["text"] == letter
    assert file["Content-Disposition"] == f'attachment; filename="money-back-{number}.txt"'
    assert file["Content-Type"] == "text/plain; charset=utf-8"
