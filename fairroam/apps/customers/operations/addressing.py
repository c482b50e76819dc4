"""Where mail to somebody goes, and in which language and zone they read."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction

from fairroam.apps.customers.models import Customer, User
from fairroam.apps.customers.operations.browsers import end_sessions
from fairroam.apps.customers.operations.guarding import record_security_change
from fairroam.apps.customers.operations.opening import lock_for_new
from fairroam.apps.customers.refusals import AddressTaken


@transaction.atomic
def change_address(*, user_id: int, email: str, keep_session: str | None, now: datetime) -> str:
    """Let a login have another address, which was proven by a code; the former address.

    All other browsers are signed out, and the account rests. keep_session: the key of this one.
    Raises AccountClosed, AccountLeaving, AddressTaken.
    """
    customer = Customer.objects.filter(user_id=user_id).first()
    if customer is not None:
        lock_for_new(customer.pk)
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    wanted, former = email.strip().lower(), user.email
    if User.objects.filter(email__iexact=wanted).exists():
        raise AddressTaken
    user.email = wanted
    user.save(update_fields=["email"])
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=wanted, primary=True, verified=True)
    end_sessions(user_id=user_id, but=keep_session, now=now)
    if customer is not None:
        record_security_change(customer_id=customer.pk, kind="email_changed", now=now)
    return former


@transaction.atomic
def choose_language(*, customer_id: int, language: str) -> None:
    """Remember the language that mails and papers speak."""
    Customer.objects.filter(pk=customer_id).update(language=language)


@transaction.atomic
def choose_zone(*, customer_id: int, zone: str) -> None:
    """Remember the zone that pages show instants in; what was ordered keeps the zone it had."""
    Customer.objects.filter(pk=customer_id).update(zone=zone)
