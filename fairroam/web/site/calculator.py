"""What would I get back? The same rules as for a real request, over supposed facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from fairroam import rules
from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.queries import PlanRow
from fairroam.rules.residences import zone_of
from fairroam.web.components.charts import Stretch, stretches

DAYS_MAX = 400
ACTIVE_AFTER = timedelta(hours=1)  # supposed: installed and connected within the hour,
ASKED_AFTER = timedelta(hours=2)  # and asked on the chosen day a little later than that
HORIZON_UNUSED = 200  # days drawn when the eSIM was never switched on: past its longest window


@dataclass(frozen=True, slots=True)
class Supposed:
    """Whole days after buying (0 to DAYS_MAX), percent used (None: no network ever saw it),
    whether a phone has it, and for how many hours before asking the network failed.
    """

    days: int
    used_percent: int | None
    is_installed: bool = False
    outage_hours: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What would come back on that day, line by line, and on every other day of the plan."""

    currency: str
    zone: str
    total_minor: int
    lines: list[Any]
    deadline: str | None
    pay_by: str | None
    day: int
    curve: tuple[Stretch, ...]


def answer(
    plan: PlanRow, residence: str, supposed: Supposed, *, language: str, now: datetime
) -> Answer:
    """Decide for a customer of `residence` who buys now and asks `supposed.days` later.

    Raises rules.BadFacts for a country whose holidays nobody knows.
    """
    contents = catalogue.contents_for(residence, now.date(), plan.promise)
    packs = rules.compile_packs(list(contents.values()))
    told = facts(plan, residence, supposed, now)
    decision = rules.decide(told, packs).as_json()
    horizon = HORIZON_UNUSED
    if supposed.used_percent is not None and plan.validity_days is not None:
        horizon = plan.validity_days + 2
    days = [replace(supposed, days=day) for day in range(max(horizon, supposed.days) + 1)]
    dues = [rules.decide({**told, **declared(each, now)}, packs).due for each in days]
    return Answer(
        currency=plan.currency,
        zone=zone_of(residence) or "UTC",
        total_minor=decision["due"],
        lines=list(rules.explain(decision, language)),
        deadline=decision["deadline"],
        pay_by=decision["pay_by"],
        day=supposed.days,
        curve=stretches(dues),
    )


def facts(plan: PlanRow, residence: str, supposed: Supposed, now: datetime) -> Mapping[str, Any]:
    """The facts of a line bought now, with every notice and consent as checkout makes them."""
    bought = now.isoformat()
    told: dict[str, Any] = {
        "currency": plan.currency,
        "paid": plan.price_minor,
        "list_price": plan.list_price_minor,
        "tax_rate": catalogue.tax_rate(residence, now.date()),
        "zone": zone_of(residence),
        "residence": residence,
        **dict.fromkeys(("concluded_at", "paid_at", "ready_at", "notice_received_at"), bought),
        **dict.fromkeys(("express_request_at", "loss_acknowledged_at"), bought),
        "allowances": allowances(plan, supposed.used_percent or 0),
        **declared(supposed, now),
    }
    begun = now + ACTIVE_AFTER
    if supposed.is_installed:
        told |= dict.fromkeys(("downloaded_at", "installed_at"), begun.isoformat())
    if supposed.used_percent is not None:
        names = ("downloaded_at", "installed_at", "enabled_at", "first_attach_at")
        told |= dict.fromkeys(names, begun.isoformat())
        told["first_usage_at"] = begun.isoformat() if supposed.used_percent else None
    if supposed.used_percent is not None and plan.validity_days is not None:
        told["starts_at"] = begun.isoformat()
        told["ends_at"] = (begun + timedelta(days=plan.validity_days)).isoformat()
    return told


def declared(supposed: Supposed, bought_at: datetime) -> dict[str, Any]:
    """The facts that the day of asking changes: when it was, and the failure just before."""
    at = bought_at + timedelta(days=supposed.days) + ASKED_AFTER
    told: dict[str, Any] = {"declared_at": at.isoformat()}
    if supposed.outage_hours:
        failed_at = max(bought_at + ACTIVE_AFTER, at - timedelta(hours=supposed.outage_hours))
        told["outages"] = [{"from": failed_at.isoformat(), "until": at.isoformat()}]
    return told


def allowances(plan: PlanRow, used_percent: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": row.kind,
            "granted": row.granted,
            "used": (row.granted or 0) * used_percent // 100,
            "weight": row.weight,
        }
        for row in plan.allowances
    ]
