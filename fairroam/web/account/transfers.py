"""Give credit to another customer, and take or decline what somebody gives."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.wallet import operations, queries
from fairroam.clock import now
from fairroam.rules.money import Money
from fairroam.web.account.me import customers_only
from fairroam.web.account.step_up import proof_of, step_up_required
from fairroam.web.account.wallet import AmountForm
from fairroam.web.components.refused import render_refused


class SendForm(AmountForm):
    """To whom, and how much."""

    address = forms.EmailField(
        label=gettext_lazy("E-mail that they sign in with"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("address", "amount")


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, customer: Customer, currency: str) -> HttpResponse:
    """The form that gives paid credit away; its rules stand beside it."""
    at = now()
    purse, agreed = queries.purses_of(customer.pk, currency, at), queries.terms(currency, at)
    form = SendForm(request.POST or None, currency=currency)
    context = {"purse": purse, "terms": agreed}
    if not form.is_valid():  # said before anybody has to show who they are
        status = 422 if form.is_bound else 200
        page = {**context, "form": form}
        return render(request, "account/transfer_send.html", page, status=status)
    return send_proven(request, customer, currency, form, context)


@step_up_required
def send_proven(
    request: HttpRequest,
    customer: Customer,
    currency: str,
    form: SendForm,
    context: dict[str, Any],
) -> HttpResponse:
    at = now()  # after the proof
    try:
        sent = operations.send_credit(
            sender_id=customer.pk,
            address=form.cleaned_data["address"],
            amount=Money(form.minor, currency),
            key=form.cleaned_data["key"],
            proof=proof_of(request, now=at),
            now=at,
        )
    except Refusal as refusal:
        return render_refused(request, "account/transfer_send.html", form, refusal, **context)
    return redirect("account:transfer", sent.pk)


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def transfer(request: HttpRequest, customer: Customer, transfer_id: int) -> HttpResponse:
    """One transfer, for either side: how far it is, and what this side can do."""
    sent = queries.transfer_of(transfer_id, customer.pk)
    context: dict[str, Any] = {
        "sent": sent,
        "is_sender": sent.sender_id == customer.pk,
        "zone": customer.zone,
        "form": None,
    }
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        status = 422 if request.method == "POST" else 200
        return render(request, "account/transfer.html", context, status=status)
    try:
        act(transfer_id, customer.pk)
    except Refusal as refusal:
        context["sent"] = queries.transfer_of(transfer_id, customer.pk)
        return render_refused(request, "account/transfer.html", refusal=refusal, **context)
    messages.success(request, _("Done."))
    return redirect("account:transfer", transfer_id)


def accept(transfer_id: int, customer_id: int) -> None:
    operations.accept_credit(transfer_id=transfer_id, recipient_id=customer_id, now=now())


def decline(transfer_id: int, customer_id: int) -> None:
    operations.decline_credit(transfer_id=transfer_id, recipient_id=customer_id, now=now())


def undo(transfer_id: int, customer_id: int) -> None:
    operations.undo_credit(transfer_id=transfer_id, sender_id=customer_id, now=now())


ACTS = {"accept": accept, "decline": decline, "undo": undo}
