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
    """What no order could be settled by is refused, each with what to do."""
    price, days = fields["price_minor"], fields["validity_days"]
    reasons = []
    if fields["list_price_minor"] < price:
        reasons.append("list_price_minor: at least the price.")
    if plan.is_trial and (price or fields["list_price_minor"]):
        reasons.append("price_minor: a free trial costs nothing.")
    if not plan.is_trial and price <= 0:
        reasons.append("price_minor: only a free trial costs nothing.")
    if days is None and (granted_bytes is None or plan.number_rule or plan.supplier):
        reasons.append("validity_days: without an end a plan has limits, no number, no supplier.")
    if plan.is_trial and granted_bytes is None:
        reasons.append("gigabytes: a trial has a limit.")
    if reasons:
        raise PlanRefused(reasons=reasons)
