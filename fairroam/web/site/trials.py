"""Try for free: one plan per mailbox and phone, begun by a click in the mailbox."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.orders import tasks
from fairroam.apps.orders.operations import trials
from fairroam.clock import now
from fairroam.rules.languages import language_of, words_for
from fairroam.web.components.guessing import count_public_mail
from fairroam.web.components.refused import render_refused
from fairroam.web.site import places
from fairroam.web.site.checkout import CONSENTS
from fairroam.web.site.orders import remember_order

LINK_SECONDS = 24 * 3600


def plans_to_try() -> list[tuple[str, str]]:
    language = get_language() or "en"
    return [(row.code, words_for(row.names, language)) for row in catalogue.trials()]


class TrialForm(forms.Form):
    """Which plan, and whose mailbox."""

    plan = forms.ChoiceField(label=_("Plan"), choices=plans_to_try)
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("A link that begins the trial goes there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    residence = forms.ChoiceField(label=_("Country where you live"), widget=places.CountrySelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        residence = self.fields["residence"]
        assert isinstance(residence, forms.ChoiceField)
        residence.choices = [("", _("Please choose")), *places.residences(get_language() or "en")]


class BeginForm(forms.Form):
    """The box is never ticked in advance."""

    terms = forms.BooleanField(label=CONSENTS["terms"])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def trial(request: HttpRequest) -> HttpResponse:
    """What can be tried, under which limits, and the form."""
    form = TrialForm(request.POST or None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        context = {"form": form, "plans": catalogue.trials()}
        return render(request, "site/trial.html", context, status=status)
    try:
        count_public_mail(request)
    except Refusal as refusal:
        plans = catalogue.trials()
        return render_refused(request, "site/trial.html", form, refusal, plans=plans)
    said = form.cleaned_data
    tasks.mail_trial_link(
        email=said["email"],
        plan_code=said["plan"],
        residence=said["residence"],
        language=language_of(get_language() or "en"),
        now=now(),
    )
    return redirect("site:trial_sent")


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """The one answer, whether that mailbox had a trial or not: look into it."""
    return render(request, "site/trial_sent.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, seal: str) -> HttpResponse:
    """The link from the mail. Only the button counts: programs that read mails follow links."""
    form = BeginForm(request.POST if request.method == "POST" else None)
    try:
        asked = signing.loads(seal, salt=tasks.TRIAL_SALT, max_age=LINK_SECONDS)
    except signing.BadSignature:
        return render(request, "site/trial_begin.html", {"is_over": True}, status=404)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "site/trial_begin.html", {"form": form}, status=status)
    try:
        order = trials.begin_trial(
            plan_code=asked["plan"],
            email=asked["email"],
            residence=asked["residence"],
            language=asked["language"],
            consents={"terms": str(CONSENTS["terms"])},
            key=UUID(asked["key"]),
            now=now(),
        )
    except Refusal as refusal:
        return render_refused(request, "site/trial_begin.html", form, refusal, is_over=True)
    remember_order(request, order.number)
    return redirect("site:order", order.number)
