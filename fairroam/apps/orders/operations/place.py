"""Place an order: everything that was agreed is frozen in it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.models import Plan
from fairroam.apps.catalogue.queries import PlanRow
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders.models import Consent, Order, OrderLine
from fairroam.apps.orders.operations.confirm import conclude
from fairroam.apps.orders.operations.promo_codes import take_off
from fairroam.apps.orders.operations.tenders import reserve_credit
from fairroam.apps.orders.refusals import (
    CannotTopUp,
    ConsentMissing,
    NotYourWallet,
    UnknownResidence,
)
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.queries.providers import way_to_pay
from fairroam.apps.wallet import operations as wallet
from fairroam.rules.languages import words_for
from fairroam.rules.money import Money
from fairroam.rules.numbers import new_number
from fairroam.rules.residences import zone_of
from fairroam.rules.tax import tax_inside

CONSENTS = ("terms", "express_request", "loss_acknowledged")
QUANTITY_MAX = 5  # eSIMs of one order: a family, not a reseller


def plan_copy(plan: PlanRow) -> dict[str, Any]:
    """The plan as sold; later changes of the plan do not touch it."""
    return {
        "code": plan.code,
        "names": plan.names,
        "countries": list(plan.countries),
        "validity_days": plan.validity_days,
        "profile_type": plan.profile_type,
        "is_profile_reusable": plan.is_profile_reusable,
        "networks": plan.networks,
        "fair_use": plan.fair_use,
        "fair_use_on": plan.fair_use_on.isoformat() if plan.fair_use_on else None,
        "is_hotspot_allowed": plan.is_hotspot_allowed,
        "throttled_after_bytes": plan.throttled_after_bytes,
        "throttled_to_kbps": plan.throttled_to_kbps,
        "number_rule": plan.number_rule,
        "supplier": plan.supplier,
        "supplier_package": plan.supplier_package,
        "wholesale_minor": plan.wholesale_minor,
        "wholesale_currency": plan.wholesale_currency,
        "allowances": [
            {"kind": row.kind, "granted": row.granted, "weight": row.weight}
            for row in plan.allowances
        ],
    }


def place_order(
    *,
    plan_code: str,
    quantity: int,
    email: str,
    residence: str,
    language: str,
    consents: dict[str, str],
    key: UUID,
    now: datetime,
    provider: str = "",
    tops_up: int | None = None,
    wallet_of: int | None = None,
    promo_code: str = "",
) -> Order:
    """Order `quantity` (1 to 5) eSIMs of one plan, or a pack for one that the buyer has.

    consents: kind -> the words that stood beside the ticked box; which of CONSENTS are needed says
    `consents_needed`, since the eSIM starts at once. key: of the form; sent again it gives the
    same order.
    provider: whom the buyer wants to pay by; "" is the usual one.
    tops_up: the buyer's order line whose eSIM the pack goes on to; the quantity is 1 then.
    wallet_of: the signed-in customer who wants to pay with their credit, as far as it reaches.
    promo_code: as the buyer typed it; "" is none.
    Raises ConsentMissing, UnknownResidence, NoSuchPlan, AccountClosed, KeyReused, NotAmongYours,
    CannotTopUp, WayNotOffered, NoSuchPromoCode, PromoCodeNotForThis, PromoCodeUsedUp.
    """
    assert tops_up is None or quantity == 1
    zone = zone_of(residence)
    if zone is None:
        raise UnknownResidence(residence=residence)
    request: dict[str, Any] = {
        "plan": plan_code,
        "quantity": quantity,
        "email": journal.fingerprint({"email": email.strip().lower()}),
        "residence": residence,
        "provider": provider,
    }
    chosen = {"tops_up": tops_up, "wallet_of": wallet_of, "promo_code": promo_code or None}
    request |= {name: value for name, value in chosen.items() if value is not None}

    def work() -> dict[str, Any]:
        plan = catalogue.plan(plan_code, for_an_esim=tops_up is not None)
        needed = consents_needed(residence, now, promise=plan.promise)
        if missing := [kind for kind in needed if not consents.get(kind)]:
            raise ConsentMissing(missing=missing)
        customer = customers.find_or_open(
            email=email, residence=residence, zone=zone, language=language, now=now
        )
        if wallet_of is not None and customer.pk != wallet_of:
            raise NotYourWallet(customer_id=wallet_of)
        order = open_order(
            customer_id=customer.pk,
            plan=plan,
            quantity=quantity,
            provider=provider,
            tops_up=base_line(tops_up, customer.pk, plan) if tops_up is not None else None,
            residence=residence,
            zone=zone,
            language=language,
            key=key,
            now=now,
            is_by_wallet=wallet_of is not None,
            promo_code=promo_code,
        )
        keep_consents(order, consents, now)
        if order.payment is None:
            conclude(order, now)
        return {"order_id": order.pk}

    answer = journal.answer_once(
        principal="visitor",
        route="checkout",
        key=str(key),
        request=request,
        work=work,
        now=now,
    )
    return Order.objects.get(pk=answer["order_id"])


def consents_needed(residence: str, now: datetime, *, promise: str) -> tuple[str, ...]:
    """Which of CONSENTS a buyer of that residence is asked for.

    The two on the right to withdraw belong to laws that let us keep the price of what was used
    only with them (Directive 2011/83/EU, article 14; Consumer Contracts Regulations 2013,
    regulation 36). promise: the pack of our own that the plan is sold with.
    """
    zone = zone_of(residence)
    if zone is None:
        return CONSENTS
    names = catalogue.packs_for(residence, local_day(now, zone), promise)
    grounds = [ground for name in names for ground in catalogue.pack_content(name)["grounds"]]
    asked = any(
        ground["ground"] == "withdrawal" and ground.get("consents", True) for ground in grounds
    )
    return CONSENTS if asked else ("terms",)


def local_day(now: datetime, zone: str) -> date:
    """The day it is there: it decides tax and terms, when shown and when charged alike."""
    return now.astimezone(ZoneInfo(zone)).date()


def base_line(order_line_id: int, customer_id: int, plan: PlanRow) -> OrderLine:
    """The line whose eSIM carries the pack, if it is theirs and its eSIM can carry `plan`.

    A pack for a pack goes on to the same eSIM. Raises NotAmongYours, CannotTopUp.
    """
    owned = OrderLine.objects.filter(order__customer_id=customer_id, order__paid_at__isnull=False)
    line = owned.select_related("tops_up").filter(pk=order_line_id).first()
    if line is None:
        raise NotAmongYours(order_line_id=order_line_id)
    base = line.tops_up or line
    if not can_carry(base.plan_copy, plan):
        raise CannotTopUp(order_line_id=base.pk, plan=plan.code)
    return base


def can_carry(sold: dict[str, Any], plan: PlanRow) -> bool:
    """Whether an eSIM that was sold so can carry `plan`: a supplier's takes its own packs alone."""
    is_resold = bool(plan.supplier)
    return (
        sold["profile_type"] == plan.profile_type
        and sold.get("supplier", "") == plan.supplier
        and is_resold == plan.is_top_up
    )


