"""The whole history: orders, payments, usage, requests, papers and messages in one list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.exports.queries.history import PAGE, PARTS, HistoryRow, Place, history
from fairroam.web.account.line_acts import ACTS
from fairroam.web.account.me import customers_only

KINDS: dict[str, str | Promise] = {
    "": _("Everything"),
    "orders": _("Orders"),
    "payments": _("Payments"),
    "usage": _("Usage"),
    "requests": _("Requests"),
    "papers": _("Papers"),
    "notices": _("Messages"),
}
assert set(KINDS) == {"", *PARTS}
ICONS = {
    "order": "receipt",
    "payment": "credit-card",
    "payout": "arrow-right",
    "credit_transfer": "wallet",
    "usage": "chart-column",
    "refund": "undo-2",
    "line_act": "smartphone",
    "paper": "file-check",
    "notice": "mail",
}
# Where a row leads: a page of the account, by its id or by its reference.
PAGES = {
    "payout": "account:money",
    "usage": "account:line",
    "refund": "account:refund",
    "line_act": "account:line",
    "notice": "account:message",
    "credit_transfer": "account:transfer",
}


class FilterForm(forms.Form):
    """Local days, both included."""

    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )


@never_cache
@customers_only
@require_safe
def whole(request: HttpRequest, customer: Customer) -> HttpResponse:
    """A page of it, newest first; `kind`, `since` and `until` choose, `before` goes on."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    form = FilterForm(request.GET if {"since", "until"} & request.GET.keys() else None)
    days = form.cleaned_data if form.is_bound and form.is_valid() else {}
    rows = history(
        customer.pk,
        zone=customer.zone,
        kind=kind,
        since=midnight(days.get("since"), customer.zone),
        until=midnight(days.get("until"), customer.zone, later=1),
        before=read_place(request.GET.get("before", "")),
    )
    chosen = {name: day.isoformat() for name, day in days.items() if day is not None}
    shown = rows[:PAGE]
    context = {
        "kinds": [(name, words, link(chosen, kind=name)) for name, words in KINDS.items()],
        "kind": kind,
        "form": form,
        "rows": [(row, ICONS[row.flow], address_of(row), act_of(row)) for row in shown],
        "older": link(chosen, kind=kind, before=written(shown[-1].place))
        if len(rows) > PAGE
        else "",
        "zone": customer.zone,
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "account/history.html", context, status=status)


def link(chosen: dict[str, str], **more: str) -> str:
    """The address of this page with these choices."""
    return "?" + urlencode({name: value for name, value in (chosen | more).items() if value})


def address_of(row: HistoryRow) -> str:
    """The page that tells more; "" where there is none."""
    if row.flow in ("order", "payment"):
        return reverse("site:order", args=[row.reference]) if row.reference else ""
    if row.flow == "paper":
        return reverse("account:paper_page", args=[row.reference])
    return reverse(PAGES[row.flow], args=[row.id])


def act_of(row: HistoryRow) -> str | Promise:
    """What somebody wanted of a line, in words; "" for everything else."""
    return ACTS[row.reference].name if row.flow == "line_act" else ""


def midnight(day: date | None, zone: str, *, later: int = 0) -> datetime | None:
    """The beginning of that local day, or of one some days later; None for the last of all days."""
    if day is None or day > date.max - timedelta(days=2) or day < date.min + timedelta(days=2):
        return None
    on = day + timedelta(days=later)
    return datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(zone))


def written(place: Place) -> str:
    """A place as it stands in an address."""
    return f"{place.at.astimezone(UTC).isoformat()}~{place.flow}~{place.id}"


def read_place(text: str) -> Place | None:
    """The place that an address names; None for none, or for one we never wrote."""
    at, _mark, rest = text.partition("~")
    flow, _mark, number = rest.partition("~")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    if moment.tzinfo is None or flow not in ICONS or not number.isdecimal() or len(number) > 18:
        return None
    return Place(moment, flow, int(number))
