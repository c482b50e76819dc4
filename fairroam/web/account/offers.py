"""What we offer, what we ask, and an appeal: the customer's side of a bargain."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.refunds import operations, queries
from fairroam.apps.refunds.queries import bargains
from fairroam.clock import now
from fairroam.rules.outside_help import outside_help
from fairroam.web.account.me import customers_only
from fairroam.web.account.refunds import add_files
from fairroam.web.components.amounts import minor_of, take_amounts
from fairroam.web.components.refused import render_refused
from fairroam.web.components.uploads import FilesField


class CounterForm(forms.Form):
    """Another wish: an amount in all, typed as people write it, and why."""

    wish = forms.DecimalField(min_value=0, max_digits=12)
    words = forms.CharField(
        label=gettext_lazy("Why (a person reads it)"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency, wish = currency, self.fields["wish"]
        wish.label = _("What you ask for in all, in %(currency)s") % {"currency": currency}
        take_amounts(wish, currency)

    def clean_wish(self) -> Decimal:
        wish: Decimal = self.cleaned_data["wish"]
        if not wish:
            raise forms.ValidationError(_("Name an amount above nothing."))
        return wish

    @property
    def wish_minor(self) -> int:
        """The typed amount in whole minor units."""
        return minor_of(self.cleaned_data["wish"], self.currency)


class WordsForm(forms.Form):
    """What somebody wants to say."""

    words = forms.CharField(
        label=gettext_lazy("What you want to tell us"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    uploads = FilesField(
        label=gettext_lazy("Pictures, PDF or text"),
        help_text=gettext_lazy("Up to 10 MB each. Where a picture was taken is removed from it."),
    )


@never_cache
@customers_only
@require_safe
def offers(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Everything that can be accepted now, first to expire first."""
    found = bargains.open_offers_of(customer.pk)
    return render(request, "account/offers.html", {"offers": found})


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, customer: Customer, offer_id: int) -> HttpResponse:
    """One offer: accept it, decline it, or ask for something else."""
    found = bargains.offer(offer_id, customer.pk)
    refund = queries.refund(found.refund_id, customer.pk)
    act = request.POST.get("act", "")
    data = request.POST if act == "counter" else None
    form = CounterForm(data, currency=refund.currency)
    context = {
        "offer": found,
        "refund": refund,
        "bargain": bargains.bargain(found.refund_id),
        "form": form,
    }
    if act not in ANSWERS or (act == "counter" and not form.is_valid()):
        status = 422 if request.method == "POST" else 200
        return render(request, "account/offer.html", context, status=status)
    try:
        ANSWERS[act](offer_id, customer.pk, form)
    except Refusal as refusal:
        context["offer"] = bargains.offer(offer_id, customer.pk)
        context.pop("form")
        return render_refused(request, "account/offer.html", form, refusal, **context)
    return redirect("account:refund", found.refund_id)


def accept(offer_id: int, customer_id: int, form: CounterForm) -> None:
    operations.accept_offer(offer_id=offer_id, customer_id=customer_id, now=now())


def decline(offer_id: int, customer_id: int, form: CounterForm) -> None:
    operations.decline_offer(offer_id=offer_id, customer_id=customer_id, now=now())


def counter(offer_id: int, customer_id: int, form: CounterForm) -> None:
    operations.counter_offer(
        offer_id=offer_id,
        customer_id=customer_id,
        wish_minor=form.wish_minor,
        words=form.cleaned_data["words"],
        now=now(),
    )


ANSWERS = {"accept": accept, "decline": decline, "counter": counter}


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, customer: Customer, refund_id: int) -> HttpResponse:
    """Answer what a person asked."""
    return say(request, customer, refund_id, "account/refund_answer.html", operations.give_more)


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: HttpRequest, customer: Customer, refund_id: int) -> HttpResponse:
    """Have a no looked at by another person."""
    return say(request, customer, refund_id, "account/refund_appeal.html", operations.appeal)


def say(
    request: HttpRequest, customer: Customer, refund_id: int, template: str, act: Any
) -> HttpResponse:
    """Show a page with a box for words and a button for files, and do `act` with the words."""
    refund = queries.refund(refund_id, customer.pk)
    context = {
        "refund": refund,
        "bargain": bargains.bargain(refund_id),
        "help": outside_help(customer.residence),
    }
    is_sent = request.method == "POST"
    form = WordsForm(request.POST if is_sent else None, request.FILES if is_sent else None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, template, {**context, "form": form}, status=status)
    try:
        add_files(form, refund.order_line_id, customer, "other")
        act(
            request_id=refund_id,
            customer_id=customer.pk,
            words=form.cleaned_data["words"],
            now=now(),
        )
    except Refusal as refusal:
        return render_refused(request, template, form, refusal, **context)
    messages.success(request, _("We have it. A person reads it."))
    return redirect("account:refund", refund_id)
