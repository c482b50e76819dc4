"""Plans, coverage, phones, tariffs and the brand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from django.db.models import F, Prefetch, QuerySet, Window
from django.db.models.functions import Rank

from fairroam.apps.catalogue.models import (
    Brand,
    Coverage,
    Device,
    LocalTariff,
    Plan,
    PlanAllowance,
)
from fairroam.apps.catalogue.queries.shelf import kept
from fairroam.apps.catalogue.refusals import NoSuchPlan
from fairroam.rules.trips import Offer

TARIFF_FRESH = timedelta(days=180)  # a price that was seen longer ago is marked as old


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
    supplier: who sells the eSIM to us, `supplier_package` for `wholesale_minor`; empty = nobody.
    is_top_up: sold only for an eSIM that its buyer has. validity_days None: it never ends.
    """

    code: str
    names: dict[str, str]
    countries: tuple[str, ...]
    validity_days: int | None
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
    supplier: str = ""
    supplier_package: str = ""
    wholesale_minor: int | None = None
    wholesale_currency: str = ""
    is_top_up: bool = False


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
        supplier=plan.supplier,
        supplier_package=plan.supplier_package,
        wholesale_minor=plan.wholesale_minor,
        wholesale_currency=plan.wholesale_currency,
        is_top_up=plan.is_top_up,
    )


def offered(*, is_trial: bool = False) -> QuerySet[Plan]:
    found = Plan.objects.filter(is_offered=True, is_trial=is_trial)
    in_order = Prefetch("allowances", queryset=PlanAllowance.objects.order_by("pk"))
    return found.prefetch_related(in_order)


@kept
def offered_rows() -> tuple[PlanRow, ...]:
    """All that is sold, packs for an eSIM, too; cheapest first."""
    return tuple(plan_row(row) for row in offered().order_by("price_minor", "code"))


def trials() -> list[PlanRow]:
    """Plans to try for free, by code. They are never sold, and stand in no other list."""
    return [plan_row(row) for row in offered(is_trial=True).order_by("code")]


def trial(code: str) -> PlanRow:
    """The free plan of that code. Raises NoSuchPlan."""
    found = offered(is_trial=True).filter(code=code).first()
    if found is None:
        raise NoSuchPlan(code=code)
    row = plan_row(found)
    return replace(row, networks=row.networks or networks_to_choose(row))


def plans(search: str = "") -> list[PlanRow]:
    """Plans on offer, cheapest first; `search` is a part of a name or an ISO country code."""
    wanted = search.strip().casefold()
    return [row for row in offered_rows() if not row.is_top_up and wanted in searchable(row)]


def packs_of_supplier(supplier: str) -> list[PlanRow]:
    """What a supplier sells for eSIMs of its own that somebody has, cheapest first."""
    return [row for row in offered_rows() if row.is_top_up and row.supplier == supplier]


def offers() -> dict[str, tuple[PlanRow, Offer]]:
    """Everything on sale by its code, with what of it a trip asks for; packs for an eSIM, too."""
    return {row.code: (row, offer_of(row)) for row in offered_rows()}


def offer_of(row: PlanRow) -> Offer:
    """A plan as the rules of trips see it. Calls and texts come with a number."""
    granted = {part.kind: part.granted for part in row.allowances}
    number = "there" if granted.keys() & {"voice", "sms"} else ""
    return Offer(
        code=row.code,
        countries=frozenset(row.countries),
        days=row.validity_days,
        granted_bytes=granted.get("data", 0),
        currency=row.currency,
        price_minor=row.price_minor,
        full_speed_bytes=row.throttled_after_bytes,
        is_hotspot_allowed=row.is_hotspot_allowed,
        number="kept" if row.number_rule else number,
        supplier=row.supplier,
        refills=row.supplier if row.is_top_up else "",
    )


def searchable(row: PlanRow) -> str:
    return " ".join((*row.names.values(), *row.countries)).casefold()


