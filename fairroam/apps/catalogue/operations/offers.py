"""What is offered: plans, refund packs, the name of the brand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from fairroam.apps.catalogue.models import Brand, Pack, Plan, PlanAllowance
from fairroam.rules import pack_names, pack_source


@transaction.atomic
def publish_packs(*, now: datetime) -> int:
    """Publish every pack of `rules/packs` that is not published yet; how many were new."""
    published = {str(pack) for pack in Pack.objects.all()}
    new = [name for name in pack_names() if name not in published]
    for name in new:
        pack, _, version = name.partition("@")
        Pack.objects.create(
            name=pack, version=int(version), content=pack_source(name), published_at=now
        )
    return len(new)


@transaction.atomic
def offer_plan(*, code: str, allowances: list[dict[str, Any]], **fields: Any) -> Plan:
    """Offer a plan, or change what is offered from now on. Sold lines keep their copy.

    validity_days: left out for a plan that never ends; its use alone says what is left of it, so
    that it has limits.
    """
    is_limited = bool(allowances) and all(one.get("granted") is not None for one in allowances)
    assert fields.get("validity_days") is not None or is_limited, "without end and without limit"
    assert is_limited or not fields.get("is_trial"), "a trial has a limit in data"
    plan, _ = Plan.objects.update_or_create(code=code, defaults=fields)
    plan.allowances.all().delete()
    PlanAllowance.objects.bulk_create(
        [PlanAllowance(plan=plan, **allowance) for allowance in allowances]
    )
    return plan


@transaction.atomic
def name_brand(**fields: str) -> Brand:
    """Say who sells."""
    return Brand.objects.update_or_create(id=1, defaults=fields)[0]
