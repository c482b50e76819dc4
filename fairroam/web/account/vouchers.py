"""Redeem a voucher into the wallet."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.wallet.operations import vouchers
from fairroam.apps.wallet.refusals import VoucherUnknown
from fairroam.clock import now
from fairroam.web.account.me import customers_only
from fairroam.web.components import formats
from fairroam.web.components.guessing import guarded
from fairroam.web.components.refused import render_refused


class RedeemForm(forms.Form):
    """A voucher's code, however it was written."""

    voucher = forms.CharField(
        label=gettext_lazy("Code of the voucher"),
        max_length=80,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters"}),
    )


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def redeem(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Type a code; what is behind it is in the wallet at once."""
    page, form = "account/wallet_redeem.html", RedeemForm(request.POST or None)
    if not form.is_valid():
        return render(request, page, {"form": form}, status=422 if form.is_bound else 200)
    typed = form.cleaned_data["voucher"]
    try:
        with guarded(request, typed, VoucherUnknown):
            lot = vouchers.redeem_voucher(customer_id=customer.pk, code=typed, now=now())
    except Refusal as refusal:
        return render_refused(request, page, form, refusal)
    amount = formats.money(lot.amount_minor, lot.currency, get_language() or "en")
    messages.success(request, _("%(amount)s are in your wallet.") % {"amount": amount})
    return redirect("account:wallet")
