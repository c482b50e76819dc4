"""Money that should arrive at our own bank account, and what did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from fairroam.apps.customers import queries as customers
from fairroam.apps.payments.models import Payment, ProviderEvent

BANK = "bank"
RETURNED = "arrival:"  # for what a transfer that goes back was paid: the notice of it


@dataclass(frozen=True, slots=True)
class AwaitedTransfer:
    """What a customer has to transfer."""

    reference: str
    currency: str
    amount_minor: int
    stage: str


def awaited_at(pay_url: str) -> AwaitedTransfer | None:
    """The transfer that the page at this address asks for."""
    payment = Payment.objects.filter(provider=BANK, pay_url=pay_url).first()
    if payment is None or payment.provider_ref is None:
        return None
    return AwaitedTransfer(
        payment.provider_ref, payment.currency, payment.amount_minor, payment.stage
    )


def is_of_customer_user(reference: str, user_id: int) -> bool:
    """Whether the charge with this reference is that user's own, by whichever login."""
    ours = Payment.objects.filter(provider=BANK, provider_ref=reference)
    return customers.same_person(ours.values_list("customer__user_id", flat=True).first(), user_id)


def number_of(bank_ref: str) -> str:
    """The number under which a credit of the bank's statement is entered.

    One that a person has dismissed, as it was mistyped, can be entered once more.
    """
    base = number = f"arrival:{' '.join(bank_ref.split())}"
    times = 1
    while ProviderEvent.objects.filter(
        provider=BANK, event_id=number, conclusion="dismissed"
    ).exists():
        times += 1
        number = f"{base}/{times}"
    return number


def awaited() -> QuerySet[Payment]:
    """Charges whose transfer has not arrived, oldest first."""
    return Payment.objects.filter(provider=BANK, stage="started").order_by("pk")


def arrivals() -> QuerySet[ProviderEvent]:
    """What was entered as arrived, newest first."""
    return ProviderEvent.objects.filter(provider=BANK).order_by("-pk")


def meant_by(events: Iterable[ProviderEvent]) -> dict[int, Payment]:
    """The charges whose references these transfers quote, by the notice's id."""
    quoted = {
        event.pk: event.content.get("payment_ref") for event in events if event.provider == BANK
    }
    rows = Payment.objects.select_related("customer")
    found = rows.filter(provider=BANK, provider_ref__in=quoted.values())
    charges = {payment.provider_ref: payment for payment in found}
    return {pk: charges[ref] for pk, ref in quoted.items() if ref in charges}
