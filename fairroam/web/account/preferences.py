"""Address, language, time zone: how we reach somebody, and how they read us."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import uuid4
from zoneinfo import available_timezones

from allauth.core import ratelimit
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from fairroam.apps.customers import operations
from fairroam.apps.customers.models import Customer, User
from fairroam.apps.customers.refusals import AddressTaken
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.notices import operations as notices
from fairroam.clock import now
from fairroam.rules.languages import NAMES, language_of
from fairroam.web.account import mailed_codes
from fairroam.web.account.me import customers_only, signed_in
from fairroam.web.account.signin import mail_secret
from fairroam.web.account.step_up import often, step_up_required
from fairroam.web.components import formats
from fairroam.web.components.refused import render_refused

PENDING = "new_address"  # session key: the address that waits for its code


def zones() -> list[tuple[str, str]]:
    """Every zone that is named after a place, by its city in the page's language."""
    return _zones(get_language() or "en")


@cache
def _zones(language: str) -> list[tuple[str, str]]:
    return [
        (name, f"{name.replace('_', ' ')} · {formats.zone_name(name, language)}")
        for name in sorted(available_timezones())
        if "/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/"))
    ]


class PreferencesForm(forms.Form):
    """The language of mails and papers, and the zone of instants on pages."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language of mails and papers"), choices=list(NAMES.items())
    )
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=zones)


class AddressForm(forms.Form):
    """A new address."""

    email = forms.EmailField(
        label=gettext_lazy("New e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class CodeForm(forms.Form):
    """The code that went to the new address."""

    new_code = forms.CharField(
        label=gettext_lazy("Code from the mail to the new address"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )


@customers_only
@require_POST
def preferences(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Keep language and zone; the pages follow at once."""
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please choose a language and a zone from the lists."))
        return redirect("mfa_index")
    operations.choose_zone(customer_id=customer.pk, zone=form.cleaned_data["zone"])
    language = form.cleaned_data["language"]
    operations.choose_language(customer_id=customer.pk, language=language)
    messages.success(request, _("Saved."))
    response = redirect("mfa_index")
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language.lower())
    return response


def speak(request: HttpRequest) -> HttpResponse:
    """Change the language of the pages; for who is signed in, of mails and papers, too."""
    response: HttpResponse = set_language(request)
    customer = signed_in(request)
    asked = request.POST.get("language", "")
    if customer is not None and asked in dict(settings.LANGUAGES):
        operations.choose_language(customer_id=customer.pk, language=language_of(asked))
    return response


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@step_up_required
def change_address(request: HttpRequest) -> HttpResponse:
    """Name a new address; a code goes there. Whether others have it is told to its owner only."""
    form = AddressForm(request.POST or None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "account/address.html", {"form": form}, status=status)
    email = form.cleaned_data["email"].strip().lower()
    if not ratelimit.consume(request, action="request_login_code", key=email):
        form.add_error(None, often())
        return render(request, "account/address.html", {"form": form}, status=429)
    code = mailed_codes.begin(request, PENDING, whose=email, email=email)
    mail_secret("customers.new_address", email, code=code)
    return redirect("confirm_address")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@step_up_required
def confirm_address(request: HttpRequest) -> HttpResponse:
    """Take the code: the address changes, the old one is told, the account rests for 72 hours."""
    user = request.user
    assert isinstance(user, User)
    pending = mailed_codes.waiting(request, PENDING)
    if pending is None:
        return redirect("change_address")
    form = CodeForm(request.POST or None)
    email = pending["email"]
    context: dict[str, Any] = {"email": email}
    if form.is_valid() and not mailed_codes.is_right(
        request, PENDING, whose=email, typed=form.cleaned_data["new_code"]
    ):
        form.add_error(
            "new_code", _("This is not the code in the newest mail. Look there once more.")
        )
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(
            request, "account/address_code.html", {**context, "form": form}, status=status
        )
    try:
        replace_address(request, user, email)
    except AddressTaken as refusal:
        mailed_codes.end(request, PENDING)
        return render_refused(request, "account/address.html", AddressForm(), refusal)
    except Refusal as refusal:
        return render_refused(request, "account/address_code.html", form, refusal, **context)
    mailed_codes.end(request, PENDING)
    messages.success(request, _("Your address is changed. All other devices are signed out."))
    return redirect("mfa_index")


@transaction.atomic
def replace_address(request: HttpRequest, user: User, email: str) -> None:
    """Change the address, and queue the letter to the old one in the same transaction."""
    at = now()
    former = operations.change_address(
        user_id=user.pk, email=email, keep_session=request.session.session_key, now=at
    )
    customer = signed_in(request)
    notices.queue(
        kind="customers.address_changed",
        act=f"address-changed:{uuid4()}",
        address=former,
        language=customer.language if customer else "en",
        context={"changed_at": at, "zone": customer.zone if customer else "UTC"},
        now=at,
        customer_id=customer.pk if customer else None,
    )
