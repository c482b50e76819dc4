"""Codes of bought vouchers that are mailed to somebody: when, once, and what is left of it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from fairroam.apps.journal.refusals import KeyReused
from fairroam.apps.wallet import personal, tasks
from fairroam.apps.wallet.models import Voucher, VoucherMail
from fairroam.apps.wallet.operations import handing, selling
from fairroam.apps.wallet.operations.handing import Recipient
from fairroam.apps.wallet.refusals import TooManyRecipients
from fairroam.gateways.payments import EventKind
from fairroam.rules.money import Money
from tests import given
from tests.apps.closures_given import ADDRESS, a_customer_with_a_line, close_wholly
from tests.apps.payments_given import tells
from tests.apps.test_sold_vouchers import a_sold_voucher, redeem
from tests.given import NOON
from tests.web.factors_given import mails

pytestmark = pytest.mark.usefixtures("sound_wallet")
DAY = timedelta(days=1)
WORDS = "Happy birthday <b>Bo</b>!\nFrom Ada"


def to_bo(day: date | None = None) -> Recipient:
    return Recipient(address="bo@example.com", words=WORDS, language="zh-Hans", day=day)


def test_a_code_is_mailed_on_its_day_once_and_stands_nowhere_of_ours(ada):
    voucher = a_sold_voucher(ada, to=to_bo((NOON + 3 * DAY).date()))
    tasks.mail_code(voucher_id=voucher.pk, now=NOON + 2 * DAY)
    assert mails() == []
    morning = NOON + 3 * DAY - timedelta(hours=4)  # nine o'clock in Berlin
    assert not handing.due(morning - timedelta(seconds=1))

    for _ in range(2):
        tasks.mail_code(voucher_id=voucher.pk, now=morning)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args::text FROM procrastinate_jobs")
        queued = "".join(args for (args,) in cursor.fetchall())
    [mail] = mails()

    assert mail.to == ["bo@example.com"]
    assert WORDS in mail.body
    assert "25.00" in mail.subject
    assert mail.extra_headers["Content-Language"] == "zh-Hans"
    code = re.search(r"([0-9A-Z]{4}-){7}[0-9A-Z]{4}", mail.body)
    assert code is not None
    assert code[0] not in queued
    assert "bo@example.com" not in queued
    redeem(code[0], given.a_customer("bo@example.com"))
    assert Voucher.objects.get().stage == "redeemed"


def test_address_and_words_go_a_month_later_or_with_their_giver(ada):
    voucher = a_sold_voucher(ada, to=to_bo())
    tasks.mail_code(voucher_id=voucher.pk, now=NOON)
    kept = VoucherMail.objects.filter(address="bo@example.com", words=WORDS)
    handing.forget_recipients(NOON + 30 * DAY - timedelta(seconds=1))
    assert kept.exists()

    handing.forget_recipients(NOON + 30 * DAY)
    assert VoucherMail.objects.get(address="", words="").mailed_at == NOON

    later = a_sold_voucher(ada, 900, to=to_bo(date(2027, 1, 1)))
    assert personal.remains(ada.pk) == 2
    assert personal.erase(ada.pk)["wallet_vouchermail.address"] == 1
    assert personal.remains(ada.pk) == 0
    tasks.mail_code(voucher_id=later.pk, now=NOON + 100 * DAY)
    assert len(mails()) == 1


def test_to_whom_a_voucher_should_have_gone_that_nobody_paid_is_forgotten_too(ada):
    selling.buy_voucher(
        customer_id=ada.pk, amount=Money(500, "EUR"), key=uuid4(), to=to_bo(), now=NOON
    )
    handing.forget_recipients(NOON + 30 * DAY - timedelta(seconds=1))
    assert VoucherMail.objects.get().address == "bo@example.com"

    handing.forget_recipients(NOON + 30 * DAY)

    assert (VoucherMail.objects.get().address, VoucherMail.objects.get().words) == ("", "")


def test_ten_codes_a_day_are_mailed_for_one_customer(ada):
    def buy(now, **more):
        selling.buy_voucher(
            customer_id=ada.pk, amount=Money(500, "EUR"), key=uuid4(), now=now, **more
        )

    for _ in range(handing.MAILS_A_DAY_MAX):
        buy(NOON, to=to_bo())
    with pytest.raises(TooManyRecipients):
        buy(NOON + DAY - timedelta(seconds=1), to=to_bo())

    buy(NOON)
    buy(NOON + DAY, to=to_bo())
    assert VoucherMail.objects.count() == handing.MAILS_A_DAY_MAX + 1


@pytest.mark.parametrize("end", ["doubted", "taken back", "unpaid"])
def test_nothing_is_mailed_of_a_voucher_that_does_not_count(ada, end):
    if end == "unpaid":
        bought = {"amount": Money(500, "EUR"), "key": uuid4(), "to": to_bo(), "now": NOON}
        voucher = selling.buy_voucher(customer_id=ada.pk, **bought)
        with pytest.raises(KeyReused):
            selling.buy_voucher(customer_id=ada.pk, **bought | {"to": None})
    else:
        voucher = a_sold_voucher(ada, to=to_bo())
    if end == "doubted":
        tells(voucher.payment, EventKind.DISPUTE_OPENED, 2500, dispute_ref="d1")
    if end == "taken back":
        selling.withdraw_voucher(customer_id=ada.pk, voucher_id=voucher.pk, now=NOON)

    tasks.mail_code(voucher_id=voucher.pk, now=NOON)

    assert mails() == []
    assert VoucherMail.objects.get().mailed_at is None


def test_whoever_was_given_a_voucher_leaves_like_anybody_else(ada):
    recipient = Recipient(address=ADDRESS, words=f"For {ADDRESS}", language="en", day=None)
    buyer = given.a_customer("bo@example.com")
    a_sold_voucher(buyer, to=recipient)
    leaver, _line = a_customer_with_a_line()

    assert close_wholly(leaver).stage == "certified"
    assert VoucherMail.objects.get().address == ADDRESS  # the buyer's, for a month
