"""Leave: what it would mean, live; then the closing, step by step, until the certificate."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.closures import operations, queries
from fairroam.apps.closures.refusals import AlreadyClosing
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.clock import now
from fairroam.web.account.live import render_live
from fairroam.web.account.me import customers_only
from fairroam.web.components.refused import render_refused

SEAL = "closing"
SEAL_SECONDS = 7 * 86_400
LOOK_SECONDS = 1

STEPS = {
    "refunds": _("Finish refunds"),
    "lines": _("Switch eSIMs off at the carrier"),
    "notices": _("Drop waiting messages"),
    "sessions": _("Sign out everywhere"),
    "close": _("Check that nothing is left, and close"),
    "erase": _("Erase personal data"),
    "certify": _("Sign the certificate"),
    "last_mail": _("Mail the certificate, drop the address"),
}


class LeaveForm(forms.Form):
    """One tick that says it was read, and the key of the form."""

    understood = forms.BooleanField(
        label=_("I have read what happens. Close my account; this cannot be undone."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, customer: Customer) -> HttpResponse:
    """The checklist, each item with its remedy; below it the one button."""
    at = now()
    if queries.closure_of(customer.pk) is not None:
        return remember(request, customer.pk)
    checklist = queries.checklist(customer.pk, at)
    context: dict[str, Any] = {"checklist": checklist, "customer": customer}
    form = LeaveForm(request.POST or None, initial={"key": uuid4()})
    template = "account/leave.html"
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, template, {**context, "form": form}, status=status)
    try:
        operations.request_closure(
            customer_id=customer.pk,
            key=form.cleaned_data["key"],
            now=at,
            actor=f"customer:{customer.pk}",
        )
    except AlreadyClosing:
        pass
    except Refusal as refusal:
        return render_refused(request, template, form, refusal, **context)
    return remember(request, customer.pk)


def remember(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Go to the progress page. The closing ends every sign-in, so its address carries a seal."""
    return redirect("account:leaving", signing.dumps(customer_id, salt=SEAL))


@never_cache
@require_safe
def progress(request: HttpRequest, seal: str) -> HttpResponse:
    """How far the closing is; at its end the certificate. Works without a sign-in for a week."""
    try:
        customer_id = signing.loads(seal, salt=SEAL, max_age=SEAL_SECONDS)
        row = queries.closure_of(customer_id)
        if row is None:
            raise NotAmongYours
    except (signing.BadSignature, NotAmongYours):
        return render(request, "account/hidden.html", status=404)
    context = {"closure": row, "steps": timeline(row)}
    return render_live(
        request,
        "account/leaving.html",
        context,
        part="account/leaving_part.html",
        seconds=None if row.certificate else LOOK_SECONDS,
    )


def timeline(row: queries.ClosureRow) -> list[dict[str, object]]:
    """The steps; the first one that is not done is what it works on."""
    steps: list[dict[str, object]] = []
    is_waiting = True
    for step in row.steps:
        state = "done" if step.done_at else "now" if is_waiting else "ahead"
        is_waiting = is_waiting and bool(step.done_at)
        steps.append({"label": STEPS[step.name], "at": step.done_at, "state": state})
    return steps
