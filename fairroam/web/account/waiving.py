"""Give up a balance that has no way home, on the way out; the paper claims it later."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.closures import operations
from fairroam.apps.closures.queries import waivers
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.rules.money import Money
from fairroam.web.account.me import customers_only
from fairroam.web.account.step_up import proof_of, step_up_required
from fairroam.web.account.wallet import AmountForm
from fairroam.web.components.amounts import as_typed
from fairroam.web.components.refused import render_refused


class WaiverForm(AmountForm):
    """How much, and that it was read."""

    understood = forms.BooleanField(
        label=gettext_lazy("I give this up of my own will. I have read what it means.")
    )

    def __init__(self, *args: Any, currency: str, most: int, **words: Any) -> None:
        super().__init__(*args, currency=currency, **words)
        self.initial["amount"] = as_typed(most, currency)


@never_cache
@customers_only
@step_up_required
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, customer: Customer, currency: str) -> HttpResponse:
    """What a waiver means, its form, and the paper that comes of it."""
    at = now()
    most = waivers.waivable(customer.pk, currency, at)
    form = WaiverForm(request.POST or None, currency=currency, most=most)
    context = {"most": most, "currency": currency, "claim_by": operations.last_day_of_claim(at)}
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "account/waiver.html", {**context, "form": form}, status=status)
    try:
        waiver = operations.sign_waiver(
            customer_id=customer.pk,
            amount=Money(form.minor, currency),
            key=form.cleaned_data["key"],
            proof=proof_of(request, now=at),
            now=at,
        )
    except Refusal as refusal:
        return render_refused(request, "account/waiver.html", form, refusal, **context)
    return redirect("account:paper_page", waiver.paper.number)
