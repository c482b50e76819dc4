"""Free trials: one per mailbox and eSIM chip, ended by themselves, turned into nothing."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail, signing
from django.test import Client

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.refusals import NoSuchPlan
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Line, Profile
from fairroam.apps.journal.models import Event
from fairroam.apps.ledger.models import Transfer
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries, tasks
from fairroam.apps.orders.models import Order, OrderLine, Trial
from fairroam.apps.orders.operations import trials
from fairroam.apps.orders.refusals import TrialUsed
from fairroam.apps.payments.models import Payment
from fairroam.worker import trials as between
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.lines_given import make_ready, use
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = [pytest.mark.usefixtures("catalogue"), pytest.mark.promise(48)]
EID = "89049032123451234512345678901235"


def begin(email: str = "ada@example.com", **words: object) -> OrderLine:
    asked = {"plan_code": "trial-100mb-3d", "residence": "DE", "language": "en", "now": NOON}
    order = trials.begin_trial(
        email=email, consents={"terms": "I agree."}, key=uuid4(), **(asked | words)
    )
    return order.lines.select_related("order").get()


def put_in_phone(line: OrderLine, eid: str = EID) -> Event:
    """The carrier tells that the eSIM is installed, and on which chip."""
    profile = Profile.objects.get(line_id=line.pk)
    esims.record_fact(
        profile_id=profile.pk,
        kind="installed",
        happened_at=NOON,
        source="es2plus",
        now=NOON,
        eid=eid,
    )
    return Event.objects.filter(kind="profile.fact").latest("pk")


def told(kind: str) -> list[int]:
    events = Event.objects.filter(kind=kind).order_by("pk")
    return [event.facts["order_line_id"] for event in events]


def test_a_trial_is_delivered_without_a_card_and_moves_no_money():
    line = begin()
    make_ready(line)
    orders.record_delivery(order_line_id=line.pk, now=NOON)
    use(line, 60_000_000)

    order = Order.objects.get(pk=line.order_id)
    assert (order.stage, order.total_minor, order.payment_id) == ("fulfilled", 0, None)
    assert not Payment.objects.exists()
    assert not Transfer.objects.exists()
    assert list(find_faults()) == []


def test_who_tries_for_free_is_not_asked_to_get_money_back():
    line = begin()
    make_ready(line)
    client = Client()
    client.force_login(line.order.customer.user)

    for path in ("/account/", f"/account/lines/{line.pk}/"):
        page = words_of(client.get(path))
        assert "Top up" in page
        assert "Ask for money back" not in page
        assert "What would I get back?" not in page


def test_a_trial_is_in_no_list_of_what_is_sold_and_nobody_can_order_it():
    assert "trial-100mb-3d" not in {plan.code for plan in catalogue.plans()}
    assert "trial-100mb-3d" not in catalogue.offers()
    with pytest.raises(NoSuchPlan):
        catalogue.plan("trial-100mb-3d")
    assert Client().get("/checkout/trial-100mb-3d/").status_code == 404


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ada@example.com", "ADA@example.com"),
        ("ada@example.com", "ada+trip@example.com"),
        ("a.da@gmail.com", "ad.a+x@googlemail.com"),
        ("ada@gmail.com", "ada@ｇｍａｉｌ.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_a_mailbox_has_one_trial_by_whatever_name(first, second):
    begin(first)

    with pytest.raises(TrialUsed):
        begin(second)

    assert (Trial.objects.count(), Order.objects.count()) == (1, 1)


def test_another_mailbox_on_the_same_chip_is_ended_with_the_reason():
    mine, another = begin(), begin("eve@example.com")
    for line in (mine, another):
        make_ready(line)
        event = put_in_phone(line)
        between.claim_trial_chip(event, NOON)
        between.claim_trial_chip(event, NOON)  # the queue repeats

    assert told("trial.declined") == [another.pk]
    declined = Event.objects.get(kind="trial.declined")
    between.end_trial(declined, NOON)
    between.tell_trial(declined, NOON)

    assert [Line.objects.get(pk=line.pk).stage for line in (mine, another)] == [
        "active",
        "terminating",
    ]
    notice = Notice.objects.get(kind="orders.trial_declined")
    assert notice.address == "eve@example.com"
    assert "once per phone" in notice.text
    agent = Client()
    agent.force_login(given.a_colleague())
    words = words_of(agent.get("/desk/trials/"))
    assert "declined: its chip had a trial before" in words
    assert "in a phone" in words


def test_its_end_is_announced_once_and_nothing_is_bought():
    line = begin()
    make_ready(line)
    use(line, 1_000_000)  # its three days begin
    between.remind_of_trials(now=NOON + timedelta(days=1))
    assert told("trial.ending") == []

    between.remind_of_trials(now=NOON + timedelta(days=2, hours=1))
    between.remind_of_trials(now=NOON + timedelta(days=2, hours=2))
    assert told("trial.ending") == [line.pk]
    between.tell_trial(Event.objects.get(kind="trial.ending"), NOON)

    notice = Notice.objects.get(kind="orders.trial_ending")
    assert "nothing is bought and nothing is charged" in notice.text
    assert Order.objects.count() == 1


def test_what_is_bought_after_a_trial_has_its_own_right_to_money_back():
    begin()
    bought = given.a_paid_line(email="ada@example.com")

    assert bought.order.customer_id == Order.objects.earliest("pk").customer_id
    assert "eu-crd@1" in bought.packs
    assert queries.is_trial(bought.pk) is False


def test_a_trial_begins_with_a_click_in_the_mailbox_alone(client):
    asked = {"plan": "trial-100mb-3d", "email": "ada@example.com", "residence": "DE"}
    assert client.post("/trial/", asked | {"email": "no"}).status_code == 422
    for _again in range(2):
        assert client.post("/trial/", asked)["Location"] == "/trial/sent/"
    notice = Notice.objects.get(kind="orders.trial_link")  # one an hour to a mailbox
    path = notice.text.partition("/trial/begin/")[2].split()[0]
    link = f"/trial/begin/{path}"
    assert client.get(link).status_code == 200
    assert not Order.objects.exists()

    assert client.post(link).status_code == 422  # the box is not ticked
    answer = client.post(link, {"terms": "on"})
    assert answer["Location"].startswith("/orders/FR-")
    assert client.post(link, {"terms": "on"})["Location"] == answer["Location"]
    asked_again = {"plan": "trial-100mb-3d", "email": "a.d.a+x@example.com", "residence": "DE"}
    asked_again |= {"email": "ada+x@example.com", "language": "en", "key": str(uuid4())}
    other = f"/trial/begin/{signing.dumps(asked_again, salt=tasks.TRIAL_SALT)}/"
    refused = client.post(other, {"terms": "on"})
    assert refused.status_code == 409
    assert "this mailbox has had one" in words_of(refused)
    assert client.post("/trial/begin/forged/", {"terms": "on"}).status_code == 404
    assert mail.outbox == []  # the queue mails, not the page
