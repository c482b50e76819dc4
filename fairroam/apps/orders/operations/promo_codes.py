"""Promo codes: a price made lower at checkout. No money, so nothing of it is ever paid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from fairroam.apps.catalogue.queries import PlanRow
from fairroam.apps.customers.operations.staffing import refuse_unless_operator
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.orders.models import UNUSED, Order, PromoCode
from fairroam.apps.orders.refusals import (
    NoSuchPromoCode,
    PromoCodeNotForThis,
    PromoCodeTaken,
    PromoCodeUsedUp,
)
from fairroam.rules.money import Money, share_by_weight


@transaction.atomic
def make_promo_code(
    *,
    code: str,
    reduction: int | Money,
    counts_until: datetime,
    by: int,
    now: datetime,
    counts_from: datetime | None = None,
    uses_max: int | None = None,
    customer_uses_max: int = 1,
    plans: Sequence[str] = (),
) -> PromoCode:
    """An operator (`by`: their id at the desk) makes a code that counts from now, or later, on.

    reduction: whole percent of an order's price, 1 to 99, or an amount. plans: codes of those it
    is for; none: every plan. Raises NotAllowed, PromoCodeTaken.
    """
    operator = refuse_unless_operator(by)
    if isinstance(reduction, Money):
        takes_off = {"amount_minor": reduction.minor, "currency": reduction.currency}
    else:
        takes_off = {"percent": reduction}
    try:
        with transaction.atomic():
            made = PromoCode.objects.create(
                code=written(code),
                **takes_off,
                uses_max=uses_max,
                customer_uses_max=customer_uses_max,
                plans=sorted(plans),
                counts_from=counts_from or now,
                counts_until=counts_until,
                made_by=operator,
                made_at=now,
            )
    except IntegrityError as error:
        if not PromoCode.objects.filter(code=written(code)).exists():
            raise
        raise PromoCodeTaken(code=written(code)) from error
    journal.tell("promo_code.made", actor=f"staff:{by}", now=now, promo_code_id=made.pk)
    return made


@transaction.atomic
def end_promo_code(*, promo_code_id: int, by: int, now: datetime) -> None:
    """Call a code back before its time; orders that were placed with it keep their price.

    Raises NotAllowed, MoveNotAllowed when it has been called back before.
    """
    refuse_unless_operator(by)
    open_codes = PromoCode.objects.filter(pk=promo_code_id, ended_at__isnull=True)
    if not open_codes.update(ended_at=now):
        raise MoveNotAllowed(promo_code_id=promo_code_id)
    journal.tell("promo_code.ended", actor=f"staff:{by}", now=now, promo_code_id=promo_code_id)


def written(code: str) -> str:
    """The code as it is kept, however it was typed."""
    return code.strip().upper()


def discounts_of(code: str, plan: PlanRow, quantity: int, now: datetime) -> list[int]:
    """What the code takes off each line of that purchase; minor units.

    Whether a use of it is left is known once the order is placed. Raises NoSuchPromoCode,
    PromoCodeNotForThis.
    """
    return shares(find(code, now), plan, quantity)


def find(code: str, now: datetime) -> PromoCode:
    """The code, while it counts. Raises NoSuchPromoCode."""
    counting = PromoCode.objects.filter(
        ended_at__isnull=True, counts_from__lte=now, counts_until__gt=now
    )
    promo = counting.filter(code=written(code)).first()
    if promo is None:
        raise NoSuchPromoCode
    return promo


def shares(promo: PromoCode, plan: PlanRow, quantity: int) -> list[int]:
    """The discount of each line: divided by their prices, by largest remainder.

    A percentage of the whole is rounded up, for the buyer. Every line still costs something, or
    the code is refused. Raises PromoCodeNotForThis.
    """
    whole = plan.price_minor * quantity
    minor = promo.amount_minor or -(-whole * (promo.percent or 0) // 100)
    is_for_it = promo.currency in ("", plan.currency) and (
        not promo.plans or plan.code in promo.plans
    )
    if not is_for_it or minor > whole - quantity:
        raise PromoCodeNotForThis(plan=plan.code)
    return share_by_weight(minor, [plan.price_minor] * quantity)


@dataclass(frozen=True, slots=True)
class Reduction:
    """What a promo code does to one order: which use of it, and what it takes off each line."""

    code: PromoCode | None
    use: int | None
    discounts: list[int]


def take_off(
    code: str, plan: PlanRow, quantity: int, *, customer_id: int, now: datetime
) -> Reduction:
    """The code, locked until the order is placed, and what it takes off; "" is no code.

    The customer's row is locked by the caller. Raises NoSuchPromoCode, PromoCodeNotForThis,
    PromoCodeUsedUp.
    """
    if not code.strip():
        return Reduction(None, None, [0] * quantity)
    promo = PromoCode.objects.select_for_update(no_key=True).get(pk=find(code, now).pk)
    if promo.ended_at is not None:
        raise NoSuchPromoCode  # It was called back while we waited for its row.
    theirs = Order.objects.filter(promo_code=promo, customer_id=customer_id)
    if theirs.exclude(stage__in=UNUSED).count() >= promo.customer_uses_max:
        raise PromoCodeUsedUp(promo_code_id=promo.pk)
    return Reduction(promo, free_use(promo), shares(promo, plan, quantity))


def free_use(promo: PromoCode) -> int | None:
    """The first use that is free; None where there is no limit. Raises PromoCodeUsedUp."""
    if promo.uses_max is None:
        return None
    taken = set(promo.orders.values_list("promo_use", flat=True))
    free = next((use for use in range(1, promo.uses_max + 1) if use not in taken), None)
    if free is None:
        raise PromoCodeUsedUp(promo_code_id=promo.pk)
    return free
