"""The second step of asking for money back: the guarded amount, and the button that takes it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import queries as esims
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.orders import queries as orders
from fairroam.apps.refunds import operations, queries
from fairroam.apps.refunds.queries import Change, QuoteRow
from fairroam.apps.refunds.refusals import AlreadyAsked, QuoteChanged, QuoteExpired
from fairroam.clock import now
from fairroam.web.account.me import customers_only
from fairroam.web.account.refund_form import DESTINATIONS, WISHES
from fairroam.web.components import formats
from fairroam.web.components.refused import render_refused

TEMPLATE = "account/quote.html"
# What happened since a quote was made.
CHANGES = {
    "downloaded_at": _("A phone downloaded the eSIM: %(at)s."),
    "installed_at": _("The eSIM was installed: %(at)s."),
    "enabled_at": _("The eSIM was switched on: %(at)s."),
    "first_attach_at": _("A network saw the eSIM for the first time: %(at)s."),
    "first_usage_at": _("The plan was used for the first time: %(at)s."),
    "data": _("Data was used: %(after)s in all, %(before)s before."),
    "voice": _("Calls were made: %(after)s in all, %(before)s before."),
    "sms": _("Messages were sent: %(after)s in all, %(before)s before."),
    "plan": _("The days of the plan were counted anew."),
    "money": _("Another part of the money went back, or is on its way."),
    "dispute": _("Your bank opened or closed a dispute about the payment."),
    "trouble": _("What we know of a fault of this plan has changed."),
    "outage": _("What we know of network failures has changed."),
    "terms": _("Something else about this plan has changed."),
}


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def quote(request: HttpRequest, customer: Customer, key: UUID) -> HttpResponse:
    """The amount and until when it is guarded; the button asks for exactly that."""
    try:
        row = queries.quote_row(key, customer.pk)
    except NotAmongYours as refusal:
        return render(request, "account/hidden.html", status=refusal.status)
    if row.refund_id is not None:
        return redirect("account:refund", row.refund_id)
    if request.method != "POST":
        return render(request, TEMPLATE, page(row, request.LANGUAGE_CODE))
    try:
        refund = operations.confirm_quote(
            quote_key=key, customer_id=customer.pk, actor=f"customer:{customer.pk}", now=now()
        )
    except (QuoteChanged, QuoteExpired) as refusal:
        return render_changed(request, customer, row, refusal)
    except Refusal as refusal:
        context = page(row, request.LANGUAGE_CODE)
        if isinstance(refusal, AlreadyAsked):
            context["open_refund"] = refusal.facts["refund_id"]
        return render_refused(request, TEMPLATE, None, refusal, **context)
    return redirect("account:refund", refund.pk)


def render_changed(
    request: HttpRequest, customer: Customer, old: QuoteRow, refusal: Refusal
) -> HttpResponse:
    """What changed since the quote, in words, and a new quote with the same choices beside it."""
    made = queries.own_quote(old.key, customer.pk)
    changes = queries.changes_since(made)
    again = operations.quote_again(quote_key=old.key, customer_id=customer.pk, now=now())
    row = queries.quote_row(again.key, customer.pk)
    context = page(row, request.LANGUAGE_CODE)
    context |= {
        "old": old,
        "changes": [in_words(change, old.zone, request.LANGUAGE_CODE) for change in changes],
    }
    return render_refused(request, TEMPLATE, None, refusal, **context)


def in_words(change: Change, zone: str, language: str) -> str:
    words: dict[str, str] = {}
    if change.at is not None:
        words["at"] = formats.instant(change.at, zone, language)
    if change.before is not None and change.after is not None:
        words["before"] = formats.allowance(change.before, change.kind, language)
        words["after"] = formats.allowance(change.after, change.kind, language)
    return str(CHANGES[change.kind]) % words


def page(row: QuoteRow, language: str) -> dict[str, Any]:
    return {
        "quote": row,
        "lines": row.lines(language),
        "wish": dict(WISHES)[row.wish] if row.wish else "",
        "destination": DESTINATIONS[row.destination],
        "is_for_a_person": not row.due_minor or row.wish in ("replacement", "credit"),
        "is_pack": orders.base_of(row.order_line_id) != row.order_line_id,
        "must_end_at_carrier": esims.facts_of(row.order_line_id).downloaded_at is None,
    }
