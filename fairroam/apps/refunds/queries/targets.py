"""Whether we did what we promise: how many of the cases of a period were in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.refunds.queries.clocks import decide_by
from fairroam.apps.refunds.queries.reports import SETTLED

MONEY_WITHIN_DAYS = 14


@dataclass(frozen=True, slots=True)
class Kept:
    """How many of `cases` were in time."""

    in_time: int
    cases: int

    @property
    def share(self) -> Fraction | None:
        """The part in time; None where there was no case."""
        return Fraction(self.in_time, self.cases) if self.cases else None


def decisions_in_time(*, since: datetime, until: datetime) -> Kept:
    """First decisions of the period made by the third working day where the customer lives.

    A pause in which the customer was asked for more is not taken off: the figure is stricter
    than the clock at the desk.
    """
    firsts = Decision.objects.filter(
        supersedes__isnull=True,
        decided_at__gte=since,
        decided_at__lt=until,
        request__stage__in=SETTLED,
    ).values_list(
        "decided_at",
        "request__received_at",
        "request__order_line__order__zone",
        "request__order_line__order__residence",
    )
    kept = [
        decided_at < decide_by(received_at, zone=zone, residence=residence)
        for decided_at, received_at, zone, residence in firsts
    ]
    return Kept(sum(kept), len(kept))


def money_in_time(*, since: datetime, until: datetime) -> Kept:
    """Refunds asked for in the period, approved, and sent within 14 days of asking.

    What is not sent yet counts against us once its days are over, and not at all before.
    """
    asked = RefundRequest.objects.filter(
        received_at__gte=since, received_at__lt=until, parts__isnull=False
    ).distinct()
    kept = []
    for refund in asked.prefetch_related("parts__payout"):
        last = refund.received_at + timedelta(days=MONEY_WITHIN_DAYS)
        sent = [part.payout.sent_at if part.payout else None for part in refund.parts.all()]
        times = [at for at in sent if at is not None]
        if len(times) == len(sent):
            kept.append(max(times) <= last)
        elif until >= last:
            kept.append(False)
    return Kept(sum(kept), len(kept))
