"""Money that its owner waived and that somebody claims after all."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import LateMoney, Payment
from fairroam.apps.payments.operations.transferring import keep_account


@transaction.atomic
def owe_waived(
    *,
    payment_id: int,
    owed_to: int,
    amount_minor: int,
    cause: str,
    holder: str,
    iban: str,
    now: datetime,
) -> LateMoney:
    """Have a person send what was waived of one payment to the account that the claimant named.

    cause: the waiver, "waiver:3"; once for each payment of it. Raises IbanWrong.
    """
    payment = Payment.objects.only("currency").get(pk=payment_id)
    account = keep_account(customer_id=owed_to, holder=holder, iban=iban, given_by=cause, now=now)
    waived, suspense = (BookName(kind, payment.currency) for kind in ("waived", "suspense"))
    ledger.post([Entry(f"{cause}/{payment_id}", amount_minor, waived, suspense)], now=now)
    return LateMoney.objects.create(
        payment_id=payment_id,
        cause=cause,
        owed_to_id=owed_to,
        account=account,
        currency=payment.currency,
        amount_minor=amount_minor,
        came_at=now,
    )
