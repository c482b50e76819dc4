"""Money of a top-up or a voucher that somebody gave back at the provider's, past us."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal import operations as journal
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment
from fairroam.apps.payments.operations.sending import record_outside
from fairroam.apps.wallet.models import BalanceRefund, Lot, Voucher
from fairroam.apps.wallet.operations.lots import end_gifts, lock_lots, take_parts
from fairroam.apps.wallet.operations.refunding import pay_by
from fairroam.apps.wallet.operations.vouchers import move, tell
from fairroam.apps.wallet.refusals import BuyerLeft, CreditGone
from fairroam.rules.money import share_by_weight


@transaction.atomic
def give_back_outside(
    *, payment_id: int, minor: int, provider_ref: str, actor: str, now: datetime
) -> None:
    """Book `minor` units of a top-up's or a voucher's payment that left without us.

    A voucher that nobody has redeemed ends, and what did not leave goes back the same way; else
    it is taken out of the payer's own credit, and only there. Raises
    CreditGone, BuyerLeft, MoreThanWasPaid.
    """
    payer = customers.lock(Payment.objects.values_list("customer_id", flat=True).get(pk=payment_id))
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    vouchers = Voucher.objects.select_for_update(no_key=True).filter(payment=payment, stage="open")
    voucher = vouchers.first()
    if voucher is not None:
        end_voucher(voucher, payer, minor, provider_ref, actor, now)
    else:
        take_credit(payment, payer, minor, provider_ref, actor, now)


def end_voucher(
    voucher: Voucher, payer: Customer, minor: int, provider_ref: str, actor: str, now: datetime
) -> None:
    """End a locked voucher: of its money `minor` is back, and the rest goes back."""
    if not payer.is_open:
        raise BuyerLeft(voucher_id=voucher.pk)
    if minor > voucher.amount_minor:
        raise CreditGone(payment_id=voucher.payment_id, left=voucher.amount_minor, asked=minor)
    assert voucher.payment_id is not None
    move(voucher, "withdraw", ended_at=now)
    cause, currency = f"voucher:{voucher.pk}", voucher.currency
    sold = BookName("vouchers", currency)
    owed = BookName("refunds_owed", currency, customer_id=payer.pk)
    ledger.post([Entry(f"{cause}/back", voucher.amount_minor, sold, owed)], now=now)
    record_outside(
        payment_id=voucher.payment_id,
        amount_minor=minor,
        cause=f"{cause}/outside",
        provider_ref=provider_ref,
        now=now,
    )
    if minor < voucher.amount_minor:
        payments.plan_payout(
            payment_id=voucher.payment_id,
            amount_minor=voucher.amount_minor - minor,
            cause=cause,
            hold=False,
            pay_by=pay_by(payer.pk, now),
            now=now,
        )
    tell(voucher, "voucher.withdrawn", actor=actor, now=now)


def take_credit(
    payment: Payment, payer: Customer, minor: int, provider_ref: str, actor: str, now: datetime
) -> None:
    """Take it out of the payer's own credit of that payment. Raises CreditGone."""
    locked = lock_lots(payer.pk, payment.currency)
    own = [lot for lot in locked if lot.kind == "paid" and lot.payment_id == payment.pk]
    left = [lot.left_minor - lot.reserved_minor for lot in own]
    if minor > sum(left):
        raise CreditGone(payment_id=payment.pk, left=sum(left), asked=minor)
    parts = [
        (lot, part) for lot, part in zip(own, share_by_weight(minor, left), strict=True) if part
    ]
    bonuses = bonuses_without_credit(locked, minor)
    refund = BalanceRefund.objects.create(
        customer=payer,
        currency=payment.currency,
        cash_minor=minor,
        promo_lost_minor=sum(lot.left_minor - lot.reserved_minor for lot in bonuses),
        asked_at=now,
    )
    cause = f"balance-refund:{refund.pk}"
    owed = BookName("refunds_owed", payment.currency, customer_id=payer.pk)
    take_parts(parts, cause=cause, target=owed, now=now)
    end_gifts(bonuses, cause=f"bonus-ended:{refund.pk}", now=now)
    record_outside(
        payment_id=payment.pk,
        amount_minor=minor,
        cause=cause,
        provider_ref=provider_ref,
        now=now,
    )
    journal.tell(
        "wallet.balance_refunded",
        actor=actor,
        now=now,
        customer_id=payer.pk,
        balance_refund_id=refund.pk,
        amount_minor=minor,
    )


def bonuses_without_credit(locked: list[Lot], minor: int) -> list[Lot]:
    """The bonuses that end when `minor` of paid credit leaves: all, where none of it is left."""
    if minor < sum(lot.left_minor for lot in locked if lot.kind == "paid"):
        return []
    return [lot for lot in locked if lot.is_bonus]
