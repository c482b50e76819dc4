"""Vouchers: redeemed once, by whoever has the code."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.refusals import AccountLeaving, NotAllowed
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.wallet.models import Lot, Voucher
from fairroam.apps.wallet.operations import vouchers
from fairroam.apps.wallet.refusals import (
    AmountOutOfBounds,
    NoWalletTerms,
    VoucherOver,
    VoucherRedeemed,
    VoucherUnknown,
)
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.test_promo_codes import an_operator
from tests.apps.test_wallet import has
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
WEEK = timedelta(days=7)


@pytest.fixture
def ada():
    wallets.terms()
    return given.a_customer()


def a_gift(minor: int = 1500) -> tuple[Voucher, str]:
    """A voucher made at the desk for nothing, and its code."""
    return vouchers.make_voucher(
        amount=Money(minor, "EUR"), counts_until=NOON + WEEK, by=an_operator(), now=NOON
    )


def test_a_gift_is_redeemed_once_however_it_is_typed_and_is_never_money(ada):
    voucher, code = a_gift()
    typed = " " + code.lower().replace("-", " ").replace("0", "o").replace("1", "l")

    lot = vouchers.redeem_voucher(customer_id=ada.pk, code=typed, now=NOON)

    assert has(ada) == (0, 1500)
    assert (lot.kind, lot.payment_id, lot.voucher_id) == ("promo", None, voucher.pk)
    assert lot.expires_at == NOON + timedelta(days=180)
    for customer in (ada, given.a_customer("bob@example.com")):
        with pytest.raises(VoucherRedeemed):
            vouchers.redeem_voucher(customer_id=customer.pk, code=code, now=NOON)
    assert list(find_faults()) == []


def test_a_code_has_160_bits_is_kept_nowhere_and_survives_a_change_of_the_key(ada, settings):
    voucher, code = a_gift()
    assert len(code.replace("-", "")) * 5 == 160
    row = Voucher.objects.values().get()
    assert not any(code.replace("-", "")[:8] in str(value) for value in row.values())

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-altogether"
    vouchers.redeem_voucher(customer_id=ada.pk, code=code, now=NOON)

    voucher.refresh_from_db()
    assert (voucher.stage, voucher.redeemed_by_id) == ("redeemed", ada.pk)


def test_what_does_not_count_is_refused_with_the_reason(ada):
    voucher, code = a_gift()
    with pytest.raises(VoucherUnknown):
        vouchers.redeem_voucher(customer_id=ada.pk, code="A" * 32, now=NOON)
    with pytest.raises(VoucherOver):
        vouchers.redeem_voucher(customer_id=ada.pk, code=code, now=NOON + WEEK)
    vouchers.stop_voucher(voucher_id=voucher.pk, by=an_operator(), now=NOON)
    with pytest.raises(VoucherOver):
        vouchers.redeem_voucher(customer_id=ada.pk, code=code, now=NOON)
    with pytest.raises(MoveNotAllowed):
        vouchers.stop_voucher(voucher_id=voucher.pk, by=an_operator(), now=NOON)
    customers.begin_leaving(customer_id=ada.pk, now=NOON)
    with pytest.raises(AccountLeaving):
        vouchers.redeem_voucher(customer_id=ada.pk, code=a_gift()[1], now=NOON)
    assert has(ada) == (0, 0)


@pytest.mark.parametrize(
    ("role", "amount", "refusal"),
    [
        ("senior", Money(100, "EUR"), NotAllowed),
        ("operator", Money(50001, "EUR"), AmountOutOfBounds),
        ("operator", Money(0, "EUR"), AmountOutOfBounds),
        ("operator", Money(100, "XAU"), NoWalletTerms),
    ],
)
def test_only_operators_give_and_within_bounds(ada, role, amount, refusal):
    with pytest.raises(refusal):
        vouchers.make_voucher(
            amount=amount, counts_until=NOON + WEEK, by=an_operator(role), now=NOON
        )
    assert not Voucher.objects.exists()


def test_the_database_gives_one_lot_per_voucher_and_a_missing_one_is_a_fault(ada):
    voucher, code = a_gift()
    lot = vouchers.redeem_voucher(customer_id=ada.pk, code=code, now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lot.objects.create(**Lot.objects.filter(pk=lot.pk).values().get() | {"id": lot.pk + 1})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE wallet_lot SET voucher_id = NULL")

    [fault] = find_faults()
    assert f"voucher {voucher.pk} is redeemed without its lot" in fault
