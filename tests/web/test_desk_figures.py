"""Tax, margin and reasons of a month, and the file of a dispute: from the books, to the cent."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.test import Client

from fairroam.apps.conversations.models import Message, Thread
from fairroam.apps.journal.models import Event
from fairroam.apps.payments.models import Dispute
from fairroam.apps.refunds import queries as refunds
from fairroam.clock import now
from fairroam.web.desk.figures import months
from tests.apps.lines_given import a_ready_line, ask, prove_off, use
from tests.apps.refunds_given import GIGABYTE
from tests.given import a_colleague

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def senior() -> Client:
    client = Client()
    client.force_login(a_colleague("senior"))
    return client


@pytest.mark.usefixtures("soon_after")  # in the month in which it was paid
def test_a_month_s_tax_margin_and_grounds_are_the_books_own(senior):
    at = now()
    line = a_ready_line()
    refund = ask(line, now=at - timedelta(minutes=2))
    prove_off(line, now=at - timedelta(minutes=1))
    decision = refunds.case(refund.pk).refund.decision
    line.refresh_from_db()
    month = f"{months(at)[0]:%Y-%m}"

    page = senior.get(f"/desk/figures/?month={month}")
    told = list(csv.reader(io.StringIO(senior.get(f"/desk/figures/?month={month}&form=csv").text)))

    tax, net = line.tax_minor, line.price_minor - line.tax_minor
    label = f"DE {line.tax_rate}"
    for figure, of, value in (
        ("tax_charged", label, tax),
        ("tax_given_back", label, tax),
        ("tax_owed", label, 0),
        ("revenue_without_tax", line.plan_copy["code"], net),
        ("refunded_with_tax", line.plan_copy["code"], line.refunded_minor),
        ("due", decision.result["ground"], decision.due_minor),
    ):
        assert [month, figure, of, "EUR", str(value)] in told, figure
    assert page.context["margins"][0][0] == line.plan_copy["names"]["en"]
    assert page.status_code == 200
    assert senior.get("/desk/figures/?month=1999-01").status_code == 404


def test_the_file_of_a_dispute_holds_order_terms_use_words_and_decision(senior):
    line = a_ready_line()
    use(line, GIGABYTE)
    ask(line)
    order = line.order
    said = {"customer": order.customer, "received_at": order.placed_at + timedelta(hours=1)}
    thread = Thread.objects.create(
        customer=order.customer, waiting_since=said["received_at"], opened_at=said["received_at"]
    )
    Message.objects.create(
        thread=thread,
        author="customer",
        actor="customer:1",
        channel="web",
        words="It works",
        **said,
    )
    dispute = Dispute.objects.create(
        payment=order.payment,
        provider="sandbox",
        provider_ref="d1",
        currency="EUR",
        amount_minor=line.price_minor,
        heard_at=now(),
    )

    answer = senior.get(f"/desk/disputes/{dispute.pk}/file/")

    archive = ZipFile(io.BytesIO(answer.content))
    files = {name: archive.read(name) for name in archive.namelist()}
    read = {name: json.loads(content) for name, content in files.items()}
    hashes = read["manifest.json"]["sha256"]
    assert {name: hashlib.sha256(files[name]).hexdigest() for name in hashes} == hashes
    assert read["order.json"]["number"] == order.number
    assert "pay_url" not in read["order.json"]
    kinds = {one["kind"] for one in read["terms.json"]["consents"]}
    assert kinds == {"terms", "express_request", "loss_acknowledged"}
    assert read["use.json"][0]["use"]["allowances"][0]["used"] == GIGABYTE
    assert len(read["papers.json"]) == 1
    assert [one["words"] for one in read["conversations.json"]] == ["It works"]
    assert senior.get("/desk/disputes/987654/file/").status_code == 404
    told = Event.objects.get(kind="dispute.file_given")
    assert told.facts["dispute_id"] == dispute.pk
    assert told.actor == f"staff:{senior.session['_auth_user_id']}"
