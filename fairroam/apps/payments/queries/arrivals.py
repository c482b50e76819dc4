"""Money that should arrive at our own bank account, and what did."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from fairroam.apps.payments.models import Payment, ProviderEvent

BANK = "bank"


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
    """Whether the charge with this reference is that user's own."""
    ours = Payment.objects.filter(provider=BANK, provider_ref=reference)
    return ours.filter(customer__user_id=user_id).exists()


def awaited() -> QuerySet[Payment]:
    """Charges whose transfer has not arrived, oldest first."""
    return Payment.objects.filter(provider=BANK, stage="started").order_by("pk")


def arrivals() -> QuerySet[ProviderEvent]:
    """What was entered as arrived, newest first."""
    return ProviderEvent.objects.filter(provider=BANK).order_by("-pk")
