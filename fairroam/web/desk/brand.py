"""The brand: who sells, in which colours, with which words on imprint and privacy."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.catalogue import operations, queries
from fairroam.apps.catalogue.models import Brand
from fairroam.apps.customers.models import User
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.rules.languages import NAMES
from fairroam.web.account.step_up import step_up_required
from fairroam.web.components.refused import render_refused
from fairroam.web.desk.staff import staff_only

WORDS = {"imprint": gettext_lazy("Imprint"), "privacy": gettext_lazy("Privacy")}
PLAIN = ("name", "legal_name", "address", "tax_number", "email", "accent", "accent_night")
PICTURES = ("image/png", "image/jpeg", "image/webp", "image/svg+xml")


class ColourField(forms.CharField):
    """A colour as "#0a6552"."""

    widget = forms.TextInput(attrs={"type": "color"})

    def clean(self, value: Any) -> str:
        said = str(super().clean(value)).lower()
        if not re.fullmatch(r"#[0-9a-f]{6}", said):
            raise forms.ValidationError(_("Write a colour like #0a6552."))
        return said


class BrandForm(forms.ModelForm):  # type: ignore[type-arg]
    """What every page, mail and paper says of the seller."""

    accent = ColourField(label=gettext_lazy("Accent by day"))
    accent_night = ColourField(label=gettext_lazy("Accent by night"))

    class Meta:
        model = Brand
        fields = PLAIN
        labels = {
            "name": gettext_lazy("Name of the shop"),
            "legal_name": gettext_lazy("Company, as in the register"),
            "address": gettext_lazy("Address"),
            "tax_number": gettext_lazy("Tax number"),
            "email": gettext_lazy("Mail address for customers"),
        }
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        for name, title in WORDS.items():
            for code, language in NAMES.items():
                self.fields[f"{name}_{code}"] = forms.CharField(
                    label=_("%(text)s (%(language)s)") % {"text": title, "language": language},
                    required=False,
                    max_length=20_000,
                    initial=getattr(self.instance, name).get(code, ""),
                    widget=forms.Textarea(attrs={"rows": 4, "lang": code}),
                )

    def columns(self) -> dict[str, Any]:
        """What was typed, by the columns of the brand."""
        said = self.cleaned_data
        texts = {
            name: {code: said[f"{name}_{code}"] for code in NAMES if said[f"{name}_{code}"]}
            for name in WORDS
        }
        return {name: said[name] for name in PLAIN} | texts


class LogoForm(forms.Form):
    """A picture to stand beside the name; none takes the present one away."""

    logo = forms.FileField(
        label=gettext_lazy("Picture (PNG, JPEG, WebP or SVG)"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(PICTURES)}),
    )


@never_cache
@staff_only(role="operator")
@step_up_required
@require_http_methods(["GET", "HEAD", "POST"])
def brand(request: HttpRequest, staff: User) -> HttpResponse:
    """The settings of the brand; a change needs a fresh proof of who is here."""
    row = queries.brand()
    form, logo = BrandForm(instance=row), LogoForm()
    context: dict[str, Any] = {
        "form": form,
        "logo": logo,
        "row": row,
        "address": settings.FAIRROAM_ADDRESS,
    }
    if request.method != "POST":
        return render(request, "desk/brand.html", context)
    is_logo = request.POST.get("act") == "logo"
    sent = LogoForm(request.POST, request.FILES) if is_logo else BrandForm(request.POST)
    context["logo" if is_logo else "form"] = sent
    if not sent.is_valid():
        return render(request, "desk/brand.html", context, status=422)
    try:
        if isinstance(sent, BrandForm):
            operations.change_brand(actor=f"staff:{staff.pk}", now=now(), **sent.columns())
        else:
            keep_logo(sent, staff)
    except Refusal as refusal:
        return render_refused(request, "desk/brand.html", context.pop("form"), refusal, **context)
    messages.success(request, _("It counts from now. Papers that are signed stay as they are."))
    return redirect("desk:brand")


def keep_logo(form: LogoForm, staff: User) -> None:
    """Make the picture again, so that nothing but its pixels is served, and show it."""
    sent = form.cleaned_data["logo"]
    clean = evidence.clean(sent.read(), is_logo=True) if sent else None
    operations.change_logo(
        content=clean.content if clean else b"",
        media_type=clean.media_type if clean else "",
        actor=f"staff:{staff.pk}",
        now=now(),
    )
