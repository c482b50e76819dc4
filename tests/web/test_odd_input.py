"""What strangers type and send: an answer of ours every time, never a broken page."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fairroam.apps.papers import queries as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.papers.operations import render_pdf
from fairroam.proof import verify_signature
from tests import given
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/verify/CERT%00/", 404),
        ("/verify/" + "9" * 5000 + "/", 404),
        ("/orders/" + "9" * 5000 + "/", 404),
        ("/account/lines/" + "9" * 30 + "/", 404),
        ("/account/lines/" + "9" * 5000 + "/", 404),
        ("/checkout/japan-10gb-30d/bill/?residence=%00&quantity=" + "9" * 5000, 200),
        ("/plans/?search=%00", 200),
        ("/plans/japan-10gb-30d/?residence=%00", 404),
        ("/plans/japan-10gb-30d/?residence=DE&days=" + "9" * 5000, 200),
        ("/code-again/%00/", 200),
        ("/account/leave/%00/", 404),
    ],
)
def test_an_odd_address_has_an_ordinary_answer(path, status):
    assert Client().get(path).status_code == status


@pytest.mark.parametrize("number", ["a/b", "..", ".", "\u202e", "a?b#c", "%2f"])
def test_an_odd_number_of_a_paper_is_an_unknown_one(number):
    answer = Client().post("/verify/", {"number": number}, follow=True)

    assert answer.status_code == 404
    assert 'data-truth="unknown"' in answer.content.decode()


@pytest.mark.parametrize("key", ["", "no-uuid", "{}", "9" * 5000])
def test_an_odd_key_of_a_form_is_said_at_the_form(key):
    form = {"key": key, "quantity": "9" * 5000, "residence": "DE"}

    assert Client().post("/checkout/japan-10gb-30d/", form).status_code == 422


@pytest.mark.parametrize("provider", ["stripe", "SANDBOX", "-"])
def test_a_provider_that_we_do_not_have_finds_no_door(provider):
    answer = Client().post(f"/hooks/payments/{provider}", b"{}", content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def sign_in(customer):
    client = Client()
    client.force_login(customer.user)
    return client


@pytest.mark.parametrize("tail", ["", "%00", "%0d%0aX-Odd:1", "%20"])
def test_an_odd_number_of_ones_own_paper_is_answered(tail):
    order = given.pay(given.an_order(), now=NOON)
    number = order.invoice.number

    answer = sign_in(order.customer).get(f"/account/papers/{number}{tail}.json")

    assert answer.status_code in (200, 404)
    if answer.status_code == 200:
        assert answer["Content-Disposition"] == f'attachment; filename="{number}.json"'


def test_a_gap_within_the_number_never_reaches_a_header():
    order = given.pay(given.an_order(), now=NOON)
    head, _, tail = order.invoice.number.rpartition("-")

    answer = sign_in(order.customer).get(f"/account/papers/{head}-%0d%0a{tail}.json")

    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="{order.invoice.number}.json"'


def test_a_line_that_is_not_paid_is_answered_like_one_that_does_not_exist():
    mine = given.pay(given.an_order(), now=NOON)
    unpaid = given.an_order(email="bob@example.com").lines.get()
    client = sign_in(mine.customer)

    there = client.get(f"/account/lines/{unpaid.pk}/refund/")
    nowhere = client.get("/account/lines/987654321/refund/")

    assert (there.status_code, nowhere.status_code) == (404, 404)


def test_the_seal_of_a_picture_alone_is_no_paper():
    given.pay(given.an_order(), now=NOON)
    pdf = render_pdf(Paper.objects.get(kind="invoice"))
    seal = pdf.rpartition(b"%fairroam-seal ")[2].decode()
    document = {"statement": verify_signature(seal, papers.key_set()).statement, "signature": seal}

    file = SimpleUploadedFile("seal.json", json.dumps(document).encode())
    answer = Client().post("/verify/", {"file": file})

    assert 'data-truth="unreadable"' in answer.content.decode()


@pytest.mark.parametrize(
    "body",
    [
        b'{"statement": {"a": "\\ud800"}, "signature": "\\ud800"}',
        b'{"statement": {}, "signature": "e30.e30.e30"}',
        b'{"statement": {}, "signature": "eyJraWQiOiBbXX0.e30.e30"}',
        b"[" * 100_000,
        b'{"statement": {"n": ' + b"9" * 5000 + b'}, "signature": ""}',
        b"%PDF",
        b"%PDF/Length 9/Type/EmbeddedFile>>\nstream\n\xff\xff",
        b"\x00",
    ],
)
def test_an_odd_file_is_judged(body):
    answer = Client().post("/verify/", {"file": SimpleUploadedFile("odd", body)})

    assert answer.status_code == 200
    assert 'data-truth="true"' not in answer.content.decode()
