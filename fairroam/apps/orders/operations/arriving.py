"""A transfer arrived at our own bank account: entered by a person, booked like any capture."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from stdnum import iso11649
from stdnum.exceptions import ValidationError

from fairroam.apps.journal import operations as journal
from fairroam.apps.orders.operations.hear import hear_provider
from fairroam.apps.payments.models import Payment
from fairroam.apps.payments.queries.arrivals import BANK, is_of_customer_user, number_of
from fairroam.apps.payments.refusals import OwnTransfer, ReferenceWrong
from fairroam.gateways.payments import EventKind, ProviderEvent
from fairroam.rules.money import Money


@transaction.atomic
def record_arrival(
    *,
    reference: str,
    amount: Money,
    arrived_on: date,
    bank_ref: str,
    staff_user_id: int,
    now: datetime,
) -> str:
    """Book what the bank's statement says; what became of it, in one word.

    reference: as the payer quoted it. bank_ref: the bank's own number of the credit: entered
    twice it is booked once ("repeated"). Another amount than was asked for, or a reference that
    nobody was given, is "quarantined": nothing is booked, and a person concludes it; dismissed, it
    can be entered as it should have been.
    Raises ReferenceWrong, OwnTransfer.
    """
    try:
        quoted = iso11649.validate(reference.upper())
    except ValidationError as error:
        raise ReferenceWrong(reference=reference) from error
    if is_of_customer_user(quoted, staff_user_id):
        raise OwnTransfer(reference=quoted)
    told = ProviderEvent(
        event_id=number_of(bank_ref),
        kind=EventKind.PAYMENT_CAPTURED,
        occurred_at=now,
        payment_ref=quoted,
        amount=amount,
    )
    outcome = hear_provider(provider=BANK, told=told, now=now)
    payment = Payment.objects.filter(provider=BANK, provider_ref=quoted).first()
    journal.tell(
        "transfer.arrived",
        actor=f"staff:{staff_user_id}",
        now=now,
        customer_id=payment.customer_id if payment else None,
        payment_id=payment.pk if payment else None,
        amount_minor=amount.minor,
        arrived_on=arrived_on.isoformat(),
        outcome=outcome,
    )
    return outcome
