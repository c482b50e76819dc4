"""Money on our bank's statement: a person enters it, and what fits an order is booked."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.contrib import messages
from django.core.validators import DecimalValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.orders.operations.arriving import record_arrival
from fairroam.apps.payments.queries import arrivals as rows
from fairroam.clock import now
from fairroam.rules.money import Money, minor_digits
from fairroam.web.components.amounts import minor_of
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused
from fairroam.web.desk.staff import staff_only

CURRENCY = "EUR"
SENTENCES = {
    "applied": gettext_lazy("Booked: the order goes on, and its buyer is told."),
    "repeated": gettext_lazy("This credit was entered before. Nothing was booked again."),
    "quarantined": gettext_lazy(
        "This fits no order: another amount, or a reference of nobody. Nothing was booked; it waits"
        " under the providers' reports."
    ),
}


class ArrivalForm(forms.Form):
    """One credit of the statement."""

    reference = forms.CharField(
        label=gettext_lazy("Reference that the payer quoted"), max_length=40
    )
    amount = forms.DecimalField(
        label=gettext_lazy("Amount in EUR"),
        min_value=Decimal("0.01"),
        validators=[DecimalValidator(max_digits=12, decimal_places=minor_digits(CURRENCY))],
    )
    arrived_on = forms.DateField(
        label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"})
    )
    bank_ref = forms.CharField(label=gettext_lazy("The bank's reference"), max_length=60)


@never_cache
@staff_only(role="senior")
@require_http_methods(["GET", "HEAD", "POST"])
def arrivals(request: HttpRequest, staff: User) -> HttpResponse:
    """What is awaited, what was entered, and the form for the next credit."""
    form = ArrivalForm(request.POST or None)
    context = {
        "awaited": page_of(rows.awaited(), request, name="awaited"),
        "entered": page_of(rows.arrivals(), request),
    }
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "desk/arrivals.html", {**context, "form": form}, status=status)
    asked = form.cleaned_data
    try:
        outcome = record_arrival(
            reference=asked["reference"],
            amount=Money(minor_of(asked["amount"], CURRENCY), CURRENCY),
            arrived_on=asked["arrived_on"],
            bank_ref=asked["bank_ref"],
            staff_user_id=staff.pk,
            now=now(),
        )
    except Refusal as refusal:
        return render_refused(request, "desk/arrivals.html", form, refusal, **context)
    messages.info(request, SENTENCES.get(outcome, _("Noted.")))
    return redirect("desk:arrivals")
