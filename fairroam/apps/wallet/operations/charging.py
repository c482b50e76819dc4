"""Charges that become credit: by a top-up of one's own wallet, or by a voucher."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise

from fairroam.apps.customers.models import Customer
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment
from fairroam.apps.payments.queries.providers import CAPABILITIES, way_to_pay
from fairroam.apps.wallet.models import Terms
from fairroam.apps.wallet.refusals import AmountOutOfBounds
from fairroam.rules.money import Money


def prepare_charge(
    *,
    customer: Customer,
    amount: Money,
    agreed: Terms,
    key: UUID,
    description: str | Promise,
    path: str,
    path_by_hand: str,
    now: datetime,
) -> Payment:
    """Store the charge, within the bounds of these terms, by the usual way to pay.

    description: what the customer reads at the bank, translated here. path, path_by_hand: where
    the provider leads back to, and the page below which a bank transfer is explained.
    Raises AmountOutOfBounds, WayNotOffered, KeyReused.
    """
    if not agreed.least_minor <= amount.minor <= agreed.most_minor:
        raise AmountOutOfBounds(least=agreed.least_minor, most=agreed.most_minor)
    provider, method = way_to_pay("", amount.currency)
    page = path_by_hand if CAPABILITIES[provider].is_by_hand else path
    with translation.override(customer.language.lower()):
        words = str(description)
    return payments.prepare_payment(
        key=key,
        customer_id=customer.pk,
        amount=amount,
        provider=provider,
        method=method,
        description=words,
        return_url=f"{settings.FAIRROAM_ADDRESS}{page}",
        language=customer.language,
        now=now,
    )
