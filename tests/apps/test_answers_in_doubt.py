"""A provider names another amount than we asked it to send: a person says what it really paid."""

from __future__ import annotations

import pytest
from django.test import Client

from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Tender
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments import tasks
from fairroam.apps.payments.models import Payment, Payout, ProviderEvent
from fairroam.apps.payments.refusals import PayoutInDoubt
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.operations.answering import settle_payout_in_doubt
from fairroam.gateways.payments import AnswerMismatch, EventKind, PayoutStatus
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask_and_end, payout_of
from tests.apps.payments_given import arrived, captured, house, line, report, tells
from tests.apps.refunds_given import STAFF, balance, settle
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")


def in_doubt() -> Payout:
    """A payout at its provider, which answered about other money, told us so, and waits."""
    payout = Payout.objects.select_related("payment").get()
    payments.claim_payout(payout_id=payout.pk, now=LATER)
    for _ in range(2):
        tasks.quarantine_answer(payout, AnswerMismatch("refund re_1 is not what we asked"), LATER)
    return payout


def settles(paid_minor: int) -> None:
    settle_payout_in_doubt(
        event_id=ProviderEvent.objects.get(event_id__startswith="answer:").pk,
        paid_minor=paid_minor,
        words="so says its page",
        staff_user_id=STAFF,
        now=LATER,
    )


def counters() -> tuple[int, int]:
    return Payment.objects.values_list("pending_minor", "refunded_minor").get()


@pytest.mark.parametrize(
    ("paid", "stage", "booked", "lost"),
    [
        (0, "failed", (0, 0), 0),
        (1900, "succeeded", (0, 1900), 0),
        (2500, "succeeded", (0, 1900), 600),
        (400, "succeeded", (1500, 400), 0),
    ],
)
def test_a_payout_in_doubt_is_open_until_a_person_says_what_it_paid(paid, stage, booked, lost):
    refund = ask_and_end(a_ready_line())
    payout = in_doubt()
    event = ProviderEvent.objects.get(outcome="quarantined")
    assert list(find_faults()) == [
        f"payments: provider event {event.pk} waits for a person: answer-differs"
    ]
    with pytest.raises(PayoutInDoubt):
        payments.dismiss_event(event_id=event.pk, words="so what", staff_user_id=STAFF, now=LATER)

    settles(paid)

    payout.refresh_from_db()
    assert (payout.stage, counters(), -house("loss")) == (stage, booked, lost)
    assert balance("refunds_owed", customer_id=refund.customer_id) == 1900 - min(paid, 1900)
    told = Event.objects.get(kind="payout.answer_settled")
    assert (told.actor, told.facts["asked_minor"], told.facts["paid_minor"]) == (
        f"staff:{STAFF}",
        1900,
        paid,
    )
    assert list(find_faults()) == []
    with pytest.raises(NotAmongYours):
        settles(paid)


def test_what_was_paid_too_little_is_made_whole_before_the_refund_is_called_paid():
    refund = ask_and_end(a_ready_line())
    first = in_doubt()

    settles(400)
    refunds.payout_succeeded(payout_id=first.pk, now=LATER)
    refund.refresh_from_db()
    assert refund.stage == "approved"
    rest = Payout.objects.get(cause=f"refund:{refund.pk}/rest")
    payments.claim_payout(payout_id=rest.pk, now=LATER)
    tells(rest.payment, EventKind.REFUND_SUCCEEDED, 1500, payout_key=rest.key, payout_ref="re_2")
    refunds.payout_succeeded(payout_id=rest.pk, now=LATER)

    refund.refresh_from_db()
    assert (refund.stage, rest.amount_minor) == ("paid", 1500)
    assert Tender.objects.get().refunded_minor == 1900
    assert list(find_faults()) == []


def test_the_rest_of_a_second_try_can_be_sent_again_too():
    refund = ask_and_end(a_ready_line())
    settle(payout_of(refund), PayoutStatus.FAILED)
    refunds.retry_payouts(request_id=refund.pk, staff_user_id=STAFF, now=LATER)
    again = Payout.objects.select_related("payment").get(cause=f"refund:{refund.pk}/try-2")
    payments.claim_payout(payout_id=again.pk, now=LATER)
    tasks.quarantine_answer(again, AnswerMismatch("refund re_1 is not what we asked"), LATER)
    settles(400)
    settle(payout_of(refund), PayoutStatus.FAILED)

    refunds.retry_payouts(request_id=refund.pk, staff_user_id=STAFF, now=LATER)

    last = Payout.objects.get(pk=payout_of(refund))
    assert (last.amount_minor, last.stage) == (1500, "planned")
    settle(last.pk, PayoutStatus.SUCCEEDED)
    refund.refresh_from_db()
    assert (refund.stage, counters()) == ("paid", (0, 1900))
    assert list(find_faults()) == []


def test_the_rest_of_a_line_that_was_given_up_is_counted_in_two_goes():
    paid = given.a_paid_line()
    orders.give_up(order_line_id=paid.pk, now=NOON)
    first = in_doubt()

    settles(400)
    for payout in Payout.objects.order_by("pk"):
        if payout.pk != first.pk:
            payments.claim_payout(payout_id=payout.pk, now=LATER)
            tells(payout.payment, EventKind.REFUND_SUCCEEDED, 1500, payout_key=payout.key)
        orders.record_paid_back(payout_id=payout.pk, now=LATER)

    assert Tender.objects.get().refunded_minor == 1900
    assert list(find_faults()) == []


def test_a_notice_of_other_money_is_settled_at_the_desk_and_the_report_agrees():
    ask_and_end(a_ready_line())
    payout = Payout.objects.select_related("payment").get()
    payments.claim_payout(payout_id=payout.pk, now=LATER)
    told = {"payout_key": payout.key, "payout_ref": "re_1"}
    assert tells(payout.payment, EventKind.REFUND_SUCCEEDED, 2500, **told) == "quarantined"
    event, anna = ProviderEvent.objects.get(outcome="quarantined"), Client()
    anna.force_login(given.a_colleague("senior"))
    page = anna.get("/desk/reconciliation/").content.decode()
    assert ("We asked it to send €19.00" in page, 'value="paid"' in page) == (True, True)

    path = f"/desk/reconciliation/notices/{event.pk}/"
    said = {"act": "paid", "words": "its page shows 25"}
    assert [anna.post(path, said | {"paid": paid}).status_code for paid in ("", "25.001")] == [
        422
    ] * 2
    assert anna.post(path, said | {"paid": "25"}).status_code == 302

    payout.refresh_from_db()
    assert (payout.stage, -house("loss")) == ("succeeded", 600)
    left = line("refund", "re_1", 2500)
    assert arrived(payout).ref == "re_1"
    day = report(captured(payout.payment), left, at=LATER)
    assert payments.reconcile(provider="sandbox", report=day, now=LATER) == 0
    assert list(find_faults()) == []
