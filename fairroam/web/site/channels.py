"""Our true channels, signed; whether something is ours; and a door to report what is not."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.papers import operations
from fairroam.apps.papers.queries import channels as queries
from fairroam.clock import now

KINDS = {
    "web": _("Web"),
    "mail": _("Mail"),
    "phone": _("Telephone"),
    "chat": _("Chat"),
    "social": _("Social network"),
}


class AskForm(forms.Form):
    """What somebody saw."""

    what = forms.CharField(
        label=_("Address, number or link that you saw"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )


class ReportForm(AskForm):
    """The same, and how they came across it."""

    words = forms.CharField(
        label=_("How you came across it"),
        help_text=_("No names, codes or card numbers, please: we only need the fake."),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def channels(request: HttpRequest) -> HttpResponse:
    """The list, and the answer to "did you write this?"."""
    form = AskForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    status = 200
    if form.is_bound:
        if form.is_valid():
            what = form.cleaned_data["what"]
            context |= {"asked": what, "origin": str(queries.origin_of(what))}
        else:
            status = 422
    context |= {
        "channels": [(KINDS[one.kind], one.address) for one in queries.channels()],
        "fakes": queries.known_fakes(),
    }
    return render(request, "site/channels.html", context, status=status)


@require_safe
def signed(request: HttpRequest) -> HttpResponse:
    """The list as a signed file, to keep and to check offline."""
    answer = HttpResponse(operations.signed_channels(now=now()), content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="fairroam-channels.json"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """Tell us of something that claims to be us. Nothing personal is asked."""
    form = ReportForm(request.POST or None, initial={"what": request.GET.get("what", "")[:200]})
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "site/report_fake.html", {"form": form}, status=status)
    said = form.cleaned_data
    operations.report_fake(what=said["what"], words=said["words"], now=now())
    return redirect("site:reported")


@require_safe
def reported(request: HttpRequest) -> HttpResponse:
    """Thanks, and what to do if money or codes were given away."""
    return render(request, "site/reported.html")
