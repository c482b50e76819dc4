"""Ready for the trip? Where it works, whether the phone fits, and what to do before flying."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.queries import CoverageRow, PlanRow
from fairroam.clock import now
from fairroam.rules.trips import STOPS_MAX
from fairroam.web.site import places
from fairroam.web.site.plans import page_language

MODELS_MAX = 12


@dataclass(frozen=True, slots=True)
class Served:
    """One country: the plans that work there, and their networks as of the newest day."""

    country: str
    plans: tuple[PlanRow, ...]
    networks: tuple[CoverageRow, ...]


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The countries of a trip; `plan` is the one that is meant, `model` the phone to look for."""
    codes = dict.fromkeys(request.GET.getlist("to"))
    chosen = [code for code in codes if places.is_residence(code)][:STOPS_MAX]
    rows, model = catalogue.plans(), request.GET.get("model", "")[:60].strip()
    meant = [row for row in rows if row.code == request.GET.get("plan")] or rows
    sold = {country for row in rows for country in row.countries}
    context = {
        "chosen": chosen,
        "served": served(chosen, meant),
        "plan": meant[0] if len(meant) == 1 else None,
        "countries": places.in_order_of_names(sold | set(chosen), page_language()),
        "model": model,
        "models": catalogue.devices(model)[:MODELS_MAX] if model else [],
        "tariffs": catalogue.tariffs(chosen, now().date()),
    }
    return render(request, "site/ready.html", context)


def served(countries: list[str], plans: list[PlanRow]) -> list[Served]:
    """Each country with its plans, and the networks of all of them, each named once."""
    found = []
    for country in countries:
        there = tuple(row for row in plans if country in row.countries)
        # Plans of one profile type use the same networks: one look for all of them.
        by_type = {row.supplier_package or row.profile_type: row for row in there}
        rows = {
            (row.operator, row.radios, row.as_of): row
            for plan in by_type.values()
            for row in catalogue.coverage(plan)
            if row.country == country
        }
        networks = sorted(rows.values(), key=lambda row: (row.operator, row.radios))
        found.append(Served(country, there, tuple(networks)))
    return found
