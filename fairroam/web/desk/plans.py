"""What plans cost and grant for orders to come; what was sold keeps its copy."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.catalogue import operations, queries
from fairroam.apps.catalogue.models import Plan
from fairroam.apps.catalogue.refusals import PlanRefused
from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.clock import now
from fairroam.rules.languages import NAMES
from fairroam.web.components.amounts import as_typed, minor_of, take_amounts
from fairroam.web.components.refused import render_refused
from fairroam.web.desk.staff import staff_only

GIGABYTE = 10**9
PLAIN = ("validity_days", "is_offered")
# Why a plan cannot be offered so: catalogue.operations.plans names these codes.
WHY_NOT = {
    "below_price": gettext_lazy("At least the price."),
    "trial_costs": gettext_lazy("A free trial costs nothing."),
    "no_price": gettext_lazy("Only a free trial costs nothing."),
    "no_end": gettext_lazy(
        "A plan that never ends has a limit of data, no number, and no supplier."
    ),
    "trial_without_limit": gettext_lazy("A trial has a limit."),
}
PRICES = {"price_minor": "price", "list_price_minor": "list_price"}
TYPED_AS = PRICES | {"granted_bytes": "gigabytes"}  # column -> field of the form


class PlanForm(forms.Form):
    """A plan's names by language, its prices as people write them, days and data."""

    price = forms.DecimalField(min_value=0, max_digits=12)
    list_price = forms.DecimalField(min_value=0, max_digits=12)
    validity_days = forms.IntegerField(
        label=gettext_lazy("Days (empty: it never ends)"),
        min_value=1,
        max_value=3660,
        required=False,
    )
    gigabytes = forms.DecimalField(
        label=gettext_lazy("Data in GB"),
        min_value=Decimal("0.001"),
        max_value=10_000,
        decimal_places=3,
        required=False,
        help_text=gettext_lazy("Empty: unlimited."),
    )
    is_offered = forms.BooleanField(label=gettext_lazy("On sale"), required=False)

    def __init__(self, plan: Plan, sent: QueryDict | None = None) -> None:
        granted = [one.granted for one in plan.allowances.all() if one.kind == "data"]
        gigabytes = Decimal(granted[0]) / GIGABYTE if granted and granted[0] else None
        start = {name: getattr(plan, name) for name in PLAIN} | {"gigabytes": gigabytes}
        start |= {
            name: as_typed(getattr(plan, column), plan.currency) for column, name in PRICES.items()
        }
        super().__init__(sent, initial=start)
        self.currency = plan.currency
        labels = {
            "price": _("Price in %(currency)s"),
            "list_price": _("Price before the discount, in %(currency)s"),
        }
        for name, label in labels.items():
            self.fields[name].label = label % {"currency": plan.currency}
            take_amounts(self.fields[name], plan.currency, least_minor=0)
        for code, language in NAMES.items():
            self.fields[f"name_{code}"] = forms.CharField(
                label=_("%(text)s (%(language)s)")
                % {"text": _("Name of the plan"), "language": language},
                max_length=80,
                required=code == "en",
                initial=plan.names.get(code, ""),
            )
        self.order_fields([f"name_{code}" for code in NAMES])

    def columns(self) -> dict[str, Any]:
        """What was typed, in the units of a row."""
        said = self.cleaned_data
        names = {code: said[f"name_{code}"] for code in NAMES if said[f"name_{code}"]}
        gigabytes = said["gigabytes"]
        granted = None if gigabytes is None else int(gigabytes * GIGABYTE)
        prices = {column: minor_of(said[name], self.currency) for column, name in PRICES.items()}
        plain = {name: said[name] for name in PLAIN}
        return plain | prices | {"names": names, "granted_bytes": granted}


@never_cache
@staff_only(role="operator")
@require_safe
def plans(request: HttpRequest, staff: User) -> HttpResponse:
    """Every plan, by its code."""
    return render(request, "desk/plans.html", {"plans": queries.all_plans()})


@never_cache
@staff_only(role="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, staff: User, code: str) -> HttpResponse:
    """One plan and its form."""
    row = next((one for one in queries.all_plans() if one.code == code), None)
    if row is None:
        raise NotAmongYours
    form = PlanForm(row, request.POST or None)
    context: dict[str, Any] = {"plan": row}
    if form.is_valid():
        try:
            operations.change_plan(
                code=code, actor=f"staff:{staff.pk}", now=now(), **form.columns()
            )
        except PlanRefused as refusal:
            for column, code in refusal.reasons.items():
                form.add_error(TYPED_AS.get(column, column), WHY_NOT[code])
            return render_refused(request, "desk/plan.html", form, refusal, **context)
        messages.success(request, _("It counts for orders from now on. Sold plans stay as sold."))
        return redirect("desk:plans")
    status = 422 if form.is_bound else 200
    return render(request, "desk/plan.html", {**context, "form": form}, status=status)
