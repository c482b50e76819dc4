"""Payouts of which a provider told another amount than we asked it to send."""

from __future__ import annotations

from collections.abc import Iterable

from fairroam.apps.payments.models import Payout, ProviderEvent

ANSWER = "answer:"  # how the numbers of answers to our own calls begin; the payout's key follows
DIFFERS = ("answer-differs", "amount-differs")


def key_in(event: ProviderEvent) -> str:
    """The key of the payout that a notice names; "" where it names none."""
    if event.event_id.startswith(ANSWER):
        return event.event_id.removeprefix(ANSWER)
    return str(event.content.get("payout_key") or "")


def payouts_in_doubt(events: Iterable[ProviderEvent]) -> dict[int, Payout]:
    """The payouts whose outcome these notices leave open, by the notice's id.

    Such a one is at its provider's, which named another amount than we asked for: only a person
    can say what it paid.
    """
    keys = {event.pk: key_in(event) for event in events if event.reason in DIFFERS}
    open_ones = Payout.objects.filter(
        key__in=[key for key in keys.values() if key],
        stage__in=["sent", "pending", "requires_action"],
        is_by_hand=False,
    )
    payouts = {str(payout.key): payout for payout in open_ones}
    return {pk: payouts[key] for pk, key in keys.items() if key in payouts}


def payout_in_doubt(event_id: int) -> Payout | None:
    """The payout whose outcome that notice leaves open."""
    return payouts_in_doubt(ProviderEvent.objects.filter(pk=event_id)).get(event_id)
