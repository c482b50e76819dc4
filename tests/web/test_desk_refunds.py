"""Refunds at the desk and at their owner's: queue, case, offers, appeal, reports."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fairroam.apps.customers.models import Customer
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.models import Case, Decision, Offer, Proposal, RefundRequest
from fairroam.apps.refunds.queries.reports import median, report
from fairroam.clock import now
from fairroam.web.components.csv_cells import cell as csv_cell
from fairroam.web.components.csv_cells import write_csv
from fairroam.worker.books import find_faults
from fairroam.worker.refund_clocks import keep_clocks
from tests import given
from tests.apps.lines_given import a_ready_line, ask, ask_and_end, use
from tests.apps.refunds_given import GIGABYTE
from tests.apps.wallet_given import terms
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("soon_after", "catalogue")
DAY = timedelta(days=1)


def signed_in(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def customer_of(refund: RefundRequest) -> Client:
    return signed_in(Customer.objects.get(pk=refund.customer_id).user)


def a_case(number: int = 0) -> RefundRequest:
    """Used and past the law's window: nothing is due, a person looks."""
    line = a_ready_line(email=f"traveller-{number}@example.com")
    use(line, 2 * GIGABYTE)
    return ask(line, now=now() - timedelta(minutes=number), words="Slow all week")


def decide(browser: Client, refund: RefundRequest, act: str, **typed: object):
    return browser.post(f"/desk/refunds/{refund.pk}/", {"act": act, **typed})


# The queue -------------------------------------------------------------------------------------


def test_a_longer_queue_needs_no_more_queries_and_has_pages(monkeypatch):
    browser = signed_in(given.a_colleague("senior"))
    for number in range(2):
        a_case(number)
    browser.get("/desk/")
    with CaptureQueriesContext(connection) as few:
        browser.get("/desk/")
    for number in range(2, 6):
        a_case(number)
    with CaptureQueriesContext(connection) as many:
        page = browser.get("/desk/")
    assert len(many) == len(few)
    assert page.context["page"].total == 6

    monkeypatch.setattr("fairroam.apps.refunds.queries.desk.PAGE", 4)
    assert len(browser.get("/desk/").context["rows"]) == 4
    assert len(browser.get("/desk/?page=2").context["rows"]) == 2
    assert browser.get("/desk/?page=99").context["page"].first == 5


def test_views_of_the_queue_and_unknown_ones():
    agent = given.a_colleague()
    browser = signed_in(agent)
    mine, free = a_case(1), a_case(2)
    assert decide(browser, mine, "take").status_code == 302

    def shown(view: str) -> list[int]:
        return [
            row.id for row, _doubts, _clocks in browser.get(f"/desk/?view={view}").context["rows"]
        ]

    assert shown("mine") == [mine.pk]
    assert shown("nobodys") == [free.pk]
    assert (shown("confirm"), shown("customer"), shown("urgent")) == ([], [], [])
    for odd in ("?view=password", "?page=-1", "?page=x"):
        assert browser.get(f"/desk/{odd}").status_code == 404


def test_alarms_are_shown_to_seniors_until_somebody_has_seen_them():
    refund = a_case()
    refunds_at = now() + 2 * DAY
    keep_clocks(now=refunds_at)
    senior = signed_in(given.a_colleague("senior"))
    agent = signed_in(given.a_colleague(email="moritz@example.com"))

    assert refund.order_line.order.number in senior.get("/desk/").content.decode()
    assert senior.get("/desk/").context["alarms"]
    assert agent.get("/desk/").context["alarms"] == []
    decide(senior, refund, "see")
    assert senior.get("/desk/").context["alarms"] == []


# One case --------------------------------------------------------------------------------------


def test_a_colleague_s_case_is_closed_to_agents_also_after_a_hand_over():
    refund = a_case()
    first, second = given.a_colleague(), given.a_colleague(email="moritz@example.com")
    mine, theirs = signed_in(first), signed_in(second)
    decide(mine, refund, "take")
    before = Decision.objects.count()

    for answer in (
        theirs.get(f"/desk/refunds/{refund.pk}/"),
        decide(theirs, refund, "decline", words="no"),
    ):
        assert answer.status_code == 403
        assert 'data-code="not-assigned"' in answer.content.decode()
    decide(mine, refund, "hand_over", to="moritz@example.com")

    assert mine.get(f"/desk/refunds/{refund.pk}/").status_code == 403
    assert theirs.get(f"/desk/refunds/{refund.pk}/").status_code == 200
    assert decide(theirs, refund, "hand_over", to="nobody@example.com").status_code == 422
    assert decide(theirs, refund, "hand_over", to="").status_code == 302
    assert Case.objects.get(pk=refund.pk).assigned_to is None
    assert Decision.objects.count() == before


