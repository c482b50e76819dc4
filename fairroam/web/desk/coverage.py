"""Where a plan works: each country's newest table, and the form for what is known from now on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
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
from fairroam.apps.catalogue.models import RADIOS, Operator, Plan
from fairroam.apps.catalogue.queries import desk
from fairroam.apps.catalogue.queries.rows import plan_row
from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.clock import now
from fairroam.web.components import formats
from fairroam.web.components.refused import render_refused
from fairroam.web.desk.staff import staff_only
from fairroam.web.site.coverage import by_country


class TableForm(forms.Form):
    """The whole table of a country as of a day: the radios of each operator."""

    as_of = forms.DateField(
        label=gettext_lazy("Known as of"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=200,
        help_text=gettext_lazy("The sheet, page or message that says so. Travellers read it."),
    )

    def __init__(
        self,
        operators: Sequence[Operator],
        radios: Mapping[int, Sequence[str]],
        today: date,
        sent: QueryDict | None = None,
    ) -> None:
        super().__init__(sent, initial={"as_of": today}, auto_id="table_%s")
        self.ids = [operator.pk for operator in operators]
        for operator in operators:
            codes = f"{operator.mcc}-{operator.mnc}"
            self.fields[f"radios_{operator.pk}"] = forms.MultipleChoiceField(
                label=f"{operator.name} ({codes})",
                choices=[(radio, radio) for radio in RADIOS],
                initial=radios.get(operator.pk, ()),
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )

    def of_operators(self) -> list[forms.BoundField]:
        """The fields of the operators, to be laid out in a row each."""
        return [self[f"radios_{pk}"] for pk in self.ids]

    def radios(self) -> dict[int, list[str]]:
        """What was ticked, by the operator's id."""
        ticked = {pk: self.cleaned_data[f"radios_{pk}"] for pk in self.ids}
        return {pk: chosen for pk, chosen in ticked.items() if chosen}


class OperatorForm(forms.Form):
    """A network that we do not know yet, by its codes."""

    name = forms.CharField(label=gettext_lazy("Network"), max_length=60)
    mcc = forms.RegexField(
        r"\A[0-9]{3}\Z",
        label=gettext_lazy("Country code (MCC)"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "maxlength": 3}),
        help_text=gettext_lazy("Three digits, as ITU-T E.212 lists them."),
    )
    mnc = forms.RegexField(
        r"\A[0-9]{2,3}\Z",
        label=gettext_lazy("Network code (MNC)"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "maxlength": 3}),
        help_text=gettext_lazy("Two or three digits; a zero in front counts."),
    )


def plans_by_code() -> dict[str, Plan]:
    return {plan.code: plan for plan in queries.all_plans()}


@never_cache
@staff_only(role="operator")
@require_safe
def coverage(request: HttpRequest, staff: User, code: str) -> HttpResponse:
    """Every country of a plan with its networks, its day and its source."""
    plans = plans_by_code()
    if code not in plans:
        raise NotAmongYours
    profile = desk.coverage_profile(plans[code])
    context = {
        "plan": plans[code],
        "profile": profile,
        "shared": [one for one in plans.values() if desk.coverage_profile(one) == profile],
        "countries": by_country(plan_row(plans[code]), request.LANGUAGE_CODE),
    }
    return render(request, "desk/coverage.html", context)


@never_cache
@staff_only(role="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def country_table(request: HttpRequest, staff: User, code: str, country: str) -> HttpResponse:
    """The table of one country, to be told anew as of a day; or a network that is missing in it."""
    plan = plans_by_code().get(code)
    if plan is None or country not in plan.countries:
        raise NotAmongYours
    sent = request.POST if request.method == "POST" else None
    is_operator = sent is not None and sent.get("act") == "operator"
    profile, operators = desk.coverage_profile(plan), desk.operators_of(country)
    radios = desk.radios_now(profile, country)
    table = TableForm(operators, radios, now().date(), None if is_operator else sent)
    operator = OperatorForm(sent if is_operator else None, auto_id="operator_%s")
    form = operator if is_operator else table
    context: dict[str, Any] = {
        "plan": plan,
        "country": country,
        "operators": operators,
        "table": table,
        "operator": operator,
    }
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "desk/coverage_country.html", context, status=status)
    try:
        tell(form, profile=profile, country=country, actor=f"staff:{staff.pk}")
    except Refusal as refusal:
        return render_refused(request, "desk/coverage_country.html", form, refusal, **context)
    if is_operator:
        messages.success(request, _("Taken in. Tick its radios in the table now."))
        return redirect("desk:coverage_country", code, country)
    name = formats.country_name(country, request.LANGUAGE_CODE)
    messages.success(request, _("%(country)s is told anew.") % {"country": name})
    return redirect("desk:coverage", code)


def tell(form: forms.Form, *, profile: str, country: str, actor: str) -> None:
    """Do what the form says. Raises CoverageRefused, OperatorRefused."""
    said = form.cleaned_data
    if isinstance(form, TableForm):
        operations.tell_coverage(
            profile_type=profile,
            country=country,
            radios=form.radios(),
            as_of=said["as_of"],
            source=said["source"],
            actor=actor,
            now=now(),
        )
    else:
        operations.add_operator(country=country, **said, actor=actor, now=now())
