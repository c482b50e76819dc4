"""Open, lock and close accounts."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.customers.models import Customer, User
from fairroam.apps.customers.refusals import AccountClosed, AccountLeaving
from fairroam.apps.journal import operations as journal
from fairroam.rules.numbers import new_number


@transaction.atomic
def find_or_open(
    *, email: str, residence: str, zone: str, language: str, now: datetime
) -> Customer:
    """The customer of that address; a new account when there is none.

    Nothing here tells the caller's page which of the two happened.
    """
    user, is_new = User.objects.get_or_create(
        email=email.strip().lower(), defaults={"joined_at": now}
    )  # A simultaneous twin waits here until our transaction ends.
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return open_for(user=user, residence=residence, zone=zone, language=language, now=now)


@transaction.atomic
def open_for(*, user: User, residence: str, zone: str, language: str, now: datetime) -> Customer:
    """The customer behind a sign-in, made at the first need."""
    customer, is_new = Customer.objects.get_or_create(
        user=user,
        defaults={
            "number": new_number("C"),
            "residence": residence,
            "zone": zone,
            "language": language,
            "opened_at": now,
        },
    )
    if is_new:
        journal.tell("customer.opened", actor="system", now=now, customer_id=customer.pk)
    return customer


def lock(customer_id: int) -> Customer:
    """Lock a customer's row until the transaction ends, open or closed."""
    return Customer.objects.select_for_update(no_key=True).get(pk=customer_id)


def lock_open(customer_id: int) -> Customer:
    """Lock a customer's row until the transaction ends. Raises AccountClosed."""
    customer = lock(customer_id)
    if not customer.is_open:
        raise AccountClosed(customer_id=customer_id)
    return customer


def lock_for_new(customer_id: int) -> Customer:
    """Lock a customer's row to begin something new. Raises AccountClosed, AccountLeaving."""
    customer = lock(customer_id)
    refuse_new(customer)
    return customer


def refuse_new(customer: Customer) -> None:
    """Let nothing new begin for a locked customer. Raises AccountClosed, AccountLeaving."""
    if not customer.is_open:
        raise AccountClosed(customer_id=customer.pk)
    if customer.leaving_at is not None:
        raise AccountLeaving(customer_id=customer.pk)


@transaction.atomic
def begin_leaving(*, customer_id: int, now: datetime) -> None:
    """Let nothing new begin under an account whose row the caller has locked."""
    Customer.objects.filter(pk=customer_id).update(leaving_at=now)


def close(*, customer_id: int, now: datetime) -> None:
    """Close an account whose row the caller has locked. It never opens again.

    The database refuses (IntegrityError) while anything lives under it: an order, a line, a
    refund, a payout, a message that waits.
    """
    Customer.objects.filter(pk=customer_id, is_open=True).update(is_open=False, closed_at=now)
