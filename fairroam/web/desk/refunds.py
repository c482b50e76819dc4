"""Refunds that wait for a person: the queue, and one case on one screen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.refunds import operations, queries
from fairroam.apps.refunds.queries.desk import Case
from fairroam.clock import now
from fairroam.web.components.refused import render_refused
from fairroam.web.desk.staff import staff_only


class DecideForm(forms.Form):
    """What a person may say to a case."""

    act = forms.ChoiceField(
        choices=[("approve", "approve"), ("decline", "decline"), ("retry", "retry")],
        widget=forms.HiddenInput,
    )
    number = forms.CharField(widget=forms.HiddenInput, required=False)
    goodwill_minor = forms.IntegerField(
        label=gettext_lazy("Goodwill on top, in minor units (cents)"),
        min_value=0,
        required=False,
    )
    words = forms.CharField(
        label=gettext_lazy("What you tell the customer"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@never_cache
@staff_only
@require_safe
def queue(request: HttpRequest, staff: User) -> HttpResponse:
    """What waits, oldest first, each with its clock."""
    return render(request, "desk/queue.html", {"rows": queries.queue(now=now())})


@never_cache
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, staff: User, refund_id: int) -> HttpResponse:
    """All that decides one case; approve, decline with a reason, or send again."""
    try:
        found = queries.case(refund_id)
    except NotAmongYours as refusal:
        return render(request, "account/hidden.html", status=refusal.status)
    context = {"case": found, "lines": receipt_lines(found, request.LANGUAGE_CODE)}
    decision = found.refund.decision
    form = DecideForm(request.POST or None, initial={"number": decision.number if decision else ""})
    if not form.is_valid():
        return render(request, "desk/case.html", {**context, "form": form})
    try:
        decide(staff, refund_id, form.cleaned_data)
    except Refusal as refusal:
        return render_refused(request, "desk/case.html", form, refusal, **context)
    messages.success(request, _("Done. The customer is told now."))
    return redirect("desk:queue")


def receipt_lines(found: Case, language: str) -> list[Any]:
    decision = found.refund.decision
    return list(decision.lines(language)) if decision else []


def decide(staff: User, refund_id: int, said: dict[str, Any]) -> None:
    """Call the one operation that was chosen."""
    at = now()
    if said["act"] == "approve":
        operations.approve(
            request_id=refund_id,
            staff_user_id=staff.pk,
            goodwill_minor=said["goodwill_minor"] or 0,
            now=at,
        )
    elif said["act"] == "decline":
        operations.decline(
            request_id=refund_id, staff_user_id=staff.pk, words=said["words"], now=at
        )
    else:
        operations.retry_payouts(request_id=refund_id, staff_user_id=staff.pk, now=at)
