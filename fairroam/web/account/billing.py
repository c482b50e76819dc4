"""The business on invoices: its name, address and VAT number."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_countries import countries

from fairroam.apps.customers import operations, queries
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.web.account.me import customers_only
from fairroam.web.components import formats
from fairroam.web.components.refused import render_refused

TEMPLATE = "account/billing.html"


def by_name() -> list[tuple[str, str]]:
    """Every country with its name in the page's language, in the order of names."""
    language = get_language() or "en"
    named = [(code, formats.country_name(code, language)) for code in countries.countries]
    return sorted(named, key=lambda pair: pair[1])


class BillingForm(forms.Form):
    """What stands on the invoice of a business."""

    company = forms.CharField(
        label=gettext_lazy("Company"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
    )
    country = forms.ChoiceField(label=gettext_lazy("Country"), choices=by_name)
    tax_number = forms.CharField(
        label=gettext_lazy("VAT number"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def billing(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Name the business for later invoices, or take it off them."""
    kept = queries.billing_of(customer.pk)
    initial = {name: getattr(kept, name) for name in BillingForm.base_fields} if kept else {}
    form = BillingForm(request.POST or None, initial=initial or {"country": customer.residence[:2]})
    forgets = request.POST.get("act") == "forget"
    if request.method != "POST" or not (forgets or form.is_valid()):
        status = 422 if request.method == "POST" else 200
        return render(request, TEMPLATE, {"form": form, "kept": kept}, status=status)
    try:
        if forgets:
            operations.forget_billing(customer_id=customer.pk)
        else:
            operations.keep_billing(customer_id=customer.pk, now=now(), **form.cleaned_data)
    except Refusal as refusal:
        return render_refused(request, TEMPLATE, form, refusal, kept=kept)
    messages.success(request, _("Saved. It counts for invoices from now on."))
    return redirect("account:billing")
