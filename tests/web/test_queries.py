"""How often a page asks the database: bounded, and no more for twenty rows than for one."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from fairroam.apps.conversations.models import GuideOpinion, Thread
from fairroam.apps.customers.models import StaffMember
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import IdentityCheck
from fairroam.apps.incidents.models import Incident
from fairroam.apps.metering.models import BadRow, UsageImport
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders.models import PromoCode
from fairroam.apps.papers.models import FakeReport
from fairroam.apps.refunds.models import Declaration
from fairroam.apps.wallet.models import Voucher
from fairroam.web.components.paging import SIZE
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask_and_end
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("soon_after", "catalogue")
LINES = 20
QUOTE_QUERIES, REQUEST_QUERIES = 12, 12
# Page -> how many queries it may need, signed in; one of them reads the session and its owner.
OF_ONE = {
    "/account/lines/{line}/": 10,
    "/account/lines/{line}/history/": 20,
    "/account/lines/{line}/refund/": 7,
    "/account/lines/{line}/trouble/": 32,
    "/account/lines/{line}/end/": 35,
    "/account/leave/": 60,  # and three for each line of an order that is still being delivered
    "/account/refunds/{refund}/": 5,
    "/plans/japan-10gb-30d/?residence=DE": 12,
    "/plans/japan-10gb-30d/": 12,
    "/checkout/japan-10gb-30d/?residence=DE": 14,
    "/money-back/check/": 10,
}
LISTS = {
    "/account/": 8,
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


# The queues of the desk, seen by an operator.
PAGED = {
    "/desk/conversations/": 12,
    "/desk/declarations/": 12,
    "/desk/numbers/": 12,
    "/desk/guides/": 12,
    "/desk/channels/": 12,
    "/desk/incidents/": 12,
    "/desk/usage/": 12,
    "/desk/vouchers/": 14,
    "/desk/promo-codes/": 12,
    "/desk/notices/": 12,
}
DESK = PAGED | {
    "/desk/": 60,
    "/desk/closures/": 12,
    "/desk/lines/": 12,
    "/desk/suppliers/": 14,
    "/desk/trials/": 12,
    "/desk/transfers/": 12,
    "/desk/arrivals/": 14,
    "/desk/payouts/": 20,
    "/desk/disputes/": 12,
    "/desk/reconciliation/": 40,
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


def fill_the_queues(staff_id: int, marks: range) -> None:
    """A row with each of these marks in every queue, as its table takes it."""
    customers = [given.a_customer(f"{mark}@example.com") for mark in marks]
    rows: list[list[Model]] = [
        [
            Thread(address=f"{mark}@example.com", opened_at=NOON, waiting_since=NOON)
            for mark in marks
        ],
        [declared(mark) for mark in marks],
        [
            IdentityCheck(customer=one, key=uuid4(), stage="with_a_person", asked_at=NOON)
            for one in customers
        ],
        [
            GuideOpinion(
                guide="install",
                language="en",
                is_helpful=True,
                words="Good",
                said_at=NOON,
                stage="waiting",
            )
            for _mark in marks
        ],
        [FakeReport(what=f"fairroam-{mark}.example", reported_at=NOON) for mark in marks],
        [
            Incident(
                countries=["JP"],
                began_at=NOON,
                source="x",
                words={"en": "x"},
                declared_at=NOON,
                changed_at=NOON,
            )
            for _mark in marks
        ],
        [
            UsageImport(source="x", name="x", content_sha256=str(mark), size_bytes=0, begun_at=NOON)
            for mark in marks
        ],
        [
            Voucher(
                code_hash=str(mark),
                currency="EUR",
                amount_minor=1,
                credit_days=1,
                made_at=NOON,
                made_by_id=staff_id,
                counts_until=LATER,
            )
            for mark in marks
        ],
        [
            PromoCode(
                code=f"CODE-{mark}",
                percent=5,
                counts_from=NOON,
                counts_until=LATER,
                made_by_id=staff_id,
                made_at=NOON,
            )
            for mark in marks
        ],
        [
            Notice(
                act=str(mark),
                kind="refunds.decided",
                customer=one,
                is_live=None,
                language="en",
                subject="x",
                text="x",
                stage="failed",
                queued_at=NOON,
            )
            for mark, one in zip(marks, customers, strict=True)
        ],
    ]
    for queue in rows:
        type(queue[0]).objects.bulk_create(queue)
    files = UsageImport.objects.filter(content_sha256__in=[str(mark) for mark in marks])
    BadRow.objects.bulk_create(
        BadRow(usage_import=file, line_number=2, reason="no_time", content="x") for file in files
    )


def declared(mark: int) -> Declaration:
    return Declaration(
        number=f"DE-{mark}",
        kind="withdrawal",
        name="Ada",
        email=f"{mark}@example.com",
        contract="FR-0000-0000",
        residence="DE",
        language="en",
        declared_at=NOON,
    )


def test_no_queue_of_the_desk_asks_for_each_row_and_none_shows_them_all(client):
    operator = given.a_colleague("operator")
    client.force_login(operator)
    staff_id = StaffMember.objects.get(user=operator).pk
    client.get("/desk/")  # the browser is noted
    fill_the_queues(staff_id, range(2))

    few = {path: queries_of(client, path) for path in DESK}
    fill_the_queues(staff_id, range(2, SIZE + 5))
    many = {path: queries_of(client, path) for path in DESK}

    assert {path: few[path] for path, most in DESK.items() if few[path] > most} == {}
    assert {path: (few[path], many[path]) for path in DESK if few[path] < many[path]} == {}
    shown = {path: words_of(client.get(path)) for path in PAGED}
    assert [path for path in PAGED if f"1–{SIZE} of {SIZE + 5}" not in shown[path]] == []


def post(client, path: str, **typed: str) -> tuple[str, int]:
    """Where a form leads, and how many queries that took."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(path, typed)
    assert answer.status_code == 302, answer.content
    return answer["Location"], len(queries)


def test_asking_for_money_back_by_oneself_takes_no_more_queries_than_written_here(client):
    goes_on, is_off = a_ready_line(), a_ready_line()
    esims.take_off(order_line_id=is_off.pk, now=LATER)
    esims.record_cancelled(order_line_id=is_off.pk, now=LATER)
    client.force_login(given.a_customer().user)
    client.get("/account/")  # the browser is noted

    for line in (goes_on, is_off):
        quote, of_quote = post(client, f"/account/lines/{line.pk}/refund/", key=str(uuid4()))
        refund, of_request = post(client, quote)
        assert refund.startswith("/account/refunds/")
        assert of_quote <= QUOTE_QUERIES
        assert of_request <= REQUEST_QUERIES