def test_two_logins_of_one_person_are_one_pair_of_eyes():
    given.a_limit("agent", single_minor=100)
    refund = a_case()
    agent = given.a_colleague()
    person_id = agent.staff_member.person_id
    again = given.a_colleague("senior", email="max-two@example.com", person_id=person_id)
    senior = given.a_colleague("senior", email="nora@example.com")

    proposed = decide(signed_in(agent), refund, "approve", goodwill="5.00")
    proposal = Proposal.objects.get()
    same = decide(signed_in(again), refund, "confirm", proposal=proposal.pk)
    other = decide(signed_in(senior), refund, "confirm", proposal=proposal.pk)

    assert (proposed.status_code, same.status_code, other.status_code) == (302, 403, 302)
    assert "second person" in same.content.decode()
    decision = Decision.objects.latest("pk")
    assert (decision.goodwill_minor, decision.confirmed_by) == (500, f"staff:{senior.pk}")
    assert list(find_faults()) == []


@pytest.mark.promise(41)
def test_an_offer_goes_from_the_desk_to_its_owner_and_comes_back_as_a_wish():
    refund = a_case()
    browser, owner = signed_in(given.a_colleague()), customer_of(refund)
    bad = decide(browser, refund, "offer", kind="money", amount="0", hours="48", words="Sorry")
    too_many = decide(
        browser, refund, "offer", kind="extension", amount="91", hours="48", words="x"
    )
    assert (bad.status_code, too_many.status_code, Offer.objects.count()) == (422, 422, 0)

    made = decide(browser, refund, "offer", kind="money", amount="3.50", hours="48", words="Sorry")
    offer = Offer.objects.get()
    page = f"/account/offers/{offer.pk}/"
    assert (made.status_code, offer.quantity) == (302, 350)
    assert "€3.50" in owner.get("/account/offers/").content.decode()
    assert "€3.50" in owner.get(f"/account/refunds/{refund.pk}/").content.decode()
    assert owner.get(page).status_code == 200
    assert owner.post(page, {"act": "nonsense"}).status_code == 422
    assert owner.post(page, {"act": "counter", "wish": "0"}).status_code == 422
    assert owner.post(page, {"act": "counter", "wish": "99"}).status_code == 422
    assert owner.post(page, {"act": "counter", "wish": "8", "words": "Half"}).status_code == 302
    asked = owner.get(f"/account/refunds/{refund.pk}/").content.decode()
    assert "Instead of our offer you asked for €8.00 in all." in asked

    case = browser.get(f"/desk/refunds/{refund.pk}/").content.decode()
    assert "€8.00" in case
    decide(browser, refund, "offer", kind="money", amount="7", hours="24", words="Our last word")
    newest = Offer.objects.latest("pk")
    assert owner.post(f"/account/offers/{newest.pk}/", {"act": "accept"}).status_code == 302
    again = owner.post(f"/account/offers/{newest.pk}/", {"act": "decline"})
    assert again.status_code == 409
    assert Decision.objects.latest("pk").goodwill_minor == 700
    stranger = signed_in(given.a_customer("eve@example.com").user)
    assert stranger.get(page).status_code == stranger.get("/account/offers/999/").status_code == 404


@pytest.mark.promise(41)
def test_credit_goes_from_the_desk_to_the_wallet_of_the_owner_who_takes_it():
    terms()
    refund = a_case()
    browser, owner = signed_in(given.a_colleague()), customer_of(refund)

    decide(browser, refund, "offer", kind="wallet_bonus", amount="3.50", hours="48", words="Sorry")
    page = f"/account/offers/{Offer.objects.get().pk}/"

    assert "€3.50" in browser.get(f"/desk/refunds/{refund.pk}/").content.decode()
    shown = owner.get(page).content.decode()
    assert "€3.50 as a gift in your wallet" in shown
    assert "for 180 days" in shown
    assert owner.post(page, {"act": "accept"}).status_code == 302
    assert "€3.50" in owner.get("/account/wallet/").content.decode()
    assert list(find_faults()) == []


