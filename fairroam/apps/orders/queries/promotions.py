"""Promo codes and free trials, for the desk and for what follows by the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.orders.models import UNUSED, PromoCode, Trial


def promo_codes() -> QuerySet[PromoCode]:
    """Every promo code, newest first, with the number of orders that it is `used` for."""
    is_used = ~Q(orders__stage__in=UNUSED)
    return PromoCode.objects.annotate(used=Count("orders", filter=is_used)).order_by("-pk")


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A free trial as the desk sees it. has_chip: the carrier named its chip, and it was free."""

    order_number: str
    order_line_id: int
    plan_names: dict[str, str]
    begun_at: datetime
    has_chip: bool
    reminded_at: datetime | None
    declined_at: datetime | None


def trials() -> Rows[TrialRow]:
    """All free trials, newest first."""
    rows = Trial.objects.select_related("line__order")
    return Rows(rows.order_by("-begun_at", "-pk"), trial_row)


def trial_row(trial: Trial) -> TrialRow:
    return TrialRow(
        order_number=trial.line.order.number,
        order_line_id=trial.line_id,
        plan_names=trial.line.plan_copy["names"],
        begun_at=trial.begun_at,
        has_chip=trial.eid_sha256 is not None,
        reminded_at=trial.reminded_at,
        declined_at=trial.declined_at,
    )


def is_trial(order_line_id: int) -> bool:
    """Whether that line is a free trial."""
    return Trial.objects.filter(line_id=order_line_id).exists()


def trials_not_reminded() -> list[int]:
    """Order lines of trials that go on and whose end was not spoken of yet."""
    waiting = Trial.objects.filter(reminded_at__isnull=True, declined_at__isnull=True)
    return list(waiting.order_by("pk").values_list("line_id", flat=True))
