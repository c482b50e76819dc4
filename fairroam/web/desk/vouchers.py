"""Gift vouchers: made here for nothing, shown once, called back while nobody has redeemed them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.wallet import queries
from fairroam.apps.wallet.operations import vouchers as operations
from fairroam.apps.wallet.queries import vouchers as sold
from fairroam.clock import now
from fairroam.rules.money import Money
from fairroam.web.components.amounts import whole_minor
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused
from fairroam.web.desk.incidents import Moment
from fairroam.web.desk.staff import staff_only
from fairroam.web.desk.words import currency_choices


class VoucherForm(forms.Form):
    """A new gift: how much, and until when it can be redeemed."""

    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), min_value=0, max_digits=12, decimal_places=3
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"),
        choices=lambda: currency_choices(queries.currencies(now())),
    )
    counts_until = Moment(label=gettext_lazy("To be redeemed until (UTC)"))

    def clean_counts_until(self) -> object:
        until = self.cleaned_data["counts_until"]
        if until <= now():
            raise forms.ValidationError(_("This is over already."))
        return until

    def clean(self) -> dict[str, Any]:
        """The amount as money, in whole minor units."""
        said = super().clean() or {}
        if "amount" in said and "currency" in said:
            minor = whole_minor(self, "amount", said["amount"], said["currency"])
            said["money"] = Money(minor, said["currency"])
        return said


@never_cache
@staff_only(role="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def vouchers(request: HttpRequest, user: User) -> HttpResponse:
    """The vouchers and a form for one more, whose code this answer alone shows; POST `stop` ends
    one.
    """
    page = "desk/vouchers.html"
    member = customers.staff_member(user.pk)
    assert member is not None
    stopped = request.POST.get("stop", "")
    form = VoucherForm(request.POST if request.method == "POST" and not stopped else None)
    context = {
        "vouchers": page_of(sold.vouchers(), request),
        "form": form,
        "owed": sold.owed(now()),
    }
    if request.method != "POST":
        return render(request, page, context)
    if not stopped and not form.is_valid():
        return render(request, page, context, status=422)
    try:
        if stopped:
            voucher_id = int(stopped) if stopped.isdecimal() and len(stopped) < 10 else 0
            operations.stop_voucher(voucher_id=voucher_id, by=member.staff_id, now=now())
            return redirect("desk:vouchers")
        made, code = operations.make_voucher(
            amount=form.cleaned_data["money"],
            counts_until=form.cleaned_data["counts_until"],
            by=member.staff_id,
            now=now(),
        )
    except Refusal as refusal:
        del context["form"]
        return render_refused(request, page, form, refusal, **context)
    return render(request, page, {**context, "form": VoucherForm(), "made": made, "code": code})