@pytest.mark.promise(32)
def test_a_question_is_answered_on_a_page_of_its_own():
    refund = a_case()
    browser, owner = signed_in(given.a_colleague()), customer_of(refund)
    decide(browser, refund, "ask_more", missing=["evidence"], words="A picture, please")

    page = owner.get(f"/account/refunds/{refund.pk}/answer/").content.decode()
    assert "A picture, please" in page
    assert owner.post(f"/account/refunds/{refund.pk}/answer/", {}).status_code == 422
    owner.post(f"/account/refunds/{refund.pk}/answer/", {"words": "It said no network"})

    assert "It said no network" in browser.get(f"/desk/refunds/{refund.pk}/").content.decode()
    late = owner.post(f"/account/refunds/{refund.pk}/answer/", {"words": "And more"})
    assert late.status_code == 409


@pytest.mark.promise(46)
def test_a_no_shows_the_way_to_another_person_and_outside():
    refund = a_case()
    owner = customer_of(refund)
    decide(signed_in(given.a_colleague()), refund, "decline", words="It was used.")
    page = owner.get(f"/account/refunds/{refund.pk}/").content.decode()
    assert f"/account/refunds/{refund.pk}/appeal/" in page
    assert "bundesnetzagentur" in page

    assert owner.get(f"/account/refunds/{refund.pk}/appeal/").status_code == 200
    sent = owner.post(f"/account/refunds/{refund.pk}/appeal/", {"words": "Read it again"})

    assert sent.status_code == 302
    refund.refresh_from_db()
    assert refund.stage == "under_review"
    twice = owner.post(f"/account/refunds/{refund.pk}/appeal/", {"words": "Again"})
    assert twice.status_code == 409
    other = signed_in(given.a_colleague(email="nora@example.com"))
    assert "Read it again" in other.get(f"/desk/refunds/{refund.pk}/").content.decode()


# Reports ---------------------------------------------------------------------------------------


@pytest.mark.promise(79)
def test_the_report_says_from_the_books_how_it_went():
    straight = ask_and_end(a_ready_line(email="ada@example.com"), now=now() - timedelta(hours=1))
    declined, given_in = a_case(1), a_case(2)
    agent, other = given.a_colleague(), given.a_colleague(email="nora@example.com")
    for refund in (declined, given_in):
        refunds.decline(request_id=refund.pk, staff_user_id=agent.pk, words="Used", now=now())
    owner = given_in.customer_id
    refunds.appeal(request_id=given_in.pk, customer_id=owner, words="No", now=now())
    refunds.approve(request_id=given_in.pk, staff_user_id=other.pk, goodwill_minor=400, now=now())

    made = report(since=now() - DAY, until=now() + DAY)

    assert (made.settled, made.declined, made.appealed) == (3, 1, 1)
    assert straight.stage == "approved"
    assert (made.at_once, made.overturned) == (pytest.approx(1 / 3), 1)
    assert made.declined_by == {"nothing_due": 1}
    assert made.goodwill == {"EUR": 400}
    assert made.unearned["EUR"] > 0
    assert made.to_decision is not None
    assert made.to_money is None
    assert sum(week.total for week in made.weeks) == 3
    empty = report(since=NOON - 400 * DAY, until=NOON - 399 * DAY)
    assert (empty.settled, empty.at_once, empty.to_decision) == (0, None, None)
    assert median([DAY, 3 * DAY]) == 2 * DAY

    browser = signed_in(agent)
    assert "€4.00" in browser.get("/desk/reports/").content.decode()
    assert browser.get("/desk/reports/?days=31").status_code == 404
    file = browser.get("/desk/reports/?days=30&form=csv")
    assert file["Content-Disposition"].startswith("attachment")
    rows = {(row[0], row[1]): row[2] for row in csv.reader(io.StringIO(file.content.decode()))}
    assert rows["goodwill_minor", "EUR"] == "400"
    assert rows["share_decided_at_once", ""] == "1/3"


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\0x", "'\0x"),
        ("＝1", "'＝1"),
        (" =1", "' =1"),
        ("-2+3", "'-2+3"),
        (-798, "-798"),
        ("plain", "plain"),
        (None, ""),
    ],
)
def test_no_cell_is_taken_for_a_formula(cell, safe):
    assert csv_cell(cell) == safe
    assert write_csv([("a", 'b"c')]) == '"a","b""c"\r\n'
