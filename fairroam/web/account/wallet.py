"""The wallet: what is in it, where it came from, more of it, and the way back."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.payments import queries as payments
from fairroam.apps.payments.queries.arrivals import awaited_at
from fairroam.apps.wallet import operations, queries
from fairroam.apps.wallet.models import Terms, TopUp
from fairroam.apps.wallet.queries import vouchers
from fairroam.clock import now
from fairroam.rules.money import Money
from fairroam.web.account.me import customers_only
from fairroam.web.account.step_up import proof_of, step_up_required
from fairroam.web.components import formats
from fairroam.web.components.amounts import as_typed, minor_of, take_amounts
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused
from fairroam.web.site.transfer import to_transfer

ORIGINS = {
    "top_up": gettext_lazy("Top-up"),
    "voucher": gettext_lazy("Voucher"),
    "transfer": gettext_lazy("From another customer"),
    "refund": gettext_lazy("Money back as credit"),
    "offer": gettext_lazy("Goodwill"),
}
# Kind of what moved credit -> how the history says it.
MOVES = {
    "top-up": gettext_lazy("Top-up"),
    "order-line": gettext_lazy("Paid for a plan"),
    "given-up/order-line": gettext_lazy("Back: the eSIM could not be made"),
    "refund": gettext_lazy("Money back for a plan"),
    "balance-refund": gettext_lazy("Paid back to you"),
    "waiver": gettext_lazy("Waived by you"),
    "bonus-ended": gettext_lazy("Bonus ended with the money it came for"),
    "transfer": gettext_lazy("Between customers"),
    "transfer-back": gettext_lazy("Back: it was not taken"),
    "expired": gettext_lazy("Its time was over"),
    "voucher": gettext_lazy("Voucher"),
    "offer": gettext_lazy("Goodwill"),
}
BURNS = {
    "promo_first": gettext_lazy(
        "Gifts are spent first, then what you paid in: your own money stays yours for longest."
    ),
    "paid_first": gettext_lazy("What you paid in is spent first, then gifts."),
    "ratio": gettext_lazy(
        "What you paid in and what came on top are spent together, in the ratio in which they came."
    ),
}


class AmountForm(forms.Form):
    """An amount in one currency, as people write it."""

    amount = forms.DecimalField(label=gettext_lazy("Amount"), min_value=0, max_digits=12)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        kwargs["initial"] = {"key": uuid4()} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.currency, amount = currency, self.fields["amount"]
        amount.label = _("Amount in %(currency)s") % {"currency": currency}
        take_amounts(amount, currency)

    @property
    def minor(self) -> int:
        """The typed amount in whole minor units."""
        return minor_of(self.cleaned_data["amount"], self.currency)


@never_cache
@customers_only
@require_safe
def wallet(request: HttpRequest, customer: Customer) -> HttpResponse:
    """All that is in it and what became of the rest; in which order it is spent."""
    at = now()
    purses = sorted(queries.purses(customer.pk, at), key=lambda one: -one.total)
    started = TopUp.objects.filter(
        customer=customer, paid_at__isnull=True, payment__stage__in=["prepared", "started"]
    )
    lots = page_of(queries.lots_of(customer.pk), request, name="lots")
    moves = page_of(queries.history(customer.pk), request)
    context = {
        "customer": customer,
        "purses": [(one, BURNS[one.burn]) for one in purses],
        "lots": lots.each(lambda lot: (lot, ORIGINS[lot.origin])),
        "moves": moves.each(lambda move: (move, move_words(move.cause))),
        "started": started.select_related("payment").order_by("-pk").first(),
        "payouts": [
            payout
            for payout in payments.payouts_of(customer.pk)
            if payout.cause.startswith(("balance-refund:", "voucher:"))
        ],
        "transfers": page_of(queries.transfers_of(customer.pk), request, name="transfers"),
    }
    return render(request, "account/wallet.html", context)


def move_words(cause: str) -> Any:
    return MOVES.get(cause, _("Correction"))


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def top_up(request: HttpRequest, customer: Customer, currency: str) -> HttpResponse:
    """How much; what comes on top and in which order it is spent stands beside it."""
    agreed = queries.terms(currency, now())
    form = AmountForm(request.POST or None, currency=currency)
    context = {
        "terms": agreed,
        "burn": BURNS[agreed.burn],
        "examples": examples_of(agreed),
        "steps": agreed.bonus_steps,
    }
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        page = {**context, "form": form}
        return render(request, "account/wallet_top_up.html", page, status=status)
    try:
        asked = operations.top_up(
            customer_id=customer.pk,
            amount=Money(form.minor, currency),
            key=form.cleaned_data["key"],
            now=now(),
        )
    except Refusal as refusal:
        return render_refused(request, "account/wallet_top_up.html", form, refusal, **context)
    return redirect("account:wallet_paying", asked.pk)


def examples_of(agreed: Terms) -> str:
    """What is left to take back after a spending, for the highest step's top-up, in words."""
    paid = agreed.bonus_steps[-1][0] if agreed.bonus_steps else agreed.least_minor
    bonus = queries.bonus_of(agreed, paid)
    spent = bonus + paid // 4
    quoted = queries.example(agreed, paid, spent)
    language = get_language() or "en"
    amounts = {
        name: formats.money(minor, agreed.currency, language)
        for name, minor in {
            "paid": paid,
            "bonus": bonus,
            "spent": spent,
            "cash": quoted.cash,
            "lost": quoted.promo_lost,
        }.items()
    }
    return words_of_example(bonus > 0, quoted.promo_lost > 0) % amounts


