"""What a plan costs and grants from now on: every order line keeps the copy it was sold with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from fairroam.apps.catalogue.models import Plan
from fairroam.apps.catalogue.refusals import NoSuchPlan, PlanRefused
from fairroam.apps.journal import operations as journal


@transaction.atomic
def change_plan(
    *, code: str, granted_bytes: int | None, actor: str, now: datetime, **fields: Any
) -> Plan:
    """Change names, prices, days, data and whether it is offered, for orders placed from now on.

    granted_bytes: None = unlimited. fields: names, price_minor, list_price_minor, validity_days,
    is_offered. Raises NoSuchPlan, PlanRefused.
    """
    plan = Plan.objects.select_for_update(no_key=True).filter(code=code).first()
    if plan is None:
        raise NoSuchPlan(code=code)
    data = plan.allowances.filter(kind="data").first()
    refuse_contradictions(plan, granted_bytes, fields)
    before = {name: getattr(plan, name) for name in fields} | {
        "granted_bytes": data.granted if data else None
    }
    after = fields | {"granted_bytes": granted_bytes}
    changed = sorted(name for name, value in after.items() if before[name] != value)
    Plan.objects.filter(pk=plan.pk).update(**fields)
    if data is not None:
        plan.allowances.filter(pk=data.pk).update(granted=granted_bytes)
    if changed:
        journal.tell("plan.changed", actor=actor, now=now, plan_id=plan.pk, fields=changed)
    return Plan.objects.get(pk=plan.pk)


def refuse_contradictions(plan: Plan, granted_bytes: int | None, fields: dict[str, Any]) -> None:
    """What no order could be settled by is refused; `reasons` names each field with a code."""
    price, days = fields["price_minor"], fields["validity_days"]
    reasons = {}
    if fields["list_price_minor"] < price:
        reasons["list_price_minor"] = "below_price"
    if plan.is_trial and (price or fields["list_price_minor"]):
        reasons["price_minor"] = "trial_costs"
    if not plan.is_trial and price <= 0:
        reasons["price_minor"] = "no_price"
    if days is None and (granted_bytes is None or plan.number_rule or plan.supplier):
        reasons["validity_days"] = "no_end"
    if plan.is_trial and granted_bytes is None:
        reasons["granted_bytes"] = "trial_without_limit"
    if reasons:
        raise PlanRefused(reasons=reasons)
