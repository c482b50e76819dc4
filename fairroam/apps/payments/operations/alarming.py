"""The last day on which money must leave: watched, told, and told again once it has passed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from fairroam.apps.payments.models import Payout
from fairroam.apps.payments.operations.planning import tell
from fairroam.apps.payments.queries.desk import UNSENT
from fairroam.rules.zones import load_zone

NEAR = timedelta(days=2)


@transaction.atomic
def raise_pay_by_alarms(*, now: datetime) -> list[int]:
    """Tell of each payout that has not left two days before its last day, and again after it.

    The day is the customer's: it ends where they live. Returns those told of now.
    """
    waiting = Payout.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
    near = waiting.filter(
        stage__in=UNSENT, late__isnull=True, pay_by__lte=(now + NEAR + timedelta(days=1)).date()
    )
    told = []
    for payout in near.select_related("customer").order_by("pay_by", "pk"):
        assert payout.pay_by is not None
        zone = load_zone(payout.customer.zone)
        today = now.astimezone(zone).date()
        known = payout.alarmed_at and payout.alarmed_at.astimezone(zone).date()
        is_missed = today > payout.pay_by
        if today < payout.pay_by - NEAR or (known and (not is_missed or known > payout.pay_by)):
            continue
        payout.alarmed_at = now
        payout.save(update_fields=["alarmed_at"])
        tell(payout, "payout.pay_by_missed" if is_missed else "payout.pay_by_near", now)
        told.append(payout.pk)
    return told