def words_of_example(has_bonus: bool, loses_bonus: bool) -> str:
    """The sentence of `examples_of`; nothing is said of a bonus where there is none."""
    if not has_bonus:
        return _("You pay in %(paid)s and spend %(spent)s. Then %(cash)s can be paid back to you.")
    if not loses_bonus:
        return _(
            "You pay in %(paid)s and get %(bonus)s on top. You spend %(spent)s. Then %(cash)s can"
            " be paid back to you."
        )
    return _(
        "You pay in %(paid)s and get %(bonus)s on top. You spend %(spent)s. Then %(cash)s can"
        " be paid back to you, and %(lost)s of the bonus would end."
    )


@never_cache
@customers_only
@require_safe
def paying(request: HttpRequest, customer: Customer, top_up_id: int) -> HttpResponse:
    """A top-up on its way to the provider's page; asks again until it is there."""
    found = TopUp.objects.select_related("payment").filter(pk=top_up_id, customer=customer).first()
    if found is None:
        raise NotAmongYours
    if found.paid_at is not None:
        return redirect("account:wallet")
    return render(request, "account/wallet_paying.html", {"top_up": found})


@never_cache
@customers_only
@require_safe
def transfer(request: HttpRequest, customer: Customer, top_up_key: UUID) -> HttpResponse:
    """What to transfer for a top-up, until the money is here."""
    found = TopUp.objects.select_related("payment").filter(
        payment__key=top_up_key, customer=customer
    )
    top_up = found.first()
    asked = awaited_at(top_up.payment.pay_url) if top_up else None
    if asked is None:
        raise NotAmongYours
    if asked.stage == "captured":
        return redirect("account:wallet")
    return render(request, "account/wallet_transfer.html", to_transfer(asked))


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def get_back(request: HttpRequest, customer: Customer, currency: str) -> HttpResponse:
    """The balance back along its sources: all of it, or a part."""
    at = now()
    quoted = queries.quote_balance(customer.pk, currency, at)
    form = AmountForm(request.POST or None, currency=currency)
    if not form.is_bound:
        form.initial["amount"] = as_typed(quoted.cash, currency)
    context = {
        "customer": customer,
        "quoted": quoted,
        "sources": queries.sources_of(customer.pk, currency, at),
        "resting": vouchers.resting(customer.pk, currency, at),
    }
    if not form.is_valid():  # said before anybody has to show who they are
        status = 422 if form.is_bound else 200
        page = {**context, "form": form}
        return render(request, "account/wallet_get_back.html", page, status=status)
    return get_back_proven(request, customer, currency, form, context)


@step_up_required
def get_back_proven(
    request: HttpRequest,
    customer: Customer,
    currency: str,
    form: AmountForm,
    context: dict[str, Any],
) -> HttpResponse:
    at = now()  # after the proof
    try:
        operations.refund_balance(
            customer_id=customer.pk,
            currency=currency,
            minor=form.minor,
            key=form.cleaned_data["key"],
            proof=proof_of(request, now=at),
            now=at,
        )
    except Refusal as refusal:
        return render_refused(request, "account/wallet_get_back.html", form, refusal, **context)
    messages.success(request, _("It is on its way, each part the way it came."))
    return redirect("account:leave" if request.GET.get("then") == "leave" else "account:wallet")
