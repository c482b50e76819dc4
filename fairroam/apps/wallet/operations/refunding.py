"""The balance back: along the payments that it came in by, and never what was a gift."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers import queries as people
from fairroam.apps.customers.queries import Proof
from fairroam.apps.journal import operations as journal
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments import operations as payments
from fairroam.apps.wallet.models import BalanceRefund, Lot
from fairroam.apps.wallet.operations.lots import end_gifts, lock_lots, take_parts
from fairroam.apps.wallet.queries import payable, quote_balance
from fairroam.apps.wallet.refusals import NotEnoughCredit
from fairroam.rules.money import share_by_weight
from fairroam.rules.zones import load_zone, local_date

# Our own promise, as the house's pack has it for refunds.
PAY_WITHIN = timedelta(days=14)


def pay_by(customer_id: int, now: datetime) -> date:
    """The last day for money that is owed since `now`, on its owner's calendar."""
    return local_date(now, load_zone(people.customer(customer_id).zone)) + PAY_WITHIN


def refund_balance(
    *,
    customer_id: int,
    currency: str,
    minor: int | None,
    key: UUID,
    proof: Proof | None,
    now: datetime,
) -> BalanceRefund:
    """Send paid credit back, all of it (None) or `minor` of it, each part the way it came.

    Several payments share it in proportion to what is left of each, by largest remainder. With
    all of it the bonuses of top-ups end. key: of the form. proof: how the customer showed just
    now who they are. Raises NotEnoughCredit, StepUpRequired, RecentContactChange, AccountClosed,
    KeyReused.
    """

    def work() -> dict[str, Any]:
        made = open_refund(customer_id, currency, minor, proof, now)
        return {"balance_refund_id": made.pk}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="wallet-refund",
        key=str(key),
        request={"currency": currency, "minor": minor},
        work=work,
        now=now,
    )
    return BalanceRefund.objects.get(pk=answer["balance_refund_id"])


@transaction.atomic
def open_refund(
    customer_id: int, currency: str, minor: int | None, proof: Proof | None, now: datetime
) -> BalanceRefund:
    customers.allow_guarded_act(customer_id=customer_id, kind="payout_change", proof=proof, now=now)
    # Payments are locked before lots, by everybody; that the lots stay meanwhile is the
    # customer's own lock.
    free = Q(kind="paid") & payable(customer_id, now)
    named = Lot.objects.filter(free, customer_id=customer_id, currency=currency, is_live=True)
    lots = list(named.select_related("payment").order_by("pk"))
    left = [lot.left_minor - lot.reserved_minor for lot in lots]
    wanted = sum(left) if minor is None else minor
    if not 0 < wanted <= sum(left):
        raise NotEnoughCredit(customer_id=customer_id, free=sum(left), asked=wanted)
    is_all = wanted == sum(left)
    promo_lost = quote_balance(customer_id, currency, now).promo_lost if is_all else 0
    shares = share_by_weight(wanted, left)
    refund = BalanceRefund.objects.create(
        customer_id=customer_id,
        currency=currency,
        cash_minor=wanted,
        promo_lost_minor=promo_lost,
        asked_at=now,
    )
    locked = owe(refund, list(zip(lots, shares, strict=True)), now)
    if promo_lost:
        bonuses = [lot for lot in locked.values() if lot.is_bonus]
        lost = end_gifts(bonuses, cause=f"bonus-ended:{refund.pk}", now=now)
        assert lost == promo_lost
    journal.tell(
        "wallet.balance_refunded",
        actor=f"customer:{customer_id}",
        now=now,
        customer_id=customer_id,
        balance_refund_id=refund.pk,
        amount_minor=wanted,
    )
    return refund


@transaction.atomic
def pay_out_rest(*, customer_id: int, now: datetime) -> int:
    """Owe a leaving customer, whose row is locked, the paid credit that is left.

    What their bank looks at is held until it has decided: what it takes back is paid by that. All
    else came back while they were leaving. How much, in minor units of all currencies.
    """
    theirs = Q(kind="paid", customer_id=customer_id, is_live=True)
    named = list(Lot.objects.filter(theirs).select_related("payment").order_by("pk"))
    for currency in sorted({lot.currency for lot in named}):
        parts = [
            (lot, lot.left_minor - lot.reserved_minor) for lot in named if lot.currency == currency
        ]
        if wanted := sum(minor for _lot, minor in parts):
            refund = BalanceRefund.objects.create(
                customer_id=customer_id,
                currency=currency,
                cash_minor=wanted,
                promo_lost_minor=0,  # the closing has ended every gift
                asked_at=now,
            )
            owe(refund, parts, now)
    return sum(lot.left_minor - lot.reserved_minor for lot in named)


@transaction.atomic
def waive(
    *, customer_id: int, currency: str, minor: int, cause: str, now: datetime
) -> list[tuple[int, int]]:
    """Move paid credit of a customer whose row is locked to the house's book of what is waived.

    Returns (payment, minor units) of what was taken, in proportion as `refund_balance` does.
    Raises NotEnoughCredit.
    """
    free = Q(kind="paid") & payable(customer_id, now)
    named = Lot.objects.filter(free, customer_id=customer_id, currency=currency, is_live=True)
    ids = set(named.values_list("pk", flat=True))
    lots = [lot for lot in lock_lots(customer_id, currency) if lot.pk in ids]
    left = [lot.left_minor - lot.reserved_minor for lot in lots]
    if not 0 < minor <= sum(left):
        raise NotEnoughCredit(customer_id=customer_id, free=sum(left), asked=minor)
    parts = list(zip(lots, share_by_weight(minor, left), strict=True))
    take_parts(
        [(lot, part) for lot, part in parts if part],
        cause=cause,
        target=BookName("waived", currency),
        now=now,
    )
    by_payment: dict[int, int] = {}
    for lot, part in parts:
        assert lot.payment_id is not None
        by_payment[lot.payment_id] = by_payment.get(lot.payment_id, 0) + part
    return sorted((payment, part) for payment, part in by_payment.items() if part)


def owe(refund: BalanceRefund, parts: list[tuple[Lot, int]], now: datetime) -> dict[int, Lot]:
    """Plan what is owed, then take it out of the lots; all lots of that currency, locked."""
    customer_id, currency = refund.customer_id, refund.currency
    cause = f"balance-refund:{refund.pk}"
    plan_payouts(customer_id, parts, cause, now)
    locked = {lot.pk: lot for lot in lock_lots(customer_id, currency)}
    take_parts(
        [(locked[lot.pk], part) for lot, part in parts if part],
        cause=cause,
        target=BookName("refunds_owed", currency, customer_id=customer_id),
        now=now,
    )
    return locked


def plan_payouts(customer_id: int, parts: list[tuple[Lot, int]], cause: str, now: datetime) -> None:
    """One payout per payment, ids ascending. What somebody else paid goes to an own account."""
    by_payment: dict[int, int] = {}
    redeemed, last_day = set(), pay_by(customer_id, now)
    for lot, part in parts:
        assert lot.payment is not None
        by_payment[lot.payment.pk] = by_payment.get(lot.payment.pk, 0) + part
        if lot.voucher_id is not None and lot.payment.customer_id != customer_id:
            redeemed.add(lot.payment.pk)
    for payment_id, part in sorted(by_payment.items()):
        if part:
            payments.plan_payout(
                payment_id=payment_id,
                amount_minor=part,
                cause=cause,
                hold=False,
                pay_by=last_day,
                owed_to=customer_id,
                is_in_good_faith=payment_id in redeemed,
                now=now,
            )
