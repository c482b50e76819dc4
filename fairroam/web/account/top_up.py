"""Buy a further pack for an eSIM that one has: nothing new to install."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.queries import PlanRow
from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import queries as esims
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.orders import operations as orders
from fairroam.clock import now
from fairroam.web.account.me import customers_only
from fairroam.web.components import formats
from fairroam.web.components.refused import render_refused
from fairroam.web.components.tags import in_words
from fairroam.web.site.checkout import CONSENTS, AgreedForm, consents_needed
from fairroam.web.site.orders import remember_order


class TopUpForm(AgreedForm):
    """Which pack, and the boxes of a purchase, never ticked in advance."""

    plan = forms.ChoiceField(label=_("Pack"), widget=forms.RadioSelect)
    key = forms.UUIDField(widget=forms.HiddenInput)
    field_order = ("plan",)

    def __init__(
        self, *args: Any, packs: list[PlanRow], residence: str, at: datetime, **kwargs: Any
    ) -> None:
        needed = {kind for pack in packs for kind in consents_needed(residence, pack, at)}
        super().__init__(*args, needed=needed or CONSENTS, **kwargs)
        field = self.fields["plan"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(pack.code, _label(pack)) for pack in packs]


def _label(pack: PlanRow) -> str:
    price = formats.money(pack.price_minor, pack.currency, get_language() or "en")
    return f"{in_words(pack.names)}{gettext(': ')}{price}"


def packs_for(page: esims.LinePage) -> list[PlanRow]:
    """The plans that the eSIM can carry and that work somewhere where it does.

    None that keeps a number: that one is renewed, on the page of the number.
    """
    home, supplier = set(page.plan_copy["countries"]), page.plan_copy.get("supplier", "")
    packs = catalogue.packs_of_supplier(supplier) if supplier else catalogue.plans()
    return [
        pack
        for pack in packs
        if orders.can_carry(page.plan_copy, pack)
        and home & set(pack.countries)
        and not pack.number_rule
    ]


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def top_up(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """Choose a pack; its order's page leads on to the payment."""
    page = esims.line_page(line_id, customer.pk)
    line_id = page.line.order_line_id
    packs = packs_for(page)
    if page.line.stage in ("terminating", "terminated") or not packs:
        return redirect("account:line", line_id)
    form = TopUpForm(
        request.POST or None,
        initial={"key": uuid4()},
        packs=packs,
        residence=customer.residence,
        at=now(),
    )
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "account/top_up.html", {"page": page, "form": form}, status=status)
    assert customer.user is not None  # who is signed in has an open account
    try:
        order = orders.place_order(
            plan_code=form.cleaned_data["plan"],
            quantity=1,
            email=customer.user.email,
            residence=customer.residence,
            language=customer.language,
            consents=form.consents(),
            key=form.cleaned_data["key"],
            now=now(),
            tops_up=line_id,
        )
    except Refusal as refusal:
        return render_refused(request, "account/top_up.html", form, refusal, page=page)
    remember_order(request, order.number)
    return redirect("site:order", order.number)
