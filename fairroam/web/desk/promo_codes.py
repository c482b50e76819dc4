"""Promo codes: what each takes off, for whom, until when, and how often it was used."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.orders import operations, queries
from fairroam.clock import now
from fairroam.rules.money import Money, known_currencies
from fairroam.web.components.amounts import whole_minor
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused
from fairroam.web.components.tags import in_words
from fairroam.web.desk import words
from fairroam.web.desk.incidents import Moment
from fairroam.web.desk.staff import staff_only

MANY = 100_000
ASKED = (
    *("code", "reduction", "plans", "uses_max", "customer_uses_max"),
    *("counts_from", "counts_until"),
)


class PromoCodeForm(forms.Form):
    """A new code; either a percentage or an amount."""

    code = forms.CharField(
        label=gettext_lazy("Promo code"),
        help_text=gettext_lazy("4 to 24 letters, digits and hyphens."),
        validators=[RegexValidator(r"\A[A-Za-z0-9-]{4,24}\Z")],
    )
    percent = forms.IntegerField(
        label=gettext_lazy("Percent off"), min_value=1, max_value=99, required=False
    )
    amount = forms.DecimalField(
        label=gettext_lazy("or an amount off"),
        min_value=0,
        max_digits=15,
        decimal_places=3,
        required=False,
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency of the amount"),
        choices=lambda: [("", ""), *words.currency_choices(sorted(known_currencies()))],
        required=False,
    )
    plans = forms.MultipleChoiceField(
        label=gettext_lazy("For these plans; none: for every plan"),
        choices=lambda: [(plan.code, in_words(plan.names)) for plan in catalogue.plans()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    uses_max = forms.IntegerField(
        label=gettext_lazy("Orders in all"), min_value=1, max_value=MANY, required=False
    )
    customer_uses_max = forms.IntegerField(
        label=gettext_lazy("Orders of one customer"), min_value=1, max_value=MANY, initial=1
    )
    counts_from = Moment(label=gettext_lazy("Since (UTC); empty: now"), required=False)
    counts_until = Moment(label=gettext_lazy("Until (UTC)"))

    def clean(self) -> dict[str, Any]:
        """Either reduction, as the operation wants it, and a time that is still to come."""
        said = super().clean() or {}
        begins = said.get("counts_from") or now()
        if "counts_until" in said and said["counts_until"] <= max(begins, now()):
            self.add_error("counts_until", _("This is over already."))
        percent, amount = said.get("percent"), said.get("amount")
        if bool(percent) == bool(amount):
            self.add_error("percent", _("Please give a percentage or an amount."))
        elif amount:
            said["reduction"] = self.money(amount, said.get("currency", ""))
        else:
            said["reduction"] = percent
        return said

    def money(self, amount: Decimal, currency: str) -> Money | None:
        if not currency:
            self.add_error("currency", _("Choose the currency of the amount."))
            return None
        return Money(whole_minor(self, "amount", amount, currency), currency)


@never_cache
@staff_only(role="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def promo_codes(request: HttpRequest, user: User) -> HttpResponse:
    """All codes and a form for one more; POST makes one, or calls the one named by `end` back."""
    page, names = "desk/promo_codes.html", words.plan_names(request.LANGUAGE_CODE)
    rows = page_of(queries.promo_codes(), request).each(
        lambda row: (row, [names.get(code, code) for code in row.plans])
    )
    if request.method != "POST":
        return render(request, page, {"codes": rows, "form": PromoCodeForm(), "now": now()})
    member = customers.staff_member(user.pk)
    assert member is not None
    ended = request.POST.get("end", "")
    form = PromoCodeForm(None if ended else request.POST)
    context = {"codes": rows, "now": now()}
    if not ended and not form.is_valid():
        return render(request, page, {**context, "form": form}, status=422)
    try:
        if ended:
            code_id = int(ended) if ended.isdecimal() and len(ended) < 10 else 0
            operations.end_promo_code(promo_code_id=code_id, by=member.staff_id, now=now())
        else:
            said = {name: form.cleaned_data[name] for name in ASKED}
            operations.make_promo_code(**said, by=member.staff_id, now=now())
    except Refusal as refusal:
        return render_refused(request, page, form, refusal, **context)
    return redirect("desk:promo_codes")
