"""A voucher goes to one wallet, however many type its code at once."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest

from fairroam.apps.payments.models import Payout
from fairroam.apps.wallet.models import Lot
from fairroam.apps.wallet.operations import selling, vouchers
from fairroam.worker.books import find_faults
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.test_sold_vouchers import a_sold_voucher, code_of
from tests.apps.test_vouchers import a_gift
from tests.given import NOON
from tests.races.together import kinds_of, together

pytestmark = pytest.mark.usefixtures("committed")


def test_of_six_people_who_type_the_same_code_one_gets_its_credit():
    wallets.terms()
    _voucher, code = a_gift()
    people = [given.a_customer(f"{uuid4().hex}@example.com").pk for _ in range(6)]
    redeem = partial(vouchers.redeem_voucher, code=code, now=NOON)

    ends = together(*[partial(redeem, customer_id=person) for person in people])

    assert sorted(kinds_of(ends).values()) == [1, 5]
    assert kinds_of(ends)["VoucherRedeemed"] == 5
    assert Lot.objects.get().amount_minor == 1500


def test_of_redeeming_and_taking_back_at_once_one_wins():
    wallets.terms()
    ada = given.a_customer()
    for number in range(4):
        voucher = a_sold_voucher(ada)
        redeem = partial(
            vouchers.redeem_voucher,
            customer_id=given.a_customer(f"{uuid4().hex}@example.com").pk,
            code=code_of(voucher),
            now=NOON,
        )
        withdraw = partial(
            selling.withdraw_voucher, customer_id=ada.pk, voucher_id=voucher.pk, now=NOON
        )

        together(*([redeem, withdraw] if number % 2 else [withdraw, redeem]))

        is_redeemed = Lot.objects.filter(voucher=voucher).exists()
        is_back = Payout.objects.filter(payment_id=voucher.payment_id).exists()
        assert is_redeemed != is_back
    assert list(find_faults()) == []
