"""Home, the plans on offer, and one plan with the terms of money back."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.queries import PlanRow
from fairroam.apps.catalogue.refusals import NoSuchPlan
from fairroam.clock import now
from fairroam.rules import keep_alive
from fairroam.web.components.editions import kept_text
from fairroam.web.site import calculator, coverage, places, promises, trips
from fairroam.web.site.calculator import Answer, Supposed

NEVER = "never"


class CalculatorForm(forms.Form):
    """What a visitor supposes, to see what would come back."""

    residence = forms.ChoiceField(label=_("Where do you live?"), widget=places.CountrySelect)
    days = forms.IntegerField(
        label=_("Days after buying"), min_value=0, max_value=calculator.DAYS_MAX, initial=3
    )
    activation = forms.ChoiceField(
        label=_("Activated by then"),
        choices=[
            (NEVER, _("never installed")),
            ("installed", _("installed, never connected")),
            ("connected", _("connected to a network")),
        ],
        initial="connected",
        required=False,
    )
    used = forms.ChoiceField(label=_("Used by then"), initial="25")
    outage = forms.TypedChoiceField(
        label=_("Network failure that we confirmed"),
        choices=[
            (0, _("none")),
            (6, _("6 hours")),
            (24, _("a day")),
            (72, _("three days")),
        ],
        coerce=int,
        initial=0,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        residence, used = self.fields["residence"], self.fields["used"]
        assert isinstance(residence, forms.ChoiceField)
        assert isinstance(used, forms.ChoiceField)
        residence.choices = [("", _("Please choose")), *places.residences(page_language())]
        residence.widget.attrs = {"autocomplete": "country"}
        parts = [(str(percent), f"{percent}%") for percent in (0, 10, 25, 50, 75, 100)]
        used.choices = parts

    def supposed(self) -> Supposed:
        """What was typed, or what stands there at first."""
        typed = self.cleaned_data if self.is_bound and self.is_valid() else {}
        used = typed.get("used") or self.fields["used"].initial
        days = typed.get("days", self.fields["days"].initial)
        activation = typed.get("activation") or self.fields["activation"].initial
        return Supposed(
            days,
            int(used) if activation == "connected" else None,
            is_installed=activation != NEVER,
            outage_hours=typed.get("outage") or 0,
        )


def this_hour() -> datetime:
    """When a supposed purchase happens: nobody supposes minutes."""
    return now().replace(minute=0, second=0)


def page_language() -> str:
    return get_language() or "en"


def plans_about(search: str) -> list[PlanRow]:
    return [
        row
        for row in catalogue.plans()
        if places.is_about(search, row.names.values(), row.countries)
    ]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, and where it can be used."""
    body = kept_text("home", this_hour(), write=partial(home_body, request))
    return render(request, "site/home.html", {"body": body})


def home_body(request: HttpRequest) -> str:
    """The first page: the same for everybody in the same hour."""
    rows = catalogue.plans()
    context = {
        "plans": rows[:6],
        "countries": places.in_order_of_names(
            {country for row in rows for country in row.countries}, page_language()
        ),
        "example": example(rows),
        "form": trips.empty_form(),
    }
    return render_to_string("site/home_body.html", context, request)


def example(rows: list[PlanRow]) -> Answer | None:
    """A refund of a plan on offer, calculated now; None in a shop without plans or packs."""
    limited = [
        row for row in rows if row.allowances and all(part.granted for part in row.allowances)
    ]
    if not limited or not catalogue.packs_for("DE", now().date()):
        return None
    plan, supposed = limited[len(limited) // 2], Supposed(days=3, used_percent=28)
    return calculator.answer(plan, "DE", supposed, language=page_language(), now=this_hour())


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
    shown = plan_or_404(code)
    write = partial(plan_body, request, shown, residence)
    body = kept_text("plan", code, request.GET.urlencode(), this_hour(), write=write)
    return render(request, "site/plan.html", {"plan": shown, "body": body})


def plan_body(request: HttpRequest, shown: PlanRow, residence: str) -> str:
    """The page of a plan: the same for everybody who supposes the same in the same hour."""
    form = CalculatorForm(request.GET if "days" in request.GET else None, initial=request.GET)
    packs = promises.packs_of(residence, on=now().date(), promise=shown.promise)
    answer = None
    if residence and packs:
        answer = calculator.answer(
            shown, residence, form.supposed(), language=page_language(), now=this_hour()
        )
    context = {"plan": shown, "residence": residence, "form": form, "packs": packs}
    covered = coverage.by_country(shown, page_language())
    if shown.number_rule:
        context["operator"] = keep_alive.versions_of(shown.number_rule)[-1].operator
    context["tariffs"] = catalogue.tariffs(shown.countries, now().date())
    context |= {"answer": answer, "coverage": covered, "sources": coverage.sources_of(covered)}
    return render_to_string("site/plan_body.html", context, request)


def plan_or_404(code: str) -> PlanRow:
    try:
        return catalogue.plan(code)
    except NoSuchPlan as refusal:
        raise Http404 from refusal
