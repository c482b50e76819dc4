"""Vouchers of which a bank took only a part back: a person decides, once, with a reason."""

from __future__ import annotations

import pytest

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.notices.models import Notice
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Dispute, Payout
from fairroam.apps.wallet import tasks
from fairroam.apps.wallet.operations import part_lost
from fairroam.apps.wallet.queries import vouchers as sold
from fairroam.apps.wallet.refusals import BuyerLeft, VoucherDisputed, VoucherOver
from fairroam.gateways.payments import EventKind
from tests.apps.payments_given import house, tells
from tests.apps.test_sold_vouchers import DAY, a_sold_voucher, code_of, lose, redeem
from tests.apps.test_wallet import has
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("sound_wallet")


def test_of_a_voucher_that_lost_a_part_a_person_decides_once_with_a_reason(ada, bob):
    upheld, ended = a_sold_voucher(ada), a_sold_voucher(ada, 900)
    codes = code_of(upheld), code_of(ended)
    said = {"words": "Two cards of one family", "staff_user_id": bob.user.pk, "now": NOON + DAY}
    with pytest.raises(MoveNotAllowed):  # no bank has taken anything
        part_lost.uphold_voucher(voucher_id=upheld.pk, **said)
    for voucher in (upheld, ended):
        lose(voucher, 300, ref=f"d{voucher.pk}")
    assert sold.part_lost([upheld, ended]) == {upheld.pk: 2200, ended.pk: 600}
    with pytest.raises(VoucherDisputed):
        redeem(codes[0], bob)

    for _ in range(2):
        part_lost.uphold_voucher(voucher_id=upheld.pk, **said)
        part_lost.give_back_rest(voucher_id=ended.pk, **said)
    with pytest.raises(MoveNotAllowed):
        part_lost.give_back_rest(voucher_id=upheld.pk, **said)
    redeem(codes[0], bob)
    with pytest.raises(VoucherOver):
        redeem(codes[1], bob)

    payout = Payout.objects.get()
    payments.claim_payout(payout_id=payout.pk, now=NOON)
    payout.refresh_from_db()
    assert (payout.customer_id, payout.stage) == (ada.pk, "sent")
    assert (payout.amount_minor, payout.covered_minor) == (900, 300)  # 600 leave
    assert (house("vouchers"), house("loss"), has(bob)) == (0, -300, (2500, 0))
    assert Dispute.objects.filter(seen_by=f"staff:{bob.user.pk}").count() == 2
    tasks.tell_voucher(voucher_id=ended.pk, kind="voucher.given_back", now=NOON)
    assert "€3.00" in Notice.objects.get(kind="wallet.voucher_given_back").text
    told = Event.objects.filter(kind__in=["voucher.upheld", "voucher.given_back"])
    assert [event.actor for event in told] == [f"staff:{bob.user.pk}"] * 2


def test_what_a_bank_takes_later_is_decided_anew_and_nothing_goes_to_a_closed_account(ada, bob):
    voucher = a_sold_voucher(ada)
    code = code_of(voucher)
    said = {"voucher_id": voucher.pk, "words": "Theirs", "staff_user_id": bob.user.pk}
    lose(voucher, 300)
    part_lost.uphold_voucher(now=NOON + DAY, **said)
    tells(voucher.payment, EventKind.DISPUTE_OPENED, 200, dispute_ref="d2")
    with pytest.raises(MoveNotAllowed):  # the bank still looks at it
        part_lost.uphold_voucher(now=NOON + 2 * DAY, **said)
    later = {"outcome": "lost", "now": NOON + 2 * DAY}
    tells(voucher.payment, EventKind.DISPUTE_CLOSED, 200, dispute_ref="d2", **later)
    with pytest.raises(VoucherDisputed):
        redeem(code, bob)

    Customer.objects.filter(pk=ada.pk).update(is_open=False, closed_at=NOON)
    with pytest.raises(BuyerLeft):
        part_lost.give_back_rest(now=NOON + 3 * DAY, **said)
    part_lost.uphold_voucher(now=NOON + 3 * DAY, **said)

    redeem(code, bob)
    assert (has(bob), house("loss")) == ((2500, 0), -500)
    Customer.objects.filter(pk=ada.pk).update(is_open=True, closed_at=None)
