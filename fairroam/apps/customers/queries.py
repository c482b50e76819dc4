"""Reads of people."""

from __future__ import annotations

from fairroam.apps.customers.models import Customer


def customer(customer_id: int) -> Customer:
    """The customer of that id."""
    return Customer.objects.select_related("user").get(pk=customer_id)


def customer_of_user(user_id: int) -> Customer | None:
    """Who this sign-in belongs to; None for staff who never bought anything."""
    return Customer.objects.select_related("user").filter(user_id=user_id).first()


def address_of(customer_id: int) -> str | None:
    """Where mail for this customer goes; None once the account is closed."""
    user = customer(customer_id).user
    return user.email if user else None