@kept
def plan(code: str, *, for_an_esim: bool = False) -> PlanRow:
    """The plan of that code. Raises NoSuchPlan.

    for_an_esim: its buyer has an eSIM for it; some are sold only so.
    Where the plan itself names no networks to choose from, those of its coverage are.
    """
    found = offered().filter(code=code).first()
    if found is None or (found.is_top_up and not for_an_esim):
        raise NoSuchPlan(code=code)
    row = plan_row(found)
    return replace(row, networks=row.networks or networks_to_choose(row))


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One operator that a plan uses in a country, and its radios, slowest first.

    as_of: the day of which this is known, from `source`.
    """

    country: str
    operator: str
    is_fictional: bool
    radios: tuple[str, ...]
    as_of: date
    source: str


def coverage(plan: PlanRow) -> list[CoverageRow]:
    """Where and how a plan works, by country and operator, as of each country's newest day.

    An operator that the newest day does not name is gone. A country without rows is not known.
    """
    known = coverage_of(plan.supplier_package or plan.profile_type)
    return [row for row in known if row.country in plan.countries]


@kept
def coverage_of(profile_type: str) -> tuple[CoverageRow, ...]:
    """All that is known of the cards of one type, or of one package of a supplier."""
    newest_first = Window(
        Rank(), partition_by=F("country"), order_by=[F("as_of").desc(), F("edition").desc()]
    )
    rows = (
        Coverage.objects.filter(profile_type=profile_type)
        .annotate(age=newest_first)
        .filter(age=1)
        .select_related("operator")
        .order_by("country", "operator__name")
    )
    found: dict[tuple[str, str], CoverageRow] = {}
    for row in rows:  # an operator may have several codes, and is one to choose all the same
        operator, key = row.operator, (row.country, row.operator.name)
        radios = {row.radio, *(found[key].radios if key in found else ())}
        found[key] = CoverageRow(
            row.country,
            operator.name,
            operator.is_fictional,
            tuple(sorted(radios)),
            row.as_of,
            row.source,
        )
    return tuple(found.values())


def networks_to_choose(plan: PlanRow) -> dict[str, list[str]]:
    """Country -> operators, where coverage knows several, so that there is something to choose.

    The card of a supplier chooses by itself.
    """
    if plan.supplier:
        return {}
    networks: dict[str, list[str]] = {}
    for row in coverage(plan):
        networks.setdefault(row.country, []).append(row.operator)
    return {country: names for country, names in networks.items() if len(names) > 1}


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """What is known of a phone model on its newest day; esim: yes, no, or varies (see `notes`)."""

    maker: str
    model: str
    esim: str
    notes: str
    is_fictional: bool
    as_of: date
    source: str


def devices(search: str = "") -> list[DeviceRow]:
    """Phone models by maker and name; every word of `search` stands in one of the two."""
    words = search.casefold().split()
    newest = Device.objects.order_by("maker", "model", "-as_of").distinct("maker", "model")
    return [
        DeviceRow(*values)
        for values in newest.values_list(
            "maker", "model", "esim", "notes", "is_fictional", "as_of", "source"
        )
        if all(word in f"{values[0]} {values[1]}".casefold() for word in words)
    ]


@dataclass(frozen=True, slots=True)
class TariffRow:
    """A SIM bought in the country, as seen on a day; granted_bytes None = unlimited.

    is_old: seen so long ago that it may be wrong by now.
    """

    pk: int
    country: str
    operator: str
    name: str
    price_minor: int
    currency: str
    granted_bytes: int | None
    days: int
    is_fictional: bool
    is_hidden: bool
    source: str
    seen_on: date
    is_old: bool


def tariffs(countries: Iterable[str] | None, today: date) -> list[TariffRow]:
    """The newest row of each tariff that is shown, by country and price; None: all, also hidden."""
    wanted = None if countries is None else set(countries)
    rows = [
        tariff_row(row, today)
        for row in newest_tariffs()
        if wanted is None or (row.country in wanted and not row.is_hidden)
    ]
    return sorted(rows, key=lambda row: (row.country, row.currency, row.price_minor, row.pk))


@kept
def newest_tariffs() -> tuple[LocalTariff, ...]:
    """Each tariff as it was last seen."""
    rows = LocalTariff.objects.order_by("country", "operator", "name", "-seen_on")
    return tuple(rows.distinct("country", "operator", "name"))


def tariff_row(row: LocalTariff, today: date) -> TariffRow:
    return TariffRow(
        pk=row.pk,
        country=row.country,
        operator=row.operator,
        name=row.name,
        price_minor=row.price_minor,
        currency=row.currency,
        granted_bytes=row.granted_bytes,
        days=row.days,
        is_fictional=row.is_fictional,
        is_hidden=row.is_hidden,
        source=row.source,
        seen_on=row.seen_on,
        is_old=today - row.seen_on > TARIFF_FRESH,
    )


@kept
def brand() -> Brand:
    """Who sells, without the picture: that has an address of its own."""
    return Brand.objects.defer("logo").get_or_create(id=1)[0]


def logo() -> tuple[str, bytes]:
    """The brand's picture: (media type, content); ("", b"") for none."""
    row = Brand.objects.filter(id=1).values_list("logo_type", "logo").first()
    return (row[0], bytes(row[1])) if row else ("", b"")


def all_plans() -> list[Plan]:
    """Every plan, also what is no longer offered, by code, with what it grants."""
    return list(Plan.objects.prefetch_related("allowances").order_by("code"))
