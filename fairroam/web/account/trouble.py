"""It does not work: what the network says, the steps to try, and the clock of the promise."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import queries as esims
from fairroam.apps.esims.queries import ActivationFacts
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.refunds import operations, queries
from fairroam.apps.refunds.queries import TroubleRow
from fairroam.clock import now
from fairroam.web.account.me import customers_only
from fairroam.web.account.refunds import add_files
from fairroam.web.components.refused import render_refused
from fairroam.web.components.uploads import FilesField

TEMPLATE = "account/trouble.html"
ACTS = ("open", "step", "restored", "show")
CAUSES = [
    ("technical", _("It is installed, but nothing loads")),
    ("no_coverage", _("There is no network where I am")),
    ("device_incompatible", _("My phone cannot use it")),
]


class Words(NamedTuple):
    """A step: its name, and how to do it."""

    name: str | Promise
    how: str | Promise


STEPS = {
    "roaming": Words(
        _("Switch data roaming on"),
        _("In the settings of your phone, for this eSIM: mobile data and data roaming both on."),
    ),
    "apn": Words(
        _("Check the access point (APN)"),
        _("In the mobile data settings of this eSIM. Reset it, or let the phone fill it in."),
    ),
    "operator": Words(
        _("Choose the network by hand"),
        _("Switch automatic choice off, wait a minute for the list, and try each network on it."),
    ),
    "restart": Words(
        _("Restart the phone"), _("Off, half a minute, on again; or flight mode for a minute.")
    ),
    "reinstall": Words(
        _("Install it again"),
        _("Only if your phone can: move to a new phone here gives you a fresh code for the same."),
    ),
}


class TroubleForm(forms.Form):
    """What was pressed: open with a cause, a step with its result, files to show, it works."""

    act = forms.ChoiceField(choices=[(name, name) for name in ACTS])
    cause = forms.ChoiceField(
        label=_("What is wrong?"), choices=CAUSES, required=False, widget=forms.RadioSelect
    )
    step = forms.ChoiceField(choices=[(kind, kind) for kind in STEPS], required=False)
    has_helped = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")], required=False)
    uploads = FilesField(
        label=_("Pictures, PDF or text"),
        help_text=_("Up to 10 MB each. Where a picture was taken is removed from it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cause"].required = self.data.get("act", "open") == "open"

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        needed = {"step": ("step", "has_helped"), "show": ("uploads",)}
        for name in needed.get(typed.get("act", ""), ()):
            if not typed.get(name):
                self.add_error(name, _("Please choose."))
        return typed


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def trouble(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """The page follows the line: what to try next depends on what the network has told."""
    at = now()
    context = page(line_id, customer, at)
    form = TroubleForm(request.POST or None, request.FILES or None, initial={"cause": "technical"})
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, TEMPLATE, {**context, "form": form}, status=status)
    try:
        add_files(form, line_id, customer, kind_of(form.cleaned_data["cause"], context["trouble"]))
        act(form.cleaned_data, line_id, customer.pk, at)
    except Refusal as refusal:
        return render_refused(request, TEMPLATE, form, refusal, **context)
    return redirect("account:trouble", line_id)


def kind_of(cause: str, found: TroubleRow | None) -> str:
    """What a file shows, as evidence names it."""
    cause = cause or (found.cause if found else "")
    return "device" if cause == "device_incompatible" else "network_failure"


def act(typed: dict[str, Any], line_id: int, customer_id: int, at: datetime) -> None:
    """Do what was pressed."""
    if typed["act"] == "open":
        operations.open_trouble(
            order_line_id=line_id, customer_id=customer_id, cause=typed["cause"], now=at
        )
    elif typed["act"] == "step":
        operations.record_step(
            order_line_id=line_id,
            customer_id=customer_id,
            kind=typed["step"],
            has_helped=typed["has_helped"] == "yes",
            now=at,
        )
    elif typed["act"] == "restored":
        operations.report_restored(order_line_id=line_id, customer_id=customer_id, now=at)


def page(line_id: int, customer: Customer, at: datetime) -> dict[str, Any]:
    line = esims.line_page(line_id, customer.pk)  # First of all: is it theirs?
    quote = queries.quote(line_id, now=at)
    found = queries.trouble_of(line_id)
    is_open = found is not None and found.restored_at is None
    later = queries.outlook(quote, validity_days=line.plan_copy["validity_days"])
    return {
        "page": line,
        "trouble": found,
        "files": queries.files_of_line(line_id),
        "is_open": is_open,
        "steps": steps(found) if found and is_open else [],
        "cure": queries.cure_of(quote.packs),
        "promised": next((one for one in later if one.kind == "not_repaired"), None),
        "quote": quote,
        "network": queries.network_says(line_id),
        "hint": hint(line.facts),
    }


def steps(found: TroubleRow) -> list[dict[str, Any]]:
    """Every step with its words; the first that is still ahead is what to try now."""
    ahead = next((step.kind for step in found.steps if step.done_at is None), None)
    return [
        {"row": step, "words": STEPS[step.kind], "is_next": step.kind == ahead}
        for step in found.steps
    ]


def hint(facts: ActivationFacts) -> str | Promise:
    """What the facts of the line say to try first."""
    told = (
        (facts.downloaded_at, _("No phone has downloaded the eSIM yet. Install it first.")),
        (facts.enabled_at, _("It is on a phone, but not switched on. Switch it on first.")),
        (
            facts.first_attach_at,
            _("It is switched on, but no network has seen it: begin with roaming and network."),
        ),
        (
            facts.first_usage_at,
            _("A network has seen it, but nothing was used: begin with the access point."),
        ),
    )
    missing = [words for at, words in told if at is None]
    return missing[0] if missing else _("It worked before: a restart often helps.")
