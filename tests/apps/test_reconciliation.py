"""The provider's daily report against our clearing book: every difference found, ended, kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MovedMeanwhile, MoveNotAllowed, NotAmongYours
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_rows
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Difference, Payment, Payout, ProviderEvent
from fairroam.apps.payments.operations.hearing import receipt_in
from fairroam.apps.payments.queries import reports
from fairroam.apps.payments.refusals import AmountDiffers
from fairroam.apps.refunds.operations.outside import book_outside_refund
from fairroam.gateways.payments import EventKind, ReportKind
from fairroam.worker.books import find_faults
from fairroam.worker.jobs import tell_given_up
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask_and_end
from tests.apps.payments_given import PRICE, arrived, captured, house, line, report, tells
from tests.apps.refunds_given import STAFF
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
NEXT_DAY = NOON + timedelta(days=1)


def compare(*lines, at=NOON) -> int:
    return payments.reconcile(provider="sandbox", report=report(*lines, at=at), now=LATER)


def a_paid_and_refunded_line() -> tuple[Payment, Payout]:
    ask_and_end(a_ready_line())
    payment, payout = Payment.objects.get(), Payout.objects.get()
    payments.claim_payout(payout_id=payout.pk, now=LATER)
    tells(payment, EventKind.REFUND_SUCCEEDED, payout_key=payout.key, payout_ref="ref_1")
    payout.refresh_from_db()
    return payment, payout


def test_a_report_that_says_what_the_books_say_leaves_nothing_to_do():
    payment, payout = a_paid_and_refunded_line()
    settled = line(ReportKind.SETTLEMENT, "set_1", 500)
    fee = line(ReportKind.FEE, "fee_1", 30)

    for _ in range(2):  # The hourly job comes again.
        assert compare(captured(payment), arrived(payout), fee, settled) == 0

    assert not Difference.objects.exists()
    (day,) = reports.days_of("sandbox", first=NOON.date(), last=NOON.date())
    assert (day.reported_minor, day.booked_minor) == (-530, -530)
    assert (house("fees", "sandbox"), house("clearing", "bank")) == (-30, -500)
    assert -house("clearing", "sandbox") == -530


@pytest.mark.parametrize("fault", ["dropped", "doubled"])
def test_a_line_that_is_missing_or_doubled_differs_until_the_report_is_right(fault):
    payment = given.a_paid_line().order.payment
    wrong = [] if fault == "dropped" else [captured(payment)] * 2

    assert compare(*wrong) == 1
    assert [row for row in find_faults() if "sandbox reports" in row]
    assert compare(captured(payment)) == 0

    row = Difference.objects.get()
    assert (row.resolution, row.ours_minor, row.theirs_minor) == ("by_itself", PRICE, PRICE)
    assert list(find_faults()) == []


def test_a_fee_that_the_provider_corrects_differs_until_a_person_has_looked():
    payment = given.a_paid_line().order.payment
    fee, corrected = (line(ReportKind.FEE, "fee_1", minor) for minor in (30, 35))
    assert compare(captured(payment), fee) == 0

    assert compare(captured(payment), corrected) == 1

    row = Difference.objects.get()
    assert (row.ref, row.ours_minor, row.theirs_minor) == ("fee_1", -30, -35)
    assert house("fees", "sandbox") == -30
    assert compare(captured(payment), fee) == 0


def test_a_line_told_a_day_late_ends_its_difference_by_itself():
    payment = given.a_paid_line().order.payment

    assert compare() == 1
    assert compare(captured(payment), at=NEXT_DAY) == 0


@pytest.mark.parametrize("is_booked", [True, False])
def test_a_person_ends_a_difference_with_a_reason_and_it_stays_ended(is_booked):
    given.a_paid_line()
    stranger = line(ReportKind.CAPTURE, "pay_unheard_of", 700)
    payment = Payment.objects.get()
    assert compare(captured(payment), stranger) == 1
    row = Difference.objects.get()

    def settle() -> None:
        payments.settle_difference(
            difference_id=row.pk,
            is_booked=is_booked,
            words="asked them",
            staff_user_id=STAFF,
            now=LATER,
        )

    settle()
    with pytest.raises(MovedMeanwhile):
        settle()
    assert compare(captured(payment), stranger) == 0
    assert house("suspense") == (700 if is_booked else 0)
    assert house("clearing", "sandbox") == -PRICE - (700 if is_booked else 0)
    assert list(find_faults()) == []
    # The provider corrects it after all: what was settled does not hold any more.
    assert compare(captured(payment)) == (1 if is_booked else 0)


def test_a_charge_whose_notice_was_lost_is_asked_about_at_once():
    order = given.an_order()
    payments.record_started(
        payment_id=order.payment_id, provider_ref="pay_1", pay_url="http://a/", now=NOON
    )

    compare(line(ReportKind.CAPTURE, "pay_1"))

    assert Payment.objects.get().ask_at == LATER


# Refunds made past us ---------------------------------------------------------------------------


def outside_refund(minor: int = 500) -> tuple[Payment, ProviderEvent]:
    a_ready_line()
    payment = Payment.objects.get()
    outcome = tells(payment, EventKind.REFUND_SUCCEEDED, minor, payout_ref="ref_desk")
    assert outcome == "quarantined"
    return payment, ProviderEvent.objects.get(outcome="quarantined")


def said(event: ProviderEvent) -> dict[str, object]:
    return {"event_id": event.pk, "words": "Max did it", "staff_user_id": STAFF, "now": LATER}


def test_a_refund_made_at_the_provider_s_is_booked_once_and_nobody_is_paid_twice():
    payment, event = outside_refund()

    book_outside_refund(**said(event))
    with pytest.raises(MovedMeanwhile):
        book_outside_refund(**said(event))

    payment.refresh_from_db()
    event.refresh_from_db()
    line_id = payment.order.lines.get().pk
    assert (payment.refunded_minor, order_rows.terms_of(line_id).refunded) == (500, 500)
    assert (event.outcome, event.conclusion, event.concluded_by) == (
        "concluded",
        "booked",
        f"staff:{STAFF}",
    )
    assert Paper.objects.filter(kind="credit_note").count() == 1
    assert list(find_faults()) == []
    # What they tell of it later finds it; the report agrees; the rest is still there to refund.
    assert tells(payment, EventKind.REFUND_PENDING, 500, payout_ref="ref_desk") == "applied"
    assert compare(captured(payment), line(ReportKind.REFUND, "ref_desk", 500)) == 0
    refund = ask_and_end(payment.order.lines.select_related("order").get())
    assert refund.decisions.get().due_minor == PRICE - 500
    assert list(find_faults()) == []


def test_a_refund_made_in_another_currency_is_not_booked_as_ours():
    payment, event = outside_refund()
    event.content["currency"] = "USD"
    event.save()

    with pytest.raises(AmountDiffers):
        book_outside_refund(**said(event))

    payment.refresh_from_db()
    assert payment.refunded_minor == 0


def test_the_mail_about_a_line_that_was_given_up_names_what_is_still_on_its_way():
    line_id = given.a_paid_line().pk
    payment = Payment.objects.get()
    tells(payment, EventKind.REFUND_SUCCEEDED, 500, payout_ref="ref_desk")
    book_outside_refund(**said(ProviderEvent.objects.get(outcome="quarantined")))

    orders.give_up(order_line_id=line_id, now=LATER)
    tell_given_up(Event.objects.get(kind="order.failed"), LATER)

    assert "€14.00" in Notice.objects.get(kind="orders.given_up").text


def test_a_refund_that_only_the_report_knows_waits_for_a_person_once():
    given.a_paid_line()
    payment = Payment.objects.get()
    theirs = "what-the-desk-writes-wherewelookfor1"  # as long as a key of ours
    about = {"payment_ref": payment.provider_ref, "reference": theirs}
    lost = line(ReportKind.REFUND, "ref_2", 500, **about)

    for _ in range(2):
        assert compare(captured(payment), lost) == 1
    book_outside_refund(**said(ProviderEvent.objects.get()))

    assert compare(captured(payment), lost) == 0
    assert list(find_faults()) == []


def test_a_notice_that_named_no_key_is_assigned_to_its_payout():
    ask_and_end(a_ready_line())
    payment, payout = Payment.objects.get(), Payout.objects.get()
    payments.claim_payout(payout_id=payout.pk, now=LATER)
    tells(payment, EventKind.REFUND_SUCCEEDED, payout_ref="ref_1")
    event = ProviderEvent.objects.get(outcome="quarantined")

    with pytest.raises(NotAmongYours):
        payments.assign_event(payout_id=payout.pk + 1, **said(event))
    payments.assign_event(payout_id=payout.pk, **said(event))

    payout.refresh_from_db()
    assert (payout.stage, payout.provider_ref) == ("succeeded", "ref_1")


def test_a_notice_about_other_money_is_not_assigned_and_can_be_dismissed():
    ask_and_end(a_ready_line())
    payment, payout = Payment.objects.get(), Payout.objects.get()
    payments.claim_payout(payout_id=payout.pk, now=LATER)
    tells(payment, EventKind.REFUND_SUCCEEDED, 5, payout_ref="ref_1")
    event = ProviderEvent.objects.get(outcome="quarantined")
    with pytest.raises(AmountDiffers):
        payments.assign_event(payout_id=payout.pk, **said(event))

    payments.dismiss_event(**said(event))

    payout.refresh_from_db()
    assert payout.stage == "sent"
    assert not [fault for fault in find_faults() if "waits for a person" in fault]


def test_a_notice_nobody_can_read_is_kept_until_somebody_dismisses_it_and_then_let_go():
    payments.quarantine(
        provider="sandbox", event_id="x", reason="event-unknown", content="{?", now=NOON
    )
    event = ProviderEvent.objects.get()
    with pytest.raises(MoveNotAllowed):
        receipt_in(event)

    payments.dismiss_event(**said(event))

    event.refresh_from_db()
    assert event.content == {}
