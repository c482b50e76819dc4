"""What SIMs cost in the countries: the rows that plans are compared with."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from fairroam.apps.catalogue import operations, queries
from fairroam.apps.catalogue.refusals import TariffRefused
from fairroam.apps.customers.models import User
from fairroam.clock import now
from fairroam.rules.money import known_currencies
from fairroam.web.components.amounts import whole_minor
from fairroam.web.components.refused import render_refused
from fairroam.web.desk.staff import staff_only
from fairroam.web.desk.words import currency_choices
from fairroam.web.site import places

GIGABYTE = 10**9


def currencies() -> list[tuple[str, str]]:
    return currency_choices(sorted(known_currencies()))


class TariffForm(forms.Form):
    """One tariff, exactly as its page says it."""

    country = forms.ChoiceField(label=_("Country"))
    operator = forms.CharField(label=_("Network"), max_length=60)
    name = forms.CharField(label=_("Name of the tariff"), max_length=80)
    price = forms.DecimalField(label=_("Price"), min_value=0, max_digits=12, decimal_places=3)
    currency = forms.ChoiceField(label=_("Currency"), choices=currencies, initial="EUR")
    gigabytes = forms.DecimalField(
        label=_("Data in GB"),
        min_value=0,
        max_value=10_000,
        decimal_places=3,
        required=False,
        help_text=_("Empty: unlimited."),
    )
    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=366)
    source = forms.URLField(label=_("Address of the page"), max_length=300, assume_scheme="https")
    seen_on = forms.DateField(label=_("Seen on"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)
        country.choices = [("", _("Please choose")), *places.residences(get_language() or "en")]

    def clean(self) -> dict[str, Any]:
        """The price in whole minor units of its currency."""
        said = super().clean() or {}
        if "price" in said and "currency" in said:
            said["price_minor"] = whole_minor(self, "price", said.pop("price"), said["currency"])
        return said

    def fields_of_row(self) -> dict[str, object]:
        """What was typed, in the units of a row."""
        fields = dict(self.cleaned_data)
        gigabytes = fields.pop("gigabytes")
        fields["granted_bytes"] = int(gigabytes * GIGABYTE) if gigabytes else None
        return fields


@never_cache
@staff_only(role="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def tariffs(request: HttpRequest, staff: User) -> HttpResponse:
    """Every tariff by country, and the form for what somebody has seen."""
    form = TariffForm(request.POST or None)
    listed = {"tariffs": queries.tariffs(None, now().date())}
    if form.is_valid():
        try:
            operations.add_tariff(**form.fields_of_row(), actor=f"staff:{staff.pk}", now=now())  # type: ignore[arg-type]
        except TariffRefused as refusal:
            for column, texts in refusal.reasons.items():
                field = "price" if column == "price_minor" else column
                form.add_error(field if field in form.fields else None, texts)
            return render_refused(request, "desk/tariffs.html", form, refusal, **listed)
        return redirect("desk:tariffs")
    status = 422 if form.is_bound else 200
    return render(request, "desk/tariffs.html", {**listed, "form": form}, status=status)


@staff_only(role="operator")
@require_POST
def hide(request: HttpRequest, staff: User, tariff_id: int) -> HttpResponse:
    """Show a row no more."""
    operations.hide_tariff(tariff_id=tariff_id, actor=f"staff:{staff.pk}", now=now())
    return redirect("desk:tariffs")
