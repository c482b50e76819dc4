"""Money of a top-up or a voucher that somebody gave back in the provider's own pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MovedMeanwhile, MoveNotAllowed
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout, ProviderEvent
from fairroam.apps.refunds.operations.outside import book_outside_refund
from fairroam.apps.wallet.models import BalanceRefund, Voucher
from fairroam.apps.wallet.refusals import BuyerLeft, CreditGone
from fairroam.gateways.payments import EventKind, ReportKind
from tests.apps import wallet_given as wallets
from tests.apps.payments_given import house, line, report, tells
from tests.apps.refunds_given import STAFF, balance
from tests.apps.test_sold_vouchers import a_sold_voucher, code_of, redeem
from tests.apps.test_wallet import has
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("sound_wallet")


def books(payment: Payment, minor: int, kind: EventKind = EventKind.REFUND_SUCCEEDED) -> None:
    """The provider tells of a refund that we know nothing of, and a person books it."""
    tells(payment, kind, minor, now=NOON, payout_ref="re_desk")
    book_outside_refund(
        event_id=ProviderEvent.objects.get(content__payout_ref="re_desk").pk,
        words="Max did it",
        staff_user_id=STAFF,
        now=NOON,
    )


@pytest.mark.parametrize(("minor", "left"), [(2000, (0, 0)), (500, (1500, 100))])
def test_a_top_up_given_back_at_the_provider_s_leaves_the_wallet_and_is_told(ada, minor, left):
    wallets.terms(bonus=100, now=NOON + timedelta(hours=1))
    payment = wallets.a_top_up(ada, 2000).payment

    books(payment, minor)
    with pytest.raises(MovedMeanwhile):
        books(payment, minor)

    payment.refresh_from_db()
    assert (has(ada), payment.refunded_minor) == (left, minor)
    assert balance("refunds_owed", customer_id=ada.pk) == 0
    assert BalanceRefund.objects.get().promo_lost_minor == 100 - left[1]
    assert Event.objects.get(kind="wallet.balance_refunded").actor == f"staff:{STAFF}"
    left_the_provider = line(ReportKind.REFUND, "re_desk", minor)
    day = report(line(ReportKind.CAPTURE, payment.provider_ref, 2000), left_the_provider)
    assert payments.reconcile(provider="sandbox", report=day, now=NOON) == 0


def test_credit_that_is_spent_or_somebody_else_s_is_not_taken(ada, bob):
    payment = wallets.a_top_up(ada, 2000).payment
    wallets.an_order(ada)  # for 1900
    voucher = a_sold_voucher(ada, 900)
    redeem(code_of(voucher), bob)

    with pytest.raises(CreditGone) as refused:
        books(payment, 101)
    ProviderEvent.objects.all().delete()
    with pytest.raises(CreditGone):
        books(voucher.payment, 900)
    ProviderEvent.objects.all().delete()
    with pytest.raises(MoveNotAllowed):
        books(payment, 100, EventKind.REFUND_FAILED)

    assert refused.value.facts["left"] == 100
    assert (has(bob)[0], Payout.objects.exists()) == (900, False)
    ProviderEvent.objects.all().delete()


@pytest.mark.parametrize("minor", [2500, 700])
def test_a_voucher_given_back_at_the_provider_s_ends_and_its_rest_goes_the_same_way(ada, minor):
    voucher = a_sold_voucher(ada)

    books(voucher.payment, minor)

    voucher.refresh_from_db()
    payment = Payment.objects.get()
    assert (voucher.stage, house("vouchers")) == ("withdrawn", 0)
    assert (payment.refunded_minor, payment.pending_minor) == (minor, 2500 - minor)
    assert balance("refunds_owed", customer_id=ada.pk) == 2500 - minor
    assert Event.objects.filter(kind="voucher.withdrawn").count() == 1


def test_a_voucher_that_its_buyer_redeemed_is_credit_of_theirs_and_one_of_who_left_stays(ada, bob):
    own, left = a_sold_voucher(ada), a_sold_voucher(bob)
    redeem(code_of(own), ada)

    books(own.payment, 1000)
    ProviderEvent.objects.all().delete()
    Customer.objects.filter(pk=bob.pk).update(is_open=False, closed_at=NOON)
    with pytest.raises(BuyerLeft):
        books(left.payment, 2500)
    Customer.objects.filter(pk=bob.pk).update(is_open=True, closed_at=None)
    ProviderEvent.objects.all().delete()

    assert has(ada)[0] == 1500
    assert Voucher.objects.get(pk=left.pk).stage == "open"
