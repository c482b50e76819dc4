"""Money that people send, or that is stuck; and how long money really takes."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.payments import operations
from fairroam.apps.payments.models import Payout
from fairroam.apps.payments.queries import desk
from fairroam.clock import now
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import sentence_of
from fairroam.web.desk.staff import staff_only
from fairroam.web.desk.words import WAYS


class SentForm(forms.Form):
    """The bank's number of a transfer."""

    bank_ref = forms.CharField(label=gettext_lazy("The bank's reference"), max_length=80)


class ConfirmForm(forms.Form):
    """What the bank's statement says."""

    answer = forms.ChoiceField(choices=[("arrived", "arrived"), ("failed", "failed")])
    reason = forms.CharField(max_length=80, required=False)


class ReturnedForm(forms.Form):
    """Why the bank sent a transfer back."""

    reason = forms.CharField(max_length=80)


@never_cache
@staff_only(role="senior")
@require_safe
def payouts(request: HttpRequest, staff: User) -> HttpResponse:
    """Transfers to send and to confirm, what is stuck, what is late, and the figures."""
    stuck = page_of(desk.stuck(), request, name="stuck")
    context = {
        "transfers": page_of(desk.transfers(), request),
        "gone": page_of(desk.gone(), request, name="gone"),
        "stuck": stuck.each(lambda row: (row, why(row))),
        "alarmed": page_of(desk.alarmed(), request, name="alarmed"),
        "figures": list(desk.punctuality()),
        "staff": staff,
    }
    return render(request, "desk/payouts.html", context)


def why(payout: Payout) -> str:
    """Why it is stuck; what a bank or provider said otherwise stands there in its own words."""
    code = payout.reason or payout.rerouted_why
    return str(WAYS.get(code, code))


@staff_only(role="senior")
@require_POST
def mark_sent(request: HttpRequest, staff: User, payout_id: int) -> HttpResponse:
    """One person sent a transfer at the bank."""
    form = SentForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write the bank's reference; the second person looks for it."))
        return redirect("desk:payouts")
    return answered(
        request,
        lambda: operations.mark_transfer_sent(
            payout_id=payout_id,
            staff_user_id=staff.pk,
            bank_ref=form.cleaned_data["bank_ref"],
            now=now(),
        ),
        done=_("Noted. A second person confirms it."),
    )


@staff_only(role="senior")
@require_POST
def confirm(request: HttpRequest, staff: User, payout_id: int) -> HttpResponse:
    """A second person compares it with the bank's statement."""
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return redirect("desk:payouts")
    return answered(
        request,
        lambda: operations.confirm_transfer(
            payout_id=payout_id,
            staff_user_id=staff.pk,
            has_arrived=form.cleaned_data["answer"] == "arrived",
            reason=form.cleaned_data["reason"],
            now=now(),
        ),
        done=_("Booked. The customer is told now."),
    )


@staff_only(role="senior")
@require_POST
def returned(request: HttpRequest, staff: User, payout_id: int) -> HttpResponse:
    """The bank sent back what had gone out."""
    form = ReturnedForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write why the bank sent it back."))
        return redirect("desk:payouts")
    return answered(
        request,
        lambda: operations.record_transfer_returned(
            payout_id=payout_id,
            staff_user_id=staff.pk,
            reason=form.cleaned_data["reason"],
            now=now(),
        ),
        done=_("Booked. It is owed again, and its owner is asked for another account."),
    )


def answered(
    request: HttpRequest, act: object, *, done: str, then: str = "desk:payouts"
) -> HttpResponse:
    """Do the act and go back to its list; a refusal shows its sentence with its own status."""
    assert callable(act)
    try:
        act()
    except Refusal as refusal:
        context = {"sentence": sentence_of(refusal), "code": refusal.code, "then": then}
        return render(request, "desk/refused.html", context, status=refusal.status)
    messages.success(request, done)
    return redirect(then)


def unexplained(request: HttpRequest, form: forms.Form, then: str) -> HttpResponse:
    """An act was sent without its reason, or with something that cannot be read."""
    wrong = [name for name in form.errors if name not in ("words", "act")]
    context = {
        "sentence": f"{form[wrong[0]].label}{_(': ')}{form.errors[wrong[0]][0]}"
        if wrong
        else _("Write why: the next person, and an auditor, read it."),
        "code": "not-readable" if wrong else "reason-missing",
        "then": then,
    }
    return render(request, "desk/refused.html", context, status=422)
