"""Which fields of payments are personal, and what closing an account does with them.

Charges and payouts name nobody; tax law wants them kept.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from fairroam.apps.payments.models import BankAccount, Payment, ProviderEvent

KEPT = ("payments_payment", "payments_payout", "payments_dispute", "payments_latemoney")


def erase(customer_id: int) -> dict[str, int]:
    """Empty bank accounts and what was kept of notices as it came; how many values, per field."""
    accounts = BankAccount.objects.filter(customer_id=customer_id)
    return {
        "payments_bankaccount.holder": accounts.exclude(holder="").update(holder=""),
        "payments_bankaccount.iban": accounts.exclude(iban="").update(iban=""),
        "payments_providerevent.content": raw_notices(customer_id).update(content={}),
    }


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    accounts = BankAccount.objects.filter(customer_id=customer_id)
    written = accounts.filter(~Q(holder="") | ~Q(iban=""))
    return written.count() + raw_notices(customer_id).count()


def raw_notices(customer_id: int) -> QuerySet[ProviderEvent]:
    """Notices kept as they came that name a payment of the customer's."""
    refs = Payment.objects.filter(customer_id=customer_id, provider_ref__isnull=False)
    named = Q(pk__in=[])
    for ref in refs.values_list("provider_ref", flat=True):
        named |= Q(content__as_it_came__contains=ref)
    return ProviderEvent.objects.filter(named, content__has_key="as_it_came")
