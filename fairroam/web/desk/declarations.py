"""What was declared at the public doors and no mailbox stands behind yet."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.refunds import operations
from fairroam.apps.refunds.queries.declarations import (
    look_by,
    named_orders,
    waiting_declarations,
)
from fairroam.clock import now
from fairroam.web.components.paging import PageOf, page_of
from fairroam.web.components.refused import sentence_of
from fairroam.web.desk.staff import staff_only


class SettleForm(forms.Form):
    """Carry it out for an order, or close it with words that the customer reads."""

    act = forms.ChoiceField(choices=[("confirm", "confirm"), ("close", "close")])
    order_number = forms.CharField(max_length=20, required=False)
    words = forms.CharField(max_length=2000, required=False)

    def clean(self) -> None:
        if self.cleaned_data.get("act") == "close" and not self.cleaned_data.get("words"):
            self.add_error("words", gettext_lazy("Write the reason; the customer reads it."))


@never_cache
@staff_only
@require_safe
def declarations(request: HttpRequest, staff: User) -> HttpResponse:
    """Oldest first, each with its clock and the order that its mailbox belongs to, if any."""
    return render(request, "desk/declarations.html", {"rows": listed(request)})


def listed(request: HttpRequest) -> PageOf[Any]:
    """What waits: each with the moment to look by, whether that is over, and its order."""
    at = now()
    page = page_of(waiting_declarations(), request)
    orders = named_orders(page)
    return page.each(
        lambda said: (said, by := look_by(said.declared_at), by <= at, orders.get(said.pk))
    )


@staff_only
@require_POST
def settle(request: HttpRequest, staff: User, declaration_id: int) -> HttpResponse:
    """Carry out or close one declaration."""
    form = SettleForm(request.POST)
    if not form.is_valid():
        return not_settled(
            request, declaration_id, _("Write the reason; the customer reads it."), 422
        )
    said = form.cleaned_data
    try:
        if said["act"] == "confirm":
            operations.confirm_by_hand(
                declaration_id=declaration_id,
                order_number=said["order_number"],
                staff_user_id=staff.pk,
                now=now(),
            )
        else:
            operations.close_by_hand(
                declaration_id=declaration_id,
                words=said["words"],
                staff_user_id=staff.pk,
                now=now(),
            )
        messages.success(request, _("Done. The customer is told now."))
    except NotAmongYours as refusal:
        sentence = _("No order has this number. Compare it letter by letter.")
        return not_settled(request, declaration_id, sentence, refusal.status)
    except Refusal as refusal:
        return not_settled(request, declaration_id, sentence_of(refusal), refusal.status)
    return redirect("desk:declarations")


def not_settled(
    request: HttpRequest, declaration_id: int, sentence: str, status: int
) -> HttpResponse:
    """The list again: why beside the declaration, with what was typed; above, if it has left."""
    rows = listed(request)
    if declaration_id not in {said.pk for said, *_more in rows}:
        messages.error(request, sentence)
        return redirect("desk:declarations")
    wrong = {
        "id": declaration_id,
        "sentence": sentence,
        "order_number": request.POST.get("order_number", "")[:20],
        "words": request.POST.get("words", "")[:2000],
    }
    context = {"rows": rows, "wrong": wrong}
    return render(request, "desk/declarations.html", context, status=status)
