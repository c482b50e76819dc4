"""Bought vouchers whose code the worker mails to somebody, at once or on a chosen day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer
from fairroam.apps.wallet.models import Voucher, VoucherMail
from fairroam.apps.wallet.operations.vouchers import give_code, is_doubted, tell
from fairroam.apps.wallet.refusals import TooManyRecipients
from fairroam.rules.zones import load_zone

WORDS_MAX = 500
MAILS_A_DAY_MAX = 10  # of one buyer
DAYS_AHEAD_MAX = 366
MAILED_FROM = time(9)  # on the chosen day, by the buyer's clock
KEPT_FOR = timedelta(days=30)  # address and words, once the mail is out or pointless


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who gets the code, what the buyer says to them, and on which day; None: at once."""

    address: str
    words: str
    language: str
    day: date | None


def fingerprint_of(to: Recipient | None) -> dict[str, str]:
    """What tells a request with another recipient apart, and nobody who it was."""
    return {"to": salted_hmac("fairroam.recipient", repr(to)).hexdigest()} if to else {}


def note_recipient(voucher: Voucher, to: Recipient, buyer: Customer, now: datetime) -> None:
    """Keep to whom a new voucher's code is to go. The buyer's row is locked.

    A voucher can be taken back, so that its mail would cost nothing: raises TooManyRecipients.
    """
    assert len(to.words) <= WORDS_MAX
    theirs = VoucherMail.objects.filter(voucher__buyer=buyer)
    if theirs.filter(voucher__made_at__gt=now - timedelta(days=1)).count() >= MAILS_A_DAY_MAX:
        raise TooManyRecipients
    due_at = now
    if to.day is not None:
        due_at = datetime.combine(to.day, MAILED_FROM, load_zone(buyer.zone)).astimezone(UTC)
    VoucherMail.objects.create(
        voucher=voucher,
        address=to.address,
        words=to.words,
        language=to.language,
        due_at=max(due_at, now),
    )


@transaction.atomic
def hand_over(*, voucher_id: int, now: datetime) -> tuple[VoucherMail, str] | None:
    """A new code for whom the buyer named, once it is paid and its day has come; None otherwise.

    Whoever calls it mails the code in the same transaction. While a bank doubts the payment,
    nothing leaves.
    """
    buyer_id = Voucher.objects.values_list("buyer_id", flat=True).get(pk=voucher_id)
    assert buyer_id is not None
    customers.lock(buyer_id)
    voucher = Voucher.objects.select_for_update(no_key=True).get(pk=voucher_id)
    to = due(now).filter(pk=voucher_id).first()
    if to is None or is_doubted(voucher):
        return None
    code = give_code(voucher)
    to.voucher, to.mailed_at = voucher, now
    to.save(update_fields=["mailed_at"])
    tell(voucher, "voucher.mailed", actor="system", now=now)
    return to, code


def due(now: datetime) -> QuerySet[VoucherMail]:
    """What is to be mailed by now and has not been."""
    waiting = VoucherMail.objects.filter(voucher__stage="open", mailed_at=None, due_at__lte=now)
    return waiting.exclude(address="").order_by("pk")


def forget_recipients(now: datetime) -> None:
    """Erase where codes went, and with which words, a month later; and of what nobody paid."""
    since = now - KEPT_FOR
    over = Q(mailed_at__lte=since) | Q(voucher__ended_at__lte=since)
    over |= Q(voucher__stage="awaiting", voucher__made_at__lte=since)
    VoucherMail.objects.filter(over).exclude(address="", words="").update(address="", words="")
