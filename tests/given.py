"""The cast: a shop, customers, and lines in the state that a story starts from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from allauth.mfa.totp.internal.auth import TOTP

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer, StaffMember, User
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Order, OrderLine
from fairroam.apps.payments import operations as payments
from fairroam.rules.money import Money
from fairroam.web.demo import shop

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXP"  # of every authenticator app in tests
CONSENTS = dict.fromkeys(("terms", "express_request", "loss_acknowledged"), "as shown")


def a_catalogue() -> None:
    """The packs, taxes, plans and brand of the demo shop."""
    shop.furnish(now=NOON - timedelta(days=365))


def a_customer(email: str = "ada@example.com", *, residence: str = "DE") -> Customer:
    """Somebody with an account."""
    return customers.find_or_open(
        email=email, residence=residence, zone="Europe/Berlin", language="en", now=NOON
    )


def a_colleague(
    role: str = "agent", *, email: str = "max@example.com", person_id: int | None = None
) -> User:
    """The login of somebody at the desk; `person_id` when it is not their only one."""
    member = customers.hire(email=email, role=role, now=NOON, person_id=person_id)
    user = User.objects.get(pk=member.user_id)
    if role != "agent":  # Without a second factor the desk does not open for them.
        TOTP.activate(user, SECRET)
    return user


def a_limit(role: str, *, single_minor: int, currency: str = "EUR") -> None:
    """An operator sets up to how much `role` may pay back alone, and a second one agrees."""
    logins = [a_colleague("operator", email=f"{uuid4().hex}@example.com") for _ in range(2)]
    first, second = [StaffMember.objects.get(user=login).pk for login in logins]
    limit = customers.set_limit(
        role=role, currency=currency, single_minor=single_minor, by=first, now=NOON
    )
    if limit.counts_from is None:
        customers.confirm_limit(limit_id=limit.pk, by=second, now=NOON)


def an_order(
    plan_code: str = "japan-10gb-30d",
    *,
    email: str = "ada@example.com",
    residence: str = "DE",
    language: str = "en",
    quantity: int = 1,
    now: datetime = NOON,
    wallet_of: int | None = None,
    promo_code: str = "",
) -> Order:
    """An order that waits for its payment, or for what the wallet leaves of it."""
    return orders.place_order(
        plan_code=plan_code,
        quantity=quantity,
        email=email,
        residence=residence,
        language=language,
        consents=CONSENTS,
        key=uuid4(),
        now=now,
        wallet_of=wallet_of,
        promo_code=promo_code,
    )


def pay(order: Order, *, now: datetime) -> Order:
    """Pay an order as the provider's notice would say it."""
    if order.payment is None:  # The wallet paid all of it.
        return order
    provider_ref = f"pay_{order.number}"
    payments.record_started(
        payment_id=order.payment_id,
        provider_ref=provider_ref,
        pay_url="http://127.0.0.1/pay",
        now=now,
    )
    orders.confirm_payment(
        payment_id=order.payment_id,
        amount=Money(order.payment.amount_minor, order.currency),
        provider_ref=provider_ref,
        now=now,
    )
    order.refresh_from_db()
    return order


def a_paid_line(plan_code: str = "japan-10gb-30d", **words: object) -> OrderLine:
    """The first line of an order that was paid at NOON, its withdrawal notice received."""
    order = pay(an_order(plan_code, **words), now=NOON)
    orders.record_notice(order_id=order.pk, now=NOON)
    return order.lines.select_related("order").get(position=1)
