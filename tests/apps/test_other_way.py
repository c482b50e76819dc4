"""Money that cannot go back the way it came: asked for, transferred by two people, counted."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers import queries as people
from fairroam.apps.customers.queries import Proof
from fairroam.apps.customers.refusals import FourEyes, RecentContactChange, StepUpRequired
from fairroam.apps.esims.models import Line, Profile
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders import operations as orders
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments import queries as payment_rows
from fairroam.apps.payments.models import BankAccount, LateMoney, Payment, Payout
from fairroam.apps.payments.personal import erase, remains
from fairroam.apps.payments.queries import desk
from fairroam.apps.payments.refusals import IbanWrong, OwnTransfer, SentTooSoon
from fairroam.apps.payments.tasks import tell_customer
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries as refund_rows
from fairroam.apps.refunds.operations.rerouting import send_another_way
from fairroam.gateways.payments import EventKind, PayoutStatus
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask_and_end, payout_of
from tests.apps.payments_given import PRICE, house, tells
from tests.apps.refunds_given import settle
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
IBAN = "DE89 3704 0044 0532 0130 00"
ANNA, BEN = 10**9 + 71, 10**9 + 72  # nobody's ids: those of customers are counted up from 1
PROOF = Proof("mail_code", LATER)


def name_account(payout_id: int, *, iban: str = IBAN, proof: Proof | None = PROOF) -> None:
    send_another_way(
        payout_id=payout_id,
        customer_id=Payout.objects.get(pk=payout_id).customer_id,
        holder="Ada  Lovelace",
        iban=iban,
        proof=proof,
        now=LATER,
    )


def transfer(payout_id: int, *, by: int = ANNA, confirmed_by: int = BEN, arrives=True) -> None:
    payments.mark_transfer_sent(payout_id=payout_id, staff_user_id=by, bank_ref="B-1", now=LATER)
    payments.confirm_transfer(
        payout_id=payout_id,
        staff_user_id=confirmed_by,
        has_arrived=arrives,
        reason="" if arrives else "closed",
        now=LATER,
    )


def a_refund_by_a_closed_rail():
    """Approved when the card, used a year and a day ago, takes nothing back any more."""
    line = a_ready_line()
    Payment.objects.update(captured_at=NOON - timedelta(days=366))
    return ask_and_end(line)


def test_a_closed_rail_is_known_before_anything_is_promised_and_the_customer_names_an_account():
    refund = a_refund_by_a_closed_rail()
    payout = Payout.objects.get()
    assert (payout.stage, payout.rerouted_why, payout.expected_by) == (
        "needs_account",
        "window",
        None,
    )
    assert payments.claim_payout(payout_id=payout.pk, now=LATER) is None

    name_account(payout.pk)
    payout.refresh_from_db()
    account = BankAccount.objects.get()
    assert (payout.stage, account.holder, account.last4) == (
        "manual_payout",
        "Ada Lovelace",
        "3000",
    )
    assert payout.expected_by == date(2026, 11, 9)  # two days at the desk, three at the bank
    transfer(payout.pk)
    refunds.payout_succeeded(payout_id=payout.pk, now=LATER)

    refund.refresh_from_db()
    assert refund.stage == "paid"
    owed = BookName("refunds_owed", "EUR", customer_id=refund.customer_id)
    assert (books.balance(owed), house("clearing", "bank")) == (0, PRICE)
    assert list(find_faults()) == []


def test_a_refund_whose_card_was_closed_goes_on_by_a_transfer():
    refund = ask_and_end(a_ready_line())
    first = payout_of(refund)
    settle(first, PayoutStatus.FAILED)
    refund.refresh_from_db()
    assert refund.stage == "payout_failed"

    name_account(first)
    refund.refresh_from_db()
    again = payout_of(refund)
    assert (refund.stage, again != first) == ("approved", True)
    assert Payout.objects.get(pk=first).stage == "rerouted"
    transfer(again, arrives=False)
    refunds.payout_failed(payout_id=again, now=LATER)
    name_account(again)  # The account was closed, too: they name another.
    last = payout_of(refund)
    transfer(last)
    refunds.payout_succeeded(payout_id=last, now=LATER)

    refund.refresh_from_db()
    assert refund.stage == "paid"
    assert list(find_faults()) == []


def test_money_of_an_esim_that_could_not_be_made_goes_another_way_too():
    line = given.a_paid_line()
    orders.give_up(order_line_id=line.pk, now=NOON)
    payout = Payout.objects.get()
    settle(payout.pk, PayoutStatus.FAILED)

    name_account(payout.pk)

    again = Payout.objects.exclude(pk=payout.pk).get()
    assert (again.stage, again.cause) == ("manual_payout", f"order-line:{line.pk}/try-2")
    transfer(again.pk)
    orders.record_paid_back(payout_id=again.pk, now=LATER)
    assert list(find_faults()) == []


def test_money_is_led_away_only_by_somebody_who_just_proved_who_they_are():
    refund = a_refund_by_a_closed_rail()
    payout = Payout.objects.get()
    before = (Payout.objects.values().get(), BankAccount.objects.count())

    with pytest.raises(StepUpRequired):
        name_account(payout.pk, proof=None)
    with pytest.raises(StepUpRequired):
        name_account(payout.pk, proof=Proof("mail_code", LATER - timedelta(hours=1)))
    with pytest.raises(IbanWrong):
        name_account(payout.pk, iban="DE89 3704 0044 0532 0130 01")
    customers.record_security_change(
        customer_id=refund.customer_id, kind="email_changed", now=LATER - timedelta(hours=71)
    )
    with pytest.raises(RecentContactChange):
        name_account(payout.pk)
    assert (Payout.objects.values().get(), BankAccount.objects.count()) == before


def test_one_pair_of_eyes_sends_nothing():
    a_refund_by_a_closed_rail()
    payout = Payout.objects.get()
    with pytest.raises(MoveNotAllowed):
        payments.mark_transfer_sent(
            payout_id=payout.pk, staff_user_id=ANNA, bank_ref="B", now=LATER
        )
    name_account(payout.pk)
    with pytest.raises(OwnTransfer):
        transfer(payout.pk, by=payout.customer.user_id)
    with pytest.raises(FourEyes) as refused:
        transfer(payout.pk, by=ANNA, confirmed_by=ANNA)

    assert (refused.value.code, refused.value.status) == ("four-eyes", 403)
    payout.refresh_from_db()
    assert (payout.stage, house("clearing", "bank")) == ("sent", 0)


def test_the_same_human_on_another_login_is_the_same_pair_of_eyes():
    a_refund_by_a_closed_rail()
    payout = Payout.objects.get()
    name_account(payout.pk)
    first = given.a_colleague("senior", email="max@example.com")
    person = people.staff_member(first.pk).person_id
    second = given.a_colleague("senior", email="max2@example.com", person_id=person)

    with pytest.raises(FourEyes):
        transfer(payout.pk, by=first.pk, confirmed_by=second.pk)


def test_nobody_sends_money_to_themselves_by_another_login_of_theirs():
    a_refund_by_a_closed_rail()
    payout = Payout.objects.get()
    name_account(payout.pk)
    own = given.a_colleague("senior", email=payout.customer.user.email)
    person = people.staff_member(own.pk).person_id
    other = given.a_colleague("senior", email="max2@example.com", person_id=person)

    with pytest.raises(OwnTransfer):
        transfer(payout.pk, by=other.pk)
    with pytest.raises(OwnTransfer):
        transfer(payout.pk, confirmed_by=other.pk)
    payments.confirm_transfer(
        payout_id=payout.pk, staff_user_id=BEN, has_arrived=True, reason="", now=LATER
    )
    with pytest.raises(OwnTransfer):  # What came back is owed again.
        payments.record_transfer_returned(
            payout_id=payout.pk, staff_user_id=other.pk, reason="closed", now=LATER
        )


def test_what_is_kept_of_an_account_can_be_erased():
    refund = a_refund_by_a_closed_rail()
    name_account(Payout.objects.get().pk)
    assert remains(refund.customer_id) == 2  # the holder's name and the number

    assert erase(refund.customer_id)["payments_bankaccount.iban"] == 1
    assert remains(refund.customer_id) == 0


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("payout.needs_account", "tell us where to"),
        ("payout.requires_action", "waits for a click"),
        ("payout.settled_by_chargeback", "your bank has paid it"),
    ],
)
def test_the_customer_is_told_what_comes_next(kind, words):
    a_refund_by_a_closed_rail()
    payout = Payout.objects.get()

    for _ in range(2):
        tell_customer(payout_id=payout.pk, kind=kind, now=LATER)

    notice = Notice.objects.get(kind__startswith="payments.")
    assert words in notice.subject
    assert "€19.00" in notice.text


def test_a_rail_that_wants_a_pause_gets_it():
    given.a_paid_line()
    payment = Payment.objects.get()
    plans = [
        payments.plan_payout(
            payment_id=payment.pk, amount_minor=100, cause=f"act:{n}", hold=False, now=NOON
        )
        for n in range(2)
    ]
    Payout.objects.update(rail="wechat@1")
    payments.claim_payout(payout_id=plans[0].pk, now=NOON)

    with pytest.raises(SentTooSoon):
        payments.claim_payout(payout_id=plans[1].pk, now=NOON + timedelta(seconds=59))
    assert payments.claim_payout(payout_id=plans[1].pk, now=NOON + timedelta(seconds=60))


# When it leaves, when it arrives -----------------------------------------------------------------


@pytest.mark.promise(35)
def test_the_estimate_is_frozen_shown_and_compared_with_the_fact():
    refund = ask_and_end(a_ready_line())
    payout = Payout.objects.get()
    assert (payout.expected_from, payout.expected_by) == (date(2026, 11, 5), date(2026, 11, 16))
    (part,) = refund_rows.refund(refund.pk, refund.customer_id).parts
    assert part.expected_by == payout.expected_by
    browser = Client()
    browser.force_login(refund.customer.user)
    page = browser.get(f"/account/refunds/{refund.pk}/").content.decode()
    assert "expected by Mon 16 November 2026" in " ".join(page.split())

    settle(payout.pk, PayoutStatus.SUCCEEDED, now=LATER + timedelta(days=4))

    (figure,) = desk.punctuality()
    assert (figure.rail, figure.count, figure.in_time) == ("card@1", 1, 1)


@pytest.mark.promise(34)
def test_the_last_day_for_sending_is_computed_alarmed_and_proved():
    refund = ask_and_end(a_ready_line())
    payout = Payout.objects.get()
    said = refund_rows.refund(refund.pk, refund.customer_id).pay_by
    assert payout.pay_by == said == date(2026, 11, 16)

    def alarms(day: int) -> list[int]:
        return payments.raise_pay_by_alarms(now=NOON.replace(day=day))

    assert [alarms(day) for day in (13, 14, 15, 16, 17, 18)] == [
        [],
        [payout.pk],
        [],
        [],
        [payout.pk],
        [],
    ]
    assert list(desk.alarmed()) == [payout]
    assert [fault for fault in find_faults() if "not sent by its last day" in fault]
    Payout.objects.update(alarmed_at=None)
    settle(payout.pk, PayoutStatus.SUCCEEDED, now=LATER)
    (figure,) = desk.punctuality()
    assert (figure.sent_in_time, figure.with_pay_by) == (1, 1)
    assert list(find_faults()) == []


# Money that comes too late -----------------------------------------------------------------------


def close(customer_id: int) -> None:
    """As at the end of a closing; the closing itself is tried elsewhere."""
    customers.close(customer_id=customer_id, now=LATER)


def test_what_comes_back_after_a_closing_is_kept_apart_and_sent_on_by_two_people():
    refund = ask_and_end(a_ready_line())
    payment, payout = Payment.objects.get(), Payout.objects.get()
    settle(payout.pk, PayoutStatus.SUCCEEDED)
    for order in payment.customer.orders.all():
        type(order).objects.filter(pk=order.pk).update(is_live=None)
    close_everything(refund.customer_id)
    tells(payment, EventKind.REFUND_FAILED, payout_key=payout.key, payout_ref="ref_1")
    refunds.payout_failed(payout_id=payout.pk, now=LATER)

    late = LateMoney.objects.get()
    assert (late.amount_minor, house("suspense")) == (PRICE, PRICE)
    assert payment_rows.failed_payouts() == []
    words = {"staff_user_id": ANNA, "now": LATER}
    payments.keep_late_money(late_id=late.pk, until=date(2029, 12, 31), words="no answer", **words)
    with pytest.raises(MoveNotAllowed):
        payments.keep_late_money(late_id=late.pk, until=date(2030, 1, 1), words="", **words)
    sending = payments.send_late_money(late_id=late.pk, holder="Ada", iban=IBAN, **words)
    transfer(sending.pk, arrives=False)
    late.refresh_from_db()
    assert (late.stage, house("suspense")) == ("waiting", PRICE)
    again = payments.send_late_money(late_id=late.pk, holder="Ada", iban=IBAN, **words)
    transfer(again.pk)

    late.refresh_from_db()
    assert (late.stage, house("suspense")) == ("sent", 0)
    assert [fault for fault in find_faults() if fault.startswith("payments")] == []


def close_everything(customer_id: int) -> None:
    for table in (Line, Profile, Notice):
        table.objects.filter(customer_id=customer_id).update(is_live=None)
    close(customer_id)
