"""Rows that are written once: an operator reads, filters and saves them, and nobody does more."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from fairroam.apps.journal.models import Event
from fairroam.apps.ledger.models import Transfer
from fairroam.clock import now
from fairroam.web.desk.records import PAGE, RECORDS
from tests.apps.lines_given import a_ready_line, ask, prove_off
from tests.given import NOON, a_colleague

pytestmark = pytest.mark.usefixtures("catalogue")
NOTHING = (
    ({"begins": "nothing:"}, 200),
    ({"until": "2001-01-01"}, 200),
    ({"before": "1"}, 200),
    ({"customer": "C-0000-0000"}, 422),
    ({"kind": "no-book"}, 422),
    ({"since": "9999-12-31"}, 422),
)


def test_rows_that_nobody_edits_are_looked_through_filtered_and_saved():
    line = a_ready_line()
    refund = ask(line)
    prove_off(line, now=now())
    customer = line.order.customer
    browser = Client()
    browser.force_login(a_colleague("operator"))

    for kind in RECORDS:
        path = f"/desk/records/{kind}/"
        page = browser.get(path, {"customer": customer.number, "since": "2001-01-01"})
        assert page.status_code == 200, kind
        assert 'method="post"' not in page.content.decode().partition("<main")[2], kind
        assert {browser.post(path).status_code, browser.delete(path).status_code} == {405}
    assert refund.decisions.get().number in browser.get("/desk/records/decisions/").text

    for asked, status in NOTHING:
        page = browser.get("/desk/records/transfers/", asked)
        assert (page.status_code, page.context["rows"]) == (status, []), asked

    asked = {"kind": "unearned", "customer": customer.number.lower(), "form": "csv"}
    saved = browser.get("/desk/records/transfers/", asked)
    stored = Transfer.objects.filter(source__kind="unearned") | Transfer.objects.filter(
        target__kind="unearned"
    )
    assert {
        (row["key"], row["amount_minor"], row["currency"])
        for row in csv.DictReader(io.StringIO(saved.text))
    } == {(one.key, str(one.minor), one.currency) for one in stored}


def test_older_rows_follow_page_by_page_within_the_filter():
    Event.objects.bulk_create(
        Event(kind=f"try.{name}", actor="system", happened_at=NOON, facts={"place": place})
        for place in range(PAGE + 1)
        for name in ("this", "that")
    )
    browser, facts = Client(), []
    browser.force_login(a_colleague("operator"))

    query = "begins=try.this"
    while query:
        page = browser.get(f"/desk/records/events/?{query}")
        facts += [row[-1][0] for row in page.context["rows"]]
        query = page.context["older"]

    assert facts == [f"place {place}" for place in reversed(range(PAGE + 1))]
