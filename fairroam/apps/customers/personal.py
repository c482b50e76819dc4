"""Which fields of people are personal, and what closing an account does with them.

The customer's own row names nobody and stays: the books point to it.
"""

from __future__ import annotations

from fairroam.apps.customers.models import Customer


def erase(customer_id: int) -> dict[str, int]:
    """Delete the sign-in with all that hangs on it; how many values were erased, per field."""
    user = Customer.objects.select_related("user").get(pk=customer_id).user
    if user is None:
        return {"customers_user.email": 0}
    user.delete()
    return {"customers_user.email": 1}


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    return Customer.objects.filter(pk=customer_id, user__isnull=False).count()
