"""Payments as the desk sees them: transfers, failures, disputes, notices, late money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from django.db.models import Q, QuerySet

from fairroam.apps.payments.models import Dispute, LateMoney, Payout, ProviderEvent
from fairroam.rules.zones import load_zone

UNSENT = ("planned", "held", "needs_account", "manual_payout", "failed", "returned")


def transfers() -> QuerySet[Payout]:
    """Transfers to send or to confirm, the earliest last day first."""
    rows = Payout.objects.select_related("account", "customer")
    waiting = rows.filter(is_by_hand=True, stage__in=["manual_payout", "sent"])
    return waiting.order_by("pay_by", "pk")


def gone() -> QuerySet[Payout]:
    """Transfers that a second person saw going out, newest first: a bank may send one back."""
    rows = Payout.objects.select_related("customer").filter(is_by_hand=True, stage="succeeded")
    return rows.order_by("-arrived_at", "-pk")


def stuck() -> QuerySet[Payout]:
    """What failed, came back, or waits for the customer, the earliest last day first."""
    rows = Payout.objects.select_related("payment", "customer").filter(late__isnull=True)
    waiting = rows.filter(stage__in=["needs_account", "failed", "returned", "requires_action"])
    return waiting.order_by("pay_by", "pk")


def alarmed() -> QuerySet[Payout]:
    """What has not left though its last day is near or over."""
    rows = Payout.objects.select_related("payment", "customer").filter(late__isnull=True)
    return rows.filter(alarmed_at__isnull=False, stage__in=UNSENT).order_by("pay_by", "pk")


def disputes() -> QuerySet[Dispute]:
    """Disputes that are open, and lost ones that nobody has taken to notice; then the rest."""
    waits = Q(stage="open") | Q(stage="lost", seen_at__isnull=True)
    rows = Dispute.objects.select_related("payment__customer").annotate(waits=waits)
    return rows.order_by("-waits", "-pk")


def quarantined() -> QuerySet[ProviderEvent]:
    """Notices that contradict what we know, oldest first."""
    return ProviderEvent.objects.filter(outcome="quarantined").order_by("pk")


def late_money() -> QuerySet[LateMoney]:
    """Money of closed accounts that has not been sent on, oldest first."""
    rows = LateMoney.objects.select_related("payment__customer", "sending", "account")
    return rows.exclude(stage="sent").order_by("came_at", "pk")


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How long money of one rail really took. days: from leaving to arriving, the median."""

    rail: str
    count: int
    in_time: int  # on the last expected day or before
    days_median: float | int
    sent_in_time: int  # of those with a last day for sending
    with_pay_by: int


def punctuality() -> Iterator[Punctuality]:
    """The estimates compared with the facts, per rail, of the last 1,000 arrivals."""
    arrived = Payout.objects.select_related("customer").filter(
        stage="succeeded", expected_by__isnull=False, sent_at__isnull=False
    )
    by_rail: dict[str, list[Payout]] = {}
    for payout in arrived.order_by("-arrived_at")[:1_000]:
        by_rail.setdefault(payout.rail, []).append(payout)
    for rail, payouts in sorted(by_rail.items()):
        due = [payout for payout in payouts if payout.pay_by]
        yield Punctuality(
            rail=rail,
            count=len(payouts),
            in_time=sum(is_in_time(payout) for payout in payouts),
            days_median=median(days_of(payout) for payout in payouts),
            sent_in_time=sum(left_in_time(payout) for payout in due),
            with_pay_by=len(due),
        )


def days_of(payout: Payout) -> int:
    assert payout.arrived_at is not None
    assert payout.sent_at is not None
    return (payout.arrived_at - payout.sent_at).days


def is_in_time(payout: Payout) -> bool:
    """Whether it arrived by the day that was promised, where the customer lives."""
    assert payout.arrived_at is not None
    assert payout.expected_by is not None
    zone = load_zone(payout.customer.zone)
    return payout.arrived_at.astimezone(zone).date() <= payout.expected_by


def left_in_time(payout: Payout) -> bool:
    """Whether it was sent by the day that the law, or our promise, names."""
    assert payout.sent_at is not None
    assert payout.pay_by is not None
    return payout.sent_at.astimezone(load_zone(payout.customer.zone)).date() <= payout.pay_by