def keep_consents(order: Order, consents: dict[str, str], now: datetime) -> None:
    Consent.objects.bulk_create(
        Consent(order=order, kind=kind, words=consents[kind], given_at=now)
        for kind in CONSENTS
        if consents.get(kind)
    )


@transaction.atomic
def open_order(
    *,
    customer_id: int,
    plan: PlanRow,
    quantity: int,
    provider: str,
    tops_up: OrderLine | None,
    residence: str,
    zone: str,
    language: str,
    key: UUID,
    now: datetime,
    is_by_wallet: bool = False,
    promo_code: str = "",
) -> Order:
    """The order with its lines, under an open account; what credit does not pay is prepared."""
    assert 1 <= quantity <= QUANTITY_MAX
    customer: Customer = customers.lock_for_new(customer_id)
    reduced = take_off(promo_code, plan, quantity, customer_id=customer.pk, now=now)
    number = new_number("FR")
    total = plan.price_minor * quantity - sum(reduced.discounts)
    provider, method = way_to_pay(provider, plan.currency)
    pieces = []
    if is_by_wallet:
        pieces = wallet.plan_spending(
            customer_id=customer.pk, currency=plan.currency, most_minor=total, now=now
        )
    payment = None
    if rest := total - sum(piece.minor for piece in pieces):
        payment = payments.prepare_payment(
            key=key,
            customer_id=customer.pk,
            amount=Money(rest, plan.currency),
            provider=provider,
            method=method,
            description=f"{words_for(plan.names, language)} · {number}",
            return_url=f"{settings.FAIRROAM_ADDRESS}/orders/{number}/",
            language=language,
            now=now,
        )
    order = Order.objects.create(
        number=number,
        customer=customer,
        currency=plan.currency,
        total_minor=total,
        residence=residence,
        zone=zone,
        language=language,
        payment=payment,
        promo_code=reduced.code,
        promo_use=reduced.use,
        placed_at=now,
    )
    today = local_day(now, zone)
    rate = catalogue.tax_rate(residence, today)
    packs = list(catalogue.packs_for(residence, today, plan.promise))
    sold = Plan.objects.get(code=plan.code)
    OrderLine.objects.bulk_create(
        [
            OrderLine(
                order=order,
                position=position,
                plan=sold,
                plan_copy=plan_copy(plan),
                price_minor=plan.price_minor - discount,
                list_price_minor=plan.list_price_minor,
                discount_minor=discount,
                tax_rate=rate,
                tax_minor=tax_inside(plan.price_minor - discount, rate),
                packs=packs,
                tops_up=tops_up,
            )
            for position, discount in enumerate(reduced.discounts, 1)
        ]
    )
    reserve_credit(order, pieces)
    journal.tell(
        "order.placed",
        actor=f"customer:{customer.pk}",
        now=now,
        customer_id=customer.pk,
        order_id=order.pk,
    )
    return order
