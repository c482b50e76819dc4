"""Paid by transfer to our own account: a person enters what arrived, two people send it back."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import pytest
from django.test import Client
from stdnum import iso11649

from fairroam.apps.customers import queries as people
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MovedMeanwhile, NotAmongYours
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Order
from fairroam.apps.orders.operations.arriving import Sender, record_arrival, settle_arrival
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments import tasks
from fairroam.apps.payments.models import LateMoney, Payment, Payout, ProviderEvent
from fairroam.apps.payments.queries.providers import asked_providers, providers, ways_to_pay
from fairroam.apps.payments.refusals import (
    AmountDiffers,
    IbanWrong,
    OwnTransfer,
    PaidTwice,
    ReferenceWrong,
    WayNotOffered,
)
from fairroam.apps.wallet.queries import purses_of
from fairroam.gateways.payments import BadSignature, GatewayUnreachable, PayoutRefused
from fairroam.gateways.payments.bank_transfer import connect, reference_of
from fairroam.rules.money import Money
from fairroam.web.account.me import BOUGHT_HERE
from fairroam.worker.books import find_faults
from fairroam.worker.payouts import tell_sent_back
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.refunds_given import balance
from tests.given import NOON

PRICE = Money(1900, "EUR")
IBAN = "DE89370400440532013000"
ANNA = 10**9 + 71  # nobody's id: those of customers are counted up from 1


@pytest.fixture(autouse=True)
def bank(settings, catalogue):
    settings.FAIRROAM_BANK_IBAN = IBAN


def an_order() -> Order:
    order = orders.place_order(
        plan_code="japan-10gb-30d",
        quantity=1,
        email="ada@example.com",
        residence="DE",
        language="en",
        consents=given.CONSENTS,
        key=uuid4(),
        provider="bank",
        now=NOON,
    )
    tasks.start_payment(payment_id=order.payment_id, now=NOON)
    return Order.objects.select_related("payment").get(pk=order.pk)


def arrives(order: Order, amount: Money = PRICE, bank_ref: str = "B-1", by: int = ANNA) -> str:
    assert order.payment is not None
    return record_arrival(
        reference=f" {(order.payment.provider_ref or '').lower()} ",
        amount=amount,
        arrived_on=date(2026, 11, 3),
        bank_ref=bank_ref,
        staff_user_id=by,
        now=NOON,
    )


def test_what_arrives_with_its_reference_is_booked_once_and_names_who_entered_it():
    order = an_order()

    assert [arrives(order), arrives(order)] == ["applied", "repeated"]

    order.refresh_from_db()
    assert (order.payment.stage, order.payment.captured_minor) == ("captured", 1900)
    assert order.paid_at == NOON
    assert -balance("clearing", label="bank") == 1900
    entered = Event.objects.filter(kind="transfer.arrived").order_by("pk")
    assert [(one.actor, one.facts["outcome"]) for one in entered] == [
        (f"staff:{ANNA}", "applied"),
        (f"staff:{ANNA}", "repeated"),
    ]
    assert entered[0].facts["arrived_on"] == "2026-11-03"
    assert list(find_faults()) == []


@pytest.mark.parametrize("amount", [Money(1899, "EUR"), Money(1901, "EUR"), Money(1900, "USD")])
def test_another_amount_waits_for_a_person_and_nothing_is_booked(amount):
    order = an_order()

    assert arrives(order, amount) == "quarantined"

    order.refresh_from_db()
    assert (order.payment.stage, order.paid_at) == ("started", None)
    event = ProviderEvent.objects.get()
    assert (event.reason, event.content["minor"]) == ("amount-differs", amount.minor)
    assert arrives(order, bank_ref="B-2") == "applied"


def settles(*, is_taken: bool, sender: Sender | None = None, by: int = ANNA) -> None:
    settle_arrival(
        event_id=ProviderEvent.objects.get(outcome="quarantined").pk,
        is_taken=is_taken,
        sender=sender,
        words="as the statement says",
        staff_user_id=by,
        now=NOON,
    )


@pytest.mark.parametrize(
    ("arrived", "is_taken", "rest", "stage", "words"),
    [
        (2500, True, 600, "captured", "More arrived than the €19.00"),
        (2500, False, 2500, "started", "You can still pay"),
        (1000, False, 1000, "started", "You can still pay"),
    ],
)
def test_another_amount_is_booked_as_far_as_it_suffices_and_the_rest_goes_back(
    arrived, is_taken, rest, stage, words
):
    order = an_order()
    assert arrives(order, Money(arrived, "EUR")) == "quarantined"

    settles(is_taken=is_taken)

    order.refresh_from_db()
    payout = Payout.objects.get()
    assert order.payment.stage == stage
    assert (order.paid_at == NOON) == is_taken
    assert (payout.amount_minor, payout.stage, payout.customer_id) == (
        rest,
        "needs_account",
        order.customer_id,
    )
    assert -balance("clearing", label="bank") == arrived
    assert list(find_faults()) == []
    told = Event.objects.get(kind="transfer.sent_back")
    assert told.actor == f"staff:{ANNA}"
    for _ in range(2):
        tell_sent_back(told, NOON)
    mail = Notice.objects.get(kind="payments.transfer_differs")
    assert words in mail.text
    assert f"/account/money/{payout.pk}/" in mail.text
    tasks.tell_customer(payout_id=payout.pk, kind="payout.needs_account", now=NOON)
    assert not Notice.objects.filter(kind="payments.account_needed").exists()
    with pytest.raises(MovedMeanwhile):
        settle_arrival(
            event_id=ProviderEvent.objects.get(outcome="concluded").pk,
            is_taken=False,
            sender=None,
            words="again",
            staff_user_id=ANNA,
            now=NOON,
        )
    second = arrives(order, bank_ref="B-2")
    assert second == ("quarantined" if is_taken else "applied")


def test_a_second_transfer_goes_back_to_the_account_it_came_from_by_two_people():
    order = an_order()
    arrives(order)
    arrives(order, bank_ref="B-2")

    with pytest.raises(PaidTwice):
        settles(is_taken=True)
    with pytest.raises(IbanWrong):
        settles(is_taken=False, sender=Sender("Ada", "DE00"))
    settles(is_taken=False, sender=Sender("Ada", IBAN))

    payout = Payout.objects.get()
    assert (payout.stage, payout.account.iban, payout.amount_minor) == ("manual_payout", IBAN, 1900)
    max_, eve = (given.a_colleague("senior", email=f"{name}@example.com") for name in "me")
    payments.mark_transfer_sent(
        payout_id=payout.pk, staff_user_id=max_.pk, bank_ref="O-1", now=NOON
    )
    payments.confirm_transfer(
        payout_id=payout.pk, staff_user_id=eve.pk, has_arrived=True, reason="", now=NOON
    )
    assert -balance("clearing", label="bank") == 1900
    assert list(find_faults()) == []


def test_too_little_is_not_taken_and_nobody_settles_their_own_or_what_names_no_charge():
    order = an_order()
    arrives(order, Money(1899, "EUR"))
    own = given.a_colleague("senior")
    Customer.objects.filter(pk=order.customer_id).update(user_id=own.pk)

    with pytest.raises(AmountDiffers):
        settles(is_taken=True)
    with pytest.raises(OwnTransfer):
        settles(is_taken=False, by=own.pk)
    ProviderEvent.objects.update(content={"payment_ref": "RF00", "minor": 5, "currency": "EUR"})
    with pytest.raises(NotAmongYours):
        settles(is_taken=False)

    assert not Payout.objects.exists()


def test_what_arrives_wrong_for_somebody_who_left_waits_for_its_owner_or_goes_to_its_sender():
    order = an_order()
    arrives(order, Money(500, "EUR"))
    arrives(order, Money(600, "EUR"), "B-2")
    Order.objects.update(stage="cancelled", is_live=None)
    Customer.objects.filter(pk=order.customer_id).update(is_open=False, closed_at=NOON)

    waiting, senders = ProviderEvent.objects.order_by("pk"), (None, Sender("Ada", IBAN))
    for event, sender in zip(waiting, senders, strict=True):
        settle_arrival(
            event_id=event.pk,
            is_taken=False,
            sender=sender,
            words="left",
            staff_user_id=ANNA,
            now=NOON,
        )

    assert list(LateMoney.objects.order_by("pk").values_list("amount_minor", "stage")) == [
        (500, "waiting"),
        (600, "sending"),
    ]
    assert Payout.objects.get().stage == "manual_payout"
    assert [one for one in find_faults() if not one.endswith("closed without a closing")] == []
    for told in Event.objects.filter(kind="transfer.sent_back"):
        tell_sent_back(told, NOON)
    assert not Notice.objects.filter(kind="payments.transfer_differs").exists()


def test_who_pays_twice_has_the_second_transfer_kept_for_a_person():
    order = an_order()
    assert arrives(order) == "applied"

    assert arrives(order, bank_ref="B-2") == "quarantined"

    assert ProviderEvent.objects.get(outcome="quarantined").reason == "paid-twice"
    assert -balance("clearing", label="bank") == 1900


def test_what_was_mistyped_is_dismissed_and_entered_once_more():
    order = an_order()
    assert arrives(order, Money(19000, "EUR")) == "quarantined"
    assert arrives(order) == "repeated"
    mistyped = ProviderEvent.objects.get()

    payments.dismiss_event(
        event_id=mistyped.pk, words="one nought too many", staff_user_id=ANNA, now=NOON
    )

    assert [arrives(order), arrives(order)] == ["applied", "repeated"]


def test_nobody_books_money_for_their_own_order_by_another_login_either():
    order = an_order()
    own = given.a_colleague("senior")
    Customer.objects.filter(pk=order.customer_id).update(user_id=own.pk)
    person = people.staff_member(own.pk).person_id
    other = given.a_colleague("senior", email="max2@example.com", person_id=person)

    with pytest.raises(OwnTransfer):
        arrives(order, by=other.pk)


def test_a_slip_of_the_pen_and_a_reference_of_nobody_are_told_apart():
    order = an_order()
    stranger = reference_of(UUID(int=5))
    slip = stranger[:-1] + ("A" if stranger[-1] != "A" else "B")

    with pytest.raises(ReferenceWrong):
        record_arrival(
            reference=slip,
            amount=PRICE,
            arrived_on=date(2026, 11, 3),
            bank_ref="B-3",
            staff_user_id=ANNA,
            now=NOON,
        )

    order.payment.provider_ref = stranger
    assert arrives(order, bank_ref="B-4") == "quarantined"
    assert ProviderEvent.objects.get().reason == "not-ours"


def test_nobody_books_money_for_their_own_order():
    order = an_order()
    user = given.a_colleague("senior")
    Customer.objects.filter(pk=order.customer_id).update(user_id=user.pk)

    with pytest.raises(OwnTransfer):
        arrives(order, by=user.pk)

    assert not ProviderEvent.objects.exists()


def test_money_that_came_by_transfer_goes_back_by_transfer():
    order = an_order()
    arrives(order)
    payment = Payment.objects.get(pk=order.payment_id)

    way = payments.way_back(payment, minor=1900, now=NOON)

    assert (way.rail.rail, way.is_original, way.why) == ("transfer", False, "")


def test_there_is_nobody_to_ask():
    order, gateway = an_order(), connect()
    reference = order.payment.provider_ref
    assert iso11649.is_valid(reference)
    assert tasks.look_up_payment(payment_id=order.payment_id, now=NOON) is None
    assert ("bank" in providers(), "bank" in asked_providers()) == (True, False)
    assert Client().post("/hooks/payments/bank", b"{}", "application/json").status_code == 404
    with pytest.raises(PayoutRefused):
        gateway.pay_back(payment_ref=reference, amount=PRICE, key=uuid4())
    with pytest.raises(GatewayUnreachable):
        gateway.look_up_payout(payment_ref=reference, key=uuid4())
    with pytest.raises(GatewayUnreachable):
        gateway.daily_report(day=date(2026, 11, 3))
    with pytest.raises(BadSignature):
        gateway.parse_event(body=b"{}", headers={}, now=NOON)


def test_pages_hide_what_a_provider_cannot_do(settings):
    settings.FAIRROAM_PAYPAL_CLIENT = settings.FAIRROAM_STRIPE_KEY = "key"

    assert ways_to_pay("EUR") == ("sandbox", "stripe", "paypal", "bank")
    assert ways_to_pay("CNY") == ("sandbox", "stripe")
    assert ways_to_pay("KWD") == ("sandbox",)
    page = Client().get("/checkout/japan-10gb-30d/").content.decode()
    assert all(f'value="{name}"' in page for name in ("sandbox", "stripe", "paypal", "bank"))
    settings.FAIRROAM_PAYPAL_CLIENT = settings.FAIRROAM_STRIPE_KEY = ""
    settings.FAIRROAM_BANK_IBAN = ""
    assert 'name="provider"' not in Client().get("/checkout/japan-10gb-30d/").content.decode()
    with pytest.raises(WayNotOffered):
        an_order()


def test_the_page_says_what_to_transfer_and_the_desk_enters_it():
    order = an_order()
    visitor, colleague = Client(), Client()
    hidden = visitor.get(f"/orders/{order.number}/transfer/")
    visitor.session.save()
    session = visitor.session
    session[BOUGHT_HERE] = [order.number]
    session.save()
    page = visitor.get(f"/orders/{order.number}/transfer/").content.decode()
    colleague.force_login(given.a_colleague("senior"))
    typed = {
        "reference": order.payment.provider_ref,
        "amount": "19.00",
        "arrived_on": "2026-11-03",
        "bank_ref": "B-9",
    }

    missing = colleague.post("/desk/arrivals/", typed | {"amount": "19.001"})
    wrong = colleague.post("/desk/arrivals/", typed | {"reference": "RF00X"})
    answer = colleague.post("/desk/arrivals/", typed, follow=True)

    assert order.payment.provider_ref not in hidden.content.decode()
    assert order.payment.provider_ref in page
    assert "€19.00" in page
    assert "data:image/svg+xml" in page
    assert [missing.status_code, wrong.status_code] == [422, 422]
    assert "Booked: the order goes on" in answer.content.decode()
    colleague.post("/desk/arrivals/", typed | {"bank_ref": "B-10", "amount": "5"})
    waits = colleague.get("/desk/reconciliation/").content.decode()
    notice = ProviderEvent.objects.get(outcome="quarantined")
    assert "It names a charge of €19.00" in waits
    assert 'value="take"' not in waits
    act = {"act": "send_back", "iban": IBAN, "words": "paid already"}
    path = f"/desk/reconciliation/notices/{notice.pk}/"
    assert colleague.post(path, act).status_code == 422
    assert colleague.post(path, act | {"holder": "Ada"}).status_code == 302
    assert Payout.objects.get().account.holder == "Ada"
    assert "goes back" in colleague.get("/desk/arrivals/").content.decode()
    paid = visitor.get(f"/orders/{order.number}/transfer/")
    assert paid.status_code == 302


def test_a_top_up_by_transfer_says_what_to_transfer_and_counts_when_it_arrived(settings):
    settings.FAIRROAM_ENVIRONMENT, settings.FAIRROAM_PAYMENTS_URL = "production", ""
    wallets.terms()
    ada, hers, eves = given.a_customer(), Client(), Client()
    hers.force_login(ada.user)
    eves.force_login(given.a_customer("eve@example.com").user)
    hers.post("/account/wallet/top-up/EUR/", {"amount": "20", "key": str(uuid4())})
    payment = Payment.objects.get()
    tasks.start_payment(payment_id=payment.pk, now=NOON)
    payment.refresh_from_db()
    path = payment.pay_url.removeprefix(settings.FAIRROAM_ADDRESS)

    page = hers.get(path).content.decode()
    outcome = record_arrival(
        reference=payment.provider_ref,
        amount=Money(2000, "EUR"),
        arrived_on=NOON.date(),
        bank_ref="B-20",
        staff_user_id=ANNA,
        now=NOON,
    )

    assert (payment.provider_ref in page, "€20.00" in page) == (True, True)
    assert eves.get(path).status_code == 404
    assert (outcome, hers.get(path).url) == ("applied", "/account/wallet/")
    assert purses_of(ada.pk, "EUR", NOON).paid == 2000
    assert list(find_faults()) == []
