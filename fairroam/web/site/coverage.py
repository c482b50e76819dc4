"""Where a plan works, by country, operator and radio; and whether a phone takes an eSIM."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods
from stdnum import imei

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.queries import CoverageRow, PlanRow
from fairroam.gateways.identifiers import BadIdentifier, check_eid
from fairroam.web.site import places

EID_DIGITS = 32
IMEI_DIGITS = (15, 16)  # with a check digit, or with the version of the software instead
NUMBER_CHARACTERS_MAX = 60  # the digits, and what people put between them


WRONG_EID = _("An EID starts with 89 and ends in two check digits. Please compare them again.")
WRONG_IMEI = _("The digits of this IMEI do not fit together. Please compare them again.")
WRONG_LENGTH = _("An EID has 32 digits and an IMEI 15; this is neither.")


@dataclass(frozen=True, slots=True)
class CountryCoverage:
    """One country of a plan and its operators; none where nothing is known."""

    country: str
    operators: tuple[CoverageRow, ...]


def by_country(plan: PlanRow, language: str) -> list[CountryCoverage]:
    """Every country of a plan, in the order of the names, also those without known operators."""
    rows = groupby(catalogue.coverage(plan), key=lambda row: row.country)
    known = {country: tuple(operators) for country, operators in rows}
    return [
        CountryCoverage(country, known.get(country, ()))
        for country in places.in_order_of_names(plan.countries, language)
    ]


def sources_of(countries: list[CountryCoverage]) -> list[str]:
    """From whom we know all this, each once."""
    return sorted({row.source for one in countries for row in one.operators})


class NumberForm(forms.Form):
    """An EID or IMEI as the phone shows it. It identifies a phone: it is checked and forgotten."""

    number = forms.CharField(
        label=_("EID or IMEI"),
        max_length=NUMBER_CHARACTERS_MAX,
        help_text=_("Dial *#06# and your phone shows both. We check the digits and keep nothing."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    @sensitive_variables()
    def clean_number(self) -> str:
        """Which of the two it was; the number itself is not kept, not even in the form."""
        number = imei.compact(self.cleaned_data["number"])
        if len(number) == EID_DIGITS:
            try:
                check_eid(number)
            except BadIdentifier as error:
                raise ValidationError(WRONG_EID, code=error.code) from None
            return "eid"
        if len(number) not in IMEI_DIGITS:
            raise ValidationError(WRONG_LENGTH, code="neither-eid-nor-imei")
        if not imei.is_valid(number):
            raise ValidationError(WRONG_IMEI, code="imei-check-digit")
        return "imei"


@never_cache
@sensitive_post_parameters("number")
@require_http_methods(["GET", "HEAD", "POST"])
def devices(request: HttpRequest) -> HttpResponse:
    """The list of models, and a check of the number that a phone shows of itself."""
    form = NumberForm(request.POST or None)
    is_sound = form.is_valid()
    search = request.GET.get("model", "")[:60]
    context = {
        "form": NumberForm() if is_sound else form,
        "kind": form.cleaned_data["number"] if is_sound else "",
        "models": catalogue.devices(search),
        "search": search,
    }
    status = 422 if form.is_bound and not is_sound else 200
    return render(request, "site/devices.html", context, status=status)
