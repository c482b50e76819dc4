"""Vouchers: credit behind a code, for whoever has it. See decision 0030."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.operations.staffing import refuse_unless_operator
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import Dispute
from fairroam.apps.wallet.models import Lot, Voucher
from fairroam.apps.wallet.operations.lots import open_lot
from fairroam.apps.wallet.queries import terms
from fairroam.apps.wallet.refusals import (
    AmountOutOfBounds,
    VoucherDisputed,
    VoucherOver,
    VoucherRedeemed,
    VoucherUnknown,
)
from fairroam.rules import stages
from fairroam.rules.money import Money

# Crockford's base 32: no letter looks like another one. 32 characters are 160 bits.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 32
READ_AS = str.maketrans("OIL", "011", "- \t\r\n")


def new_code() -> str:
    """A code that nobody guesses, in groups of four."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(code[place : place + 4] for place in range(0, LENGTH, 4))


def hashes(code: str) -> list[str]:
    """What is kept of a code, however it was typed: by our key, and by each one before it."""
    written = code.upper().translate(READ_AS)
    return [
        salted_hmac("fairroam.voucher", written, secret=key, algorithm="sha256").hexdigest()
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def give_code(voucher: Voucher) -> str:
    """A new code for a locked voucher; an older one ends with that."""
    code = new_code()
    voucher.code_hash, voucher.code_end = hashes(code)[0], code[-4:]
    voucher.save(update_fields=["code_hash", "code_end"])
    return code


@transaction.atomic
def make_voucher(
    *, amount: Money, counts_until: datetime, by: int, now: datetime
) -> tuple[Voucher, str]:
    """An operator (`by`: their id at the desk) makes a gift; the code is told this once.

    Nobody pays for it: redeemed, it is promotional credit. Raises NotAllowed, NoWalletTerms,
    AmountOutOfBounds.
    """
    operator = refuse_unless_operator(by)
    agreed = terms(amount.currency, now)
    if not 0 < amount.minor <= agreed.most_minor:
        raise AmountOutOfBounds(least=1, most=agreed.most_minor)
    code = new_code()
    made = Voucher.objects.create(
        kind="promo",
        code_hash=hashes(code)[0],
        code_end=code[-4:],
        currency=amount.currency,
        amount_minor=amount.minor,
        credit_days=agreed.promo_days,
        made_by=operator,
        made_at=now,
        counts_until=counts_until,
    )
    tell(made, "voucher.made", actor=f"staff:{by}", now=now)
    return made, code


@transaction.atomic
def stop_voucher(*, voucher_id: int, by: int, now: datetime) -> None:
    """Call a gift back that nobody has redeemed. Raises NotAllowed, MoveNotAllowed."""
    refuse_unless_operator(by)
    voucher = Voucher.objects.select_for_update(no_key=True).filter(pk=voucher_id).first()
    if voucher is None:
        raise MoveNotAllowed(voucher_id=voucher_id)
    move(voucher, "stop", ended_at=now)
    tell(voucher, "voucher.stopped", actor=f"staff:{by}", now=now)


@transaction.atomic
def redeem_voucher(*, customer_id: int, code: str, now: datetime) -> Lot:
    """Put what is behind a code into the customer's wallet: a gift, or credit that was paid for.

    Paid credit keeps the payment that it came in by, so that it rests while a bank looks at that.
    Raises VoucherUnknown, VoucherRedeemed, VoucherOver, VoucherDisputed, AccountClosed,
    AccountLeaving.
    """
    customers.lock_for_new(customer_id)
    known = Voucher.objects.select_for_update(no_key=True).filter(code_hash__in=hashes(code))
    voucher = known.first()
    if voucher is None:
        raise VoucherUnknown
    if voucher.stage == "redeemed":
        raise VoucherRedeemed(voucher_id=voucher.pk)
    if voucher.stage != "open" or now >= voucher.counts_until:
        raise VoucherOver(voucher_id=voucher.pk)
    if is_doubted(voucher):
        raise VoucherDisputed(voucher_id=voucher.pk)
    move(voucher, "redeem", ended_at=now, redeemed_by_id=customer_id)
    is_gift = voucher.kind == "promo"
    days = voucher.credit_days
    lot = open_lot(
        customer_id=customer_id,
        kind=voucher.kind,
        currency=voucher.currency,
        minor=voucher.amount_minor,
        origin="voucher",
        cause=f"voucher:{voucher.pk}",
        source=BookName("goodwill" if is_gift else "vouchers", voucher.currency),
        payment_id=voucher.payment_id,
        voucher=voucher,
        expires_at=now + timedelta(days=days) if days else None,
        now=now,
    )
    tell(voucher, "voucher.redeemed", actor=f"customer:{customer_id}", now=now)
    return lot


def is_doubted(voucher: Voucher) -> bool:
    """Whether a bank looks at what paid it, or has taken of that what no person has looked at."""
    if voucher.payment_id is None:
        return False
    doubts = Dispute.objects.filter(payment_id=voucher.payment_id)
    if voucher.upheld_at is not None:
        doubts = doubts.exclude(stage="lost", ended_at__lte=voucher.upheld_at)
    return doubts.exclude(stage="won").exists()


def move(voucher: Voucher, step: str, **changes: Any) -> None:
    """Make a move of a locked voucher. Raises MoveNotAllowed."""
    try:
        after = stages.next_stage(stages.VOUCHER, voucher.stage, step)
    except stages.MoveNotAllowed:
        raise MoveNotAllowed(voucher_id=voucher.pk, stage=voucher.stage, move=step) from None
    for name, value in {"stage": after, **changes}.items():
        setattr(voucher, name, value)
    voucher.save()


def tell(voucher: Voucher, kind: str, *, actor: str, now: datetime) -> None:
    owner_id = voucher.redeemed_by_id or voucher.buyer_id
    journal.tell(
        kind,
        actor=actor,
        now=now,
        voucher_id=voucher.pk,
        amount_minor=voucher.amount_minor,
        **({"customer_id": owner_id} if owner_id else {}),
    )
