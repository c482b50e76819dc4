"""Checkout on one page: who, what, what is agreed, what is paid."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.queries import PlanRow
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.refusals import NoSuchPromoCode
from fairroam.apps.payments.queries.providers import ways_to_pay
from fairroam.apps.wallet import queries as wallet
from fairroam.clock import now
from fairroam.rules.languages import NAMES, language_of
from fairroam.rules.residences import zone_of
from fairroam.rules.tax import tax_inside
from fairroam.web.account import me
from fairroam.web.components import formats
from fairroam.web.components.guessing import guarded
from fairroam.web.components.refused import render_refused, sentence_of
from fairroam.web.site import places, promises
from fairroam.web.site.orders import remember_order
from fairroam.web.site.plans import plan_or_404

# kind -> the words beside the box; the order keeps them as the customer read them.
CONSENTS = {
    "terms": _("I agree to the terms of sale and have read the terms of money back."),
    "express_request": _(
        "I ask you to make and start my eSIM now, before my right to withdraw has ended."
    ),
    "loss_acknowledged": _(
        "I know that once the plan is fully used or has ended, I can no longer withdraw from it;"
        " until then I can, and pay only for what I used."
    ),
}


OF_WITHDRAWAL = ("express_request", "loss_acknowledged")  # asked for where a law knows them
BILLED = ("residence", "quantity", "promo_code")  # what the bill depends on, as it was typed
SHOWN = "[name=consents_shown]"  # not sent while the boxes of withdrawal are hidden
# provider -> how a buyer knows it.
WAYS = {
    "sandbox": _("Test card"),
    "stripe": _("Card, Apple Pay or Google Pay"),
    "paypal": "PayPal",
    "bank": _("Bank transfer, one or two working days"),
}


class AgreedForm(forms.Form):
    """The boxes of a purchase by whom we know: those that the law where they live wants."""

    terms = forms.BooleanField(label=CONSENTS["terms"])
    express_request = forms.BooleanField(label=CONSENTS["express_request"])
    loss_acknowledged = forms.BooleanField(label=CONSENTS["loss_acknowledged"])

    def __init__(self, *args: Any, needed: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in CONSENTS.keys() - set(needed):
            del self.fields[kind]

    def consents(self) -> dict[str, str]:
        """kind -> the words that stood beside the box, for each box that is ticked."""
        return {kind: str(words) for kind, words in CONSENTS.items() if self.cleaned_data.get(kind)}


class CheckoutForm(forms.Form):
    """What a buyer tells us. The boxes are never ticked in advance."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("Your contract, receipt and sign-in codes go there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    residence = forms.ChoiceField(
        widget=places.CountrySelect,
        label=_("Country where you live"),
        help_text=_("It decides the tax and which law protects you."),
    )
    language = forms.ChoiceField(label=_("Language of your mails and papers"))
    quantity = forms.TypedChoiceField(
        label=_("How many eSIMs"),
        help_text=_("One for each phone, up to five: for a family or a group."),
        choices=[(count, str(count)) for count in range(1, orders.QUANTITY_MAX + 1)],
        coerce=int,
        initial="1",
    )
    promo_code = forms.CharField(
        label=_("Promo code"),
        max_length=24,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    provider = forms.ChoiceField(
        label=_("How you want to pay"), widget=forms.RadioSelect, required=False
    )
    wallet = forms.BooleanField(required=False)
    terms = forms.BooleanField(label=CONSENTS["terms"])
    # Needed where the law of the residence knows them; see `clean`.
    express_request = forms.BooleanField(label=CONSENTS["express_request"], required=False)
    loss_acknowledged = forms.BooleanField(label=CONSENTS["loss_acknowledged"], required=False)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, plan: PlanRow, address: str, credit_minor: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.plan = plan
        for kind in OF_WITHDRAWAL:  # Shown or hidden by a new bill, they stay the very same boxes.
            self.fields[kind].widget.attrs["hx-preserve"] = "true"
        if credit_minor:
            amount = formats.money(credit_minor, plan.currency, get_language() or "en")
            words = _("Pay with my balance first: %(amount)s are free in my wallet")
            self.fields["wallet"].label = words % {"amount": amount}
        else:
            del self.fields["wallet"]
        residence, language = self.fields["residence"], self.fields["language"]
        assert isinstance(residence, forms.ChoiceField)
        assert isinstance(language, forms.ChoiceField)
        choices = places.residences(get_language() or "en")
        residence.choices = [("", _("Please choose")), *choices]
        bill_follows = {
            "hx-get": address,
            "hx-target": "#to-pay",
            "hx-swap": "outerHTML",
            "hx-sync": "closest form:replace",  # of two bills asked for, the later one counts
        }
        residence.widget.attrs = {
            "autocomplete": "country",
            "hx-include": f"[name=quantity],[name=promo_code],{SHOWN}",
            **bill_follows,
        }
        self.fields["quantity"].widget.attrs = {
            "hx-include": f"[name=residence],[name=promo_code],{SHOWN}",
            **bill_follows,
        }
        self.fields["promo_code"].widget.attrs |= {
            "hx-include": f"[name=residence],[name=quantity],{SHOWN}",
            **bill_follows,
        }
        language.choices = list(NAMES.items())
        provider = self.fields["provider"]
        assert isinstance(provider, forms.ChoiceField)
        provider.choices = [(name, WAYS[name]) for name in ways_to_pay(plan.currency)]
        provider.initial = next(iter(provider.choices), ("",))[0]
        provider.required = len(provider.choices) > 1

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        needed = consents_needed(asked.get("residence", ""), self.plan, now())
        for kind in needed:
            if kind in asked and not asked[kind]:
                self.add_error(kind, self.fields[kind].error_messages["required"])
        return asked

    def consents(self) -> dict[str, str]:
        """kind -> the words that stood beside the box, for each box that is ticked."""
        return {kind: str(words) for kind, words in CONSENTS.items() if self.cleaned_data.get(kind)}


def consents_needed(residence: str, plan: PlanRow, at: datetime) -> tuple[str, ...]:
    """Which boxes that residence is asked to tick; all of them while none is chosen."""
    return orders.consents_needed(residence, at, promise=plan.promise)


def bill_of(
    request: HttpRequest, plan: PlanRow, residence: str, quantity: str, promo_code: str
) -> dict[str, Any]:
    """The bill for what was typed; a code that is refused leaves the price and says why.

    quantity: what is no number of eSIMs counts as one.
    """
    allowed = {str(count): count for count in range(1, orders.QUANTITY_MAX + 1)}
    count, at = allowed.get(quantity, 1), now()
    if not promo_code.strip():
        return to_pay(plan, residence, at, [0] * count)
    try:
        with guarded(request, promo_code, NoSuchPromoCode):
            discounts = orders.discounts_of(promo_code, plan, count, at)
    except Refusal as refusal:
        bill = to_pay(plan, residence, at, [0] * count)
        return bill | {"promo_refused": sentence_of(refusal)}
    return to_pay(plan, residence, at, discounts)


def to_pay(
    plan: PlanRow, residence: str, now: datetime, discounts: Sequence[int] = (0,)
) -> dict[str, Any]:
    """The lines of the bill: price, the tax inside it, and which promises apply there.

    discounts: what a promo code takes off each eSIM; minor units.
    """
    count = len(discounts)
    bill = {
        "plan": plan,
        "quantity": count,
        "full_minor": plan.price_minor * count,
        "discount_minor": -sum(discounts),
        "total_minor": plan.price_minor * count - sum(discounts),
        "consents_needed": consents_needed(residence, plan, now),
    }
    zone = zone_of(residence)
    if zone is None:
        return bill
    today = orders.local_day(now, zone)
    rate = catalogue.tax_rate(residence, today)
    return bill | {
        "residence": residence,
        "tax_percent": promises.percent(rate),
        "tax_minor": sum(tax_inside(plan.price_minor - part, rate) for part in discounts),
        "packs": promises.packs_of(residence, on=today, promise=plan.promise),
    }


def credit_of(request: HttpRequest, plan: PlanRow) -> tuple[int | None, int]:
    """(The signed-in customer's id, what of their wallet could pay for the plan now)."""
    customer = me.signed_in(request)
    if customer is None:
        return None, 0
    return customer.pk, wallet.free_credit(customer.pk, plan.currency, now())


def fresh_form(request: HttpRequest, plan: PlanRow, address: str) -> CheckoutForm:
    first = {
        "key": uuid4(),
        "residence": request.GET.get("residence", ""),
        "language": language_of(get_language() or "en"),
    }
    if request.user.is_authenticated:
        first["email"] = request.user.email
    credit = credit_of(request, plan)[1]
    return CheckoutForm(initial=first, plan=plan, address=address, credit_minor=credit)


@require_GET
def bill(request: HttpRequest, code: str) -> HttpResponse:
    """What is to pay for the residence just chosen: a part of the page, fetched by htmx."""
    residence, quantity, promo_code = (request.GET.get(name, "") for name in BILLED)
    plan = plan_or_404(code)
    context = {
        **bill_of(request, plan, residence, quantity, promo_code),
        "form": CheckoutForm(plan=plan, address=request.path),
    }
    # Boxes that somebody is just ticking are left alone unless they come or go.
    is_needed = set(OF_WITHDRAWAL) <= set(context["consents_needed"])
    context["do_boxes_change"] = is_needed != ("consents_shown" in request.GET)
    return render(request, "site/bill.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest, code: str) -> HttpResponse:
    """The page and its form; a good form becomes an order, and its page leads on."""
    plan = plan_or_404(code)
    address = f"{request.path}bill/"
    if request.method != "POST":
        form = fresh_form(request, plan, address)
        residence = request.GET.get("residence", "")
        context = {**to_pay(plan, residence, now()), "form": form}
        return render(request, "site/checkout.html", context)
    customer_id, credit = credit_of(request, plan)
    form = CheckoutForm(request.POST, plan=plan, address=address, credit_minor=credit)
    residence, quantity, promo_code = (request.POST.get(name, "") for name in BILLED)
    context = bill_of(request, plan, residence, quantity, promo_code)
    if not form.is_valid():
        return render(request, "site/checkout.html", {**context, "form": form}, status=422)
    try:
        with guarded(request, promo_code, NoSuchPromoCode):
            order = orders.place_order(
                plan_code=plan.code,
                quantity=form.cleaned_data["quantity"],
                email=form.cleaned_data["email"],
                residence=form.cleaned_data["residence"],
                language=form.cleaned_data["language"],
                consents=form.consents(),
                key=form.cleaned_data["key"],
                wallet_of=customer_id if form.cleaned_data.get("wallet") else None,
                provider=form.cleaned_data["provider"],
                promo_code=form.cleaned_data["promo_code"],
                now=now(),
            )
    except Refusal as refusal:
        return render_refused(request, "site/checkout.html", form, refusal, **context)
    remember_order(request, order.number)
    return redirect("site:order", order.number)
