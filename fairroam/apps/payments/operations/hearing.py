"""What providers tell: kept as it came, applied once, or concluded by a person."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MovedMeanwhile, MoveNotAllowed, NotAmongYours
from fairroam.apps.payments.models import Payout, ProviderEvent
from fairroam.apps.payments.operations.sending import record_payout
from fairroam.apps.payments.queries.doubts import payouts_in_doubt
from fairroam.apps.payments.refusals import PayoutInDoubt
from fairroam.gateways.payments import EventKind, PayoutReceipt, PayoutStatus
from fairroam.gateways.payments import ProviderEvent as Told
from fairroam.rules.money import Money

PAYOUT_STATUS = {
    EventKind.REFUND_PENDING: PayoutStatus.PENDING,
    EventKind.REFUND_SUCCEEDED: PayoutStatus.SUCCEEDED,
    EventKind.REFUND_FAILED: PayoutStatus.FAILED,
    EventKind.REFUND_REQUIRES_ACTION: PayoutStatus.REQUIRES_ACTION,
}


@transaction.atomic
def keep_event(*, provider: str, told: Told, now: datetime) -> ProviderEvent | None:
    """Store what a provider told; None when it was told before."""
    event, is_new = ProviderEvent.objects.get_or_create(
        provider=provider,
        event_id=told.event_id,
        defaults={
            "kind": told.kind,
            "content": {
                "payment_ref": told.payment_ref,
                "payout_key": str(told.payout_key or ""),
                "payout_ref": told.payout_ref,
                "dispute_ref": told.dispute_ref,
                "dispute_outcome": told.outcome,
                "minor": told.amount.minor if told.amount else None,
                "currency": told.amount.currency if told.amount else None,
            },
            "received_at": now,
        },
    )
    return event if is_new else None


@transaction.atomic
def quarantine(*, provider: str, event_id: str, reason: str, content: str, now: datetime) -> None:
    """Keep what a person must look at, as it came; nothing is booked, a repeat changes nothing."""
    ProviderEvent.objects.get_or_create(
        provider=provider,
        event_id=event_id,
        defaults={
            "kind": "unknown",
            "content": {"as_it_came": content},
            "received_at": now,
            "outcome": "quarantined",
            "reason": reason,
        },
    )


def conclude_event(event: ProviderEvent, *, outcome: str, reason: str = "") -> None:
    """Say what a stored provider event led to: applied, ignored or quarantined."""
    moved = ProviderEvent.objects.filter(pk=event.pk, outcome="received").update(
        outcome=outcome, reason=reason
    )
    if moved != 1:
        raise MovedMeanwhile(event_id=event.pk)


@transaction.atomic
def assign_event(
    *, event_id: int, payout_id: int, words: str, staff_user_id: int, now: datetime
) -> None:
    """A person says that a quarantined notice is about one of our payouts; it is applied.

    Raises NotAmongYours, MoveNotAllowed, AmountDiffers, MovedMeanwhile.
    """
    event = lock_quarantined(event_id)
    payout = Payout.objects.filter(pk=payout_id, payment__provider=event.provider).first()
    if payout is None:
        raise NotAmongYours(payout_id=payout_id)
    record_payout(payout_id=payout_id, receipt=receipt_in(event), now=now)
    end_quarantine(
        event,
        "assigned",
        words=words,
        staff_user_id=staff_user_id,
        now=now,
        customer_id=payout.customer_id,
        payout_id=payout_id,
    )


@transaction.atomic
def dismiss_event(*, event_id: int, words: str, staff_user_id: int, now: datetime) -> None:
    """A person says why nothing follows from a quarantined notice; its body is let go.

    Raises NotAmongYours, MovedMeanwhile, PayoutInDoubt (first say what was paid).
    """
    event = lock_quarantined(event_id)
    if payouts_in_doubt([event]):
        raise PayoutInDoubt(event_id=event_id)
    end_quarantine(event, "dismissed", words=words, staff_user_id=staff_user_id, now=now)


def lock_quarantined(event_id: int) -> ProviderEvent:
    """Lock a quarantined notice. Raises NotAmongYours, MovedMeanwhile."""
    event = ProviderEvent.objects.select_for_update(no_key=True).filter(pk=event_id).first()
    if event is None:
        raise NotAmongYours(event_id=event_id)
    if event.outcome != "quarantined":
        raise MovedMeanwhile(event_id=event_id)
    return event


def receipt_in(event: ProviderEvent) -> PayoutReceipt:
    """What a kept notice says of a refund. Raises MoveNotAllowed where it is about none."""
    status = PAYOUT_STATUS.get(EventKind(event.kind)) if event.kind in list(EventKind) else None
    if status is None:
        raise MoveNotAllowed(event_id=event.pk, stage=event.kind)
    content = event.content
    return PayoutReceipt(
        provider_ref=content["payout_ref"],
        status=status,
        amount=Money(content["minor"], content["currency"]),
    )


def end_quarantine(
    event: ProviderEvent,
    conclusion: str,
    *,
    words: str,
    staff_user_id: int,
    now: datetime,
    customer_id: int | None = None,
    payout_id: int | None = None,
) -> None:
    """Conclude a locked notice: assigned, booked or dismissed. A raw body is let go."""
    event.outcome, event.conclusion, event.words = "concluded", conclusion, words
    event.concluded_by, event.concluded_at = f"staff:{staff_user_id}", now
    if "as_it_came" in event.content:
        event.content = {}
    event.save()
    journal.tell(
        "provider_event.concluded",
        actor=event.concluded_by,
        now=now,
        customer_id=customer_id,
        provider_event_id=event.pk,
        conclusion=conclusion,
        payout_id=payout_id,
    )
