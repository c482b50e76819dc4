"""Lines at the desk: found by what a customer reads out, shown without what anybody could use."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import CarrierCall, Line, LineAct, Profile
from fairroam.apps.journal.models import Event
from fairroam.apps.orders.models import OrderLine
from fairroam.gateways.lines import Capabilities
from tests.apps.closures_given import give_credit
from tests.apps.lines_given import a_ready_line, use
from tests.apps.refunds_given import GIGABYTE
from tests.given import NOON, a_colleague
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(a_colleague())
    return client


@pytest.fixture
def line() -> OrderLine:
    return a_ready_line()


def found(desk: Client, words: str) -> list[int]:
    page = desk.get("/desk/lines/", {"q": words})
    return [one.order_line_id for one in page.context["found"]]


def a_stuck_act(line: OrderLine) -> LineAct:
    """The network contradicts itself about a line that its owner wants deactivated."""
    act = esims.ask_act(
        kind="deactivate",
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        key=uuid4(),
        capabilities=Capabilities(suspends=True, steers=False),
        actor=f"customer:{line.order.customer_id}",
        now=NOON,
    )
    esims.refuse_act(act_id=act.pk, reason="answer-mismatch", now=NOON)
    return act


def test_a_line_is_found_by_the_end_of_its_iccid_its_order_or_its_customer(desk, line):
    other = a_ready_line(email="bob@example.com")
    iccid = Profile.objects.get(line_id=line.pk).iccid

    for words in (iccid, iccid[-4:], line.order.number, line.order.customer.number.lower()):
        assert found(desk, f" {words} ") == [line.pk], words
    for words in ("", iccid[-3:], iccid[:6], "FR-0000-0000", "%", other.order.number[:-1]):
        assert line.pk not in found(desk, words), words


def test_a_line_shows_facts_with_their_source_and_every_call_but_not_its_code(desk, line):
    profile = Profile.objects.get(line_id=line.pk)
    call_id = uuid4()
    for outcome in ("sent", "unknown"):
        esims.record_call(
            profile_id=profile.pk,
            function="confirm_order",
            iccid=profile.iccid,
            call_id=call_id,
            now=NOON,
            outcome=outcome,
        )
    esims.record_fact(
        profile_id=profile.pk,
        kind="installed",
        happened_at=NOON,
        source="es2plus",
        now=NOON + timedelta(minutes=1),
    )

    page = desk.get(f"/desk/lines/{line.pk}/")
    words = words_of(page)

    assert profile.matching_id not in page.content.decode()
    assert f"····{profile.matching_id[-2:]}" in words
    assert str(call_id) in words
    assert "no answer: asked again" in words
    assert "the carrier" in words
    assert CarrierCall.objects.count() == 2


def test_what_is_stuck_comes_first_and_is_asked_again_by_a_person(desk, line):
    act = a_stuck_act(line)
    newer = a_ready_line()
    assert found(desk, line.order.customer.number) == [line.pk, newer.pk]
    (stuck,) = desk.get("/desk/lines/").context["stuck"]
    assert stuck.order_line_id == line.pk
    again = f"/desk/lines/{line.pk}/acts/{act.pk}/ask-again/"

    for _ in range(2):
        assert desk.post(again, follow=True).status_code == 200

    act.refresh_from_db()
    assert (act.stage, act.stuck_at, act.reason) == ("asked", None, "")
    (told,) = Event.objects.filter(kind="line.act_asked_again")
    assert told.actor.startswith("staff:")
    assert told.facts["act_id"] == act.pk
    assert not desk.get("/desk/lines/").context["stuck"]


def test_an_end_that_got_stuck_is_asked_for_again(desk, line):
    desk.post(f"/desk/lines/{line.pk}/end-again/")
    assert Line.objects.get(pk=line.pk).stage == "active", "no line is ended from this page"
    esims.take_off(order_line_id=line.pk, now=NOON)
    esims.record_refused_end(order_line_id=line.pk, reason="unknown-profile", now=NOON)
    assert [one.order_line_id for one in desk.get("/desk/lines/").context["stuck"]] == [line.pk]

    desk.post(f"/desk/lines/{line.pk}/end-again/")

    assert Line.objects.get(pk=line.pk).stuck_at is None
    assert Event.objects.filter(kind="line.taken_off").count() == 2


def test_nobody_else_sees_any_of_it(line):
    act = a_stuck_act(line)
    owner, visitor = Client(), Client()
    owner.force_login(line.order.customer.user)
    pages = ("/desk/lines/", f"/desk/lines/{line.pk}/")
    acts = (f"{pages[1]}end-again/", f"{pages[1]}acts/{act.pk}/ask-again/")

    assert [owner.get(page).status_code for page in pages] == [404, 404]
    assert [owner.post(page).status_code for page in acts] == [404, 404]
    assert [visitor.post(page).status_code for page in acts] == [302, 302]
    act.refresh_from_db()
    assert act.stuck_at is not None


def test_a_line_that_does_not_exist_is_not_found(desk):
    assert desk.get("/desk/lines/999999/").status_code == 404
    assert desk.post("/desk/lines/999999/end-again/").status_code == 302


def test_what_a_customer_asks_by_phone_stands_on_their_pages(desk, line):
    """How much is left, until when, and what is in the wallet; from each page to the other."""
    use(line, GIGABYTE)
    customer = line.order.customer
    give_credit(customer, "paid_credit", 5000)
    give_credit(customer, "promo_credit", 300)

    of_line = desk.get(f"/desk/lines/{line.pk}/")
    of_customer = desk.get(f"/desk/customers/{customer.pk}/")

    assert "Used 1 GB / 10 GB" in words_of(of_line)
    assert f'href="/desk/customers/{customer.pk}/"' in of_line.content.decode()
    assert "Balance €50.00 and €3.00 as a gift" in words_of(of_customer)
    assert f'href="/desk/lines/{line.pk}/"' in of_customer.content.decode()
