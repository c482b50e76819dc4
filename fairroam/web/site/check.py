"""Can I get money back? Three questions, no sign-in, and the answer of the same rules."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from fairroam import rules
from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.queries import PlanRow
from fairroam.clock import now
from fairroam.rules.languages import words_for
from fairroam.rules.residences import zone_of
from fairroam.web.components.three_answers import three_answers
from fairroam.web.site import calculator, places
from fairroam.web.site.calculator import Supposed
from fairroam.web.site.plans import page_language

BOUGHT_DAYS_MAX = 400
ACTIVATION = [
    ("never", _("no, it was never installed")),
    ("installed", _("installed, but never connected")),
    ("connected", _("yes, a network has seen it")),
]
USED = [
    (0, _("nothing")),
    (10, _("a little, about a tenth")),
    (50, _("about half")),
    (90, _("nearly all")),
    (100, _("all of it")),
]


class CheckForm(forms.Form):
    """Which plan and where one lives, then the three questions."""

    plan = forms.ChoiceField(label=_("Which plan?"))
    residence = forms.ChoiceField(label=_("Where do you live?"), widget=places.CountrySelect)
    bought_on = forms.DateField(
        label=_("1. When did you buy it?"), widget=forms.DateInput(attrs={"type": "date"})
    )
    activation = forms.ChoiceField(
        label=_("2. Was it activated?"), choices=ACTIVATION, widget=forms.RadioSelect
    )
    used = forms.TypedChoiceField(label=_("3. How much of it was used?"), choices=USED, coerce=int)

    def __init__(self, typed: Any, *, plans: list[PlanRow], language: str, today: date) -> None:
        first = {"bought_on": today, "activation": "never", "used": 0}
        super().__init__(typed, initial=first)
        self.today = today
        plan, residence = self.fields["plan"], self.fields["residence"]
        assert isinstance(plan, forms.ChoiceField)
        assert isinstance(residence, forms.ChoiceField)
        plan.choices = [(row.code, words_for(row.names, language)) for row in plans]
        residence.choices = [("", _("Please choose")), *places.residences(language)]
        residence.widget.attrs = {"autocomplete": "country"}

    def clean_bought_on(self) -> date:
        bought_on: date = self.cleaned_data["bought_on"]
        # A day of leeway: somewhere it is tomorrow already.
        if not -1 <= (self.today - bought_on).days <= BOUGHT_DAYS_MAX:
            raise forms.ValidationError(_("Choose a day of the last thirteen months."))
        return bought_on


@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """The questions; with answers, what would come back today, and why."""
    at, language, plans = now(), page_language(), catalogue.plans()
    typed = request.GET if "bought_on" in request.GET else None
    form = CheckForm(typed, plans=plans, language=language, today=at.date())
    context: dict[str, Any] = {"form": form}
    if not form.is_valid():
        return render(request, "site/check.html", context, status=422 if form.is_bound else 200)
    chosen = next(row for row in plans if row.code == form.cleaned_data["plan"])
    try:
        context |= answer(chosen, form.cleaned_data, language=language, at=at)
    except rules.BadFacts as refusal:  # A country whose holidays nobody knows.
        context["refused"] = refusal
    return render(request, "site/check.html", context)


def answer(plan: PlanRow, typed: dict[str, Any], *, language: str, at: datetime) -> dict[str, Any]:
    """What the rules say of what was typed, asked at `at`. Raises rules.BadFacts."""
    residence = typed["residence"]
    zone = zone_of(residence) or "UTC"
    # Bought at the first instant of that day: the later one is never worse for the period.
    bought_at = datetime.combine(typed["bought_on"], time(), ZoneInfo(zone))
    bought_at = min(bought_at, at - calculator.ASKED_AFTER)
    is_connected = typed["activation"] == "connected"
    supposed = Supposed(
        days=0,
        used_percent=typed["used"] if is_connected else None,
        is_installed=typed["activation"] != "never",
    )
    asked = {"declared_at": at.isoformat()}
    facts = dict(calculator.facts(plan, residence, supposed, bought_at)) | asked
    contents = catalogue.contents_for(residence, at.date(), plan.promise)
    packs = rules.compile_packs(list(contents.values()))
    decision = rules.decide(facts, packs).as_json()
    return {
        "plan": plan,
        "decision": decision,
        "zone": zone,
        "lines": rules.explain(decision, language),
        "answers": three_answers(facts, decision, language),
    }
