"""The account's first page and its full history: all of it, in few reads."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fairroam.apps.exports.queries.history import PAGE, PARTS
from fairroam.apps.refunds import operations as refunds
from fairroam.clock import now
from fairroam.web.account.overview import QUOTED_MOST
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask, ask_and_end, make_ready, use
from tests.apps.refunds_given import GIGABYTE
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
READS_MAX = 110  # of the first page, however much there is; a quote takes about twenty
HISTORY_READS_MAX = 12


@pytest.fixture
def ada(client):
    customer = given.a_customer()
    client.force_login(customer.user)
    client.get("/account/")  # the browser is noted
    return customer


def reads_of(client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as reads:
        assert client.get(path).status_code == 200
    return len(reads)


@pytest.mark.promise(66)
def test_the_first_page_says_what_is_left_what_goes_on_and_what_to_do(client, ada):
    fresh, used = a_ready_line(), a_ready_line()
    use(used, 9 * GIGABYTE, at=now() - timedelta(days=1))
    asked = ask(a_ready_line(), words="It was slow", is_flagged=True)
    given.an_order()

    page = client.get("/account/")

    words = words_of(page)
    activity = page.context["activity"]
    assert [task.icon for task in activity.tasks if task.icon == "credit-card"] == ["credit-card"]
    assert f"/account/lines/{fresh.pk}/" in [task.url for task in activity.tasks]
    assert f"/account/lines/{used.pk}/top-up/" in [task.url for task in activity.tasks]
    assert f"/account/refunds/{asked.pk}/" in [step.url for step in activity.steps]
    assert "What needs doing next" in words
    assert "What is going on" in words


@pytest.mark.promise(66)
def test_a_plan_whose_time_is_over_does_not_run_and_asks_for_nothing(client, ada):
    running, over = a_ready_line(), a_ready_line()
    use(running, GIGABYTE, at=now() - timedelta(days=29))
    use(over, 9 * GIGABYTE, at=now() - timedelta(days=31))

    page = client.get("/account/").context

    assert [one.card.page.line.order_line_id for one in page["running"]] == [running.pk]
    assert [card.page.line.order_line_id for card in page["ended"]] == [over.pk]
    assert not any("top-up" in task.url for task in page["activity"].tasks)
    trips = {
        stay.card.page.line.order_line_id: is_over
        for trip in page["trips"]
        for stay, is_over in trip.stays
    }
    assert trips == {running.pk: False, over.pk: True}
    line = client.get(f"/account/lines/{over.pk}/")
    assert "Usage 9 GB of 10 GB" in words_of(line)
    assert "This plan has ended. A further pack goes on the same eSIM" in words_of(line)


@pytest.mark.promise(23)
def test_a_line_shows_its_use_by_day_with_the_days_between_and_the_table_behind(client, ada):
    line, today = a_ready_line("asia-3gb-open"), now()
    for days_ago in (40, 6, 4):  # the first is too long ago to be drawn
        use(line, GIGABYTE // 2, at=today - timedelta(days=days_ago))

    page = client.get(f"/account/lines/{line.pk}/")

    assert [day.used * 2 // GIGABYTE for day in page.context["days"]] == [1, 0, 1]
    assert page.context["days"][0].countries == ("JP",)
    assert "Usage by day, 1 GB in all" in words_of(page)


def test_orders_say_a_line_by_the_name_that_its_owner_gave_it(client, ada):
    line = a_ready_line()
    assert "Mum" not in words_of(client.get("/account/orders/"))

    client.post(f"/account/lines/{line.pk}/name/", {"name": "Mum's phone"})

    assert "Mum's phone Japan 10 GB" in words_of(client.get("/account/orders/")).replace(
        "&#x27;", "'"
    )


@pytest.mark.promise(44)
def test_lines_make_trips_and_their_plans_can_be_bought_again(client, ada):
    first, second = a_ready_line(), a_ready_line()
    use(first, GIGABYTE, at=now() - timedelta(days=40))
    use(second, GIGABYTE, at=now() - timedelta(days=37))
    use(a_ready_line("asia-day-pass-5d"), GIGABYTE, at=now() - timedelta(days=36))
    a_ready_line()  # not used yet: no trip

    page = client.get("/account/")

    (trip,) = page.context["trips"]
    assert len(trip.trip.stays) == 3
    assert trip.trip.countries == ("JP",)
    assert 'href="/plans/japan-10gb-30d/"' in page.content.decode()
    assert "Buy" in words_of(page)
    assert "1 GB, unlimited" in words_of(page)

    use(running := a_ready_line(), GIGABYTE, at=now() - timedelta(days=1))
    page = client.get("/account/")

    (trip,) = page.context["trips"]
    assert (len(trip.trip.stays), trip.again) == (4, ())  # it goes on: more data is what helps
    assert f'href="/account/lines/{running.pk}/top-up/"' in page.content.decode()


@pytest.mark.promise(66)
def test_reads_stay_bounded_however_many_lines_there_are(client, ada):
    def a_line() -> None:
        line = a_ready_line()
        use(line, GIGABYTE, at=now() - timedelta(days=1))

    for _number in range(QUOTED_MOST):
        a_line()
    ask_and_end(a_ready_line())
    client.get("/account/")  # the browser is noted, the catalogue is read
    few = reads_of(client, "/account/"), reads_of(client, "/account/history/")
    for line in given.pay(given.an_order(quantity=3), now=NOON).lines.select_related("order"):
        make_ready(line)
        use(line, GIGABYTE, at=now() - timedelta(days=1))
    ask_and_end(a_ready_line())

    many = reads_of(client, "/account/"), reads_of(client, "/account/history/")

    assert many == few
    assert few[0] <= READS_MAX
    assert few[1] <= HISTORY_READS_MAX


@pytest.mark.promise(67)
def test_the_history_holds_every_kind_and_can_be_chosen_by_kind_and_day(client, ada):
    line = a_ready_line()
    use(line, GIGABYTE, at=NOON)
    refund = ask_and_end(line, now=LATER)
    kinds = {kind: client.get(f"/account/history/?kind={kind}").context["rows"] for kind in PARTS}
    whole = client.get("/account/history/").context["rows"]

    assert all(kinds[kind] for kind in set(PARTS) - {"notices"})
    assert len(whole) == sum(len(rows) for rows in kinds.values())
    assert {row.flow for row, *_ in kinds["requests"]} == {"refund"}
    assert [row.minor for row, *_ in kinds["requests"]] == [refund.decisions.get().due_minor]
    assert kinds["usage"][0][0].said["data"] == GIGABYTE
    for _row, _icon, url, _act in whole:
        assert not url or client.get(url).status_code == 200
    day = NOON.date().isoformat()
    chosen = client.get(f"/account/history/?since={day}&until={day}").context["rows"]
    assert {row.at.date() for row, *_ in chosen} == {NOON.date()}
    before = client.get("/account/history/?until=2020-01-01")
    assert "Nothing here in these days" in words_of(before)
    assert client.get("/account/history/?since=never").status_code == 422


def test_the_history_says_what_is_offered_and_no_amount_where_nothing_is(client, ada):
    line = a_ready_line()
    use(line, 2 * GIGABYTE)
    refund = ask(line, now=now(), words="It was slow")
    [(asked, *_rest)] = client.get("/account/history/?kind=requests").context["rows"]
    refunds.make_offer(
        request_id=refund.pk,
        staff_user_id=given.a_colleague("operator").pk,
        kind="money",
        quantity=300,
        hours=48,
        words="Sorry",
        now=now(),
    )

    [(offered, *_rest)] = client.get("/account/history/?kind=requests").context["rows"]

    assert (asked.stage, asked.minor) == ("under_review", None)
    assert (offered.stage, offered.minor) == ("offer_made", 300)


def test_the_history_goes_on_page_by_page_and_loses_nothing(client, ada):
    for _number in range(PAGE // 2):
        given.pay(given.an_order(), now=NOON)  # many things at one instant
    seen, url = [], "/account/history/"
    while url:
        context = client.get(url).context
        seen += [row.place for row, *_ in context["rows"]]
        url = context["older"] and f"/account/history/{context['older']}"

    assert len(seen) == len(set(seen)) == PAGE // 2 * 3  # an order, a payment, an invoice
    assert seen == sorted(seen, reverse=True)
    assert client.get("/account/history/?before=x~y~z&kind=what").status_code == 200


def test_nobody_sees_the_history_of_another(client, ada):
    given.pay(given.an_order(email="eve@example.com"), now=NOON)

    assert client.get("/account/history/").context["rows"] == []
