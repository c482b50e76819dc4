"""A voucher goes to one wallet, however many type its code at once."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest

from fairroam.apps.wallet.models import Lot
from fairroam.apps.wallet.operations import vouchers
from tests import given
from tests.apps import wallet_given as wallets
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
