"""Reads of the catalogue: what is sold, at which tax, under which promises."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import QuerySet

from fairroam.apps.catalogue.models import Brand, Pack, Plan, TaxRate
from fairroam.apps.catalogue.refusals import NoSuchPlan


@dataclass(frozen=True, slots=True)
class AllowanceRow:
    """How much a plan grants: bytes, seconds or messages; None = unlimited."""

    kind: str
    granted: int | None
    weight: str


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan on offer; prices in minor units, tax included.

    networks: country -> the operators that one may choose. fair_use: the rules in words, per
    language, as known on `fair_use_on`. throttled_after_bytes: a day, then `throttled_to_kbps`.
    number_rule: the keep-alive rule of the operator whose number comes with it; empty = none.
    """

    code: str
    names: dict[str, str]
    countries: tuple[str, ...]
    validity_days: int
    currency: str
    price_minor: int
    list_price_minor: int
    profile_type: str
    promise: str
    allowances: tuple[AllowanceRow, ...]
    is_profile_reusable: bool = False
    networks: dict[str, list[str]] = field(default_factory=dict)
    fair_use: dict[str, str] = field(default_factory=dict)
    fair_use_on: date | None = None
    is_hotspot_allowed: bool = True
    throttled_after_bytes: int | None = None
    throttled_to_kbps: int | None = None
    number_rule: str = ""


def plan_row(plan: Plan) -> PlanRow:
    return PlanRow(
        code=plan.code,
        names=plan.names,
        countries=tuple(plan.countries),
        validity_days=plan.validity_days,
        currency=plan.currency,
        price_minor=plan.price_minor,
        list_price_minor=plan.list_price_minor,
        profile_type=plan.profile_type,
        promise=plan.promise,
        allowances=tuple(
            AllowanceRow(allowance.kind, allowance.granted, allowance.weight)
            for allowance in plan.allowances.all()
        ),
        is_profile_reusable=plan.is_profile_reusable,
        networks=plan.networks,
        fair_use=plan.fair_use,
        fair_use_on=plan.fair_use_on,
        is_hotspot_allowed=plan.is_hotspot_allowed,
        throttled_after_bytes=plan.throttled_after_bytes,
        throttled_to_kbps=plan.throttled_to_kbps,
        number_rule=plan.number_rule,
    )


def offered() -> QuerySet[Plan]:
    return Plan.objects.filter(is_offered=True).prefetch_related("allowances")


def plans(search: str = "") -> list[PlanRow]:
    """Plans on offer, cheapest first; `search` is a part of a name or an ISO country code."""
    wanted = search.strip().casefold()
    rows = [plan_row(plan) for plan in offered().order_by("price_minor", "code")]
    return [row for row in rows if wanted in searchable(row)]


def searchable(row: PlanRow) -> str:
    return " ".join((*row.names.values(), *row.countries)).casefold()


def plan(code: str) -> PlanRow:
    """The plan of that code. Raises NoSuchPlan."""
    found = offered().filter(code=code).first()
    if found is None:
        raise NoSuchPlan(code=code)
    return plan_row(found)


def brand() -> Brand:
    """Who sells."""
    return Brand.objects.get_or_create(id=1)[0]


def tax_rate(residence: str, on: date) -> str:
    """The rate inside prices for customers of `residence` on that day; "0" where none is known."""
    rows = TaxRate.objects.filter(country=residence[:2], from_on__lte=on).order_by("-from_on")
    row = rows.first()
    return row.rate if row else "0"


def pack_content(name: str) -> dict[str, Any]:
    """The pack "eu-crd@1" as plain data for the rules."""
    pack, _, version = name.partition("@")
    content: dict[str, Any] = Pack.objects.get(name=pack, version=int(version)).content
    return content


def packs_for(residence: str, on: date, promise: str = "house") -> tuple[str, ...]:
    """The packs of an order placed that day: the law of the residence, then our own promise.

    Of each pack the newest version in force counts.
    """
    newest: dict[str, Pack] = {}
    for pack in Pack.objects.order_by("name", "version"):
        if is_in_force(pack.content, on) and (
            pack.name == promise or is_law_of(pack.content, residence)
        ):
            newest[pack.name] = pack
    law_first = sorted(newest.values(), key=lambda pack: (pack.name == promise, pack.name))
    return tuple(str(pack) for pack in law_first)


def is_law_of(content: dict[str, Any], residence: str) -> bool:
    """Whether a pack applies by itself to customers who live there."""
    where = content.get("applies_when") or {}
    return residence[:2] in where.get("residence_in", ())


def is_in_force(content: dict[str, Any], on: date) -> bool:
    """Whether a pack may be used for orders of that day."""
    day = on.isoformat()
    starts, ends = content.get("effective_from", day), content.get("effective_to", day)
    return bool(str(starts) <= day <= str(ends))
