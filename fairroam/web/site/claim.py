"""Claim a balance that was waived: with the paper's number and code, without an account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.closures import operations
from fairroam.apps.closures.models import Waiver
from fairroam.apps.closures.refusals import NoSuchWaiver
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.web.components.guessing import guarded
from fairroam.web.components.refused import render_refused

CLAIMED_HERE = "claimed"  # session key: the waiver that this browser claimed


class ClaimForm(forms.Form):
    """What the paper says, and where the money goes."""

    number = forms.CharField(
        label=_("Number of the waiver"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "placeholder": "WV-…"}
        ),
    )
    code = forms.CharField(
        label=_("Claim code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "placeholder": "WC-…"}
        ),
    )
    holder = forms.CharField(
        label=_("Name of the account's holder"),
        max_length=70,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    iban = forms.CharField(
        label=_("IBAN"), max_length=42, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest) -> HttpResponse:
    """The form; after it, what is being sent."""
    form = ClaimForm(request.POST or None)
    context: dict[str, Any] = {"claimed": claimed_here(request)}
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "site/claim.html", {**context, "form": form}, status=status)
    try:
        with guarded(request, form.cleaned_data["code"], NoSuchWaiver):
            waiver = operations.claim_waiver(**form.cleaned_data, now=now())
    except Refusal as refusal:
        return render_refused(request, "site/claim.html", form, refusal, **context)
    request.session[CLAIMED_HERE] = waiver.pk
    return redirect("site:claim")


def claimed_here(request: HttpRequest) -> Waiver | None:
    """What this browser claimed, to say so after the form."""
    claimed = request.session.get(CLAIMED_HERE)
    return None if claimed is None else Waiver.objects.filter(pk=claimed).first()
