"""End one service: what that means, when, and the receipt; the account stays."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from fairroam.apps.closures import operations, queries
from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import queries as esims
from fairroam.apps.esims.queries import LinePage, numbers
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.refunds import queries as refunds
from fairroam.clock import now
from fairroam.rules.closure_checklist import days_left
from fairroam.web.account.me import customers_only
from fairroam.web.components import formats
from fairroam.web.components.refused import render_refused, sentence_of

TEMPLATE = "account/end_service.html"


class EndForm(forms.Form):
    """Now or at the plan's end; the tick that says it was read; the key of the form."""

    at = forms.ChoiceField(label=gettext_lazy("When it ends"), widget=forms.RadioSelect)
    understood = forms.BooleanField(label=gettext_lazy("I have read what happens."))
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, ends_at: datetime | None, zone: str, **words: Any) -> None:
        super().__init__(*args, **words)
        offered = [("now", _("At once. It cannot be taken back."))]
        if ends_at is not None:
            day = formats.until(ends_at, zone, get_language() or "en")
            offered.insert(0, ("plan_end", _("When the plan ends, on %(at)s.") % {"at": day}))
        when = self.fields["at"]
        assert isinstance(when, forms.ChoiceField)
        when.choices = offered


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """What is lost, what can be had back instead, and the button."""
    page = esims.line_page(line_id, customer.pk)
    at = now()
    context = consequences(page, at)
    form = EndForm(
        request.POST or None,
        initial={"key": uuid4(), "at": "plan_end" if context["plan"].ends_at else "now"},
        ends_at=context["plan"].ends_at,
        zone=page.zone,
    )
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, TEMPLATE, {**context, "form": form}, status=status)
    is_later = form.cleaned_data["at"] == "plan_end"
    try:
        operations.end_service(
            order_line_id=page.line.order_line_id,
            customer_id=customer.pk,
            at=context["plan"].ends_at if is_later else at,
            key=form.cleaned_data["key"],
            actor=f"customer:{customer.pk}",
            now=at,
        )
    except Refusal as refusal:
        return render_refused(request, TEMPLATE, form, refusal, **context)
    messages.success(request, _("Done. The receipt is on its way by mail."))
    return redirect("account:end_service", line_id)


def consequences(page: LinePage, at: datetime) -> dict[str, Any]:
    """What ending this line means today."""
    line_id = page.line.order_line_id
    quote = refunds.quote(line_id, now=at)
    plan = queries.plan_of(page.line)
    return {
        "page": page,
        "plan": plan,
        "days_left": days_left(plan, at),
        "quote": quote if quote.due else None,
        "has_number": numbers.has_keeping(line_id),
        "is_in_phone": esims.is_on_a_phone(line_id),
        "ending": queries.end_of_service(line_id),
    }


@customers_only
@require_POST
def undo(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """Let a service go on whose end has not come."""
    ending = queries.end_of_service(line_id)
    if ending is None:
        raise NotAmongYours(order_line_id=line_id)
    try:
        operations.undo_service_end(end_id=ending.pk, customer_id=customer.pk, now=now())
        messages.success(request, _("It goes on as before."))
    except NotAmongYours:
        raise
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
    return redirect("account:line", line_id)
