"""How often a page asks the database: bounded, and no more for twenty rows than for one."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import given
from tests.apps.lines_given import a_ready_line, ask_and_end

pytestmark = pytest.mark.usefixtures("catalogue")
LINES = 20
QUOTE_QUERIES, REQUEST_QUERIES = 51, 71  # the aim is 15 for both together
# Page -> how many queries it may need, signed in; the session and its owner are four of them.
OF_ONE = {
    "/account/lines/{line}/": 26,
    "/account/lines/{line}/history/": 20,
    "/account/lines/{line}/refund/": 30,
    "/account/lines/{line}/trouble/": 32,
    "/account/lines/{line}/end/": 35,
    "/account/leave/": 60,  # and three for each line of an order that is still being delivered
    "/account/refunds/{refund}/": 20,
    "/plans/japan-10gb-30d/?residence=DE": 12,
    "/plans/japan-10gb-30d/": 12,
    "/checkout/japan-10gb-30d/?residence=DE": 14,
    "/money-back/check/": 10,
}
LISTS = {
    "/account/": 30,
    "/account/orders/": 12,
    "/account/papers/": 12,
    "/account/inbox/": 12,
    "/account/history/": 14,
    "/account/wallet/": 20,
    "/account/messages/": 12,
    "/account/contacts/": 12,
    "/account/numbers/": 12,
    "/account/offers/": 12,
    "/account/kept/": 12,
    "/account/export/": 12,
    "/": 10,
    "/plans/": 8,
    "/trip/": 8,
    "/devices/": 8,
    "/status/": 8,
    "/fairness/": 14,
    "/terms/": 8,
    "/guides/": 8,
}


def queries_of(client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200, path
    return len(queries)


def test_no_page_asks_more_than_its_bound_and_no_list_asks_for_each_row(client):
    line, other = a_ready_line(), a_ready_line()
    refund = ask_and_end(other)
    client.force_login(given.a_customer().user)
    client.get("/account/")  # the browser is noted
    paths = {path.format(line=line.pk, refund=refund.pk): most for path, most in OF_ONE.items()}

    few = {path: queries_of(client, path) for path in [*paths, *LISTS]}
    for _ in range(LINES - 2):
        a_ready_line()
    many = {path: queries_of(client, path) for path in LISTS}

    over = {path: few[path] for path, most in (paths | LISTS).items() if few[path] > most}
    assert over == {}
    grown = {path: (few[path], many[path]) for path in LISTS if few[path] < many[path]}
    assert grown == {}


def post(client, path: str, **typed: str) -> tuple[str, int]:
    """Where a form leads, and how many queries that took."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(path, typed)
    assert answer.status_code == 302, answer.content
    return answer["Location"], len(queries)


def test_asking_for_money_back_by_oneself_takes_no_more_queries_than_written_here(client):
    line = a_ready_line()
    client.force_login(given.a_customer().user)
    client.get("/account/")  # the browser is noted

    quote, of_quote = post(client, f"/account/lines/{line.pk}/refund/", key=str(uuid4()))
    refund, of_request = post(client, quote)

    assert refund.startswith("/account/refunds/")
    assert of_quote <= QUOTE_QUERIES
    assert of_request <= REQUEST_QUERIES
