"""The list of our channels and the reports of fakes, for operators and colleagues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator, validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.papers import operations
from fairroam.apps.papers.queries import channels as queries
from fairroam.clock import now
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused, sentence_of
from fairroam.web.desk.staff import staff_only
from fairroam.web.site.channels import KINDS

SHAPES: dict[str, Callable[[str], object]] = {
    "web": forms.URLField(assume_scheme="https").clean,
    "mail": validate_email,
    "phone": RegexValidator(
        r"\A\+?[0-9 ()/.-]{3,30}\Z",
        gettext_lazy("A phone number has digits, and may begin with +."),
    ),
}


class ChannelForm(forms.Form):
    """A way to reach us, exactly as people see it."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=list(KINDS.items()))
    address = forms.CharField(label=gettext_lazy("Address, number or link"), max_length=200)

    def clean(self) -> dict[str, Any]:
        """An address has the shape of its kind: a slip would be signed, and sent to everybody."""
        said = super().clean() or {}
        check = SHAPES.get(said.get("kind", ""))
        if check and "address" in said:
            try:
                check(said["address"])
            except forms.ValidationError as wrong:
                self.add_error("address", wrong)
        return said


@never_cache
@staff_only(role="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def channels(request: HttpRequest, staff: User) -> HttpResponse:
    """The list with its form, and what was reported."""
    form = ChannelForm(request.POST or None)
    if form.is_valid():
        try:
            operations.add_channel(**form.cleaned_data, actor=f"staff:{staff.pk}", now=now())
        except Refusal as refusal:
            return render_refused(request, "desk/channels.html", form, refusal, **listed(request))
        return redirect("desk:channels")
    status = 422 if form.is_bound else 200
    return render(request, "desk/channels.html", {**listed(request), "form": form}, status=status)


def listed(request: HttpRequest) -> dict[str, object]:
    return {
        "channels": [(KINDS[one.kind], one) for one in queries.channels()],
        "reports": page_of(queries.waiting_reports(), request),
    }


@staff_only(role="operator")
@require_POST
def end(request: HttpRequest, staff: User, channel_id: int) -> HttpResponse:
    """Take a channel off the list."""
    operations.end_channel(channel_id=channel_id, actor=f"staff:{staff.pk}", now=now())
    return redirect("desk:channels")


@staff_only(role="operator")
@require_POST
def settle(request: HttpRequest, staff: User, report_id: int) -> HttpResponse:
    """Say whether what was reported is a fake."""
    try:
        operations.settle_report(
            report_id=report_id,
            is_fake=request.POST.get("answer") == "fake",
            actor=f"staff:{staff.pk}",
            now=now(),
        )
        messages.success(request, _("Done."))
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
    return redirect("desk:channels")
