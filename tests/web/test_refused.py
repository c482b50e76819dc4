"""A refusal that a page does not answer itself still says why, and nothing keeps the page."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import given

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/account/lines/4711/", 404, "We cannot find that among your things"),
        ("/account/wallet/top-up/XXX/", 422, "There is no wallet in this currency."),
    ],
)
def test_a_refusal_reaches_the_reader_with_its_reason_and_a_way_on(path, status, words):
    client = Client()
    client.force_login(given.a_customer().user)

    answer = client.get(path)

    assert answer.status_code == status
    page = answer.content.decode()
    assert words in page
    assert 'href="/account/"' in page
    assert "no-store" in answer["Cache-Control"]


def test_a_colleague_who_mistypes_a_number_is_led_to_the_search():
    client = Client()
    client.force_login(given.a_colleague())

    answer = client.get("/desk/refunds/4711/")

    assert answer.status_code == 404
    page = answer.content.decode()
    assert "Nothing here has this number" in page
    assert "Sign in with the e-mail" not in page
    assert 'href="/desk/search/"' in page
