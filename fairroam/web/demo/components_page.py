"""Every part of the pages on one page, with a real decision in the receipt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from fairroam.apps.catalogue import queries as catalogue
from fairroam.clock import now
from fairroam.web.components.charts import DayUse
from fairroam.web.components.words import STAGES
from fairroam.web.site.plans import example

ZONE = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the shown timeline."""

    label: str | Promise
    state: str
    at: datetime | None = None
    note: str | Promise = ""


class ShownForm(forms.Form):
    """A field of every kind; the first one is wrong on purpose."""

    email = forms.EmailField(label=_("E-mail"), help_text=_("Your receipt goes there."))
    plan = forms.ChoiceField(label=_("Plan"), choices=[("a", "Japan"), ("b", "Europe")])
    words = forms.CharField(
        label=_("Anything else"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    way = forms.ChoiceField(
        label=_("Where to"),
        widget=forms.RadioSelect,
        choices=[("card", _("the card you paid with")), ("wallet", _("your balance here"))],
    )
    agreed = forms.BooleanField(label=_("I have read this."))


def steps(at: datetime) -> list[Step]:
    return [
        Step(_("You asked"), "done", at - timedelta(hours=2)),
        Step(_("The eSIM is off"), "done", at - timedelta(hours=2), _("proven by the network")),
        Step(_("Decided"), "now", at - timedelta(minutes=5)),
        Step(_("Money arrived"), "ahead"),
    ]


def days(at: datetime) -> list[DayUse]:
    used = (0, 310, 1200, 850, 90, 0, 640, 1500, 420, 700, 30, 980)
    countries = (("FR",), ("FR", "BE"), ("BE",))
    return [
        DayUse(
            (at - timedelta(days=len(used) - place)).date(), count * 10**6, countries[place // 4]
        )
        for place, count in enumerate(used)
    ]


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """The page of all parts."""
    context = {
        "at": now(),
        "zone": ZONE,
        "example": example(catalogue.plans()),
        "steps": steps(now()),
        "days": days(now()),
        "form": ShownForm({"email": "ada@", "plan": "a", "way": "card", "agreed": "on"}),
        "flows": {flow: list(words) for flow, words in STAGES.items()},
        "columns": [_("Plan"), _("How many"), _("Price")],
        "numbers": [2, 3],
        "rows": [["Japan 10 GB", "1", "€19.00"], ["Europe 20 GB", "2", "€58.00"]],
    }
    return render(request, "demo/components.html", context)
