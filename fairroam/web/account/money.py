"""Money on its way to you: where it is, what comes next, and another way if the first is closed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.payments import queries
from fairroam.apps.refunds.operations.rerouting import send_another_way
from fairroam.clock import now
from fairroam.web.account.me import customers_only
from fairroam.web.account.step_up import proof_of, step_up_required
from fairroam.web.components.refused import render_refused

# What each stage means for whoever waits, and what they can do.
NEXT_STEPS = {
    "planned": _("It leaves within minutes. You need not do anything."),
    "held": _("Your bank looks at a dispute of yours. The money waits until that is over."),
    "needs_account": _("The way you paid takes no money back any more. Name a bank account."),
    "manual_payout": _("A person sends it to your account; a second one checks it."),
    "sent": _("It is on its way. You need not do anything."),
    "pending": _("Your provider has it and pays it out. You need not do anything."),
    "requires_action": _(
        "Your provider needs something from you: look for its message, or into its app."
    ),
    "succeeded": _("It has arrived. Your bank may take some days to show it."),
    "failed": _("It did not get through. It stays yours: name a bank account."),
    "returned": _("It came back to us. It stays yours: name a bank account."),
    "rerouted": _("It goes another way now; this one is over."),
    "settled_by_chargeback": _("Your bank has paid you out of a dispute. It is paid once."),
}


class AccountForm(forms.Form):
    """Whose account, and its number."""

    holder = forms.CharField(label=_("Name of the account's holder"), max_length=70)
    iban = forms.CharField(
        label=_("IBAN"),
        max_length=42,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@never_cache
@customers_only
@step_up_required
@require_http_methods(["GET", "HEAD", "POST"])
def money(request: HttpRequest, customer: Customer, payout_id: int) -> HttpResponse:
    """One payout; while it waits for an account, the form that names it."""
    payout = queries.payout_of(payout_id, customer.pk)
    at = now()
    form = AccountForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {
        "payout": payout,
        "next": NEXT_STEPS[payout.stage],
        "zone": customer.zone,
    }
    template = "account/money.html"
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, template, {**context, "form": form}, status=status)
    try:
        send_another_way(
            payout_id=payout_id,
            customer_id=customer.pk,
            holder=form.cleaned_data["holder"],
            iban=form.cleaned_data["iban"],
            proof=proof_of(request, now=at),
            now=at,
        )
    except Refusal as refusal:
        return render_refused(request, template, form, refusal, **context)
    return redirect("account:money", newest_of(payout.cause, payout_id))


def newest_of(cause: str, payout_id: int) -> int:
    """The payout that has taken this one's place, or itself."""
    later = queries.later_tries(cause, payout_id)
    return later[-1] if later else payout_id
