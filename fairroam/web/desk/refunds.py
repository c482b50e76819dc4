"""Refunds that wait for a person: the queue, and one case on one screen."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import DecimalValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.refunds import operations, queries
from fairroam.apps.refunds.queries import RefundRow
from fairroam.apps.refunds.queries.desk import Case
from fairroam.apps.refunds.refusals import FiguresMoved
from fairroam.clock import now
from fairroam.rules.money import minor_digits
from fairroam.web.components import formats
from fairroam.web.components.refused import render_refused
from fairroam.web.desk import words
from fairroam.web.desk.staff import staff_only


class DecideForm(forms.Form):
    """What a person may say to a case. Amounts are typed as people write them: 9.50."""

    act = forms.ChoiceField(
        choices=[("approve", "approve"), ("decline", "decline"), ("retry", "retry")],
        widget=forms.HiddenInput,
    )
    goodwill = forms.DecimalField(
        label=gettext_lazy("Goodwill on top"), min_value=0, max_digits=12, required=False
    )
    words = forms.CharField(
        label=gettext_lazy("What you tell the customer"),
        max_length=2000,
        error_messages={"required": gettext_lazy("Write the reason; the customer reads it.")},
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        goodwill = self.fields["goodwill"]
        assert isinstance(goodwill, forms.DecimalField)
        digits = minor_digits(currency)
        goodwill.label = _("Goodwill on top, in %(currency)s") % {"currency": currency}
        goodwill.validators.append(DecimalValidator(max_digits=12, decimal_places=digits))
        goodwill.widget.attrs = {"min": 0, "step": str(Decimal(1).scaleb(-digits))}
        self.digits = digits
        self.fields["words"].required = self.data.get("act", "decline") == "decline"

    @property
    def goodwill_minor(self) -> int:
        """The typed amount in whole minor units."""
        return int((self.cleaned_data["goodwill"] or Decimal(0)).scaleb(self.digits))


@never_cache
@staff_only
@require_safe
def queue(request: HttpRequest, staff: User) -> HttpResponse:
    """What waits, oldest first, each with its clock."""
    rows = [(row, [words.doubt(code) for code in row.doubts]) for row in queries.queue(now=now())]
    return render(request, "desk/queue.html", {"rows": rows})


@never_cache
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, staff: User, refund_id: int) -> HttpResponse:
    """All that decides one case; approve, decline with a reason, or send again."""
    try:
        found = queries.case(refund_id)
    except NotAmongYours as refusal:
        return render(request, "account/hidden.html", status=refusal.status)
    context = told(found, request.LANGUAGE_CODE)
    form = DecideForm(request.POST or None, currency=found.refund.currency)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "desk/case.html", {**context, "form": form}, status=status)
    try:
        decide(staff, refund_id, form)
    except FiguresMoved as refusal:  # Nothing was paid: the page shows what the rules say now.
        operations.decide_again(request_id=refund_id, actor=f"staff:{staff.pk}", now=now())
        context = told(queries.case(refund_id), request.LANGUAGE_CODE)
        return render_refused(request, "desk/case.html", form, refusal, **context)
    except Refusal as refusal:
        return render_refused(request, "desk/case.html", form, refusal, **context)
    messages.success(request, _("Done. The customer is told now."))
    return redirect("desk:queue")


def told(found: Case, language: str) -> dict[str, Any]:
    """The case in words."""
    decision = found.refund.decision
    return {
        "case": found,
        "lines": decision.lines(language) if decision else [],
        "facts": facts(found.refund, language),
        "doubts": [words.doubt(code) for code in found.doubts],
        "history": [
            (step.at, words.event(step.kind), words.actor(step.actor)) for step in found.history
        ],
    }


def facts(refund: RefundRow, language: str) -> list[tuple[str, str]]:
    """What the decision rests on, as pairs of name and value."""
    if refund.decision is None:
        return []
    said = refund.decision.facts
    moments = {
        _("Bought"): said["concluded_at"],
        _("First network"): said.get("first_attach_at"),
        _("First use"): said.get("first_usage_at"),
        _("Ends"): said.get("ends_at"),
        _("Asked"): refund.declared_at,
    }
    rows = [(_("Lives in"), formats.country_name(said["residence"], language))]
    rows += [
        (name, formats.instant(formats.aware(moment), refund.zone, language))
        for name, moment in moments.items()
        if moment
    ]
    for meter in said["allowances"]:
        used = formats.allowance(meter["used"], meter["kind"], language)
        rows.append((_("Used"), f"{used} / {granted(meter, language)}"))
    return rows


def granted(meter: dict[str, Any], language: str) -> str:
    if meter["granted"] is None:
        return _("unlimited")
    return formats.allowance(meter["granted"], meter["kind"], language)


def decide(staff: User, refund_id: int, form: DecideForm) -> None:
    """Call the one operation that was chosen."""
    at, said = now(), form.cleaned_data
    if said["act"] == "approve":
        operations.approve(
            request_id=refund_id,
            staff_user_id=staff.pk,
            goodwill_minor=form.goodwill_minor,
            now=at,
        )
    elif said["act"] == "decline":
        operations.decline(
            request_id=refund_id, staff_user_id=staff.pk, words=said["words"], now=at
        )
    else:
        operations.retry_payouts(request_id=refund_id, staff_user_id=staff.pk, now=at)
