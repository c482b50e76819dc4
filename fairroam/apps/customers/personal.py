"""Which fields of people are personal, and what closing an account does with them.

The customer's own row names nobody and stays: the books point to it.
"""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.db.models.functions import Now

from fairroam.apps.customers.models import BrowserSession, Customer


def erase(customer_id: int) -> dict[str, int]:
    """Delete the sign-in with all that hangs on it; how many values were erased, per field.

    With the user go, by their foreign keys: account_emailaddress (the address as the sign-in
    library has it) and mfa_authenticator (keys of passkeys, secrets of apps and recovery codes:
    none of them is given to anybody, the export names kind and instants only). Of sessions the
    key and the instants stay, nameless, so that the browser is told that it was signed out.
    """
    user = Customer.objects.select_related("user").get(pk=customer_id).user
    if user is None:
        return {
            "customers_user.email": 0,
            "customers_browsersession.user_agent": 0,
            "mfa_authenticator.data": 0,
        }
    sessions = BrowserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=sessions.values("session_key")).delete()
    browsers = sessions.exclude(user_agent="").count()
    sessions.filter(ended_at=None).update(ended_at=Now(), user_agent="")
    factors = user.authenticator_set.count()
    user.delete()
    return {
        "customers_user.email": 1,
        "customers_browsersession.user_agent": browsers,
        "mfa_authenticator.data": factors,
    }


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    return Customer.objects.filter(pk=customer_id, user__isnull=False).count()
