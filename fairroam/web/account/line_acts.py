"""What the owner of a line may do with it: one page for each act, its history, its name."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import uuid4

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import operations, queries, tasks
from fairroam.apps.esims.queries import LinePage
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.orders import queries as orders
from fairroam.apps.suppliers import tasks as suppliers
from fairroam.clock import now
from fairroam.gateways.lines import Capabilities
from fairroam.web.account import overview, top_up
from fairroam.web.account.me import customers_only
from fairroam.web.components import formats
from fairroam.web.components.refused import render_refused


class Words(NamedTuple):
    """How an act is offered: its name, an icon, and what it means."""

    name: str | Promise
    icon: str
    meaning: str | Promise


ACTS = {
    "suspend": Words(
        _("Pause"),
        "pause",
        _(
            "No network serves this eSIM until you resume it. The days of a plan that has begun"
            " go on."
        ),
    ),
    "resume": Words(_("Resume"), "play", _("Networks serve this eSIM again within a minute.")),
    "deactivate": Words(
        _("Deactivate"),
        "power-off",
        _(
            "No phone can use this eSIM any more, and its code is void. Your plan, its number and"
            " what is left of it stay yours: you can activate it again at any time."
        ),
    ),
    "activate_again": Words(
        _("Activate again"),
        "power",
        _("Your plan goes on where it was. If a phone has to download the eSIM, you get a code."),
    ),
    "change_phone": Words(
        _("Move to a new phone"),
        "smartphone",
        _(
            "You get a code for the new phone. Usage, days and number go along; on the old phone"
            " the eSIM is over."
        ),
    ),
    "choose_network": Words(
        _("Choose network"), "radio-tower", _("It counts from the next connection on.")
    ),
}


class ActForm(forms.Form):
    """Nothing but the click, for most acts."""

    key = forms.UUIDField(widget=forms.HiddenInput)


class PhoneForm(ActForm):
    """Where the old phone is."""

    is_lost = forms.TypedChoiceField(
        label=_("The old phone"),
        choices=[
            ("no", _("I have deleted the eSIM on it")),
            ("yes", _("I no longer have it: bar the eSIM that is on it")),
        ],
        coerce=lambda answer: answer == "yes",
        widget=forms.RadioSelect,
    )


class NetworkForm(ActForm):
    """Which network, of those that the plan has."""

    network = forms.ChoiceField(label=_("Network"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, networks: dict[str, list[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["network"]
        assert isinstance(field, forms.ChoiceField)
        language = get_language() or "en"
        choices: list[tuple[str, str | Promise]] = []
        for country, operators in networks.items():
            name = formats.country_name(country, language)
            choices.append((f"{country}|", _("%(country)s: whichever is best") % {"country": name}))
            choices += [
                (f"{country}|{operator}", f"{name}{gettext(': ')}{operator}")
                for operator in operators
            ]
        field.choices = choices


class NameForm(forms.Form):
    """What its owner calls a line."""

    name = forms.CharField(
        label=_("Name of this eSIM"),
        required=False,
        max_length=40,
        help_text=_("For example whose phone it is in. Only you see it."),
    )


def offers(page: LinePage) -> dict[str, Any]:
    """What can be done with the line now, what is under way, and which packs are on it."""
    line_id, customer_id = page.line.order_line_id, page.line.customer_id
    assert customer_id is not None
    is_resold = bool(page.esim_copy.get("supplier"))
    capabilities = capabilities_of(line_id, is_resold=is_resold)
    acts = queries.acts_of(line_id, customer_id)
    kinds = queries.acts_on(page, acts, capabilities=capabilities)
    is_on = page.line.stage not in ("pending", "terminating", "terminated")
    return {
        "possible_acts": [(kind, ACTS[kind]) for kind in kinds],
        "act_under_way": next((act for act in acts if act.stage == "asked"), None),
        "has_history": bool(acts),
        "packs": [
            (pack_id, overview.card(pack_id, customer_id)) for pack_id in orders.top_ups_of(line_id)
        ],
        "can_top_up": is_on and bool(top_up.packs_for(page)),
        "is_resold": is_on and is_resold,
        "can_pause": capabilities.suspends,
    }


def capabilities_of(line_id: int, *, is_resold: bool | None = None) -> Capabilities:
    """What the network that serves a line can do, or the supplier of its eSIM, if it is resold."""
    if queries.is_resold(line_id) if is_resold is None else is_resold:
        return suppliers.line_capabilities(line_id)
    return tasks.line_gateway().capabilities


def form_for(kind: str, line_id: int, request: HttpRequest) -> ActForm:
    typed, first = request.POST or None, {"key": uuid4()}
    if kind == "change_phone":
        return PhoneForm(typed, initial=first)
    if kind == "choose_network":
        return NetworkForm(typed, initial=first, networks=queries.networks_of(line_id))
    return ActForm(typed, initial=first)


def wish_of(form: ActForm) -> dict[str, Any]:
    """What was chosen, as the operation wants it."""
    wish: dict[str, Any] = {}
    if isinstance(form, PhoneForm):
        wish["is_lost"] = form.cleaned_data["is_lost"]
    if isinstance(form, NetworkForm):
        wish["country"], _bar, wish["operator"] = form.cleaned_data["network"].partition("|")
    return wish


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, customer: Customer, line_id: int, kind: str) -> HttpResponse:
    """What an act means, and its button. The line's page then shows how far it is."""
    if kind not in ACTS:
        raise Http404
    page = queries.line_page(line_id, customer.pk)
    line_id = page.line.order_line_id
    form = form_for(kind, line_id, request)
    context = {"page": page, "words": ACTS[kind], "kind": kind}
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "account/line_act.html", {**context, "form": form}, status=status)
    try:
        operations.ask_act(
            kind=kind,
            order_line_id=line_id,
            customer_id=customer.pk,
            key=form.cleaned_data["key"],
            capabilities=capabilities_of(line_id),
            actor=f"customer:{customer.pk}",
            now=now(),
            **wish_of(form),
        )
    except Refusal as refusal:
        return render_refused(request, "account/line_act.html", form, refusal, **context)
    return redirect("account:line", line_id)


@never_cache
@customers_only
@require_safe
def history(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """All that was done with a line: what, who, when, how it ended."""
    page = queries.line_page(line_id, customer.pk)
    acts = queries.acts_of(page.line.order_line_id, customer.pk)
    rows = [{"act": one, "words": ACTS[one.kind]} for one in acts]
    return render(request, "account/line_history.html", {"page": page, "rows": rows})


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def name(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """Give a line a name of one's own."""
    page = queries.line_page(line_id, customer.pk)
    line_id = page.line.order_line_id
    form = NameForm(request.POST or None, initial={"name": page.line.name})
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.is_bound else 200
        context = {"page": page, "form": form}
        return render(request, "account/line_name.html", context, status=status)
    operations.name_line(
        order_line_id=line_id,
        customer_id=customer.pk,
        name=form.cleaned_data["name"],
        now=now(),
    )
    return redirect("account:line", line_id)
