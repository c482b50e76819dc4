"""Home, the plans on offer, and one plan with the terms of money back."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.queries import PlanRow
from fairroam.apps.catalogue.refusals import NoSuchPlan
from fairroam.clock import now
from fairroam.web.site import places, promises


def plans_about(search: str) -> list[PlanRow]:
    return [
        row
        for row in catalogue.plans()
        if places.is_about(search, row.names.values(), row.countries)
    ]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, and where it can be used."""
    rows = catalogue.plans()
    countries = sorted({country for row in rows for country in row.countries})
    return render(request, "site/home.html", {"plans": rows[:6], "countries": countries})


@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """The plans on offer, cheapest first; `search` is a country or a part of a name."""
    search = request.GET.get("search", "")[:60]
    return render(request, "site/plans.html", {"plans": plans_about(search), "search": search})


@require_safe
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """One plan: what it holds, what it costs, and what comes back when, by residence."""
    residence = request.GET.get("residence", "")
    if residence and not places.is_residence(residence):
        raise Http404
    context = {
        "plan": plan_or_404(code),
        "residence": residence,
        "residences": places.residences(get_language() or "en"),
        "packs": promises.packs_of(residence, on=now().date()),
    }
    return render(request, "site/plan.html", context)


def plan_or_404(code: str) -> PlanRow:
    try:
        return catalogue.plan(code)
    except NoSuchPlan as refusal:
        raise Http404 from refusal
