"""Vouchers: bought for somebody, their code shown, taken back; redeemed into the wallet."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.payments.queries.arrivals import awaited_at
from fairroam.apps.wallet import queries
from fairroam.apps.wallet.models import Voucher
from fairroam.apps.wallet.operations import handing, selling
from fairroam.apps.wallet.operations import vouchers as redeeming
from fairroam.apps.wallet.operations.handing import Recipient
from fairroam.apps.wallet.queries import vouchers as sold
from fairroam.apps.wallet.refusals import VoucherUnknown
from fairroam.clock import now
from fairroam.rules.languages import language_of
from fairroam.rules.money import Money
from fairroam.rules.zones import load_zone, local_date
from fairroam.web.account.me import customers_only
from fairroam.web.account.wallet import AmountForm
from fairroam.web.components import formats
from fairroam.web.components.guessing import guarded
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused
from fairroam.web.site.transfer import to_transfer

# Mails of ours to people who never came to us lead nowhere else: mail programs make a link of
# whatever looks like the name of a host.
LINK = r"(?i)(https?:|www\.|\w\.[^\W\d_]{2,}/|\w{3,}\.[^\W\d_]{2,})"


class RedeemForm(forms.Form):
    """A voucher's code, however it was written."""

    voucher = forms.CharField(
        label=gettext_lazy("Code of the voucher"),
        max_length=80,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters"}),
    )


class BuyForm(AmountForm):
    """How much; and, if we mail the code, to whom, with which words, and when."""

    address = forms.EmailField(
        label=gettext_lazy("Mail the code to"),
        help_text=gettext_lazy("Leave it empty to see the code yourself and pass it on."),
        required=False,
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    words = forms.CharField(
        label=gettext_lazy("Your words to them"),
        required=False,
        max_length=handing.WORDS_MAX,
        validators=[RegexValidator(LINK, gettext_lazy("No links, please."), inverse_match=True)],
        widget=forms.Textarea({"rows": 3}),
    )
    day = forms.DateField(
        label=gettext_lazy("On this day"),
        help_text=gettext_lazy("Leave it empty to have it mailed as soon as it is paid."),
        required=False,
        widget=forms.DateInput({"type": "date"}),
    )

    def __init__(self, *args: Any, today: date, **words: Any) -> None:
        super().__init__(*args, **words)
        last = today + timedelta(days=handing.DAYS_AHEAD_MAX)
        day = self.fields["day"]
        day.validators += [MinValueValidator(today), MaxValueValidator(last)]
        day.widget.attrs |= {"min": today.isoformat(), "max": last.isoformat()}

    def clean(self) -> dict[str, Any]:
        """Words and a day are for somebody."""
        said = super().clean() or {}
        if (said.get("words") or said.get("day")) and not said.get("address"):
            self.add_error("address", _("Write to whom it goes, or empty the other two."))
        return said

    @property
    def recipient(self) -> Recipient | None:
        said = self.cleaned_data
        if not said["address"]:
            return None
        language = language_of(get_language() or "en")
        return Recipient(
            address=said["address"], words=said["words"], language=language, day=said["day"]
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
            lot = redeeming.redeem_voucher(customer_id=customer.pk, code=typed, now=now())
    except Refusal as refusal:
        return render_refused(request, page, form, refusal)
    amount = formats.money(lot.amount_minor, lot.currency, get_language() or "en")
    messages.success(request, _("%(amount)s are in your wallet.") % {"amount": amount})
    return redirect("account:wallet")


@never_cache
@customers_only
@require_safe
def vouchers(request: HttpRequest, customer: Customer) -> HttpResponse:
    """What the customer bought, and where to buy one more."""
    context = {
        "customer": customer,
        "bought": page_of(sold.bought_by(customer.pk), request),
        "currencies": queries.currencies(now()),
    }
    return render(request, "account/vouchers.html", context)


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def buy(request: HttpRequest, customer: Customer, currency: str) -> HttpResponse:
    """How much; then the way to the payment's page."""
    page = "account/voucher_buy.html"
    agreed = queries.terms(currency, now())
    today = local_date(now(), load_zone(customer.zone))
    form = BuyForm(request.POST or None, currency=currency, today=today)
    context = {"terms": agreed, "ends_at": sold.end_of(now(), customer.zone), "customer": customer}
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, page, {**context, "form": form}, status=status)
    key = form.cleaned_data["key"]
    try:
        amount = Money(form.minor, currency)
        selling.buy_voucher(
            customer_id=customer.pk, amount=amount, key=key, to=form.recipient, now=now()
        )
    except Refusal as refusal:
        return render_refused(request, page, form, refusal, **context)
    return redirect("account:voucher", key)


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def voucher(request: HttpRequest, customer: Customer, voucher_key: UUID) -> HttpResponse:
    """One that the customer bought: paid for, its code shown by this answer alone, taken back."""
    page, found = "account/voucher.html", sold.own(customer.pk, voucher_key)
    if found is None:
        raise NotAmongYours
    asked: dict[str, Any] = {
        "customer_id": customer.pk,
        "voucher_id": found.pk,
        "now": now(),
    }
    code = ""
    try:
        if "show" in request.POST:
            code = selling.show_code(**asked)
        elif "withdraw" in request.POST:
            selling.withdraw_voucher(**asked)
            messages.success(request, _("It is on its way, the way you paid."))
            return redirect("account:voucher", voucher_key)
    except Refusal as refusal:
        context = context_of(customer, found)
        return render_refused(request, page, forms.Form(), refusal, **context)
    return render(request, page, {**context_of(customer, found), "code": code})


def context_of(customer: Customer, found: Voucher) -> dict[str, Any]:
    """What the page of a voucher shows; back_until: None once it cannot be taken back."""
    until = (
        sold.withdrawn_until(found.paid_at, customer.zone, customer.residence)
        if found.paid_at
        else None
    )
    is_kept = until is None or found.stage != "open" or now() >= until
    return {
        "voucher": found,
        "customer": customer,
        "back_until": None if is_kept else until,
        "recipient": getattr(found, "recipient", None),
    }


@never_cache
@customers_only
@require_safe
def transfer(request: HttpRequest, customer: Customer, voucher_key: UUID) -> HttpResponse:
    """What to transfer for a voucher, until the money is here."""
    found = sold.own(customer.pk, voucher_key)
    awaited = awaited_at(found.payment.pay_url) if found and found.payment else None
    if awaited is None:
        raise NotAmongYours
    if awaited.stage == "captured":
        return redirect("account:voucher", voucher_key)
    context = {"voucher_key": voucher_key, **to_transfer(awaited)}
    return render(request, "account/voucher_transfer.html", context)
